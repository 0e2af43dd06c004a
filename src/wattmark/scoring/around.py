"""What stands around a number, in English and in Portuguese, as patterns; each is bounded."""

from __future__ import annotations

import re

from wattmark.scoring.clean import CODE_CLOSE, CODE_OPEN

_I = re.IGNORECASE

OPERATOR = re.compile(
    r"^[)\]\s€£¥°²³]*(?:(?:(?:[^\W\d_]{1,20}|[^\W\d_]{1,4}\.(?!\s(?-i:[A-ZÀ-Ý])))\s+){0,3}(?:\+|\*|/|plus|mais|times|vezes|minus|menos|over"
    r"|(?:multiplied|divided)\s+by|(?:multiplicad|dividid)[oa]s?\s+por|added\s+to|subtracted\s+from|somad[oa]s?\s+a[o]?|(?:subtraíd|tirad)[oa]s?\s+d[eo])"
    r"|-|–)[\s(\[$€£R]*-?$|^\)?\s:\s$",
    _I,
)
THEN_MORE = re.compile(r"^\s[^\W\d_]{1,20},\s(?:plus|minus)\s[$€£R]*$", _I)
"""'100 cups, plus 4'."""
FACTORED = re.compile(r"\s?=\s?\d[\d.,]{0,12}\s?\*")
"""'80 = 1 * 48 + 32'."""
SUBJECT = re.compile(
    r"^\s+(?:must|should|has\s+to|have\s+to|needs?\s+to|needed|can|deve|devem|precisa|tem\s+que|tem\s+de|é\s+preciso)\b",
    _I,
)
"""'7 must be added to 5': the first states what is to be done."""
BY_SO_MUCH = re.compile(r"^\s*(?:[^\W\d_]{1,20}\s+)?a\s+(?:mais|menos)\b", _I)
MINUS = re.compile(r"^\s?[^\W\d_]{1,30}\s+[-–]\s+$")
EQUALS = re.compile(r"(?:=|≈|=>|\bequals|\bequal\s+to|\bigual\s+a)\s*[(\[$€£R\s\"']*-?\s?$", _I)
OF = re.compile(r"^\s*(?:of|de|do|da|dos|das)\s+(?:[^\W\d_]{1,12}\s+){0,1}[$€£R\s]*$", _I)
TAKEN_TOGETHER = re.compile(
    r"\b(?:sum|difference|product|quotient|ratio|gcd|hcf|lcm|mdc|mmc|soma|diferença|produto|quociente|add|adding|adds"
    r"|added|subtract\w{0,6}|multipl[iy]\w{0,6}|divid\w{1,6}|som(?:ar|amos|ando|armos|e|ei)"
    r"|subtra\w{1,6}|multiplic\w{1,6}|adicion\w{1,6}|combin\w{1,6}|between|entre|juntando|taking)"
    r"\s+(?:[^\W\d_]{1,15}\s+){0,3}[$€£R\s]*$",
    _I,
)
AND = re.compile(
    r"^\s+(?!(?:is|are|equals?|gives|makes|é|são|igual|dá|vale)\s)(?:[^\W\d_]{1,20}\s+){0,2}(?:and|e|to|from|by|with|com|por|a|de|&)\s+"
    r"(?:(?:the|o|a|os|as)\s+)?[$€£R\s]*$|^,\s*(?:and\s+|e\s+)?[$€£R\s]*$",
    _I,
)

