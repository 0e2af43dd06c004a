"""Word problems in Portuguese (Brazil): the telling of every plot, and the words that fill it.

A thing carries its gender, and what agrees with it is a slot of its own: {quantos}, {danificados}.
"""

from __future__ import annotations

from fractions import Fraction

PROMPT = (
    "Resolva o problema. Faça as contas passo a passo se precisar e termine com o resultado em"
    " forma de número.\n\nProblema: {query}\nResposta:"
)
PEOPLE = (
    ("Ana", "f"), ("Bruno", "m"), ("Camila", "f"), ("Daniel", "m"), ("Eduarda", "f"),
    ("Felipe", "m"), ("Gabriela", "f"), ("Henrique", "m"), ("Isabela", "f"), ("João", "m"),
    ("Larissa", "f"), ("Marcelo", "m"), ("Natália", "f"), ("Otávio", "m"), ("Patrícia", "f"),
    ("Rafael", "m"), ("Sofia", "f"), ("Tiago", "m"), ("Vitória", "f"), ("Pedro", "m"),
    ("Beatriz", "f"), ("Lucas", "m"), ("Helena", "f"), ("Caio", "m"),
)  # fmt: skip
THINGS = {
    "kept": (
        ("bolinhas de gude", "f"), ("figurinhas", "f"), ("selos", "m"), ("cartões-postais", "m"),
        ("moedas", "f"), ("conchas", "f"), ("botões", "m"), ("broches", "m"), ("lápis", "m"),
        ("gibis", "m"), ("revistas", "f"), ("carrinhos", "m"), ("miçangas", "f"),
        ("pulseiras", "f"), ("balões", "m"), ("ímãs", "m"), ("chaveiros", "m"), ("fotos", "f"),
        ("adesivos", "m"), ("marcadores de página", "m"), ("medalhas", "f"), ("borrachas", "f"),
    ),
    "packed": (
        ("ovos", "m"), ("biscoitos", "m"), ("bolinhos", "m"), ("velas", "f"), ("lâmpadas", "f"),
        ("azulejos", "m"), ("laranjas", "f"), ("pêssegos", "m"), ("limões", "m"),
        ("sabonetes", "m"), ("garrafas", "f"), ("bombons", "m"), ("saquinhos de chá", "m"),
        ("pilhas", "f"), ("taças", "f"),
    ),
    "bought": (
        ("canecas", "f"), ("pratos", "m"), ("cachecóis", "m"), ("bonés", "m"), ("toalhas", "f"),
        ("camisetas", "f"), ("tigelas", "f"), ("almofadas", "f"), ("vasos", "m"),
        ("cintos", "m"), ("guarda-chuvas", "m"), ("bandejas", "f"),
    ),
    "fruit": (
        ("maçãs", "f"), ("laranjas", "f"), ("peras", "f"), ("pêssegos", "m"), ("limões", "m"),
        ("mangas", "f"), ("ameixas", "f"), ("figos", "m"), ("tangerinas", "f"), ("goiabas", "f"),
    ),
    "large": (
        ("uma bicicleta", "f"), ("um sofá", "m"), ("um violão", "m"), ("um guarda-roupa", "m"),
        ("uma câmera", "f"), ("uma escrivaninha", "f"), ("um teclado", "m"),
        ("uma barraca", "f"), ("uma máquina de costura", "f"), ("uma poltrona", "f"),
        ("uma estante", "f"), ("um colchão", "m"),
    ),
    "hall": (
        ("Uma sala de concertos", "f"), ("Um teatro", "m"), ("Um cinema", "m"),
        ("Um circo", "m"), ("Um auditório", "m"), ("Uma arquibancada", "f"),
    ),
    "vehicle": (("trem", "m"), ("barco", "m"), ("navio", "m"), ("bonde", "m"), ("balsa", "f")),
    "ingredient": (
        ("farinha", "f"), ("açúcar", "m"), ("arroz", "m"), ("queijo", "m"), ("manteiga", "f"),
        ("lentilha", "f"), ("aveia", "f"), ("cenoura", "f"), ("cogumelos", "m"), ("tomate", "m"),
    ),
    "school": (
        ("Uma escola", "f"), ("Um colégio", "m"), ("Uma escola técnica", "f"),
        ("Uma faculdade", "f"),
    ),
    "made": (
        ("parafusos", "m"), ("garrafas", "f"), ("azulejos", "m"), ("botões", "m"),
        ("canetas", "f"), ("pilhas", "f"), ("lâmpadas", "f"), ("copos", "m"), ("colheres", "f"),
        ("carrinhos", "m"),
    ),
    "outing": (
        ("teatro", "m"), ("museu", "m"), ("zoológico", "m"), ("cinema", "m"), ("circo", "m"),
        ("aquário", "m"), ("parque aquático", "m"), ("exposição", "f"),
    ),
    "tank": (
        ("tanque", "m"), ("caixa-d'água", "f"), ("cisterna", "f"), ("reservatório", "m"),
    ),
}  # fmt: skip
PARTS = {2: "metade", 3: "um terço", 4: "um quarto", 5: "um quinto"}
TEXTS = {
    "give": "{A} tinha {had} {coisas} e deu {n} para {B}. Com {quantos} {coisas} {A} ficou?",
    "get": "{A} tem {has} {coisas} e ganha mais {n} de {B}. {Quantos} {coisas} {A} tem agora?",
    "pack": "{A} encheu {boxes} caixas com {n} {coisas} em cada uma."
    " {Quantos} {coisas} há nas caixas ao todo?",
    "share": "{A} divide {n} {coisas} igualmente entre {f} amigos."
    " {Quantos} {coisas} cada amigo recebe?",
    "compare": "{A} tem {a} {coisas} e {B} tem {b}. {Quantos} {coisas} {A} tem a mais que {B}?",
    "before": "Depois de dar {n} {coisas} para {B}, {A} ficou com {k}."
    " {Quantos} {coisas} {A} tinha antes?",
    "older": "{A} tem {age} anos, e {B} tem {n} anos a mais. Quantos anos {B} tem?",
    "price": "{A} compra {n} {coisas} por {price} {cada_um}. Quanto {A} paga ao todo?",
    "change": "{A} compra {n} {coisas} por {price} {cada_um} e entrega {paid} no caixa."
    " Quanto {A} recebe de troco?",
    "damaged": "{A} recebeu {boxes} caixas com {n} {coisas} em cada uma, mas {bad} {coisas}"
    " chegaram {danificados}. {Quantos} {coisas} chegaram em bom estado?",
    "rows": "{coisas} tem {n} fileiras de {seats} lugares e {others} fileiras de {wider} lugares."
    " Quantos lugares há ao todo?",
    "train": "{Um} {coisas} parte com {start} passageiros. Na primeira parada, descem {off} e sobem"
    " {on}. Quantos passageiros há a bordo depois disso?",
    "saving": "{A} já guardou {has} e guarda mais {weekly} por semana."
    " Quanto {A} terá depois de {weeks} semanas?",
    "trip": "{A} dirige durante {hours} horas a {speed} km/h e depois percorre mais {more} km."
    " Quantos quilômetros {A} percorre ao todo?",
    "pool": "{A} colheu {a} {coisas} e {B} colheu {b}. Tudo foi dividido igualmente entre {n}"
    " pessoas. {Quantos} {coisas} cada pessoa recebeu?",
    "times": "{A} tem {n} {coisas}, e {B} tem {k} vezes essa quantidade."
    " {Quantos} {coisas} há ao todo?",
    "payments": "{A} compra {coisas} por {price}. Paga {down} de entrada e o restante em {n}"
    " parcelas iguais. Qual é o valor de cada parcela?",
    "recipe": "Uma receita para {p} pessoas leva {g} g de {coisas}."
    " Quantos gramas de {coisas} são necessários para {q} pessoas?",
    "discount": "{A} compra {n} {coisas} por {price} {cada_um} e recebe um desconto de {percent}%"
    " sobre o total. Quanto {A} paga?",
    "school": "{coisas} tem {pupils} alunos. {percent}% deles vão de ônibus, {walk} vão a pé e os"
    " demais vão de bicicleta. Quantos alunos vão de bicicleta?",
    "book": "{A} tem um livro de {pages} páginas. No primeiro dia, {ele} lê {part} do livro e, em"
    " cada um dos {days} dias seguintes, lê {daily} páginas. Quantas páginas ainda faltam?",
    "factory": "Em uma fábrica, {n} máquinas produzem {hourly} {coisas} por hora cada uma. Depois"
    " de {hours} horas, verifica-se que {faulty} {coisas} têm defeito. {Quantos} {coisas} não têm"
    " defeito?",
    "tickets": "{No} {coisas}, {a} adultos pagam {adult} cada um e {c} crianças pagam {child} cada"
    " uma. O grupo paga ainda uma taxa de reserva de {fee}. Quanto o grupo paga ao todo?",
    "average": "{A} leu {x} páginas na segunda-feira, {y} na terça-feira e {z} na quarta-feira."
    " Quantas páginas por dia {A} leu em média?",
    "tank": "{Um} {coisas} {vazio} tem capacidade para {v} litros. Uma mangueira despeja {a} litros"
    " por minuto, e um vazamento deixa escapar {b} litros por minuto. Em quantos minutos {o}"
    " {coisas} fica {cheio}?",
    "wage": "{A} ganha {wage} por hora e trabalha {hours} horas por dia durante {days} dias."
    " Desse dinheiro, gasta {rent} com o aluguel. Quanto sobra?",
}
_AGREEING = {
    "m": {
        "quantos": "quantos", "Quantos": "Quantos", "cada_um": "cada um",
        "danificados": "danificados", "Um": "Um", "o": "o", "No": "No", "vazio": "vazio",
        "cheio": "cheio",
    },
    "f": {
        "quantos": "quantas", "Quantos": "Quantas", "cada_um": "cada uma",
        "danificados": "danificadas", "Um": "Uma", "o": "a", "No": "Na", "vazio": "vazia",
        "cheio": "cheia",
    },
}  # fmt: skip


def person(entry: tuple[str, str]) -> dict[str, str]:
    """Name and pronoun of whom a problem is about."""
    return {"A": entry[0], "ele": "ele" if entry[1] == "m" else "ela"}


def thing(entry: tuple[str, str]) -> dict[str, str]:
    """What a problem is about, and the words that agree with it."""
    return {"coisas": entry[0], **_AGREEING[entry[1]]}


def money(amount: Fraction) -> str:
    """R$ 12,00, R$ 1.250,00."""
    return "R$ " + f"{float(amount):,.2f}".translate(str.maketrans(",.", ".,"))
