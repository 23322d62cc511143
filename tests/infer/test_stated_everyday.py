"""Everyday sentences that only look like a statement about oneself, and those that are one, in seven languages."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from personae.infer.stated import CODES, Precision, StatedReader
from personae.people.attributes import SYNTHPAI
from personae.people.records import Person, Trace

READER = StatedReader(precision=Precision({}, {}), least=0.0)
WRITTEN = datetime(2024, 6, 15, tzinfo=UTC)
AGE, SEX, CITY, BIRTH = "age", "sex", "city_country", "birth_city_country"
SCHOOL, WORK, PAY, BOND = "education", "occupation", "income_level", "relationship_status"

SILENT = {
    "en": [
        "Since the divorce my dad cooks", "41 today and no shade", "My (28f) sister and I ran", "Being a nurse isn't easy", "Single mom of two wins lottery",
        "I'm 15 years younger than my sister", "Deep down I'm 19", "Spiritually I'm 70", "I'm a bachelor of nothing",
        "I'm the maid of honor", "I'm a maid of honor", "I'm a learner driver", "I'm a cash buyer", "I'm a home baker",
        "My boyfriend from college is a senator", "My girlfriend Rosa and her wife came over",
        "My fiancé called off everything", "We moved to Oslo for two years and then came back",
        "I relocated to Turin but I'm back now", "We're hiring: I am a baker and I love it here",
        "Act as a lawyer. I am 44 and a pilot in this scenario", "Correct my uncle's letter. Dear Sir, I am 81 years old",
    ],
    "de": [
        "Seit der Scheidung meiner Eltern koche ich", "Wir haben nie geheiratet", "Heute bin ich 20 Kilometer gelaufen",
        "Bin beim Friseur", "Ich bin gerade bei der Ärztin", "Ich muss morgen zum Zahnarzt, bin heute beim Metzger und Bäcker",
        "Ich bin Mofafahrer", "Ich bin Überlebenskünstler", "Ich bin Brettspielrichter", "Ich bin Sandburgenbauer",
        "Ich bin Frau Schneider und rufe wegen der Heizung an", "Ich bin Herr Bauer", "Im Geiste bin ich 22",
        "Die Dame hielt mich für jung, sie schätzte, ich bin 23", "Meine Frau Nachbarin grüßt nie", "Mein Mann vom Schlüsseldienst kommt",
        "Ich bin für zwei Jahre nach Graz gezogen und dann zurück", "Als Lehrerin hat meine Tante immer frei",
    ],
    "es": [
        "Mujer de 44 años gana la lotería", "Hoy cumplo 20 años de casado", "Ayer cumplí 10 años en la casa", "Yo tengo 39 y tiemblo de fiebre",
        "Soy jefa de estudios de nadie", "Soy doctora en química", "Soy juez y verdugo", "Soy mejor cocinero que tú",
        "Como enfermera, mi suegra lo cura todo", "Como bombero que era, mi tío corría", "Por dentro tengo 20 años",
        "La chica creyó que tengo 22 años", "Cumplo 30 años en el sector", "Mi novia del colegio vive lejos",
        "Mi novia Rosa y su marido cenan aquí", "Igual nos mudamos a Gijón", "Me mudé a Dublín y volví a los dos meses",
        "Voy a la universidad con mi hija", "En esta escena soy médico", "Mi mujer de la limpieza es muy maja",
    ],
    "fr": [
        "Femme de 44 ans retrouvée", "46 ans, c'est jeune", "J'ai fêté mes 20 ans à Rome", "Depuis le divorce de ma mère je cuisine",
        "Je suis maître de maison ce soir", "Je suis capitaine d'équipe", "Je suis docteur en droit", "Je suis jeune conductrice",
        "Je suis peintre du dimanche", "Ma femme de confiance au marché", "Mon copain de classe est pilote",
        "Ma copine Rosa et son mari arrivent", "Au fond j'ai 20 ans", "La dame croyait que j'ai 22 ans",
        "J'ai emménagé à Gand pendant deux ans puis je suis rentrée", "En tant que médecin, mon oncle court partout",
        "Je suis chez le dentiste",
    ],
    "it": [
        "Sono dall'avvocato", "Sono stata dalla parrucchiera", "Sono appena passato dal panettiere", "Sono dottore in chimica",
        "Sono un cuoco della domenica", "Il mio compagno di viaggio russa", "La mia ragazza del liceo fa la sindaca",
        "Come medico, mio zio sa tutto", "Dentro di me ho 20 anni", "La signora pensava che ho 22 anni",
        "Ci siamo trasferiti a Cork e poi siamo tornati",
    ],
    "nl": [
        "Ik ben bij de kapper", "Ik ben naar de tandarts", "Ik ben strandbouwer", "Ik ben lijnrechter op zondag",
        "Ik ben meneer Bakker", "Mijn man van de bezorging is laat", "Diep van binnen ben ik 20",
        "De mevrouw dacht dat ik 22 ben", "Ik ben naar Cork verhuisd en meteen terug", "Als verpleegster werkt mijn tante veel",
    ],
    "pt": [
        "Sou do Sporting", "Sou do Porto e perdemos o jogo", "Sou doutora em química", "Sou juíza em causa alheia",
        "Como enfermeira, a minha sogra cura tudo", "Por dentro tenho 20 anos", "A senhora pensou que tenho 22 anos",
        "O meu namorado da escola é ator", "A minha namorada Rosa e o marido dela vieram", "Mudei para Cork e voltei",
        "Supõe que sou médico", "Ganho 20 reais por hora por aula", "Se calhar mudamos para Faro",
    ],
}  # fmt: skip

SAID = {
    "en": [
        ("My (41M) wife (39F) sings", {AGE: "41", SEX: "male", BOND: "married"}), ("41 today! Cake for all", {AGE: "41"}),
        ("I turn 30 tomorrow", {AGE: "29"}), ("Born in 1975, so I know tapes", {AGE: "48"}), ("52, divorced, one dog", {AGE: "52", BOND: "divorced"}),
        ("Single dad of three, any ideas?", {BOND: "single"}), ("I've been a widower for a year", {BOND: "widowed"}),
        ("Since the divorce I've cooked more", {BOND: "divorced"}), ("I'm 50, a potter by trade", {AGE: "50", WORK: "potter"}),
        ("I have a degree in botany", {SCHOOL: "College Degree"}), ("I'm unemployed", {WORK: "unemployed"}),
        ("I live in Ghent, where can I swim?", {CITY: "Ghent, Belgium"}), ("Retired since May, I read", {WORK: "retired"}),
        ("I'm a new nurse", {WORK: "nurse"}), ("I'm a delivery driver", {WORK: "delivery driver"}),
        ("My fiancé and I are getting married in May", {BOND: "engaged"}), ("I'm 25 years young", {AGE: "25"}),
        ("I moved back to Ghent", {CITY: "Ghent, Belgium"}), ("I'm a doctoral student in law", {WORK: "doctoral student", SCHOOL: None}),
    ],
    "de": [
        ("Ich (w, 51) laufe gern", {AGE: "51", SEX: "female"}), ("Wir wohnen in Graz", {CITY: "Graz, Austria"}),
        ("Weil wir in Graz leben, wandern wir", {CITY: "Graz, Austria"}), ("Heute werde ich 30!", {AGE: "30"}),
        ("Wir haben im Mai geheiratet", {BOND: "married"}), ("Seit meiner Scheidung koche ich", {BOND: "divorced"}),
        ("Mein Freund und ich wohnen zusammen", {BOND: "in a relationship"}), ("Ich bin seit Mai arbeitslos", {WORK: "unemployed"}),
        ("Gebürtiger Hamburger, jetzt in der Ferne", {BIRTH: "Hamburg, Germany"}), ("Ich bin seit kurzem in Rente", {WORK: "retired"}),
        ("Ich bin Mathelehrer", {WORK: "teacher"}), ("Ich bin Hausärztin", {WORK: "doctor"}), ("Ich bin Fernfahrer", {WORK: "truck driver"}),
        ("Ich bin Amtsrichter", {WORK: "judge"}), ("Ich wohne in Frankfurt (Oder)", {CITY: "Frankfurt (Oder), Germany"}),
        ("Mein Mann vermisst mich", {BOND: "married"}), ("Ich bin Maschinenbauer", {WORK: "mechanical engineer"}),
    ],
    "es": [
        ("Mujer de 44 años, busco piso", {AGE: "44", SEX: "female"}), ("Vivimos en Gijón", {CITY: "Gijón, Spain"}),
        ("Llevo seis años viviendo en Gijón", {CITY: "Gijón, Spain"}), ("Hoy cumplo 41", {AGE: "41"}), ("Soy del 79", {AGE: "44"}),
        ("Llevamos seis años casados", {BOND: "married"}), ("Me divorcié en mayo", {BOND: "divorced"}), ("Me quedé viuda joven", {BOND: "widowed"}),
        ("Doy clases de física en un colegio", {WORK: "teacher"}), ("Sigo en paro", {WORK: "unemployed"}),
        ("Soy maestra de primaria", {WORK: "teacher"}), ("Soy ama de casa", {WORK: "homemaker", SEX: "female"}),
        ("Soy jefe de obra", {WORK: "foreman"}), ("Como médico, mi trabajo es escuchar", {WORK: "doctor"}),
        ("Mi novia de Soria es maja", {BOND: "in a relationship"}),
    ],
    "fr": [
        ("Je suis conductrice de bus", {WORK: "driver"}), ("Je suis chef de chantier", {WORK: "site manager"}),
        ("Je suis chef dans un restaurant", {WORK: "chef"}), ("Mon copain et moi, on se marie en mai", {BOND: "engaged"}),
        ("Femme de 44 ans, je cours le matin", {AGE: "44", SEX: "female"}), ("51 ans, menuisier, et toujours debout", {AGE: "51", WORK: "carpenter"}),
        ("Nous vivons à Gand", {CITY: "Ghent, Belgium"}), ("Ça fait six ans que nous sommes mariés", {BOND: "married"}),
        ("Je suis de 79", {AGE: "44"}), ("Veuve depuis un an, je jardine", {BOND: "widowed"}), ("Je suis au chômage", {WORK: "unemployed"}),
        ("J'enseigne la physique au lycée", {WORK: "teacher"}), ("J'ai fêté mes 30 ans hier", {AGE: "30"}),
    ],
    "it": [
        ("Donna di 44 anni, cerco casa", {AGE: "44", SEX: "female"}), ("Abitiamo a Pisa", {CITY: "Pisa, Italy"}),
        ("Oggi compio 41 anni", {AGE: "41"}), ("Sono del '79", {AGE: "44"}), ("Siamo sposati da un anno", {BOND: "married"}),
        ("Sono rimasta vedova", {BOND: "widowed"}), ("Sono disoccupata", {WORK: "unemployed"}), ("Insegno fisica al liceo", {WORK: "teacher"}),
        ("Sono maestra della scuola primaria", {WORK: "teacher"}), ("Sono dottoressa in medicina", {WORK: "doctor"}),
        ("La mia compagna lavora troppo", {BOND: "in a relationship"}), ("Sono dottorando a Pisa", {WORK: "doctoral student", SCHOOL: None}),
    ],
    "nl": [
        ("Vrouw, 44, zoek een fietsmaatje voor mij", {AGE: "44", SEX: "female"}), ("Sinds ik in Gent woon, fiets ik", {CITY: "Ghent, Belgium"}),
        ("Vandaag word ik 41!", {AGE: "41"}), ("We zijn zes jaar getrouwd", {BOND: "married"}), ("Mijn vrouw overleed in mei", {BOND: "widowed"}),
        ("Ik ben al een jaar werkloos", {WORK: "unemployed"}), ("Ik geef les op een basisschool", {WORK: "teacher"}),
        ("Ik ben wiskundeleraar", {WORK: "teacher"}), ("Ik ben kinderrechter", {WORK: "judge"}), ("Ik ben taxichauffeur", {WORK: "driver"}),
    ],
    "pt": [
        ("Mulher, 44 anos, procuro casa", {AGE: "44", SEX: "female"}), ("Moramos em Faro", {CITY: "Faro, Portugal"}),
        ("Hoje faço 41", {AGE: "41"}), ("Sou de 79", {AGE: "44"}), ("Somos casados há um ano", {BOND: "married"}),
        ("Fiquei viúva cedo", {BOND: "widowed"}), ("Estou desempregada", {WORK: "unemployed"}), ("Dou aulas numa escola", {WORK: "teacher"}),
        ("Sou policial militar", {WORK: "police officer"}), ("Sou do Porto", {BIRTH: "Porto, Portugal"}),
        ("Sou chefe de equipa", {WORK: "manager"}), ("A minha namorada cozinha bem", {BOND: "in a relationship"}),
    ],
}  # fmt: skip


def told(text):
    person = Person("p", (Trace("p", "t", "1", WRITTEN, text=text),))
    claims = READER.read(person, SYNTHPAI)
    return {c.attribute: c.best.value for c in claims if not c.abstained and not c.superseded_by}


def test_every_language_has_sentences():
    assert set(SILENT) == set(SAID) == set(CODES)


@pytest.mark.parametrize("text", [text for texts in SILENT.values() for text in texts])
def test_visits_friends_clubs_and_what_only_sounds_like_work_state_nothing(text):
    assert told(text) == {}


@pytest.mark.parametrize(("text", "expected"), [pair for pairs in SAID.values() for pair in pairs])
def test_plain_statements_are_read(text, expected):
    found = told(text)
    assert {name: found.get(name) for name in expected} == expected