DENIED_BEFORE = re.compile(
    r"(?:\b(?:discard|reject|ignor)(?:e?s|ing)?|\b(?:descart|rejeit|ignor)(?:a|o|amos|ando|ar|e|ou)"
    r"|\bnot|n't|\bnever|\bcannot|\bnão|\bnunca|\bnem|≠|!=|\binstead\s+of|\brather\s+than"
    r"|\bem\s+vez\s+de|\bao\s+invés\s+de|\bnone\s+of|\bnenhuma?\s+d[ao]s|\bunlike|\bother\s+than|\bexcept|\bwhether)"
    r"(?:\s+(?:[a-z]\s=|exactly|equal|to|be|the|answer|is|it|it's|that|think|believe|say|just|simply|really|\([a-eA-E]\)"
    r"|é|a|o|de|resposta|resultado|igual|ser|seja|são|dá|deu|tem|têm|have|has|pode|podem|poderia|foi|era|foram|eram|acho|que|correct|in|em|apenas|possible|possível|likely|provável|same|as))*\s*[(\"'$€£R:]*-?\s?$",
    _I,
)
DENIED_AFTER = re.compile(
    r"^[\ue002\s\"')°]*(?:[^\W\d_]{1,5}/[a-z]{1,4}\s)?,?\s?(?:(?:is|was|would\s+be|é|est(?:á|ão)|são|seria|are)\s+(?:also\s+|clearly\s+)?"
    r"(?:wrong|exclu[ií]d\w*|discarded|rejected|dropped|descartad|rejeitad|eliminad|incorrect|undefined|indefinid|not\s+(?:the|right|correct)|errad|incorret|false\b)"
    r"|,\s(?:o\s+que\s+(?:é|está|seria)|which\s+(?:is|would\s+be))\s+(?:wrong|incorrect|false|errado|incorreto|falso)\b"
    r"|[(,]\s?(?:que\s+é\s+|which\s+is\s+)?(?:descartad[oa]|rejeitad[oa]|discarded\b|rejected\b|extraneous\b)"
    r"|would\s+be\s+(?:right|correct)\s+(?:only|if|with)|(?:was|is|foi|é)\s+(?:mentioned|mencionad[oa])\b"
    r"|só\s+[^\W\d_]{1,12}ria\b|would\s+only\b|only\s+(?:applies|works|holds|would)\b"
    r"|(?:[^\W\d_]{2,15}\s){0,2}(?:do(?:es)?\s+not\s+matter|do(?:es)?n't\s+matter|(?:is|are)\s+irrelevant|não\s+importam?\b)"
    r"|(?:que|that|which)\s(?:muitos|muita\s+gente|alguns|many|most|some|people|students)\b"
    r"|(?:[^\W\d_]{2,10}\s)?(?:would\s+be|is|seria|é)\s+(?:too\s+(?:many|much|few|little|small|big|large|high|low|short|long)|(?:demais|muito\s+pouco))\b"
    r"|(?:is|é)\s(?:another|a\s+different|outr[ao])\s(?:sum|calculation|matter|question|story|conta|coisa|questão|história)\b"
    r"|(?:is|é)\s[^.!?\n\d]{1,50},\s(?:not|(?:e\s)?não)\s(?:the|a)\s(?:final\s)?(?:answer|resposta)\b"
    r"|,\s(?:mas\snão\s(?:satisfaz|serve|funciona|fecha|dá\scerto)|but\s(?:it\s|that\s)?(?:doesn't|does\snot|didn't|fails))"
    r"|não\s+(?:serve|conta\b|convém|interessa|é\s+válid)|(?:does(?:n't|\s+not)|cannot)\s+(?:fit|count|be\s+(?:right|used))\b"
    r"|seria\s[^\W\d_]{2,15}[aei]r\b|would\s+be\s+(?:the\s+)?[^\W\d_]{3,15}ing\b"
    r"|isn't\s+(?:the|right|correct|reachable|possible)|não\s+(?:é|está)\s+(?:a\s+resposta|cert|corret))",
    _I,
)
COMPARED = re.compile(
    r"(?:\b(?:maior|menor|mais\s+[^\W\d_]{3,12})\s+(?:do\s+)?que\s+[oa]s?|\b(?:more|less|fewer|greater|bigger|smaller|larger|higher|lower)\s+than|\bmais\s+(?:do\s+)?(?:de|que)"
    r"|\b(?:para\s+(?:chegar\s+a|atingir|alcançar)|to\s+reach)|\bmenos\s+(?:do\s+)?(?:de|que)|\bmaior\s+(?:do\s+)?que|\bmenor\s+(?:do\s+)?que|\bacima\s+de"
    r"|\babaixo\s+de|\bbelow|\bunder|\babove|(?<=,\s)(?:against|versus|contra)|(?<![-=])[<>]=?|[≤≥±]|\+/-)"
    r"(?:\s+(?:the|last|his|her|their|its|our|my|[oa]s)\b(?:\s+[^\W\d_]{1,15}(?:'s)?){0,2}(?:\s(?:of|de))?)?\s*[$€£R]*\s*$",
    _I,
)
REST = re.compile(
    r"[\d)]\s*[,;]?\s*(?:and|with|e|com)?\s*(?:the|a|o|um)?\s*\b(?:(?:remainder|resto)"
    r"\s*(?:is|of|é|de|:|=)?|r\s*:?)\s*$",
    _I,
)
PLACE = re.compile(
    r"(?<!fic[aou]\s)(?<!ficou\s)(?<!finish\s)(?<!done\s)(?<!finished\s)(?<!ready\s)(?<!terminam\s)"
    r"(?<!termina\s)(?<!acaba\s)(?<!acabam\s)\b(?:in|em|n[ao]s?|across|within)\s+"
    r"(?:(?:the|all|its|his|her|their|our|my|seus|suas)\s+)?"
    r"(?:(?:past|last|next|first|últim[oa]s|próxim[oa]s|primeir[oa]s)\s+)?$",
    _I,
)
PART_OF = re.compile(
    r"\b(?:half|third|quarter|metade|dobro|triplo|twice|double|triple|terço|quarto|squared?|cube"
    r"|(?:two|three|four|five|six|seven|eight|nine|ten)\s+times|(?:duas|três|quatro|cinco|seis|sete|oito|nove|dez)\s+vezes"
    r"|root|quadrado|cubo|raiz(?:\s+quadrada)?)\s+(?:(?:of|de|do|da)\s+)?(?:the\s+)?$",
    _I,
)
DIVISOR = re.compile(
    r"\b(?:each|cada\s+uma?)\s+(?:of\s+the|d[oa]s)\s+$|\b(?:(?:divisible|divisível|divisíveis|division|divisão)\s+(?:by|por)|parts\s+per|partes\s+por)(?:\s+\d{1,4},?(?:\s+(?:and|e)(?:\s+(?:by|por))?)?){0,2}\s+$",
    _I,
)
STEP = re.compile(r"\b(?:steps?|passos?|etapas?)\s*[#:]?\s*$", _I)
LABEL = re.compile(
    r"\b(?:case|caso|part|parte|question|questão|pergunta|problem|problema|exercise|exercício"
    r"|example|exemplo|theorem|teorema|lemma|lema|figure|figura|fig\.|table|tabela|page|página|equation|equação|eq\.?|line"
    r"|linha|option|opção|method|método|attempt|tentativa|section|seção|chapter|capítulo|item|round"
    r"|guess|palpite)\s*[#(]?\s*$",
    _I,
)
SURE_BEFORE = re.compile(
    r"\bhow\s+sure\b[^.!?\n]{0,20}\?\s+(?:about\s+)?$|\b(?:off\s+by|give\s+or\s+take)\s+(?:\d{1,3}\s+(?:or|to)\s+)?$|"
    r"\b(?:confidence|confiança|certainty)\W*(?:level|score|is|of|é|de)?"
    r"\W*$",
    _I,
)
SURE_AFTER = re.compile(
    r"^\s*(?:sure|certain|confident|confidence|de\s+certeza|certeza|segur[oa]|de\s+confiança)\b", _I
)
ASIDE_AFTER = re.compile(
    r"^\s(?:repeats?|repete|se\s+repete)\b|^\x20?(?:-?\x20?(?:times\s+(?:as|more|the|that|larger|smaller|bigger|greater|faster|slower)\b|vezes\s+(?:mais|maior|[oa]|ess[ea])\b|steps?|passos|etapas|(?:ways|maneiras|formas)\s+(?:to\s+(?:solve|do|think|see)|of\s+(?:solving|doing)|de\s+(?:resolver|fazer|ver))|decimals?|casas|significant"
    r"|algarismos|digits?|dígitos|more\s+(?:examples|problems|questions)))\b",
    _I,
)
UNREADABLE_AFTER = re.compile(
    r"^\s?(?:π|√)|^\^\(?[a-z]|^\([a-zA-Z]\s?[-+)]|^!(?:\s?=|\s?\((?=\d)|\s+(?:maneiras|formas|ways|orders|permuta\w+)\b|\s+(?:ends?|is|has|equals|termina|é|tem)\b)|^\s(?:factorial|fatorial)\b|^\s?\*?\s?(?:pi|sqrt)\b|^[yznbi](?!\w)|^x(?!\w)(?!\s(?:as\s[a-z]{3,10}\sas|the|[oa]s?|mais|maior|more|larger|bigger|greater|higher|faster)\b)|^a(?!\w)(?!\s[^\W\d_]{3})"
)
UNREADABLE_BEFORE = re.compile(
    r"(?:√|\bsqrt|(?:π|\bpi)\s?\*)\s?[({]?\s?$|√\([^()]*$|\)\s?\^\s?$"
    r"|\b(?:log(?:_?\d{1,2})?|ln|sin|sen|cos|tan|tg)\s?\(?$|\blog_?$"
)
ORDINAL = re.compile(r"^(?:st|nd|rd|th|\.?(?:º|ª|o|a))(?!\w)", _I)
PLACED = re.compile(r"^\.?[a-zªº]{1,2}\s+(?:place|position|lugar|posição)\b", _I)
ITEM = re.compile(r"(?:^|\n)[ ]*\(?$")
ITEM_END = re.compile(r"^(?:[.)]|\.\))\s+\S")
PARENTHESES = re.compile(
    rf"\((?:[^()\n]|\([^()\n]{{0,80}}\)){{0,300}}\)|\[\d{{1,3}}(?:[,;-]\s?\d{{1,3}})*\]|\[\d{{1,6}}\s[a-z][^\[\]\n=:]{{0,30}}\]|{CODE_OPEN}[^{CODE_CLOSE}]*{CODE_CLOSE}?"
)
"""Brackets, citations ([2]), program code."""

