"""Check digits by hand, and what is and is not taken for an identifier."""

from importlib.util import find_spec

import pytest

from personae.errors import MissingExtra, UnknownName
from personae.shield import _checksums as checks
from personae.shield import find_identifiers, recognizer
from personae.shield._institutions import named
from personae.shield.generalize import wider
from personae.shield.identifiers import Identifier
from personae.shield.masking import masked


def kinds(text):
    return [(found.kind, text[found.start : found.end]) for found in find_identifiers(text)]


def test_luhn_by_hand():
    """79927398713, from the right with every second digit doubled: 3+2+7+7+9+6+7+4+9+9+7 = 70."""
    assert checks.luhn("79927398713")
    assert not any(checks.luhn(f"7992739871{digit}") for digit in "012456789")


def test_iban_by_hand():
    """GB82 WEST 1234 5698 7654 32, ISO 13616's own example: 3214282912345698765432161182 is 1 modulo 97."""
    assert 3214282912345698765432161182 % 97 == 1
    assert checks.iban("GB82WEST12345698765432")
    assert not checks.iban("GB28WEST12345698765432")


@pytest.mark.parametrize(
    ("rule", "right", "wrong"),
    [
        (checks.nif, "123456789", "123456780"),  # 9+16+21+24+25+24+21+16 = 156; 156 % 11 = 2; 11 - 2 = 9
        (checks.dni, "12345678Z", "12345678A"),  # 12345678 % 23 = 14, the letter Z
        (checks.dni, "X1234567L", "X1234567M"),  # 01234567 % 23 = 19, the letter L
        (
            checks.nhs,
            "9434765919",
            "9434765918",
        ),  # the register's example: weighted sum 299, 11 - 299 % 11 = 9
        (checks.bsn, "111222333", "111222334"),  # 9+8+7+12+10+8+9+6-3 = 66
        (checks.cpf, "52998224725", "52998224724"),  # the register's example
        (checks.pesel, "44051401359", "44051401358"),  # 14 May 1944; the weighted sum ends in 1
        (checks.aadhaar, "234123412346", "234123412347"),  # Verhoeff
        (checks.ssn, "078051120", "666051120"),
        (checks.codice, "RSSMRA85T10A562S", "RSSMRA85T10A562T"),  # the usual example
        (checks.nir, "255081416802538", "255081416802539"),  # 2550814168025 % 97 = 59; 97 - 59 = 38
        (checks.steuer_id, "86095742719", "86095742718"),
        (
            checks.china,
            "11010519491231002X",
            "110105194912310021",
        ),  # GB 11643's example; 167 % 11 = 2, the sign X
        (checks.china, "11010519491231002X", "11010519491331002X"),  # a thirteenth month
        (
            checks.my_number,
            "123456789018",
            "123456789019",
        ),  # 2+0+36+40+42+42+10+12+12+10+6 = 212; 11 - 212 % 11 = 8
        (checks.rrn, "9001011234568", "9013011234568"),  # 1 January 1990; a thirteenth month
    ],
)
def test_national_numbers_hold_by_their_check_digit(rule, right, wrong):
    assert rule(right)
    assert not rule(wrong)


def test_what_names_a_person_is_found():
    text = (
        "I'm at ana.b@example.org or +351 912 345 678, see https://example.org/ana?x=1. Ask @ana_b or u/anab."
    )
    assert [kind for kind, _ in kinds(text)] == ["e-mail", "phone", "link", "handle", "handle"]
    assert kinds("card 4111-1111-1111-1111") == [("card", "4111-1111-1111-1111")]
    assert kinds("IBAN DE89 3704 0044 0532 0130 00 please") == [("iban", "DE89 3704 0044 0532 0130 00")]
    assert kinds("from 192.168.17.4") == [("ip", "192.168.17.4")]
    assert kinds("born on 3 May 1987 in spring") == [("birth date", "3 May 1987")]
    assert kinds("I live at 12 Long Mill Road, come by") == [("address", "12 Long Mill Road")]
    assert kinds("near SW1A 1AA, or M11AE") == [("address", "SW1A 1AA"), ("address", "M11AE")]
    for hidden in (
        "ana [at] example",
        "ana.b(at)example.org",
        "ana at example dot org",
        "ana {at} example [dot] org",
    ):
        assert kinds(f"write to {hidden}, thanks") == [("e-mail", hidden)]
    assert kinds("my sister Tania is here") == [("name", "Tania")]


