"""What counts as a statement about oneself, in seven languages, and what does not."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from personae.infer.stated import CODES, Precision, StatedReader
from personae.infer.stated._languages import language
from personae.infer.stated._rules import compiled
from personae.infer.stated._values import READS
from personae.people.attributes import SYNTHPAI, attribute
from personae.people.records import KINDS, Person, Trace

READER = StatedReader(precision=Precision({}, {}), least=0.0)
WRITTEN = datetime(2024, 6, 15, tzinfo=UTC)
AGE, SEX, CITY, BIRTH = "age", "sex", "city_country", "birth_city_country"
SCHOOL, WORK, PAY, BOND = "education", "occupation", "income_level", "relationship_status"

SAID = {
    "en": [
        ("I'm 34.", {AGE: "34"}),
        ("I’m thirty-four years old and tired", {AGE: "34"}),
        ("As a 41-year-old baker, I get up at three.", {AGE: "41", WORK: "baker"}),
        ("I just turned 50", {AGE: "50"}),
        ("I'm in my mid-30s", {AGE: "34-36"}),
        ("I (29F) need advice. I moved to Lyon last year", {AGE: "29", SEX: "female", CITY: "Lyon, France"}),
        ("I'm a single dad of two", {SEX: "male", BOND: "single"}),
        ("As a woman in physics, I see that a lot.", {SEX: "female"}),
        ("I live in the suburbs of Toronto", {CITY: "Toronto, Canada"}),
        ("down here in Cape Town it rains", {CITY: "Cape Town, South Africa"}),
        ("I live in portland, maine", {CITY: "Portland, United States"}),
        ("born and raised in Gdansk", {BIRTH: "Gdańsk, Poland"}),
        ("I was born in Porto but grew up in Faro", {BIRTH: "Porto, Portugal"}),
        ("I'm in my second year of law school", {SCHOOL: "In College"}),
        ("I dropped out of high school", {SCHOOL: "No Highschool"}),
        ("I have a PhD in botany", {SCHOOL: "PhD"}),
        ("I'm a registered nurse", {WORK: "nurse"}),
        ("I work part time as a tour guide", {WORK: "tour guide"}),
        ("I'm a high school music teacher", {WORK: "high school music teacher"}),
        ("Lawyer here - never sign that.", {WORK: "lawyer"}),
        ("I'm retired", {WORK: "retired"}),
        ("I make $45k a year", {PAY: "middle"}),
        ("I earn £12 an hour", {PAY: "middle"}),
        ("My wife and I love it", {BOND: "married", SEX: None}),
        ("What should I give my husband?", {BOND: "married", SEX: None}),
        ("I'm happily divorced", {BOND: "divorced"}),
        ("my late husband planted it", {BOND: "widowed", SEX: None}),
        ("I'm a lesbian and my wife is a nurse.", {SEX: "female", BOND: "married"}),
        ("As a gay man I know that. My husband agrees.", {SEX: "male", BOND: "married"}),
        ("As a lesbian, I see that a lot", {SEX: "female"}),
        ("I'm getting married in June", {BOND: "engaged"}),
        ("Tom, 42, from Leeds, plumber", {AGE: "42", BIRTH: "Leeds, United Kingdom", WORK: "plumber"}),
        ("M34 here, any ideas?", {AGE: "34", SEX: "male"}),
        ("29F, first post", {AGE: "29", SEX: "female"}),
        ("I grew up in Leeds and now live in Zurich", {CITY: "Zürich, Switzerland"}),
        ("We moved to Porto last year", {CITY: "Porto, Portugal"}),
        ("I make 120k a year", {PAY: "high"}),
        ("I only earn minimum wage", {PAY: "low"}),
        ("I work at a hospital as a cleaner", {WORK: "cleaner"}),
        ("I have been a nurse for eleven years", {WORK: "nurse"}),
        ("I'm not a teacher but a baker", {WORK: "baker"}),
        ("Math nerd turned gym owner here.", {WORK: "gym owner"}),
        ("I was widowed at fifty", {BOND: "widowed"}),
        ("I was widowed and I'm dating again", {BOND: "single"}),
        ("My husband past last year", {BOND: "widowed"}),
        ("Londoner born and bred", {BIRTH: "London, United Kingdom"}),
        ("Update: I'm a nurse\nEdit: I'm 34", {WORK: "nurse", AGE: "34"}),
        ("Tom: hello\nMe: I'm a nurse", {WORK: "nurse"}),
        ("I'm a doctor of philosophy", {SCHOOL: "PhD", WORK: None}),
        ("I'm a developer in the game industry", {WORK: "developer"}),
        ("My wife passed away, my girlfriend is lovely", {BOND: "in a relationship"}),
        ("Born and raised Glaswegian", {BIRTH: "Glasgow, United Kingdom"}),
        ("I'm a part-time florist", {WORK: "florist"}),
        ("I am a full time web developer.", {WORK: "web developer"}),
        ("Being a pastry chef has taught me to wait", {WORK: "pastry chef"}),
        ("Being a midwife really keeps me on my feet. I like my life as a midwife.", {WORK: "midwife"}),
        (
            "Being a landscape architect means I see my trees grow. My work as an architect...",
            {WORK: "landscape architect"},
        ),
        ("My career as a court interpreter is ending", {WORK: "court interpreter"}),
        ("I'm a stay-at-home mom to two boys", {WORK: "stay-at-home parent", SEX: "female"}),
        ("I'm a dog mom of three", {SEX: "female", WORK: None, BOND: None}),
        ("I'm a single mom to two cats", {BOND: None}),
        ("I'm a stay-at-home dad to a puppy", {WORK: None}),
        ("34f, my husband is 36", {AGE: "34", SEX: "female"}),
        ("Story: I'm a nurse", {WORK: "nurse"}),
        ("22 year old girl here", {AGE: "22"}),
    ],
    "de": [
        ("Ich bin vierunddreißig Jahre alt.", {AGE: "34"}),
        ("Ich bin Mitte vierzig", {AGE: "44-46"}),
        (
            "Ich bin Grundschullehrerin und wohne in Köln.",
            {WORK: "teacher", SEX: "female", CITY: "Cologne, Germany"},
        ),
        ("Als Krankenschwester arbeite ich nachts.", {WORK: "nurse"}),
        ("Letztes Jahr bin ich nach Wien gezogen.", {CITY: "Vienna, Austria"}),
        ("Ich bin in Dresden geboren.", {BIRTH: "Dresden, Germany"}),
        ("Ich bin geschieden", {BOND: "divorced"}),
        ("Ich bin kein Lehrer, sondern Bäcker.", {WORK: "baker"}),
        ("Ich studiere Jura", {SCHOOL: "In College"}),
        ("Ich verdiene 3000 Euro im Monat", {PAY: "middle"}),
        ("Ich lebe nicht in Berlin, sondern in Köln", {CITY: "Cologne, Germany"}),
        ("Ich arbeite nicht als Arzt, sondern als Bäcker", {WORK: "baker"}),
        ("Ich wohne noch nicht lange in Wien", {CITY: "Vienna, Austria"}),
    ],
    "es": [
        ("Tengo treinta y cuatro años.", {AGE: "34"}),
        ("Soy enfermera y vivo en Londres", {WORK: "nurse", SEX: "female", CITY: "London, United Kingdom"}),
        ("No soy médico, sino panadero", {WORK: "baker"}),
        ("Me mudé a Bogotá hace dos años", {CITY: "Bogotá, Colombia"}),
        ("Nací en Sevilla.", {BIRTH: "Seville, Spain"}),
        ("Estoy casada", {BOND: "married", SEX: "female"}),
        ("Gano 1500 euros al mes", {PAY: "low"}),
    ],
    "fr": [
        ("J’ai trente-quatre ans.", {AGE: "34"}),
        ("Je suis née à Lille.", {BIRTH: "Lille, France", SEX: "female"}),
        ("J'habite en Suisse", {CITY: "Switzerland"}),
        ("En tant qu'infirmière, je travaille la nuit", {WORK: "nurse"}),
        ("Je suis célibataire", {BOND: "single"}),
        ("Je suis en terminale", {SCHOOL: "In Highschool"}),
    ],
    "it": [
        ("Ho trentaquattro anni e vivo a Milano.", {AGE: "34", CITY: "Milan, Italy"}),
        ("Sono nato a Torino", {BIRTH: "Turin, Italy", SEX: "male"}),
        ("Faccio la maestra", {WORK: "teacher", SEX: "female"}),
        ("Mio marito lavora", {BOND: "married", SEX: None}),
        ("Studio economia all'università", {SCHOOL: "In College"}),
    ],
    "nl": [
        ("Ik ben vierendertig jaar oud.", {AGE: "34"}),
        ("Ik woon sinds 2015 in Antwerpen", {CITY: "Antwerp, Belgium"}),
        ("Ik ben geboren in Rotterdam", {BIRTH: "Rotterdam, Netherlands"}),
        ("Ik ben basisschoolleraar", {WORK: "teacher"}),
        ("Ik woon niet in Amsterdam, maar in Utrecht", {CITY: "Utrecht, Netherlands"}),
        ("Ik ben weduwe", {BOND: "widowed", SEX: "female"}),
    ],
    "pt": [
        ("Tenho trinta e quatro anos.", {AGE: "34"}),
        ("Moro no Brasil", {CITY: "Brazil"}),
        ("Nasci no Porto", {BIRTH: "Porto, Portugal"}),
        ("Trabalho como garçonete", {WORK: "waiter", SEX: "female"}),
        ("Sou solteira", {BOND: "single", SEX: "female"}),
        ("Ganho R$ 3.000 por mês", {PAY: "low"}),
    ],
}

IMPLIED = [
    ("My wife and I love it", "male"), ("What should I give my husband?", "female"), ("my boyfriend cooks", "female"),
    ("I'm seven months pregnant", "female"), ("Meine Frau arbeitet", "male"), ("Mi marido trabaja", "female"),
    ("Ma femme travaille", "male"), ("Mio marito lavora", "female"), ("Mijn vrouw werkt", "male"), ("Meu marido trabalha", "female"),
]  # fmt: skip

NOT_SAID = {
    "en": [
        "I'm not a nurse.", "I am not 34.", "I don't live in Rome", "I never lived in Rome", "I'm no doctor", "I'm not married",
        "Am I a nurse?", "I'm a nurse? No way.", "Can you believe I'm 40?", "As a nurse, what would you do?",
        'He said "I live in Rome" and left.', "“I'm a nurse”", "> I live in Rome", "♪ I'm a barbie girl ♪", "`I am 34`",
        "I'm a nurse /s", "I'm a nurse, just kidding", "Sure, I live in Rome (sarcasm)",
        "If I were a nurse, I'd quit.", "I wish I lived in Rome", "I'd love to live in Rome", "I might move to Rome",
        "When I'm 64", "I feel like I'm 80", "explain it like I'm 5 years old", "Imagine I'm a nurse in Berlin",
        "So if the landlord asks, I'm 87", "I want to be a pilot", "I'm training to be a nurse",
        "My brother is a nurse.", "My sister lives in Rome", "my son is 34", "She told me I'm a natural",
        "My friend told me: I am a pilot and I live in Oslo.",
        "People think I'm a doctor", "As a mother, she knows", "As a woman you should know",
        "My sister is great, as a nurse she works hard",
        "I'm an ex-smoker", "I'm an aspiring writer", "I'm a terrible driver", "I'm a chef in my own kitchen",
        "I'm a Doctor Who fan", "I'm a big fan of teachers", "I'm basically a chauffeur for my kids", "I'm a teacher at heart",
        "I'm 20 minutes late", "I'm 34th in line", "I'm 100% sure", "I'm 5 feet tall", "He makes $45k a year",
        "I'm married to my job", "I'm engaged in politics", "I'm single-handedly doing it", "I was married for ten years",
        "I'm here in Paris for vacation", "Just a small town girl, living in a lonely world",
        "Write a cover letter: I am a nurse with 10 years of experience", "Translate this: I live in Berlin",
        "Pronouns: she/her", "Pronouns: he/him", "she/they, posting about snails",
        "Bella, 34, from Leeds, was seen on Monday.", "M25 here is jammed again", "Chapter, 12, from the book",
        "My parents retired and now live in Rome", "My brother is a Londoner born and bred", "He makes minimum wage",
        "I make 50k cookies a year", "We moved to Ohio when I was five", "Being a grad student can be confusing",
        "My grandma: I'm 90 and I live in Rome", "We met.\nHer: I'm a nurse", "We sat down. My old boss: I'm 60.", "My friend Bob: I'm a nurse", "Tom: I'm a nurse\nAna: nice",
        "RT @bob: I'm a nurse in Porto", "I just turned 18! (said my son)", "I'm a nurse, not", "I'm a nurse. Not!",
        "I'm a priest in the new D&D campaign", "In our D&D campaign I'm a priest", "I make minimum wage look good",
        "I quit my job as a teacher", "I've just left my old job as a nurse", "I'm a writer named Ana in the game",
        "My boyfriend's wife is nice", "I'm from Georgia",
        "Bob: I'm a nurse", "What I noted.\nBob: I'm a nurse\nThen we had lunch.", "Ines: I live in Porto",
        "The kids are 12 and 14", "My kids: 12 and 14", "14F and 12M, both mine", "The kids, 12, from Leeds",
        "Our daughter, 12, from Leeds", "12 year old daughter here", "Anna, 12, female, and Tom, 14, male",
        "Being a doctor is hard, I imagine", "Being a doctor would make me proud",
        "Being a pilot means my brother is never home", "As a nurse takes blood, I look away",
        "Act as a doctor.\nI am 34 and ill", "My character is 34. I'm a pilot in the game",
    ],
    "de": [
        "Ich bin kein Lehrer.", "Ich bin nicht 34.", "Mein Bruder ist Lehrer.", "Meine Mutter sagt, ich bin Arzt",
        "Wenn ich Arzt wäre, würde ich in Rom wohnen", "Bin ich etwa Arzt?", "„Ich bin Arzt“, sagte er",
        "Ich bin Arzt, war nur Spaß", "Als Krankenschwester musst du viel arbeiten.", "Ich bin 34 Minuten zu spät",
        "Übersetze: Ich bin Arzt und wohne in Berlin", "Ich bin ein guter Koch",
        "Ich habe meinen Job als Lehrer verloren",
        "Meine Oma: Ich bin 90 und wohne in Rom", "Ich wohne nicht mehr in Hamburg", "Ich wohne hier, wohne auch nicht in Bremen", "Ich wohne noch nicht in Wien",
        "Ich arbeite nicht als Arzt", "Ich wohne weder in Bonn noch in Köln", "Ich bin nicht nach Wien gezogen",
        "Ich wohne in Hamburg schon lange nicht mehr",
    ],
    "es": [
        "No soy enfermera.", "Mi hermano dice que soy enfermera", "Si fuera médico viviría en Roma", "¿Soy médico?",
        "«Soy médico», dijo", "Soy médico, es broma", "Como abogado debes saberlo", "Tengo 10 años de experiencia",
        "Ojalá viviera en París",
    ],
    "fr": [
        "Je ne suis pas médecin", "Elle dit que je suis médecin", "Si j'étais médecin, je vivrais à Rome", "« Je suis médecin »",
        "Je suis médecin, je plaisante", "En tant que médecin, vous devez", "J'ai 10 ans d'expérience",
        "Je voudrais vivre à Paris", "J'habite plus à Paris",
    ],
    "it": [
        "Non sono medico", "Lei dice che sono medico", "Se fossi medico vivrei a Roma", "«Sono medico»", "Sono medico, scherzo",
        "Come avvocato, devi saperlo", "Ho 10 anni di esperienza", "Vorrei vivere a Parigi",
    ],
    "nl": [
        "Ik ben geen arts", "Mijn broer is arts", "Zij zegt dat ik arts ben", "„Ik ben arts”", "Ik ben arts, grapje",
        "Als ik arts was, woonde ik in Rome", "Als advocaat moet je dat weten", "Ik ben 34 minuten te laat",
        "Ik woon niet in Amsterdam", "Ik woon niet meer in Utrecht", "Ik werk niet als arts", "Ik ben nog niet naar Gent verhuisd",
    ],
    "pt": [
        "Não sou médico", "Ela diz que sou médico", "Se eu fosse médico, moraria em Roma", "«Sou médico»", "Sou médico, brincadeira",
        "Como advogado você deve saber", "Tenho 10 anos de experiência", "Queria morar em Paris",
    ],
}  # fmt: skip

FORMER = {
    "en": [
        "I used to live in Rome",
        "I lived in Rome for years",
        "I used to be a nurse",
        "I'm a former nurse",
    ],
    "de": ["Ich habe früher in Rom gewohnt", "Ich war früher Lehrer"],
    "es": ["Antes vivía en Roma", "Viví en Roma"],
    "fr": ["J'habitais à Rome", "J'ai vécu à Rome"],
    "it": ["Vivevo a Roma", "Ho vissuto a Roma"],
    "nl": ["Ik woonde vroeger in Rome", "Ik heb in Rome gewoond"],
    "pt": ["Morava em Roma", "Já morei em Roma"],
}


def said_by(*texts, time=WRITTEN):
    return Person("p", tuple(Trace("p", "t", str(i), time, text=text) for i, text in enumerate(texts)))


def told(text):
    claims = READER.read(said_by(text), SYNTHPAI)
    return {c.attribute: c.best.value for c in claims if not c.abstained and not c.superseded_by}


@pytest.mark.parametrize(("text", "expected"), [pair for pairs in SAID.values() for pair in pairs])
def test_what_is_said_of_oneself_is_read(text, expected):
    found = told(text)
    assert {name: found.get(name) for name in expected} == expected


@pytest.mark.parametrize("text", [text for texts in NOT_SAID.values() for text in texts])
def test_what_is_taken_back_or_of_others_is_not_read(text):
    assert told(text) == {}


def test_a_line_after_the_name_of_the_author_is_the_author_s():
    trace = Trace("Ana Silva", "t", "1", text="We met.\nAna: I'm a nurse\nBob: I'm a pilot")
    (claim,) = READER.read(Person("Ana Silva", (trace,)), [attribute(WORK)])
    assert claim.best.value == "nurse"


@pytest.mark.parametrize("text", [text for texts in FORMER.values() for text in texts])
def test_what_was_is_no_longer_current(text):
    assert told(text) == {}


@pytest.mark.parametrize(("text", "sex"), IMPLIED)
def test_a_sex_that_a_partner_implies_is_inferred_and_not_stated(text, sex):
    person = said_by(text)
    assert [claim for claim in READER.read(person, [attribute(SEX)]) if not claim.abstained] == []
    (claim,) = READER.implied(person, SYNTHPAI)
    assert (claim.best.value, claim.status, claim.method.partition(":")[0]) == (sex, "inferred", "implied")


@pytest.mark.parametrize(
    "texts",
    [
        ["My wife and I are two women"], ["We lesbians know.", "My wife cooks"], ["I'm nonbinary", "my husband cooks"],
        ["As a queer person, my girlfriend gets it"], ["Meine Frau und ich sind zwei Frauen"], ["I'm pregnant with ideas"],
        ["My late wife read. My first husband never did."], ["My ex-wife called", "my boyfriend laughed"],
    ],
)  # fmt: skip
def test_words_that_contradict_or_open_it_imply_no_sex(texts):
    assert [claim for claim in READER.implied(said_by(*texts), [attribute(SEX)]) if not claim.abstained] == []


def test_what_a_partner_implies_is_never_surer_than_nine_in_ten():
    sure = StatedReader(precision=Precision({"en.sex.wife": (99, 99)}, {SEX: (99, 99)}))
    (claim,) = sure.implied(said_by("My wife and I love it"), [attribute(SEX)])
    assert (claim.best.probability, claim.abstained) == (0.9, False)


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("My ex-husband was a teacher", BOND, "divorced"), ("Mijn ex-man is hier", BOND, "divorced"),
        ("I grew up in Lyon", BIRTH, "Lyon, France"), ("Ich bin in Bonn aufgewachsen", BIRTH, "Bonn, Germany"),
    ],
)  # fmt: skip
def test_words_that_hold_where_the_value_need_not_abstain(text, name, value):
    (claim,) = StatedReader().read(said_by(text), [attribute(name)])
    assert (claim.best.value, claim.best.probability <= 0.7, claim.abstained) == (value, True, True)


@pytest.mark.parametrize(
    "text", ["I wish I lived in Tokyo", "If only I lived in Tokyo", "I'd love to move to Tokyo"]
)
def test_a_wish_states_nothing_not_even_about_the_past(text):
    assert READER.statements(said_by(text)) == []


def test_sentences_of_every_language_are_tested():
    assert set(SAID) == set(NOT_SAID) == set(FORMER) == set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_every_rule_compiles_and_every_reading_exists(code):
    spoken = language(code)
    for rule in spoken.rules:
        compiled(rule.pattern)
        compiled(rule.unless)
        assert rule.reads in READS or rule.reads.startswith("="), rule.name
        values = attribute(rule.attribute).values
        assert rule.reads[:1] != "=" or not values or rule.reads[1:] in {*values, ""}, rule.name
        assert rule.reads != "=" or rule.tense == "past", rule.name
        assert rule.needs, rule.name


def test_evidence_names_the_telling_words():
    text = "Well, I'm a nurse and I live in Porto."
    claims = {claim.attribute: claim for claim in READER.read(said_by("Hello", text), SYNTHPAI)}
    ((start, end),) = claims[CITY].evidence[0].spans
    assert text[start:end] == "I live in Porto"
    assert claims[CITY].evidence[0].trace == "1"
    assert claims[WORK].status == "stated"
    assert claims[AGE].abstained
    assert claims[AGE].guesses == ()


def test_traces_of_others_and_silent_kinds_are_no_evidence():
    others = [
        Trace("p", "t", role, role=role, text="I'm a nurse") for role in ("other", "assistant", "system")
    ]
    silent = [
        Trace("p", "t", kind, kind=kind, text="I live in Porto")
        for kind in KINDS
        if kind in {"search", "watch", "listen"}
    ]
    assert READER.statements(Person("p", (*others, *silent))) == []


def test_an_attribute_that_no_rule_reads_abstains():
    (claim,) = READER.read(said_by("I'm a nurse"), [attribute("religion")])
    assert claim.abstained
    assert claim.guesses == ()


def test_a_claim_names_the_language_whose_rules_were_not_measured():
    methods = [
        READER.read(said_by(text), [attribute(WORK)])[0].method for text in ("I'm a nurse", "Ich bin Bäcker.")
    ]
    assert methods == ["stated", "stated:de"]
    (claim,) = READER.implied(said_by("Meine Frau arbeitet"), [attribute(SEX)])
    assert claim.method == "implied:de"


def test_closed_values_share_what_is_left():
    (claim,) = READER.read(said_by("I'm divorced"), [attribute(BOND)])
    assert claim.best.value == "divorced"
    assert len(claim.guesses) == 6
    assert sum(guess.probability for guess in claim.guesses) == pytest.approx(1.0)


def test_a_class_that_was_often_wrong_abstains():
    wrong = Precision({"en.work.i_am": (1, 20)}, {WORK: (1, 20)})
    (claim,) = StatedReader(precision=wrong).read(said_by("I'm a nurse"), [attribute(WORK)])
    assert claim.abstained
    assert claim.best.value == "nurse"
    assert claim.best.probability < 0.5


def test_the_reader_travels_and_its_name_follows_its_settings():
    copy = pickle.loads(pickle.dumps(READER))
    assert copy.name == READER.name
    assert StatedReader(precision=Precision({}, {}), least=0.5).name != READER.name
    assert StatedReader(languages=["en"], precision=Precision({}, {}), least=0.0).name != READER.name


def test_the_shipped_counts_are_of_rules_that_exist():
    reader = StatedReader()
    kinds = {f"{code}.{rule.name}" for code in CODES for rule in language(code).rules}
    from personae.infer.stated._precision import home_precision

    assert home_precision().classes.keys() <= kinds
    assert {
        c.attribute
        for c in reader.read(said_by("I'm a nurse and I live in Porto"), SYNTHPAI)
        if not c.abstained
    } == {
        WORK,
        CITY,
    }


PIECES = st.sampled_from(
    [
        "I'm",
        "I am",
        "im",
        "34",
        "thirty-four",
        "a",
        "nurse",
        "in",
        "live in",
        "Porto",
        ",",
        ".",
        "?",
        "!",
        "\n",
        '"',
        "'",
        "“",
        "”",
        "(",
        ")",
        "/s",
        "not",
        "if",
        "my",
        "wife",
        "born",
        "1989",
        "$",
        "45k",
        "a year",
        "ich bin",
        "soy",
        "je suis",
        "j'ai",
        "ans",
        "años",
        "sono",
        "ik ben",
        "tenho",
        "anos",
        "moved to",
        "as a",
        "here",
        "’",
        "İ",
        "ß",
        "…",
        "♪",
        ">",
        "(29F)",
        "class of",
        "'98",
        "turned",
        "last May",
    ]
)
TEXTS = st.one_of(
    st.text(max_size=200),
    st.lists(PIECES, max_size=25).map(" ".join),
    st.lists(PIECES, max_size=25).map("".join),
)


@settings(max_examples=400, deadline=None)
@given(TEXTS, st.one_of(st.none(), st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC))))
@example("I’m İ and I live in İstanbul", None)
@example("I was born in '", WRITTEN)
@example("I turned 34 120 years ago", WRITTEN)
def test_any_text_is_read_without_a_fall_and_spans_lie_inside(text, time):
    person = said_by(text, time=time)
    for claim in READER.read(person, SYNTHPAI):
        for evidence in claim.evidence:
            assert all(0 <= start < end <= len(text) for start, end in evidence.spans)
        assert claim.abstained or claim.best is not None
