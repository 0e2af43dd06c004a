"""What people and models say around an answer, in English and in Portuguese, as patterns.

Each is bounded: none can go on over more of a text than a sentence or two.
"""

from __future__ import annotations

import re

_I = re.IGNORECASE

NOUN = (
    r"(?:(?:(?:final|correct|right|resposta)[\s_-]+)?"
    r"\b(?:final[_ ]?answer|answer|ans|resposta[_ ]?final|resposta|resp\.?|gabarito|solution"
    r"|solução)\b|\b(?:(?:correct|best)\s+one\b|(?:correct|right|best)\s+(?:option|choice|alternative|value|number|total|result|amount|difference|sum|product|quotient|price))\b"
    r"|\b(?:requested|required|wanted|desired)\s+[^\W\d_]{3,15}\b"
    r"|\b[ao]\s+[^\W\d_]{3,15}\s+(?:pedid|procurad|desejad|solicitad)[oa]\b"
    r"|\b(?:opção|alternativa|letra|valor|total|resultado)\s+(?:corret[oa]|cert[oa])\b)"
)
EXPLICIT = re.compile(
    r"(?P<old>\b(?:wrong|incorrect|previous|first|initial|old|earlier|original|other|outra|outro|your|student's|their|his|her|not\s+the|end\s+of|fim\s+d[ao]|"
    r"intermediate|possible)\s+|\b(?:verif(?:y|ying|icar|icando|ique|icamos)|check(?:ing)?|confer(?:ir|indo)|confira)\s(?:the|[ao]|my|minha)\s+)?"
    + NOUN
    + r"(?P<wrong>\s+(?:errada|incorreta|anterior|inicial)\b)?"
    r"(?:\s+(?:final|correta|certa|numérica|corrigida|revista|revisada|atualizada|definitiva)\b)?"
    r"(?:\s+(?:that\s+)?(?:you|we)(?:'re|\s+are)?\s+(?:want|need|asked\s+for|look(?:ing)?\s+for|seek))?"
    r"(?P<about>\s+(?:to|of|for|da|do|de|para|à|ao|in)\b(?:\s(?:the\s)?equa(?:tion|ção)\b[^.?!\n:]{1,60}?(?=\s(?:is|é)\s)|[^.?!\n:=]{0,120}?))?"
    r"[\"'\s]{0,4}(?:(?:\bshould|\bmust|\bwould|\bwill|\bdeve|\bpode)\s+(?:be|ser)\b|:|=>|=|≈|->|\s[-–—]\s|\bis\b|\bare\b|\bwas\b|\bequals\b"
    r"|\bé\b|\bsão\b|\bfoi\b|\bseria\b|\bserá\b|\n|\s?\|(?=\s?(?:R\$|[$€£])?\s?-?\d)|(?(about)(?!)|\.?(?=\s[-$]?\d)))"
    r"|\bthe\s+one\s+(?:that\s+)?(?:we|you)(?:'re|\s+are|\s+were)?\s+(?:want|need|asked\s+for|looking\s+for)\s+is\b"
    r"|\b[ao]\s+que\s+(?:queremos|procuramos|(?:nos\s+)?interessa|se\s+pede|foi\s+pedid[oa])\s+é\b"
    r"|\b(?:so|thus|therefore),?\s+the\s+correct\s+[^\W\d_]{3,15}\s+is\b"
    r"|\b(?:então|logo|portanto|assim),?\s+[ao]\s+[^\W\d_]{3,15}\s+corret[ao]\s+é\b"
    r"|(?:^|(?<=[.!?]\s)|(?<=\n)|(?<=\be\s)|(?<=\band\s)|(?<=\bbut\s)|(?<=\bmas\s)|(?<=\bso\s)|(?<=,\s))(?:fico\s+com|vou\s+(?:com|de)|respondo|i(?:'ll|'d|\s+will|\s+would)\s+(?:go|stick)\s+with|i\s+(?:go|settle|stick)\s+(?:with|on|for))\b"
    r"|\b(?:versão\s+final|final\s+version|ultimately)\s?:|\bTL;?DR\s?:|\b[oa]\s+cert[oa]\s+é\b|(?<!\band\s)\bthe\s+right\s+one\s+is\b"
    r"|(?P<hash>\#{4})[ ]?"
    r"|(?:(?:^|[\n?.!])\s*|\s(?-i:(?=A:\s)))(?:A|R)\s?:\s(?![^\n]{0,80}\n?[^\n]{0,20}\bB\s?:)"
    r"|(?:^|\n)\W{0,4}(?:result|resultado|output|saída)\W{0,3}:"
    r"|[\"'](?:result|resultado|output|value|valor)[\"']\s?:",
    _I,
)
AFTERWARDS = re.compile(
    r"^\?\s(?:yes|sim)\b|"
    r"^(?:\s[^\W\d_]{1,15})?\s+it\s+is(?=\s?[.!\n]|$)"
    r"|^[\s\"')\]%]{0,4}(?:[^\W\d_]{1,15}\s+)?(?:is|are|é|são|as|would\s+be(?!\s(?:right|correct|the\sanswer)\s(?:if|only|with))|seria(?!\s(?:[oa]\s)?(?:cert|corret)[ao]\s(?:se|só|sem))|como)\s+(?:therefore\s+|indeed\s+)?"
    r"(?:(?:the|a|my|our|o|minha)\s+)?(?:final\s+|correct\s+|right\s+)*"
    r"(?:answer|resposta|correct\b|right\b|corret|cert[oa]\b)",
    _I,
)
SENTENCE_END = re.compile(r"[.!?;](?=\s|$)|\n|\ue002")
FILLED = re.compile(
    r"^[\s\"'\[({$€£R:=≈~*>-]*(?:(?:approximately|approx\.?|about|around|exactly|simply|just|indeed|therefore"
    r"|thus|equal|to|the|number|value|of|is|x|y|n|be|only|roughly|clearly|now|us|usd|brl|eur|é|são|aproximadamente"
    r"|cerca|de|exatamente|igual|a|o|número|valor|apenas|portanto|total|foi|that|it|it's|would|should)"
    r"[\s\"'\[({$€£R:=≈~*-]+)*$",
    _I,
)
CUE = re.compile(
    r"=|≈|\b(?:so|then|total|therefore|mak(?:es|ing|e)|giv(?:es|ing)|leaving|left|has|have|portanto"
    r"|logo|então|dá|totaliza\w*|resulta\w*|fica\w*|sobra\w*|restam?|tem|têm)\b",
    _I,
)

