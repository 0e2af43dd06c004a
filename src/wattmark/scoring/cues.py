"""Which kinds of phrase a text can hold, by its words: the patterns of the others are not tried.

Most answers have none of the words that a denial, a comparison or a label needs, and a pattern
that searches before every number is what scoring spends its time on.
"""

from __future__ import annotations

import re
from functools import lru_cache

_COMPARES = frozenset("<>≤≥±")
_FUNCTIONS = frozenset(("log", "ln", "sin", "sen", "cos", "tan", "tg"))
_WORD = re.compile(r"[^\W\d_]+")


def _of(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


WORDS: dict[str, frozenset[str]] = {
    "denied": _of(
        "discard discards discarding reject rejects rejecting ignore ignores ignoring descarta"
        " descarto",
        "descartamos descartando descartar descarte rejeita rejeito rejeitamos rejeitando"
        " rejeitar ignora",
        "ignoramos ignorando ignorar",
        "not t never cannot não nunca nem instead rather vez invés unlike contrário other"
        " except whether none nenhum nenhuma",
    ),
    "wrong": _of(
        "matter irrelevant importa importam",
        "muitos muita alguns many most some people students falso",
        "satisfaz funciona doesn didn fails excluída excluído excluded dropped eliminada eliminado",
        "descartada descartado rejeitada rejeitado discarded rejected extraneous",
        "serve conta convém interessa fit count",
        "another different outra outro would too demais reachable possible seria",
        "wrong incorrect incorrectly errado errada errados erradas incorreto incorreta"
        " incorretos incorretas",
        "false right",
        "undefined indefinida indefinido correct não isn answer resposta is isnt só only",
    ),
    "compared": _of(
        "against versus contra than mais menos maior menor acima abaixo below above under",
        "reach chegar atingir alcançar",
    ),
    "operator": _of(
        "plus mais times vezes minus menos over multiplied divided added subtracted",
        *(
            f"{verb}{end}"
            for verb in ("multiplicad", "dividid", "somad", "subtraíd", "tirad")
            for end in ("o", "a", "os", "as")
        ),
    ),
    "step": _of("step steps passo passos etapa etapas"),
    "label": _of(
        "case caso part parte question questão pergunta problem problema exercise exercício",
        "theorem teorema lemma lema example exemplo figure figura fig table tabela page página",
        "equation equação eq line linha",
        "option opção method método attempt tentativa section seção chapter capítulo item round",
        "guess palpite remainder resto r ",
    ),
    "purpose": _of("para so order"),
    "praise": _of("good well congratulations enjoy parabéns boa bom muito"),
    "lost": _of(
        "overdrawn vermelho descoberto negativo negativos",
        "loss deficit debt prejuízo perda déficit défice dívida",
    ),
    "again": _of("equivale equivalente equivalent same mesmo"),
    "just": _of("just simply simplesmente apenas só"),
    "divisor": _of("each cada division divisão divisible divisível divisíveis parts partes"),
    "counted": _of(
        "step steps passos etapas way ways maneiras formas decimal decimals casas significant",
        "repeat repeats repete times vezes algarismos digit digits dígitos more",
    ),
    "sure": _of(
        "confidence confiança certainty sure certain confident certeza",
        "seguro segura off give",
    ),
    "part": _of(
        "half third quarter metade dobro triplo twice double triple terço quarto square squared",
        "cube root quadrado cubo raiz times vezes",
    ),
    "equals": _of("equals equal igual"),
    "place": _of("in em na no nas nos across within for during por durante"),
    "retracted": _of(
        "wait no nope actually sorry apologies oops whoops correction corrected scratch my mistake",
        "error thought mean meant rather hold let that espera espere peraí não verdade aliás",
        "desculpe desculpa perdão ops opa correção corrigindo corrijo enganei errei cometi dizendo",
        "dizer melhor pensando digo errado edit update edição atualização errata erratum",
        "retifico retificando retificação wrong incorrect mistaken errada incorreta incorreto",
    ),
    "explicit": _of(
        "answer finalanswer ans resposta respostafinal resp gabarito solution solução result",
        "resultado output saída value valor a r correct right best correta correto certa certo",
        "versão version ultimately",
        "tl tldr fico vou respondo stick settle go requested required wanted desired pedido pedida"
        " want need looking asked queremos procuramos interessa pede"
        " procurado procurada desejado desejada solicitado solicitada",
    ),
    "told": _of(
        "gabarito key careful cuidado quem",
        "mencionou mencionei citou perguntou informou slip trap pitfall mistake error answer"
        " erro erros ask asked"
        " cita menciona mentions cites mention"
        " mentioned suggest suggested told state stated says say said think thinks thought"
        " claim claims claimed",
        "answers answered get gets got believe believes guess guesses guessed wrote writes"
        " escreve escreveu escreveram diz dizem disse",
        "disseram diria diriam pensa pensam acha acham responde respondem respondeu respondia",
        "engano erroneamente erradamente mistake responderia responderiam forget forgot mistakenly",
        "wrongly se wrote written dito escrevi",
        "escrito respondi respondido achei quem might may tempted tempting glance sight",
        "used costumava costumavam seem look appear parecer",
        "vista tentador poderia poderiam poderíamos",
    ),
    "month": _of(
        "january february march april may june july august september october november december",
        "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    ),
    "chatter": _of(
        "q question pergunta questão problem problema exercise exercício exercicio",
        "utilizador human humano usuario user instrução entrada usuário instruction input prompt",
        "p what",
        "how quanto quantos quantas calculate calcule edit update edição",
    ),
    "checking": _of(
        "check checking checks verify verification verifying confirm proof prova verificação",
        "breaking formula fórmula verificacao plug facto assumption assumptions premissa premissas",
        "referência lembrar",
        "confirmando",
        "difficulty dificuldade why quê verificando conferindo conferência verificar conferir",
        "tirando note notes p ps",
        "obs nota",
        "observação fun curiosidade way comparison example exemplo explanation explicação here eis",
        "veja comparar working reasoning raciocínio cálculo confidence substituting plugging",
        "putting substituindo substitute plug put confira hand lado",
        "fits confere remark remarks reason case controle confirmação confirmacao confirmation",
        "reference indeed fact fato efeito",
    ),
    "clause": _of(
        "como because since as porque pois que by if when se let would do quer not which ao",
        "somando",
        "subtraindo multiplicando dividindo obtained obtido obtida out given seeing considerando",
        "assuming supposing supondo assumindo admitindo uma visto dado já although though embora",
    ),
    "aside": _of(
        "e p ex such tal tais example instance exemplo generally general similarly similar same",
        "like want need",
        "bonus side know incidentally interestingly extra geral geralmente ideia técnica abordagem",
        "forma maneira modo analogamente quiser sabia curiosidade",
    ),
    "supposed": _of(
        "caso could d se still ainda would com daria dariam seria seriam ficaria ficariam"
    ),
    "trailing": _of(
        "while whereas enquanto passo though although embora when quando passando subindo caindo",
        "baixando indo going rising falling dropping growing dividido dividida divididos divididas",
        "split shared sendo",
        "which que from of including out compared up down dos das incluindo de",
    ),
    "undecided": _of(
        "depends depending depende dependendo sure certain decide tell say determine verify know",
        "knows certeza sei consigo dizer saber dúvida indeciso indecisa sabe",
        "need enough insufficient preciso precisaria precisamos falta faltam"
        " insuficiente suficientes",
        "traz fornece contém give provide contain undefined defined definido definida",
        "clarify specify confirm provide esclarecer especificar informar pode poderia could can"
        " would",
        "solution solução insuficientes cannot unable responder answer have tenho without sem",
        "doesn diz solved resolvida resolvido precisaríamos conhecer informou disse mencionou",
        "informado informada informados informadas",
        "solve help won rather prefer resolver ajudar prefiro idea ideia question pergunta t",
        "divide multiply divida multiplique error erro possíveis least menos mínimo máximo work",
        "these those them dessas desses destas destes delas deles",
        "say let ll will we vou vamos first primeiro step passo",
    ),
    "refusing": _of(
        "count see view realizar fazer efetuar possible impossible possível impossível trained",
        "treinado treinada saber knowledge training conhecimento",
        "compute calculate determine verify confirm say tell know answer solve guarantee vouch",
        "run do perform carry",
        "sure work figure help give provide offer",
        "calcular dizer determinar confirmar garantir afirmar responder resolver verificar",
    ),
    "apart": _of(
        "daqui já",
        "was had used antes era eram",
        "after before later earlier antes depois após above below acima abaixo",
    ),
    "further": _of(
        "where onde vem come comes follows precede cerca uns umas about around roughly some",
        "namely saber nomeadamente need precisa precisam precisamos escala scale",
        "than menor menores maior maiores mais menos another vê see seen plus além",
        "besides counting contar contando sum product soma produto well",
        "above below acima abaixo reached attained attaining obtained atingido atingida",
        "alcançado alcançada obtido obtida",
    ),
    "within": _of("from between entre das de g n r k π where"),
    "remark": _of(
        "would seria seriam daria dariam teria teriam ficaria ficariam custaria pagaria",
        "faltaria faltariam other outro outra outros outras each every cada per por apiece",
        "than less fewer short shy away roughly about around cerca aproximadamente",
        "different differs",
        "diferente diferentes confuse confused confusing confundir after then depois half",
        "twice double triple metade dobro triplo sendo being which represents represent",
        "corresponds representa corresponde these those dessas desses destes destas deles",
        "delas remaining restantes demais falta faltam needs lacks under below suficiente",
        "enough conta diz legend também also confunda confundas",
    ),
    "numbered": _of(
        "page pages página páginas pág chapter capítulo apollo apolo boeing airbus windows"
        " iphone python ubuntu android route bus room gate flight platform channel highway line"
        " linha sala voo portão"
        " rooms gates flights platforms channels highways lines linhas salas voos",
        "formula fórmula rodovia code codes status http errno error erro serial série número s"
        " protocolo ticket código",
        "codigo id requestid statuscode httpstatus",
    ),
    "aged": _of("aged age year years anos idade"),
    "offering": _of(
        "you quer gostaria deseja disposição avise avisar pedir chamar dizer falar vontade conte",
        "quiseres precisares preferires faço",
        "posso podemos quiser preferir precisar desejar let feel hesitate want shall i",
        "asked asking know wanted perguntou saber available here rate avalie anything precisa",
    ),
    "reminding": _of(
        "remember mind forget careful tip tips hint warning reminder lembre lembrem lembrando",
        "esqueça mente lembrar cuidado dica atenção aviso lembrete",
    ),
    "withdrawn": _of(
        "over again scratch restart redo try disregard recomeçar recomeçando recomeço recomeçamos",
        "novo novamente zero refazer refazendo refaço desconsidere esqueça esquece tentar",
        "forget ignore take retiro never deixa deixe",
    ),
    "afterwards": _of("yes sim is are é são as would seria como"),
}


_KINDS = {
    word: tuple(kind for kind, needed in WORDS.items() if word in needed)
    for word in frozenset().union(*WORDS.values())
}
"""By word: the kinds that it may be of."""
_KNOWN = frozenset(_KINDS)


@lru_cache(maxsize=64)  # the parts of one answer are asked for several times
def words_in(text: str) -> frozenset[str]:
    """The words of a text, in lower case."""
    return frozenset(_WORD.findall(text.casefold()))


@lru_cache(maxsize=64)
def cues_of(text: str) -> frozenset[str]:
    """The kinds of phrase whose words, or signs, a text has."""
    words = words_in(text)
    found = {kind for word in words & _KNOWN for kind in _KINDS[word]}
    if "≠" in text or "!=" in text:
        found.add("denied")
    if "=" in text or "≈" in text:
        found.add("equals")
    if not _COMPARES.isdisjoint(text) or "+/-" in text:
        found.add("compared")
    if (
        not _FUNCTIONS.isdisjoint(words)
        or ")^" in text
        or "√" in text
        or "π" in text
        or "sqrt" in text
        or " pi" in text
    ):
        found.add("root")
    if "####" in text:
        found.add("explicit")
    if "hmm" in text.casefold():
        found.add("retracted")
    return frozenset(found)