@pytest.mark.parametrize(
    ("text", "kind", "found"),
    [
        ("電話は090-1234-5678です", "phone", "090-1234-5678"),
        ("携帯０９０－１２３４－５６７８", "phone", "０９０－１２３４－５６７８"),
        ("我的手机号是13812345678，", "phone", "13812345678"),
        ("전화번호는 010-1234-5678입니다", "phone", "010-1234-5678"),
        ("call 98765 43210", "phone", "98765 43210"),
        ("liga (11) 98765-4321", "phone", "(11) 98765-4321"),
        ("身份证号码：11010519491231002X", "national id", "11010519491231002X"),
        ("マイナンバーは123456789018です", "national id", "123456789018"),
        ("주민번호 900101-1234568", "national id", "900101-1234568"),
        ("CPF 529.982.247-25", "national id", "529.982.247-25"),
        ("Ich bin am 3.4. geboren am 3.4.1985", "birth date", "3.4.1985"),
        ("geb. am 3. April 1985", "birth date", "3. April 1985"),
        ("nací el 3 de abril de 1985", "birth date", "3 de abril de 1985"),
        ("je suis née le 1er avril 1985", "birth date", "1er avril 1985"),
        ("nasci em 3 de abril de 1985", "birth date", "3 de abril de 1985"),
        ("sono nato il 3 aprile 1985", "birth date", "3 aprile 1985"),
        ("ik ben geboren op 3 april 1985", "birth date", "3 april 1985"),
        ("Mein Geburtstag ist am 3. März", "birth date", "3. März"),
        ("1985年4月3日生まれ", "birth date", "1985年4月3日"),
        ("just call me on 20 12 34 56", "phone", "20 12 34 56"),
        ("WhatsApp 9123 4567 please", "phone", "9123 4567"),
        ("my passport number is X1234567", "national id", "X1234567"),
        ("at ul. Gdanska 17/4, then", "address", "ul. Gdanska 17/4"),
        ("bor i Storgata 14B, 9008 Tromsø", "address", "Storgata 14B, 9008"),
        ("in der Lindenstraße 27, 04177 Leipzig", "address", "Lindenstraße 27, 04177"),
        ("Ich wohne Berliner Str. 5a.", "address", "Berliner Str. 5a"),
        ("j'habite 8 rue des Capucins à Lyon", "address", "8 rue des Capucins"),
        ("au 12 bis, avenue de l'Opéra, 75001 Paris", "address", "12 bis, avenue de l'Opéra, 75001"),
        ("I live at 22 Wyle Cop in Shrewsbury", "address", "22 Wyle Cop"),
        ("живу на улице Ленина, д. 5, кв. 12", "address", "улице Ленина, д. 5, кв. 12"),
        ("Atatürk Caddesi No: 12 oturuyorum", "address", "Atatürk Caddesi No: 12"),
        ("東京都渋谷区神南1-2-3に住む", "address", "東京都渋谷区神南1-2-3"),
        ("我住在北京市南京路100号", "address", "南京路100号"),
        ("Keizersgracht 12, 1015 CR Amsterdam", "address", "Keizersgracht 12, 1015 CR"),
        ("PAN ABCPD1234E", "national id", "ABCPD1234E"),
        ("see linkedin.com/in/ana-b-12, thanks", "link", "linkedin.com/in/ana-b-12"),
        ("born on the 19th of July 1991", "birth date", "19th of July 1991"),
        ("my insta is lenamaus", "handle", "lenamaus"),
        ("snap: lena.maus or so", "handle", "lena.maus"),
        ("mi instagram es lola_flores", "handle", "lola_flores"),
        ("my discord is tom#1234 now", "handle", "tom#1234"),
        ("ask <@481516234200000>", "handle", "481516234200000"),
        ("ask <@!481516234200000>", "handle", "481516234200000"),
    ],
)
def test_numbers_dates_and_accounts_of_many_countries_are_found(text, kind, found):
    assert kinds(text) == [(kind, found)]