CHATTER = re.compile(
    r"(?:^|\n)[ ]*(?:\W{0,4}[ ]?)(?:Q(?:uestion)?|Pergunta|Questão|Problem(?:a)?|Exercise"
    r"|Exercício|Exercicio|Human|User|Usuário|Instruction|Input|Prompt|P)[ ]?"
    r"(?:\d{1,3}|\#\d{1,3})?[ ]?[:.)]"
    r"|\n[ ]*(?:\#{2,}\s*(?:Question|Problem|Instruction|Exercise|Pergunta|Questão|Problema"
    r"|Instrução|Exercício|Input|Entrada|User|Human)"
    r"|Q[ ]?\d{1,3}\b)"
    r"|(?<![^\W\d_])(?:Human|Humano|User|Usu[áa]rio|Utilizador)\s?:"
    r"|(?<=[\d.!?)%\ue002]\s)(?:Question|Pergunta|Questão)\s?:"
    r"|(?<=[\d.!?)%\ue002])(?:Q(?:uestion)?|Pergunta|Questão|Problema?)\s?:"
    r"|\b(?:the\s+)?(?:next|another|new|second|próxim[ao]|outr[ao]|nova?)\s+(?:question|problem|pergunta|questão|problema|exercise|exercício)\b(?!\s+is\s+easier)"
    r"|\n[ ]*(?:edit|update|edição)\s?:\s(?:thanks|thank\s+you|obrigad[oa])"
    r"|\n[ ]*\n(?:Problem|Exercise|Question|Questão|Problema|Exercício)\s\d{1,3}[ ]*\n"
    r"|\n(?:[ ]*|-{3,}[ ]*)\n\s*[2-9]\)\s(?=[^\n?]{0,200}\?[^\n]{0,3}\n)"
    r"|\n[ ]*(?:What\s+is|Quanto\s+é|How\s+many|Quantos|Quantas|Calculate|Calcule)\b"
    r"|\n[ ]*\n(?=[^\W\d_][^\n?]{0,200}\d[^\n?]{0,200}"
    r"\b(?:how\s+(?:many|much)|quant[oa]s?|what\s+is)\b[^\n?]{0,120}\?)",
    _I,
)
RETRACTED = re.compile(
    r"\b(?:wait\b\s?[,.:!—-]|wait,?\s+(?:no|that|actually|i)|no\b\s?[,:!—]|no,?\s+(?:it|that|the|it's)\s|nope\b|"
    r"(?<!\bwe\s)(?<!\byou\s)(?<!\bthey\s)actually|sorry|apologies|oops|whoops|correction|corrected|scratch\s+that|my\s+mistake|my\s+bad"
    r"|(?:made|is|have)\s+(?:a|an)\s+(?:small\s+)?(?:mistake|error)|on\s+second\s+thought|i\s+mean\b|or\s+rather"
    r"|hold\s+on\b|hmm+|let\s+me\s+(?:correct|redo|recalculate|recompute|recheck|reconsider|try\s+again)|i\s+meant"
    r"|that(?:'s|\s+is|\s+was)\s+(?:wrong|incorrect|not\s+right)"
    r"|espera\b|espere\b|peraí|não\b\s?[,:!—]|na\s+verdade|aliás|desculpe|desculpa|perdão|ops\b|opa\b|correção|corrigindo|corrijo"
    r"|me\s+enganei|errei|cometi\s+um\s+erro|melhor\s+dizendo|(?<!isto\s)(?<!isso\s)(?<!que\s)quer\s+dizer|ou\s+melhor|pensando\s+(?:bem|melhor)|digo,"
    r"|(?:(?<=[.!?,;:—]\s)|(?<=\.\.\.\s)|(?<=\n)|(?:isso|isto|mas)\s+)está\s+errado"
    r"|(?:first|previous|earlier|initial|original)\s+(?:answer|result|calculation|attempt|guess)\s+(?:was|is)\s+(?:wrong|incorrect|mistaken)"
    r"|\b(?:mas|ah|ih),?\s+(?:[ao]|est[ea]|ess[ea]|minha|meu)\s+(?:conta|resposta|cálculo|resultado)\s+est(?:ava|á)\s+errad[oa]"
    r"|\b(?:but|oh),?\s+(?:the|that|my)\s+(?:calculation|math|arithmetic|working|answer|result)\s+(?:was|is)\s+(?:wrong|off|incorrect)\b"
    r"|(?:(?:minha|primeir[ao])\s+(?:resposta|conta|resultado)|(?:resposta|conta|resultado)\s+(?:anterior|inicial))\s+"
    r"(?:anterior\s+|inicial\s+)?(?:est(?:ava|á)|era)\s+(?:errad|incorret)[oa]"
    r"|(?:edit|update|edição|atualização)\s?:|errat(?:a|um)\b|retific\w{1,6})",
    _I,
)
CONFIRMED = re.compile(
    r"\b(?:check\w*|verif\w*|yes|confirm\w*|indeed|sim|confere|matches)\b|[✓✅✔]"
    r"|\b(?:is|was|are|está|é)\s+(?:correct|right|corret[oa]|cert[oa])\b",
    _I,
)
REFUSED = re.compile(
    r"\b(?:wrong|incorrect|errad[oa]|incorret[oa]|mistake|error|erro|not\s+right)\b", _I
)
WITHDRAWN = re.compile(
    r"\b(?P<over>(?:let\s+me|let's|i(?:'ll|\s+will|\s+must|'m\s+going\s+to|\s+need\s+to|\s+have\s+to))\s+"
    r"(?:start|begin)\s+(?:all\s+)?(?:over|again|from\s+scratch)|starting\s+over|restarting\s+from"
    r"|(?:let\s+me|i'll)\s+restart|(?:please\s+)?disregard\s+(?:that|this|all|everything|the\s+above)"
    r"|(?:vou|vamos|preciso|devo|deixa\s+eu|deixe-me|melhor)\s+(?:recomeçar|começar\s+(?:tudo\s+)?(?:de\s+novo|do\s+zero))"
    r"|recomeçando|recomeço|recomecemos|começando\s+(?:de\s+novo|do\s+zero)|desconsidere\s+(?:isso|tudo|o\s+que))\b"
    r"|(?:(?<=[.,;:!?—]\s)|(?<=[Pp]lease\s)|(?<=\n)|^)(?P<gone>(?:forget|ignore)\s+(?:it|that|this|what\s+i\s+said)(?=\s*(?:[,.;:!\n—]|$))"
    r"|(?:never\s+mind|deix[ae]\s+(?:pra|para)\s+lá)(?=\s*(?:[,.;:!\n—]|$))"
    r"|(?:esqueça|esquece|ignore)(?:\s+(?:isso|tudo|o\s+que)\b|(?=\s*(?:[,.;:!\n—]|$)))"
    r"|i\s+take\s+(?:it|that|this)\s+back\b|retiro\s+(?:isso|o\s+que)\b)"
    r"|\b(?:(?:let\s+me|let's|i'll|i\s+will)\s+(?:try|redo|do\s+it)(?:\s+(?:it|this|that|again|over))*"
    r"|(?:vou|vamos|deixa\s+eu|deixe-me)\s+(?:tentar|refazer)(?:\s+(?:tudo|isso|a\s+conta|de\s+novo|novamente))*)\b",
    _I,
)
"""The answer is taken back: 'Let me start over', and, where it says why, 'Let me try again'."""
LEFT_EMPTY = re.compile(
    r"(?:(?P<letter>[xyznXYZN])(?=\s?(?:[,.;:!\ue002]|$|\n)|\s+(?:where|onde|em\s+que|sendo|being|\ue002))"
    r"|\ue002|\?{1,5}(?!\s?\w)|_{1,20}(?!\w)|null\b|undefined\b|n/a\b|n\.a\.|tbd\b|\[?\s?(?:insert|your|final|sua|insira|coloque|preencha)\s"
    r"[^\]\d\n]{0,40}\])",
    _I,
)
"""What stands where an answer would: 'X, where X is …', '?', null."""
EITHER = re.compile(
    r"^,?\s(?:or|ou)\s(?:(?:it\s)?(?:could|might|may)\s(?:also\s)?be|(?:até\s)?(?:pode(?:ria)?)\s(?:até\s)?ser)\s+[$€£R]*$|"
    r"^\.\s(?:or|ou)\s+(?:maybe|perhaps|possibly|even|talvez|quem\s+sabe)\s+[$€£R]*-?$|"
    r"^[\s.]{0,4},?\s(?:or|ou)\s+(?:is\s+it|was\s+it|será\s+que\s+(?:é|são)|seria[m]?)\s+[$€£R]*$|"
    r"^[\s\"'\ue002)]*(?:[^\W\d_]{1,15}\s+)?(?:or|ou|to|até|and|e|(?<!over\s)(?<!for\s)(?<!in\s)(?<!of\s)(?<!per\s)a|&|and/or|or\s+maybe|or\s+even|ou\s+talvez|or\s+possibly"
    r"|perhaps|maybe|talvez)\s+(?:maybe\s+|perhaps\s+|talvez\s+|even\s+|até\s+|possibly\s+)?[\s\"'($€£R]*-?$",
    _I,
)
OR_ELSE = re.compile(r"^\s*(?:or|ou)\s+[a-z]\s?=\s?-?$", _I)
SAME = re.compile(
    r"^[\s\"']*(?:≈|~|or\s+(?:about|approximately|roughly)|\(?\s?(?:approximately|approx\.?|about|aproximadamente|cerca\s+de|≈)|,?\s*(?:which\s+is\s+)?(?:approximately|about|aproximadamente|roughly|rounded(?:\s+to)?|arredondando|arredondado(?:\s+para)?),?)\s*[($€£R]*-?$",
    _I,
)
RESTATED = re.compile(r"\b(?:ou\s+seja|isto\s+é|(?:that|which)\s+is|i\.e\.|or|ou)|=", _I)
RESTATING = re.compile(r"\b(?:ou\s+seja|isto\s+é|that\s+is|i\.e\.)", _I)
OUT_OF = re.compile(
    r"^\s*(?:[^\W\d_]{1,15}\s+)?(?:(?:of|d[eo])\s+(?:an?\s+|um\s+)?total\s+(?:of|de)|out\s+of(?:\s+every|\s+each)?|of\s+the|d[ao]s|em\s+cada|a\s+cada|in\s+(?:every|each)|(?<=^\s)(?:in|em))\s+$|^-in-$",
    _I,
)
OPENING = re.compile(
    r"^[\s\"'\[({$€£R:=≈~>#-]*(?:(?:still|ainda|it\s+is|it's|é|são|dá|that\s+is|that's|approximately|about|aproximadamente|equals)\s+(?:(?:the|o|a)\s+)?)?[\"'($€£R]*-?$",
    _I,
)
EXPLAINED = re.compile(
    r"^[\"')\]]*(?:[ ][^\W\d_%]{1,20}(?:/[^\W\d_]{1,5})?){0,2}\s?"
    r"(?:,?\s*(?:(?<=[\s\w\"')\]])\(|—(?!\s*(?:\d|x\b))|–\s|\b(?:because|since|as\s|porque|pois|já\s+que))|,\s+\d+\s?[-+*/]\s?\d|\n|$)"
    r"|^(?:[ ][^\W\d_%]{1,20}){0,2};\s+"
    r"(?!(?:so|then|thus|therefore|hence|and|or|if|logo|então|portanto|assim|ou|e)\b)[^\W\d_]{3}"
    r"|^[\"')\]]*(?:°C?|[ ][^\W\d_%]{1,20}/[^\W\d_]{1,5}|[ ]?[^\W\d_]{1,4}\^\d)?(?:[.!](?:\s|$))",
    _I,
)
COLUMN = re.compile(r"^\s*(?:[-+*/]\s?\d|\d+\s*(?:\n|$))")
NOTHING = re.compile(
    r"^\W*(?:none|nobody|no\s+one|nenhuma?|nothing|nada|ninguém)(?:\s+of\s+them|\s+del[ea]s)?\W*$"
    r"|\b(?:none|nothing|nobody|nada|nenhuma?|ninguém|no|sem)\s+(?:(?!of\s+the\s+above)[^\W\d_]{1,15}\s+){0,4}"
    r"(?:left|remain(?:s|ing)?|sobr\w{1,4}|rest\w{1,4}|fic\w{1,4})\b"
    r"|\b(?:sobr\w{1,4}|rest\w{1,4}|fic\w{1,4}|há|tem|have|has|there\s+(?:are|is)|is|são)\s+"
    r"(?:com\s+|sem\s+|left\s+with\s+)?(?:none|nothing|nada|nenhuma?|ninguém)\b(?!\s+of\s+the\s+above)",
    _I,
)
TURNS = 5
"""Places where a model may have gone on with a question of its own, the first ones."""