CHECKING = re.compile(
    r"\b(?:plug(?:ging)?\s+in\s?:|why\s?\?|por\s?qu[êe]\s?\?|(?<=;\s)indeed\b|(?<=[.!]\s)indeed\b|(?<=\band\s)indeed\b|check(?:ing|s)?\b(?:\s+(?:it|this|the\s+answer|that|by\s+[^\W\d_]{3,12}))?\s*[:,(]|(?:let's|let\s+me|let\s+us|to|we\s+can|you\s+can)\s+"
    r"(?:double[-\s]?check|check|verify|confirm)|verification|verifying|verify\s*:|confirma[çc][ãa]o\s*:|confirmation\s*:|remarks?\s*:|"
    r"(?:substituting|substituindo|plugging)(?:\s(?:it|this|that))?(?:\s(?:back|in|de\svolta))?\s?[:,]\x20(?=[\d\s.,*+/()^-]+=\s?-?[\d.,]+\s*(?:[;\n✓]|\s(?:e|and)\s|(?<=,)\s?(?:which|as|o\sque|como)\s|$))|confira\s*[:,]|proof\s*:|"
    r"for\s+reference\b|on\s+the\s+other\s+hand|por\s+outro\s+lado|(?:indeed|in\s+fact|de\s+fac?to|com\s+efeito),\s|breaking\s+(?:it|this|that)\s+down|assumptions?\s*:|premissas?\s*:|para\s+(?:referência|lembrar)\s*:|(?<=,\s)de\s+fato\s|"
    r"(?:this|that)\s+fits\b|soma\s+de\s+controle\s*:|reason\s[^.:\n]{1,30}:|in\s+case\s+it\s+helps|prova\s+real|prova\s*:|confere\s*:|verifica[çc][ãa]o|verificando|confirmando\s?:|(?:conferir|verificar)\s?(?:=>|:)|(?:formula\s+(?:agrees|confirms)|fórmula\s+confirma)\b|conferindo|conferência|para\s+(?:verificar|conferir)"
    r"|tirando\s+a\s+prova|podemos\s+(?:verificar|conferir)|notes?\s*:|p\.?s\.?\s*:|obs\.?\s*:|observação\s*:"
    r"|nota\s*:|(?:and|,)\s+note\s+that\b|fun\s+fact|curiosidade|by\s+the\s+way|for\s+comparison|explanation|to\s+see\s+(?:why|this|how)\b|sanity\s+check\b|(?<=\n)[✔✓]\s(?=[\d(][^\n]*=)"
    r"|explicação|here\s+is\s+(?:how|why)|here's\s+(?:how|why)|eis\s+como|veja\s+como|veja\s?:|para\s+comparar"
    r"|working\s*:|reasoning\s*:|raciocínio\s*:|cálculo\s*:(?!\s*\n)|confidence\s*:|difficulty\s*:|dificuldade\s*:)",
    _I,
)
CLAUSE = re.compile(
    r"\b(?:because|since|assuming|supposing|supondo|assumindo|admitindo|como\s(?:(?<=[.!?;]\scomo\s)|(?<=\ncomo\s)|(?<=^como\s))(?!seria\b)(?=(?:[^.!?\n]|\.\d){3,120},\s)\b|as\s+(?:we|you|the)|(?<=,\s)as\s+(?!well|much|many|long|soon|follows|shown|expected|requested|asked|required|needed)|given\s+that|seeing\s+that|considerando\s+que|porque|pois(?!,)|já\s+que|uma\s+vez\s+que|visto\s+que|dado\s+que"
    r"|although|(?:even\s+|(?<=,\s))though|embora|by\s+[a-z]{1,15}ing|if\s+(?:you|we|all|they|both)|when\s+(?:you|we|added)|se\s+(?:você|nós|[^\W\d_]{3,12}[aei]r(?:em|mos)?\b)|let\s+me\s+know|would\s+you|do\s+you"
    r"|if\s+you|se\s+quiser|se\s+precisar|quer\s+que|not\s+to\s+be|which\s+is\s+the\s+(?:sum|difference|product)"
    r"|que\s+é\s+a\s+(?:soma|diferença)|which\s+(?:he|she|they|you|we|i|can|could)\b|(?:o\s+)?que\s+(?:ele|ela|você)s?\s+pode|ao\s+(?:somar|subtrair|multiplicar|dividir)"
    r"|(?:somando|subtraindo|multiplicando|dividindo)(?![^.!?\n,:]{0,45}:)|obtained|obtid[oa]|out\s+of\s+a\s+total)\b",
    _I,
)
TRAILING = re.compile(
    r",(?i:\s+(?:(?:even\s+)?though|(?:while|whereas)(?![^.,;\n]{0,40}\b(?:exact|actual|true|real|correct))|when\s(?:h(?:is|er|e)|she|it|they|the)|quando\s(?:[oa]s?|el[ea]s?|seus?|suas?)|enquanto(?![^.,;\n]{0,40}\b(?:exat|real|verdadeir|corret))|(?:passando|subindo|caindo|baixando|indo|going|rising|falling|dropping|growing)\s(?:de|from)|(?:dividid[oa]s?|split|shared)\s(?:[a-z]{3,10}\s)?(?:entre|among|between)|sendo|ao\s+passo\s+que|although|embora|from\s+(?:her|his|their|the|its|a)|of\s+which|including|out\s+of|compared|unlike|ao\s+contrário|up\s+from"
    r"|down\s+from|(?:which|que)\s+(?:is|are|é|são)\s+(?:about\s+|exactly\s+|cerca\s+de\s+)?(?:\d{1,6}/\d{1,6}|\d[\d.,]{0,8}\s?%)\s+(?:of|d[eoa]s?)|dos\s+quais|das\s+quais|incluindo|de\s+um\s+total)\b(?:[^,.;!?\n]|\.(?=\d)){0,200})"
)
REFUSING = re.compile(
    r"\b(?:(?:i|we)\s+(?:cannot|can't|can\s+not|couldn't|am\s+unable\s+to|am\s+not\s+able\s+to)|(?:i'm|we're)\s+(?:unable|not\s+able)\s+to)\s+(?:[a-z]{2,12}ly\s+)?"
    r"(?:compute|calculate|count|see|view|determine|verify|confirm|say|tell|know|guarantee|vouch|be\s+sure|(?P<all>answer|solve|work\s+(?:this\s+|it\s+|that\s+)?out|figure\s+(?:this\s+|it\s+|that\s+)?out|help"
    r"|(?:run|do|perform|carry\s+out)\s+(?:calculations?|math|computations?|arithmetic|sums)"
    r"|(?:give|provide|offer)\s+(?:you\s+)?(?:medical|legal|financial)\s+advice))\b"
    r"|\b(?:it\s+is|it's)\s+(?:not\s+possible|impossible)\s+to\s+(?:compute|calculate|determine|say|tell|know|answer)\b"
    r"|\b(?:não\s+é\s+possível|não\s+se\s+(?:pode|consegue)|é\s+impossível)\s+(?:calcular|dizer|determinar|afirmar|saber|responder)\b"
    r"|\b(?:my\s+(?:knowledge|training\s+data|training)\s+(?:cut-?off|stops|ends|goes)|(?:o\s+)?meu\s+conhecimento\s+(?:vai|termina|para))\b"
    r"|\b(?:trained|treinad[oa])\s+(?:only\s+|apenas\s+)?(?:up\s+)?(?:to|until|até)\b"
    r"|\bnão\s+(?:posso|consigo|sei)\s+"
    r"(?:calcular|dizer|determinar|confirmar|garantir|afirmar|verificar|(?P<tudo>responder|resolver|(?:realizar|fazer|efetuar)\s+(?:ess[ae]s?\s+|est[ae]s?\s+)?(?:cálculos?|contas?)))\b",
    _I,
)
"""'I cannot confirm that …': what follows is not stated."""
STATES_AFTER_ALL = re.compile(
    r"=|\b(?:but|however|answer|so|still|if|mas|porém|resposta|então|logo|portanto|se)\b", _I
)
ASKED_SO = (
    r"(?:you(?:'re|\s+are)?\s+(?:want(?:ed)?(?:\s+me)?\s+to\s+know|ask(?:ed|ing))"
    r"|você\s+(?:perguntou|quer\s+saber))"
)
"""'You asked how many …': the question said over."""
PURPOSE = re.compile(r"\s(?:para\s+que|so\s+that|in\s+order\s+(?:that|for))\s[^.!?;\n]{1,150}", _I)
FURTHER = re.compile(
    r",\s+(?:namely|a\s+saber|nomeadamente)\s(?=[a-z]\s=|[^.!?\n=]*(?:[.!?\n]|$))[^.!?\n]{1,80}|"
    r",\s+(?:which|(?:o\s+)?que)\s+(?:is|are|é|são)\s+(?:(?:[a-z]{3,10}ly|um\s+pouco|ligeiramente|bem|muito)\s+)?(?:less|more|greater|smaller|larger"
    r"|higher|lower|fewer|menor(?:es)?|maior(?:es)?|mais|menos)\s+(?:[^\W\d_]{2,15}\s+)?(?:than|que|do\s+que)\b(?:(?!,\s+(?:so|then|thus|logo|portanto|então)\b)[^.!?;\n]){0,100}|"
    r"\b(?:you|we|one|você|nós)\s+(?:do(?:es)?\s+not|don't|doesn't|não)\s+(?:need|have\s+to|precisa\w{0,3})\s[^.!?;\n]{1,100}|"
    r",\s+(?:mais|menos)\s+\d[\d.,\u2009 ]{0,12}\s(?:[^\W\d_]{1,15}\s)?do\s+que\b[^.!?;\n]{0,60}|"
    r",\s+(?:como\s+se\s+(?:vê|pode)|as\s+(?:(?:one|you|we)\s+(?:can\s+)?see|can\s+be\s+seen))\b[^.!?;\n]{0,80}|"
    r"(?<=\^2),\s+(?:or|ou)\s+(?:about|roughly|cerca\s+de|uns)\s[^.!?;\n]{1,60}|"
    r",\s+(?:where|onde)\s(?:[a-z]\s=[^.!?;\n]{1,60}|[^.!?;\n=]{1,100})|"
    r",\s+(?:que|which)\s+(?:vem|comes?|follows|precede\w*|fica)\s+(?:[^\W\d_]{2,10}\s+)?(?:after|before|depois|antes|após)\b[^.!?;\n]{0,60}|"
    r",\s+(?:o\s+que\s+dá|que\s+dá|which\s+is|that's|ou|or)\s+(?:uns|umas|cerca\s+de|about|around|roughly|some)\s[^.!?;\n]{0,30}\b(?:por|per|an?|each|cada)\s[^.!?;\n]{1,20}|"
    r",\s+(?:plus|além\s+de|as\s+well\s+as|besides|not\s+counting|sem\s+contar|não\s+contando)\s(?![^.!?\n]*(?:=|\b(?:is|are|makes?|gives?|total|são|dá|dão)\b))[^.!?;\n]{1,100}|"
    r",\s+(?:the|a|o)\s+(?:sum|product|soma|produto)\s+(?:of|d[eoa]s?)\s(?![^.!?\n]*(?:=|\b(?:is|are|é|são)\b))[^.!?;\n]{1,80}|"
    r",?\s+(?:reached|attained|attaining|obtained|atingid[oa]|alcançad[oa]|obtid[oa])\s+(?:at|for|when|em|para|quando)\s[^.!?;\n]{1,60}|"
    r",?\s+(?:numa|em\s+uma|on\s+a|in\s+a)\s+(?:escala|scale)\s[^.!?;\n]{1,80}|"
    r",\s+(?:ou\s+seja|isto\s+é|that\s+is|i\.e\.),?\s+(?:another|mais)\s+\d[^.!?\n]{0,80}|"
    r",\s+(?:ou\s+seja|isto\s+é|that\s+is|i\.e\.),?\s+(?:R\$\s?|[$€£])?\d[\d.,]{0,9}\s+(?:[^\W\d_]{1,15}\s+)?(?:abaixo|acima|below|above|less|more|a\s+(?:menos|mais)\s+(?:do\s+)?que)\b(?!\s+(?:de\s+)?zero)[^!?\n]{0,100}",
    _I,
)
"""', which is less than 84', ', reached at x = 1', ', on a scale of 0 to 20'."""
WITHIN = re.compile(
    r",?(?<!\bde)\s+(?:where|with|using|taking|assuming|onde|com|usando|adotando|considerando|tomando)\s[a-zA-Zπ]\s=\s-?\d[^,;\n]{0,15}(?=[.\n)]|$)|"
    r",\s+(?:from|between|d[eao]s?|entre)\s(?:[ao]s?\s)?(?:R\$|[$€£])?\s?-?\d[\d.,:h%]{0,12}[^,.;:\n\d]{0,15}\s(?:to|until|and|at?|às?|aos?|até|para|e)\s(?:[ao]s?\s)?(?:R\$|[$€£])?\s?-?\d[^,;\n]{0,20}(?=[.\n)]|$)",
    _I,
)
"""', with g = 9.81', ', from 9 to 21 h', at the end."""
APART = re.compile(
    r"[,;](?i:(?<=;)\sjá\s(?:[oa]s?|uma?)\s[^.!?\n=]{1,100}|(?<=;)\sdaqui\sa\s\d{1,3}\s(?:anos?|meses|dias|semanas)\b[^.!?\n]{0,120}|(?<=,)\s+(?:(?:well|just|bem|pouco|logo)\s+)?(?:above|below|acima|abaixo)\s[^.!?;\n]{0,80}|"
    r"\s(?:it\s(?:was|had\sbeen|used\sto\sbe)|antes,?\s(?:era|eram|foi|foram|tinha))\s[^.!?\n]{1,100}|"
    r"(?<=,)\s+(?:\d{1,9}|an?|one|two|three|four|five|six|seven|eight|nine|ten|some|uma?|dois|duas|três|quatro|cinco|seis|sete|oito|nove|dez|alguns)\s+[^\W\d_]{1,15}\s+(?:after|before|later|earlier|antes|depois|após)\b[^,.;!?\n]{0,100})"
)
"""', 8 years after the speech of 1961'."""
CLAUSE_END = re.compile(
    r"(?:[.?;]|(?<!\d)!)(?=\s|$)|\n|=>|,?\s\b(?:so|therefore|thus|hence|then|portanto|então|logo|assim)\b|,\s+(?:it|that(?!\s+is\b)|we|you|this|they|he|she|there|el[ea]s?|são|é|há)\s"
    r"|,\s+(?:the|o|a|os|as)\s+[^,.\n]{1,30}\s(?:is|are|é|são)\s|,\s+[a-z]\s?="
    r"|\s(?:the|o|a)\s(?:total|final)\s[^,.\n\d]{0,40}\b(?:is|are|é|são)\s"
    r"|\s(?:chega-se|chegamos)\s+a\s|\s(?:obtemos|gives|yields|resulta\s+em)\s(?=[$\d-][\d.,]*(?:\s[^\W\d_]|\s*(?:[.;!]\s|$)))|\s(?:fica|obtemos|temos|vem|gives|yields)\s(?=[a-z]\s?=)|(?:,|(?<=ndo))\s+(?:temos|fica|dá|obtemos)|,\s+(?:which|(?:o\s+)?que)\s+(?:gives|makes|leaves|equals|dá|resulta|deixa)\s|:\s(?=[^\W\d_]{3,20}\s?=)|:\s+(?:fica|são|é|it|he|she|they)\b",
    _I,
)
FRONTED = re.compile(r"(?:^|[.!?;:]\s|\n|\b(?:and|but|e|mas),?\s|=>\s?)\W{0,3}$", _I)
"""Where a reason stands before what it is for: 'Since 130 were sold, 50 remain'."""
FRONT_END = re.compile(
    r",\s|[.!?;](?=\s|$)|\n|=>|\s(?:temos|obtemos|dão?|(?:we|you)\s(?:get|have))\s|\s(?:you|we|they|he|she|it)\s+(?:will\s+|would\s+)?(?:needs?|must|ha(?:ve|s)\s+to|keep|take|get|choose)\b"
    r"|\s(?:precis\w{1,5}|são\s+precis\w{1,5}|é\s+preciso)\b",
    _I,
)
NO_NOUN = (
    r"(?<!\w)(?!(?:maria|padaria|livraria|papelaria|loteria|bateria|sorveteria|pizzaria|confeitaria|portaria|secretaria|enfermaria"
    r"|cafeteria|galeria|marcenaria|cantaria)\b)"
)
"""Before a verb in -ria: what is no conditional."""
SUPPOSED = re.compile(
    r"\b[^\W\d_]{2,12}ing\b[^.!?;,\n]{0,60}\bwould\b[^.!?;\n]{0,150}"
    r"|\b[^\W\d_]{2,12}ndo\b[^.!?;\n]{0,40}\b(?:dar|ser|ficar)ia(?:m)?\b[^.!?;\n]{0,150}|"
    r"\b(?:if|had)\b[^.!?;\n]{0,150}(?:\bwould|'d|\bcould)\b[^.!?;\n]{0,150}"
    r"|(?<!não\s)(?<!-)\b(?:se|caso)\b[^.!?;\n]{0,150}?"
    + NO_NOUN
    + r"[^\W\d_]{2,12}r[ií]a(?:m|mos)?\b[^.!?;\n]{0,150}"
    r"|\bwith\s+\d{1,9}\s+(?:more|fewer|less)\b[^.!?;\n]{0,60}\bwould\b[^.!?;\n]{0,150}"
    r"|\bcom\s+(?:mais|menos)\s+\d{1,9}\b[^.!?;\n]{0,60}\b[^\W\d_]{2,12}ria(?:m|mos)?\b[^.!?;\n]{0,150}"
    r"|\bwould\b[^.!?;\n]{0,100}\bonly\s+if\b[^.!?;\n]{0,150}|\b[^\W\d_]{2,12}ria\b[^.!?;\n]{0,100}\b(?:só|apenas|somente)\s+se\b[^.!?;\n]{0,150}"
    r"|\b(?:could|can|would)\s+still\b[^.!?;\n]{0,150}|\bainda\s+(?:cab\w{1,4}|pode\w{0,3})\b[^.!?;\n,]{0,150}",
    _I,
)
"""What would be, if: 'If each cost $2, that would be $100'."""
TOLD = re.compile(
    r"\bquem\s+(?:responde|diz|acha|pensa)\b"
    r"|\b(?:gabarito|answer\s+key)\s+(?:traz|diz|indica|mostra|dá|says|gives|shows|has)\b"
    r"|\bcareful\s+(?:with|not\s+to)\b|\bcuidado\s+(?:com|para\s+não)\b"
    r"|\b(?:common|usual|frequent|typical|tempting)\s+(?:mistake|error|answer|slip|trap|pitfall)|\berros?\s+(?:mais\s+)?comu(?:m|ns)\b"
    r"|\b(?:the|a|my|your|some|many|most|other|o|a|um|uma|meu|minha|alguns|muitos|outros)?\s*"
    r"(?:book|textbook|friend|students?|people|teacher|colleague|livro|amig[oa]s?|colegas?|professora?|alunos?|pessoas"
    r"|some|many|others|alguns|muitos|muita\s+gente|outros)\s+(?:(?:would|might|may|could|will|often|podem|poderiam|pode|[a-z]{3,12}ly|[a-z]{3,12}mente)\s+)?"
    r"(?:says?|said|thinks?|thought|claims?|claimed|answers?|answered|wrote|writes?|believes?|guess(?:es|ed)?"
    r"|escreve(?:u|ram|m)?|diz(?:em)?|disse(?:ram)?|dir(?:ia|iam)|pensa[m]?|acha[m]?|acham|responde[mu]?|responderiam?)\b"
    r"|\b(?:the\s+(?:question|problem)\s+(?:asks|says|states)|[oa]\s+(?:problema|pergunta|enunciado)\s+(?:diz|pede|pergunta))\s?:"
    r"|\b(?:problem|question|prompt|text|enunciado|texto|pergunta|problema)\s+(?:mentions?|cites?|cita|menciona)\b"
    r"|\bvocê\s+(?:(?:só|apenas)\s+)?(?:disse|mencion\w{2,4}|citou|perguntou|informou)\b"
    r"|\byou\s+(?:(?:only|just|also)\s+)?(?:(?:ask|asked)\b(?!\s+about\b)(?!\s+for\b[^.!?\n\d]{0,60}(?:\bis|:)\s)|mention|mentioned|suggest|suggested|said|say|told\s+me|wrote|state|stated)\b"
    r"|\b(?:some|many|most|other)\s+(?:people\s+|students\s+)?(?:get|got)\s"
    r"|\bif\s+(?:you|we|one)\s+(?:forget|forgot|mistakenly|wrongly|add\s+wrongly)\b"
    r"|\b(?:one|you|someone|somebody|people)\s+(?:might|may|(?:could|would)\s+be\s+tempted\s+to)\s+"
    r"(?:at\s+first\s+|be\s+tempted\s+to\s+)?(?:answer|say|think|guess|expect|take|put)\b"
    r"|\b(?:por\s+engano|erroneamente|erradamente|by\s+mistake|mistakenly|wrongly)\b|\btempting\s+to\s+[a-z]{2,10}\b|\bat\s+first\s+(?:glance|sight)\b|\bà\s+primeira\s+vista\b|\btentador\s+[^\W\d_]{2,10}\b"
    r"|\bpoder(?:ia|iam|íamos)(?:-se)?\s+(?:pensar|achar|responder|chutar|imaginar)\b"
    r"|\bused\s+to\s+(?:be|have|say|think)\b|\bcostumava\w{0,3}\s+(?:ser|haver|ter)\b"
    r"|\b(?:it\s+(?:may|might|would)\s+(?:seem|look|appear)|pode(?:ria)?\s+parecer)\b(?:\s+(?:que|that)\s+(?:a\s+resposta|o\s+(?:certo|correto)|the\s+(?:right|correct)\s))?"
    r"|\bhá\s+quem\s+(?:dig|ach|pens)\w{1,3}\b|\bse\s+(?:você\s+)?(?:esquec\w{1,6}|errar)\b"
    r"|\b(?:earlier|before|previously|at\s+first|initially|originally)\b,?\s+(?:i|we)\s+(?:had\s+)?(?:said|wrote|got|answered|thought|wrote)\b"
    r"|\bi\s+(?:had\s+|first\s+|initially\s+|mistakenly\s+|originally\s+|previously\s+)+(?:said|wrote|got|answered|thought|written)\b"
    r"|\b(?:eu\s+)?(?:antes|inicialmente|primeiro|tinha|havia)\s+(?:eu\s+)?(?:tinha\s+|havia\s+)?(?:disse|dito|escrevi|escrito|respondi|respondido|achei)\b",
    _I,
)
"""What others say, what was said before, and how one errs: no statement of this answer."""
AGREED = re.compile(
    r"\b(?:he|she|they|el[ea]s?|book|textbook|friend|students?|people|teacher|colleague|livro|amig[oa]s?|colegas?|professora?|alunos?|pessoas)"
    r"\s+(?:is|are|was|were|está|estão|tem|têm)\s+(?:right|correct|cert[oa]s?|corret[oa]s?|razão)\b",
    _I,
)
"""What others say is then what is said here."""
TOLD_END = re.compile(
    r"[.!?;](?=\s|$)|\n|,?\s(?:but|however|yet|whereas|mas|porém|e\s+sim|actually|na\s+verdade|the\s+(?:right|correct|true|real)"
    r"|(?<!que\s)[oa]\s+(?:certo|correto|resposta)|so|então|portanto)\b",
    _I,
)
REFUSED_END = re.compile(
    r"[.!?;](?=\s|$)|\n|,\s(?:i|eu)\s(?!can|am\b|não)|,?\s(?:but|however|yet|mas|porém|actually|na\s+verdade|so|então|portanto)\b",
    _I,
)
CHECK_END = re.compile(
    r"\b(?:so|therefore|thus|hence|portanto|então|logo|assim)\b[,:]?\s+"
    r"(?!(?:(?:the|a|o|as|os|our|it|this|that|everything|tudo|isso)\s+)?(?:left|right|lhs|rhs|both|two|sides?|equation|equality|check|condition"
    r"|lados?|amb[oa]s|dois|equação|igualdade|conta|verificação|prova|membros?|works?|holds?|checks|balances|matches|confere|bate|fecha|vale\b"
    r"|verifica|se\s+verifica|satisf))"
    r"|\b(?:too\s+(?:much|many|few|little|big|large|small|high|low)|instead"
    r"|does(?:n't|\s+not)\s+(?:match|work|check|hold|fit|equal)|não\s+(?:bate|confere|fecha|serve)"
    r"|demais)\b",
    _I,
)