@pytest.mark.parametrize(
    "text",
    [
        "価格は123456789円です",
        "2019年12月31日に行った",
        "my instagram is private. Twitter is down!",
        "telegram: great",
        "order 4111 1111 1111 1112 of 24.12.2023",  # no check digit
        "it cost 1,234,567 in 2019 and 12:30:45 was the time",
        "version 1.2.3 and a ratio of 16:9",
        "mail me @ noon",
        "an M1 8GB, B2B and the A380; I was at home",
        "the 90s, 300 g of flour, 12345",
        "00000012-PHOTO-2024-03-03-09-00-00.jpg (file attached)",
        "call me at 10.30 or text 2 of 100 people; phone 12345",
        "auf dem Heimweg 20 Minuten, in Amsterdam 2024, place 5, Route 66",
        "we live at 22 degrees, 2 places left, улица была пустой, 5 минут",
    ],
)
def test_ordinary_numbers_stay(text):
    assert kinds(text) == []


@pytest.mark.parametrize(
    "name", ["Željko Ñandú", "Ólafur", "Łucja Żak-Őry", "Ελένη", "Дарья Иванова", "李雷", "D'Arcy", "Ana"]
)
def test_names_of_any_script_are_found(name):
    assert kinds(f"Hi, my name is {name}, I live in a town.") == [("name", name)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("See you there.\nSigned, Ana", "Ana"),
        ("Signed,\nAna Silva", "Ana Silva"),
        ("Thanks for all!\n— Ana Silva", "Ana Silva"),
        ("Thanks for all! — Ana", "Ana"),
        ("With love — Ana", "Ana"),
        ("Hello, I'm Ana Silva and I bake", "Ana Silva"),
        ("Hi, this is Dr. Silva again", "Silva"),
        ("ich heiße Greta", "Greta"),
        ("Guten Tag, mein Name ist Greta", "Greta"),
        ("Hola, me llamo Inés", "Inés"),
        ("je m'appelle Margot", "Margot"),
        ("Olá, chamo-me Tania", "Tania"),
        ("Ciao, mi chiamo Bruna", "Bruna"),
        ("Hoi, ik heet Femke", "Femke"),
    ],
)
def test_a_name_that_its_owner_says_is_found(text, name):
    assert kinds(text) == [("name", name)]


@pytest.mark.parametrize(
    "text",
    [
        "I'm Irish",
        "I'm South African",
        "this is New York",
        "I stayed — Because it rained",
        "I'm Not Sure",
        "This is Rye bread",
    ],
)
def test_what_only_looks_like_an_introduction_stays(text):
    assert kinds(text) == []


def test_masking_is_idempotent_and_keyed():
    text = "my brother Karlo writes to karlo@example.org as @karlo_x"
    once = masked(text, 3)
    assert "arlo" not in once
    assert masked(once, 3) == masked(once, 4) == once
    assert masked(text, 4) != once


def test_recognizers_are_asked_after_ours():
    found = find_identifiers(
        "Ana wrote a@b.org", [lambda text: [Identifier("name", 0, 3), Identifier("name", 10, 17)]]
    )
    assert [each.kind for each in found] == ["name", "e-mail"]
    with pytest.raises(UnknownName, match="presidio"):
        recognizer("other")


