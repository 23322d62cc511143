"""What names a person outright: addresses, numbers with their check digits, dates of birth, names that are introduced as such.

Numbers are only taken where their check digits hold, so that prices and order numbers stay. What a statistical model finds
besides (`recognizer("presidio")`) is an option; nothing here needs one.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from personae.errors import MissingExtra, UnknownName
from personae.models.places import home_places
from personae.shield import _abroad, _checksums
from personae.shield._introduced import introduced

LABELS = {
    "e-mail": "[e-mail]", "phone": "[phone]", "ip": "[ip]", "link": "[link]", "iban": "[account]", "card": "[card]",
    "national id": "[id number]", "birth date": "[date of birth]", "address": "[address]",
}  # fmt: skip
PSEUDONYMS = ("name", "handle")  # kinds that get a pseudonym rather than a label
_MONTH = (
    r"(?:jan(?:uary|uari?|vier|eiro)?|jänner|enero|gennaio|feb(?:ruary|ruari?|braio|rero)?|février|fevereiro|mar(?:ch|s|zo|ço)?|märz|"
    r"maart|apr(?:il|ile)?|avril|abril|may|ma[iy]o?|mei|maggio|jun[ei]?|juin|jun[ih]o|giugno|jul[yi]?|juillet|jul[ih]o|luglio|"
    r"aug(?:ust|ustus)?|agosto|août|sept?(?:ember|iembre|embre)?|set(?:embro|tembre)|o[ck]t(?:ober|ubre|obre)?|outubro|ottobre|"
    r"nov(?:ember|iembre|embre|embro)?|de[cz](?:ember|embro)?|décembre|diciembre|dicembre)\.?"
)
_YEAR = r",?(?: (?:of|de|del|do))? (?:19|20)\d\d"
_DATE = (
    rf"(?:\d{{1,2}}(?:st|nd|rd|th|er|[.º°])?(?: (?:of|de|do|di))? {_MONTH}(?:{_YEAR})?|"
    rf"{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?(?:{_YEAR})?|"
    r"\d{1,2} ?[./-] ?\d{1,2} ?[./-] ?(?:19|20)?\d\d|(?:19|20)\d\d-\d\d-\d\d)"
)
_BORN = (
    r"(?:born(?: on)?(?: the)?|birthday(?: is| was)?(?: on)?(?: the)?|date of birth(?: is)?:?|d\.?o\.?b\.?:?|turned? \d\d on|"
    r"nascid?[oa]? (?:em|a|no dia)|nasci (?:em|a|no dia)|geb(?:oren|\.) (?:am|op)|né[e]? le|nac(?:id[oa]|í) el|nat[oa] il|"
    r"(?:geburtstag|geburtsdatum|cumpleaños|fecha de nacimiento|anniversaire|date de naissance|aniversário|data de nascimento|"
    r"compleanno|data di nascita|verjaardag|geboortedatum)(?: ist| es| est| é| è| is)?(?: am| el| le| a| em| il| op| no dia)?:?)"
)
_EAST = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3"  # letters that stand beside a number without a space
_FROM, _TO = rf"(?<![^\W{_EAST}])", rf"(?![^\W{_EAST}])"
_UNIT = r"(?! ?[円元人万億亿個个次名回本件원명개])"
_EAST_DATE = r"(?:(?:19|20)\d\d[年년] ?\d{1,2}[月월] ?\d{1,2}[日일]|(?:19|20)\d\d[./-]\d{1,2}[./-]\d{1,2})"
_CALL = (
    r"(?:call|text|phone|ring|message|reach)(?: me| us| meg| mig)?(?: on| at| på)?|"
    r"(?:my )?(?:phone|mobile|cell|whatsapp|telefon|handy|móvil|"
    r"teléfono|téléphone|telefone|telefono|telefoon|tel|tlf)(?: (?:number|nr|no))?(?: me)?(?: is| on| at| ist| est| es| é| è)?"
)  # before a number that would be too short by itself
_PASSPORT = r"passport|reisepass|passeport|pasaporte|passaporte|passaporto|paspoort"
_NUMBER_IS = r"(?i:(?: ?(?:number|nummer|num[ée]ro|número|no|nr)\.?)?(?: is| ist| est| es| é| è)?(?:: ?| |-))"
_STREET = (
    r"(?:street|st|avenue|ave|road|rd|lane|ln|drive|dr|boulevard|blvd|court|ct|place|pl|square|sq|terrace|way|close|"
    r"crescent)\b\.?"
)
_FLAT = r"(?:,? (?:apt|apartment|unit|flat|no)\.? ?\w{1,5})?"
_SAYS = (
    r"(?:[Nn]amed|[Cc]alled|[Mm]y name is|[Cc]all me|[Nn]ame's|[Ii]ch hei(?:ß|ss)e|[Mm]ein Name ist|[Mm]e llamo|"
    r"[Mm]i nombre es|[Jj]e m['’]appelle|[Cc]hamo-me|[Mm]e chamo|[Mm]eu nome é|[Mm]i chiamo|[Ii]k heet|[Mm]ijn naam is)"
)
_BYE = r"hello|hi|thanks|thank you|cheers|love|regards|best|yours|bye|hugs"
_DASH = rf"(?:^[ \t]*|[.!?…,)][ \t]+|\b(?i:{_BYE}) )(?:[—–]|--?)[ \t]?"  # before the name under a letter
_TITLE = r"(?:Dr|Mr|Mrs|Ms|Miss|Prof|Professor|Doctor|Herr|Frau|Sr|Sra|Dra|Mme)\.?"
_NO_NAME = (
    r"(?!(?:The|Not|Now|Just|Very|Really|Glad|Happy|Too|All|Only|Also|Still|Never|Always|Going|Getting|Looking|Your|Our|His|Her|Their|What|Why|"
    r"How|When|Where|Puerto|Costa|Latin|Native|African|Asian|Roman|Irish|Black|White|Sri|Saudi|North|South|East|West)\b)"
)
_ROAD = r"(?:rua|avenida|calle|via|rue|boulevard|plaza|piazza|praça|travessa)"
_KIN = (
    r"(?:brother|sister|son|daughter|wife|husband|partner|boyfriend|girlfriend|fianc[ée]e?|mother|father|mom|mum|dad|uncle|aunt|"
    r"cousin|nephew|niece|friend|boss|colleague|neighbou?r|roommate|grandmother|grandfather|grandma|grandpa)"
)
_NO_SMALL_NAME = (
    r"(?!(?:not|now|on|in|at|too|so|very|hard|spelled|spelt|pronounced|the|also|just|really|still|always|never|already|long|short|"
    r"unique|rare|common|unusual|weird|important|known|there|here|wrong|misspelled|taken|listed|missing|foreign|mud|after|for|"
    r"like|because|what|something|nothing|actually|easy|different|similar)\b)"
)
_LETTERS = [chr(code) for code in range(0x41, 0x530)]  # Latin, Greek, Cyrillic
_LARGE, _SMALL = ("".join(filter(case, _LETTERS)) for case in (str.isupper, str.islower))
_PART = rf"(?:[DO]['’]|Ma?c|Ó |Ní |Mac )?[{_LARGE}][{_SMALL}]{{2,}}"
_NAME = rf"(?:{_PART}(?:[ -]{_PART}){{0,2}}|[\u4e00-\u9fff]{{2,4}})"
_FULL = rf"{_NO_NAME}{_PART}(?:[ -]{_PART}){{1,2}}"

_AT = r" ?[\[({] ?at ?[\])}] ?"
_DOT = r"(?:\.| ?[\[({] ?dot ?[\])}] ?| dot )"

_APP = (
    r"(?:insta(?:gram)?|ig|snap(?:chat)?|tik ?tok|twitter|discord|telegram|kik|twitch|wechat|steam|psn|gamertag|mastodon|微信号?)"
    r"(?:[ -](?:handle|name|user ?name|account|id|tag|profile|konto|cuenta|compte|conta))?"
)
_IS = r"(?:(?: is| ist| es| est| é| è| heißt| se llama|['’]s) ?[:=]?|[ ]?[:：=]|(?<=号))[ ]?"
_MY = r"(?:my|mein|mi|mon|meu|il mio|mijn)"
_NO_HANDLE = frozenset((
    "private", "public", "down", "full", "dead", "gone", "broken", "empty", "hacked", "banned", "new", "old", "here",
    "there", "great", "good", "bad", "fun", "boring", "annoying", "awful", "better", "best", "worse", "toxic",
    "useless", "suspended", "locked", "deleted", "closed", "open", "linked", "below", "mine", "yours", "free", "slow",
    "fast", "fine", "okay", "cool", "crazy", "weird", "different", "trash", "amazing", "active", "inactive", "back",
    "over", "still", "not", "now", "the", "same", "none", "nothing", "what", "privat", "privado", "privada", "privé",
    "privato", "kaputt", "toll", "weg", "tot", "leer",
))  # fmt: skip  # what is said of an app rather than of an account

Check = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Identifier:
    """An identifier in a text: its kind, a key of `LABELS` or one of `PSEUDONYMS`, and its (start, end)."""

    kind: str
    start: int
    end: int


Recognizer = Callable[[str], Iterable[Identifier]]


@dataclass(frozen=True, slots=True)
class _Rule:
    """A pattern, whose group 1 (else the whole) is the identifier, and the check that its characters must pass."""

    kind: str
    pattern: re.Pattern[str]
    check: Check = lambda found: True


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return len(text) > 6


def _is_card(text: str) -> bool:
    digits = _bare(text)
    return (
        13 <= len(digits) <= 19 and digits[0] in "3456" and len(set(digits)) > 1 and _checksums.luhn(digits)
    )


def _is_phone(text: str) -> bool:
    n_digits = sum(character.isdigit() for character in text)
    return (8 if text.startswith(("+", "00")) else 9) <= n_digits <= 15 and not re.match(
        r"\D*(?:19|20)\d\d[-./ ]\d\d[-./ ]", text
    )


def _is_short_phone(text: str) -> bool:
    return 7 <= sum(character.isdigit() for character in text) <= 8 and not re.match(
        r"(?:19|20)\d\d[-. ]", text
    )


def _is_no_place(text: str) -> bool:
    found = home_places().at(text, 0)
    return found is None or found.end < len(text)


def _is_handle(text: str) -> bool:
    return text.lower() not in _NO_HANDLE


def _bare(text: str) -> str:
    return re.sub(r"[^0-9A-Z]", "", unicodedata.normalize("NFKC", text).upper())


def _national(check: Check) -> Check:
    return lambda found: check(_bare(found))


_RULES = (
    _Rule("national id", re.compile(r"\b[A-Z]{6}\d{2}[A-EHLMPR-T]\d{2}[A-Z]\d{3}[A-Z]\b")),  # Italy's tax code
    _Rule("e-mail", re.compile(r"(?<![\w.+@-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")),
    _Rule("e-mail", re.compile(rf"(?i)(?<![\w.+@-])[\w.+-]{{1,64}}{_AT}[\w-]{{1,63}}(?:{_DOT}[\w-]{{1,63}})*")),
    _Rule("e-mail", re.compile(r"(?i)(?<![\w.+@-])[\w.+-]{1,64} at [\w-]{1,63}(?: dot [\w-]{1,63})+")),
    _Rule("link", re.compile(r"(?:https?://|www\.)[^\s<>\"')\]]+[^\s<>\"')\].,;:!?]")),
    _Rule("link", re.compile(r"(?i)(?<![\w@./-])(?:[a-z]{2,3}\.)?"
                             r"(?:linkedin\.com/(?:in|pub)|(?:facebook|instagram|twitter|tiktok|github)\.com)/[^\s<>\"')\]]*[^\s<>\"')\].,;:!?]")),
    _Rule("iban", re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b"),
          lambda found: _checksums.iban(_bare(found))),
    _Rule("card", re.compile(r"(?<![\d+])\d(?:[ -]?\d){12,18}(?!\d)"), _is_card),
    *(_Rule("national id", re.compile(rf"{_FROM}(?<![+-])(?<!\d ){pattern}{_TO}{_UNIT}(?!-| \d)"), _national(check))
      for _, pattern, check in _checksums.NATIONAL),
    _Rule("national id", re.compile(r"\b[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]\b")),  # India's tax number
    _Rule("national id", re.compile(rf"(?i:\b(?:{_PASSPORT})){_NUMBER_IS}((?=(?:[A-Z]*\d){{5}})[A-Z0-9]{{6,10}})(?!\w)")),
    _Rule("ip", re.compile(r"(?<![\w.:])(?:(?:\d{1,3}\.){3}\d{1,3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})(?![\w:]|\.\d)"),
          _is_ip),
    _Rule("birth date", re.compile(rf"(?i)\b{_BORN} ({_DATE})(?!\w)")),
    *(_Rule("birth date", pattern) for pattern in _abroad.BIRTHS),
    _Rule("birth date", re.compile(rf"({_EAST_DATE})(?= ?(?:に?生|出生|생|에 태어))")),
    _Rule("birth date", re.compile(rf"(?:生日|出生日期|誕生日|生年月日|생일|생년월일)(?:[是は은:：]| )*({_EAST_DATE})")),
    _Rule("handle", re.compile(r"<@!?(\d{15,20})>")),
    _Rule("phone", re.compile(rf"{_FROM}(?<![/=#-])(?<!\d[:,.])(?:\+|00)?\(?\d{{1,15}}(?:[ .\-－‐–/()]{{1,3}}\d{{2,12}}){{0,7}}"
                              rf"{_TO}{_UNIT}(?!:\d|-[A-Z]{{3}})"), _is_phone),
    _Rule("phone", re.compile(rf"(?i)\b(?:{_CALL})[:.]? (\d[\d .-]{{5,14}}\d)(?![\w%]|[.,:]\d){_UNIT}"), _is_short_phone),
    _Rule("handle", re.compile(r"(?<![\w@./])(?:@\w[\w.]{1,38}\w|/?u/[\w-]{3,20})\b")),
    _Rule("handle", re.compile(rf"(?i){_FROM}{_APP}{_IS}((?=\w*[\d_]|\w+[.#]\w)[a-z](?a:[\w.]{{1,28}}\w)(?:#\d{{4}})?)"
                               rf"(?!\w)")),
    _Rule("handle", re.compile(rf"(?i){_FROM}(?:{_MY} {_APP}{_IS}|{_APP} ?: ?)([a-z](?a:\w{{2,28}}))"
                               r"(?= ?(?:[,.;!)\n]|\Z|and\b))"),
          _is_handle),
    _Rule("address", re.compile(rf"(?i)\b\d{{1,5}}[a-z]? (?:[\w'.-]+ ){{1,3}}{_STREET}{_FLAT}")),
    _Rule("address", re.compile(rf"(?i)\b{_ROAD} (?:[\w'.-]+ ){{0,4}}[\w'.-]+,? ?(?:n\.?º ?)?\d{{1,5}}[a-z]?(?:/\d{{1,4}})?\b")),
    _Rule("address", re.compile(r"(?i)(?<!\w)(?:ul|al|os|pl|avda?)\. (?:[\w'.-]+ ){0,3}[\w'.-]+,? \d{1,4}[a-z]?(?:/\d{1,4})?\b")),
    _Rule("address", re.compile(r"\b(?:GIR ?0AA|[A-PR-UWYZ][A-HK-Y]?\d[A-HJKMNP-Y\d]? ?(?!\d[GT]B)\d[ABD-HJLNP-UW-Z]{2})\b")),
    *(_Rule("address", pattern) for pattern in _abroad.ADDRESSES),
    _Rule("name", re.compile(rf"\b(?:[Mm]y {_KIN}|{_SAYS})[,:]? ({_NAME})(?!\w)")),
    _Rule("name", re.compile(rf"\b(?i:(?:my|his|her|their) name(?:['’]s| is)|{_KIN}(?:,| is| was)? named)"
                             rf" {_NO_SMALL_NAME}([{_SMALL}]{{3,}})(?!['’\w])")),
    _Rule("name", re.compile(rf"\b[Ss]igned[,:]?\s+(?:{_TITLE} )?({_NAME})(?!\w)")),
    _Rule("name", re.compile(rf"(?m){_DASH}(?:{_TITLE} )?({_NAME})[ \t]*[.!]?$")),
    _Rule("name", re.compile(rf"\b(?:[Ii](?:['’]m| am)|[Tt]his is) {_TITLE} ({_NAME})(?!\w)")),
    _Rule("name", re.compile(rf"\b(?:[Ii](?:['’]m| am)|[Tt]his is) ({_FULL})(?!\w)"), _is_no_place),
    *(_Rule("name", pattern) for pattern in _abroad.NAMES),
)  # fmt: skip


def find_identifiers(text: str, recognizers: Iterable[Recognizer] = ()) -> tuple[Identifier, ...]:
    """Return the identifiers of a text, in order, none overlapping another.

    Of two that overlap the rule that stands first wins: what a check digit proves before what only looks like a number.

    Parameters
    ----------
    text : str
    recognizers : iterable of functions from a text to identifiers
        Asked after the rules here.

    Examples
    --------
    >>> text = "ana@example.org, card 4111 1111 1111 1111, order 4111 1111 1111 1112"
    >>> [(found.kind, text[found.start : found.end]) for found in find_identifiers(text)]
    [('e-mail', 'ana@example.org'), ('card', '4111 1111 1111 1111')]
    """
    kept: list[Identifier] = []
    for found in (*_found(text), *(each for recognize in recognizers for each in recognize(text))):
        if all(found.end <= other.start or found.start >= other.end for other in kept):
            kept.append(found)
    return tuple(sorted(kept, key=lambda found: found.start))


def _found(text: str) -> Iterator[Identifier]:
    for rule in _RULES:
        for match in rule.pattern.finditer(text):
            start, end = match.span(1 if match.re.groups else 0)
            if rule.check(text[start:end]):
                yield Identifier(rule.kind, start, end)
    for start, end in introduced(text):
        yield Identifier("name", start, end)


def recognizer(name: str) -> Recognizer:
    """Return an optional recognizer by name.

    Raises
    ------
    UnknownName
    MissingExtra
        When its package is not installed.
    """
    if name != "presidio":
        raise UnknownName(f"No recognizer named {name!r}. There is one besides our own: presidio.")
    return _presidio()


_PRESIDIO = {
    "PERSON": "name", "PHONE_NUMBER": "phone", "IP_ADDRESS": "ip", "IBAN_CODE": "iban", "CREDIT_CARD": "card",
}  # fmt: skip  # addresses and links are left to our own rules: presidio's ask the network for a list of domains


def _presidio(threshold: float = 0.4) -> Recognizer:
    try:
        import spacy
        from presidio_analyzer import AnalyzerEngine
        from presidio_analyzer.nlp_engine import SpacyNlpEngine
    except ImportError as error:
        raise MissingExtra(
            "The recognizer presidio needs the package presidio-analyzer and a spaCy model: "
            "pip install 'personae[presidio]'."
        ) from error
    engine = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": "en"}])
    installed = [name for name in spacy.util.get_installed_models() if name.startswith("en_")]
    engine.nlp = {"en": spacy.load(installed[0]) if installed else spacy.blank("en")}
    analyzer = AnalyzerEngine(nlp_engine=engine, supported_languages=["en"])

    def recognize(text: str) -> list[Identifier]:
        found = analyzer.analyze(text, "en", entities=list(_PRESIDIO), score_threshold=threshold)
        ranked = sorted(found, key=lambda hit: -hit.score)
        return [Identifier(_PRESIDIO[hit.entity_type], hit.start, hit.end) for hit in ranked]

    return recognize
