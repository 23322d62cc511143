"""Words that take a statement back from outside it: other voices, jokes, denied partners, other places of a name."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from personae.infer.stated import CODES, Precision, StatedReader
from personae.people.attributes import SYNTHPAI
from personae.people.records import Person, Trace

READER = StatedReader(precision=Precision({}, {}), least=0.0)
WRITTEN = datetime(2024, 6, 15, tzinfo=UTC)
AGE, CITY, BIRTH, WORK, BOND = (
    "age",
    "city_country",
    "birth_city_country",
    "occupation",
    "relationship_status",
)

SILENT = {
    "en": [
        "I'm a plumber, he wrote", "I live in Oslo, my cousin insisted", "I'm 51, says my uncle every year",
        "Somebody wrote I'm a baker", "His profile says I live in Rome and I'm a pilot", "Headline: I'm a surgeon",
        "I'm a baker. Just kidding.", "Apparently I'm 61 now", "I'm a pilot, or rather was", "I'm a chemist by training",
        "My boyfriend? Never had one.", "My husband... a fine idea", "I work as long as a baker", "I'm engaged to no one",
        "They let me go from my role as a cook", "My husband? Which one?",
    ],
    "de": [
        "Ich bin Bäckerin, schrieb sie", "Ich bin 51, sagte mein Onkel", "Er schrieb: Hallo, ich bin Arzt", "Ich bin Pilot. Scherz!",
        "Laut Ausweis bin ich 61", "Meine Frau? Gibt es nicht.", "Ich bin Lehrer im Ruhestand", "Ich bin Hobbykoch",
        "Ich bin 14. geworden beim Turnier",
    ],
    "es": [
        "Soy panadera, contestó ella", "Tengo 51 años, escribió mi tío", "Me escribe: hola, soy viudo", "Soy piloto. Era broma",
        "Supuestamente tengo 61 años", "¿Mi esposa? No existe.", "Trabajo como un burro panadero", "Me echaron del trabajo de cocinero",
    ],
    "fr": [
        "Je suis boulanger, répond-il", "J'ai 51 ans, m'a-t-elle écrit", "Elle écrit : bonjour, je vis à Lyon", "Je suis pilote. Mais non",
        "Selon le site j'ai 61 ans", "Ma femme ? Quelle femme ?", "Je travaille comme un pompier", "Je suis ingénieur à la retraite tardive",
    ],
    "it": [
        "Sono cuoco, rispose lui", "Ho 51 anni, diceva mio zio", "Mi risponde: ciao, vivo a Torino", "Sono pilota. Macché",
        "Secondo il sito ho 61 anni", "Mia moglie? Quale?", "Lavoro come un panettiere",
    ],
    "nl": [
        "Ik ben bakker, riep hij", "Ik ben 51, zei mijn oom", "Hij schreef: hoi, ik woon in Gent", "Ik ben piloot. Nee hoor",
        "Volgens de site ben ik 61", "Mijn vrouw? Welke?", "Ik werk als een bakker in december",
    ],
    "pt": [
        "Sou padeiro, respondeu ele", "Tenho 51 anos, dizia o meu tio", "Ele escreve: olá, moro em Braga", "Sou piloto. Quem me dera",
        "Supostamente tenho 61 anos", "A minha mulher? Não há.", "Trabalho como um padeiro",
    ],
}  # fmt: skip

TOLD = {
    "en": [
        ("I'm a plumber, and I said so", {WORK: "plumber"}), ("I'm a nurse. That said, it is late", {WORK: "nurse"}), ("I'm a plumber, no kidding", {WORK: "plumber"}),
        ("Relocated to Oslo in spring", {CITY: "Oslo, Norway"}), ("We've lived in Oslo since 2011", {CITY: "Oslo, Norway"}),
        ("I turned 52 on Monday", {AGE: "52"}), ("Does my husband need a hat?", {BOND: "married"}),
    ],
    "de": [("Wir sind letztes Jahr nach Graz gezogen", {CITY: "Graz, Austria"}), ("Ich bin Maurerin", {WORK: "bricklayer"})],
    "es": [("Nos mudamos a Bogotá en mayo", {CITY: "Bogotá, Colombia"}), ("Cumplí 52 ayer", {AGE: "52"}), ("No soy solo enfermera", {WORK: "nurse"})],
    "fr": [("On a emménagé à Lille", {CITY: "Lille, France"}), ("Je travaille comme caissier", {WORK: "cashier"})],
    "it": [("Ci siamo trasferiti a Torino", {CITY: "Turin, Italy"}), ("Due anni fa mi sono trasferita a Torino", {CITY: "Turin, Italy"})],
    "nl": [("We zijn verhuisd naar Gent", {CITY: "Ghent, Belgium"}), ("Mijn zus en ik wonen in Gent", {CITY: "Ghent, Belgium"})],
    "pt": [("Nos mudamos para Lisboa", {CITY: "Lisbon, Portugal"})],
}  # fmt: skip

PLACES = [
    ("I live in Lima, Ohio", CITY, "Lima, United States"), ("I live in Memphis, Egypt", CITY, "Memphis, Egypt"),
    ("Ich wohne in Weimar in den USA", CITY, "Weimar, United States"), ("J'habite à Toronto, dans le Tarn", CITY, "Toronto"),
    ("Vivo en Córdoba, no la de Argentina", CITY, "Córdoba"), ("Ich wohne in Genf", CITY, "Geneva, Switzerland"),
    ("Ich wohne in Mailand", CITY, "Milan, Italy"), ("I'm from Vienna University", BIRTH, None),
    ("I live in the Venice of the North", CITY, None), ("I live in Reading glasses", CITY, None), ("Vivo en Centro", CITY, None),
    ("I'm spending time, living in Madrid for a semester", CITY, None), ("Je viens de Nantes en voiture", BIRTH, None),
    ("Vengo da Torino in treno", BIRTH, None), ("Ich komme aus Bonn mit dem Auto", BIRTH, None),
    ("Ik kom uit Gent met de trein", BIRTH, None), ("I'm from Oslo but not originally", BIRTH, None),
]  # fmt: skip


def told(text):
    person = Person("p", (Trace("p", "t", "0", WRITTEN, text=text),))
    claims = READER.read(person, SYNTHPAI)
    return {c.attribute: c.best.value for c in claims if not c.abstained and not c.superseded_by}


@pytest.mark.parametrize("text", [text for texts in SILENT.values() for text in texts])
def test_other_voices_jokes_and_partners_asked_after_say_nothing(text):
    assert not told(text).keys() - {"sex"}


@pytest.mark.parametrize(("text", "expected"), [pair for pairs in TOLD.values() for pair in pairs])
def test_moves_and_what_looks_like_another_voice_are_read(text, expected):
    found = told(text)
    assert {name: found.get(name) for name in expected} == expected


@pytest.mark.parametrize(("text", "name", "value"), PLACES)
def test_what_follows_a_place_says_which_is_meant(text, name, value):
    assert told(text).get(name) == value


def test_every_language_is_heard():
    assert set(SILENT) == set(TOLD) == set(CODES)