@pytest.mark.skipif(find_spec("presidio_analyzer") is not None, reason="presidio is installed")
def test_a_recognizer_that_is_not_installed_says_how_to_get_it():
    with pytest.raises(MissingExtra, match=r"personae\[presidio\]"):
        recognizer("presidio")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("I'm Lieselot, and I bake.", "Lieselot"),
        ("Hi, this is Brunhild from the bakery", "Brunhild"),
        ("my real name: Lieselot Mahler", "Lieselot Mahler"),
        ("See you.\nBest regards,\nLieselot Mahler", "Lieselot Mahler"),
        ("That works. Cheers, Lieselot", "Lieselot"),
        ("Je suis Lieselot, et je cuis du pain", "Lieselot"),
        ("Ich bin Brunhild und backe Brot", "Brunhild"),
        ("Soy Lieselot, hago pan", "Lieselot"),
        ("Sou a Lieselot e faço pão", "Lieselot"),
        ("Sono Lieselot, faccio il pane", "Lieselot"),
        ("Ik ben Lieselot en bak brood", "Lieselot"),
    ],
)
def test_who_says_their_name_is_found(text, name):
    assert kinds(text) == [("name", name)]


@pytest.mark.parametrize(
    "text",
    [
        "I'm Irish, I'm Canadian, I'm Catholic and I'm German.",
        "I'm Sorry, this is Not it",
        "Ich bin Lehrer, ich bin Student und ich bin Bäckerin.",
        "Je suis Français, soy Mexicano, sou Brasileira, sono Italiano.",
        "Cheers, everyone",
        "This is Porto, I am Team bread",
    ],
)
def test_who_says_what_they_are_is_let_be(text):
    assert kinds(text) == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("I joined DHL Express in spring", "DHL Express"),
        ("my employer is Mahler Mills", "Mahler Mills"),
        ("I've been with Mahler Mills for years", "Mahler Mills"),
        ("my company, Mahlerix, bakes", "Mahlerix"),
        ("I run Mahler Mills", "Mahler Mills"),
        ("I work at St. Elsewhere Hospital in town", "St. Elsewhere Hospital"),
        ("I've been with Tom for years", ""),
        ("I joined Tuesday. I run Arch Linux", ""),
    ],
)
def test_employers_are_found(text, name):
    assert "".join(text[found.start : found.end] for found in named(text)) == name


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Меня зовут Зара Полева, я живу тут.", ["Зара Полева"]),
        ("Nazywam się Żaneta Wrzos, mieszkam tu.", ["Żaneta Wrzos"]),
        ("Benim adım Çiğse Oral, buradayım.", ["Çiğse Oral"]),
        ("Με λένε Ζωή Πέρκα και μένω εδώ.", ["Ζωή Πέρκα"]),
        ("اسمي زينة البرقي وأسكن هنا.", ["زينة البرقي"]),
        ("मेरा नाम ज़ारा पोलवा है और", ["ज़ारा पोलवा"]),
        ("私の名前は山野花です。", ["山野花"]),
        ("我叫林小野，住在这里。", ["林小野"]),
        ("제 이름은 박새봄이고 여기 살아요.", ["박새봄"]),
        ("Mi marido Iñigo y mi hija Xana vienen.", ["Iñigo", "Xana"]),
        ("Mein Mann Ottokar und ich", ["Ottokar"]),
        ("My name is Oran Ó Briain, hello", ["Oran Ó Briain"]),
        ("mi marido trabaja, ma femme aussi, mein Mann Arbeit sucht", []),
        ("меня зовут на работу, мой муж работает", []),
    ],
)
def test_names_are_found_where_people_say_them_in_many_tongues(text, found):
    assert [name for kind, name in kinds(text) if kind == "name"] == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Родилась 12 апреля 1979 года", "12 апреля 1979"),
        ("Urodziłem się 17 września 1976 w domu", "17 września 1976"),
        ("6 Mart 1990'da doğdum", "6 Mart 1990"),
        ("ولدت في 4 يونيو 1992.", "4 يونيو 1992"),
    ],
)
def test_dates_of_birth_are_found_in_many_tongues(text, found):
    assert kinds(text) == [("birth date", found)]


def test_no_place_is_read_inside_a_code_and_a_verb_is_none():
    assert kinds("Codice fiscale RSSMRA85T10A562S") == [("national id", "RSSMRA85T10A562S")]
    assert wider("code 42D548K, moro na rua", "city_country") == ()
