"""Employers and schools by name, in seven languages, and the words for one of their kind: "a company", "einer Universität"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from personae.models.places import home_places

INSTITUTIONS = "institutions"  # in place of an attribute: names that tell of several
_CAP = r"(?:(?:St|Ste|Mt|Dr)\. (?=[A-ZÀ-ÖØ-Þ]))?[A-ZÀ-ÖØ-Þ][\w&'’-]*(?:\.\w+)*"
_OF = r"(?:of the|of|de la|de los|de|del|des|du|dos|do|da|degli|della|dell['’]|di|van|y|e|et|und|and|&)"
_NAME = rf"{_CAP}(?:(?: {_OF} | (?=[A-ZÀ-ÖØ-Þ])){_CAP}){{0,5}}"
_WORDS = {  # a company, a school, a hospital, a university, a college
    "en": ("a company", "a school", "a hospital", "a university", "a college"),
    "de": ("einer Firma", "einer Schule", "einer Klinik", "einer Universität", "einer Hochschule"),
    "es": ("una empresa", "una escuela", "un hospital", "una universidad", "un colegio"),
    "fr": ("une entreprise", "une école", "un hôpital", "une université", "un collège"),
    "pt": ("uma empresa", "uma escola", "um hospital", "uma universidade", "um colégio"),
    "it": ("un'azienda", "una scuola", "un ospedale", "un'università", "un collegio"),
    "nl": ("een bedrijf", "een school", "een ziekenhuis", "een universiteit", "een hogeschool"),
}
_KINDS = tuple(
    re.compile(rf"(?:{words})(?![a-zà-ÿ])")
    for words in (
        r"", r"[\w-]*[Ss]chool|[\w-]*[Ss]chule|Academy|Gymnasium|Escuela|Escola|Instituto|École|Lycée|Institut|Scuola|Liceo|"
        r"Istituto|Academie", r"Hospital|Clinic|[\w-]*[Kk]linik(?:um)?|Krankenhaus|Clínica|Hôpital|Ospedale|Clinica|Ziekenhuis",
        r"University|Polytechnic|Institute|Uni(?:versität)?|TU|LMU|ETH|Universidad|Politécnica|Facultad|Université|Faculté|"
        r"Universidade|Faculdade|Università|Politecnico|Facoltà|Universiteit",
        r"College|Fachhochschule|Hochschule|FH|Colegio|Collège|Colégio|Hogeschool",
    )
)  # fmt: skip
_BEFORE = {  # what joins with the article there, and what it is without
    "na": "em ", "no": "em ", "à": "a ", "ao": "a ", "da": "de ", "do": "de ", "pela": "por ", "all'": "a ", "all’": "a ",
    "alla": "a ", "al": "a ", "dell'": "di ", "dell’": "di ", "della": "di ", "nell'": "in ", "nell’": "in ", "nella": "in ",
    "im": "in ", "am": "an ", "beim": "bei ", "zur": "zu ", "zum": "zu ",
}  # fmt: skip
_ONLY_PT = frozenset(
    ("na", "no", "ao", "do", "da", "pela")
)  # before "Hospital", which three languages write alike
_NOT_NAMED = re.compile(
    r"(?:I|It|We|The|My|Home|Night|Nights|Nacht|Regen|Tag|Christmas|Xmas|Easter|Halloween|Weihnachten|Navidad|Noël|Natal|Natale|Kerst|"
    r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?|January|February|March|April|May|June|July|August|September|October|November|"
    r"December)\Z"
)
_AT_WHOM = re.compile(r"\b(?:at|for|by|with|bei|beim|chez|presso|bij)\b")  # no place follows
_EN_AT = r"(?:(?:as an? [\w-]+(?: [\w-]+)?|now|currently|full-time|part-time|there|again) ){0,2}"
_TITLES = (
    r"engineer|developer|programmer|manager|analyst|nurse|doctor|teacher|researcher|scientist|designer|assistant|intern|lawyer|"
    r"barista|accountant|director|consultant|cashier|technician|professor|job|gig|internship|position"
)
_AS = r"(?:(?:als|como|comme|come) (?:\w+ ){1,2})?"
_MANIFOLD = r"(?=[\w&-]+ [A-Z]|\w*[A-Z0-9&]\w*[A-Z])"  # of several words or capitals, as given names are not
_NO_SYSTEM = r"(?![\w ]*(?:Marathon|Linux|Windows|macOS|Android|Ubuntu|Debian)\b)"
_WORK = tuple(
    (language, re.compile(pattern))
    for language, pattern in (
        ("en", rf"\b(?i:work(?:s|ed|ing)?|employed|hired|interned|interning|started) {_EN_AT}(?:at|for|by) (the )?({_NAME})"),
        ("en", rf"\b(?i:{_TITLES}) (?:here )?(?:at|with) (the )?({_NAME})"),
        ("en", rf"\b(?:I|I['’]ve|[Ww]e) (?:just |recently |then )?joined (the )?({_NAME})"),
        ("en", rf"\b[Mm]y (?i:(?:current|former|last|new|old|own) )?(?i:employer|company|firm|startup|business)"
               rf"(?:,? (?:is|was|called|named) (?:called |named )?|, )(the )?({_NAME})"),
        ("en", rf"\b(?:I['’]ve|I have|I had|I['’]d) been (?:with|at) (the )?({_MANIFOLD}{_NAME})"),
        ("en", rf"\bI (?:run|own|founded|co-?founded) (the )?({_MANIFOLD}{_NO_SYSTEM}{_NAME})"),
        ("de", rf"\b(?i:arbeite[tn]?|arbeitete|jobbe|angestellt|beschäftigt) {_AS}(?:(?:bei|an|in) |(?=beim|im|am))"
               rf"((?:der|dem|beim|im|am) )?({_NAME})"),
        ("de", rf"\bbei (der |dem )?({_NAME})(?= (?:gearbeitet|angestellt|beschäftigt|gejobbt|arbeite))"),
        ("es", rf"\b(?i:trabaj(?:o|é|aba|ado|ando|ar|aré)) {_AS}(?:en|para) ((?:el|la|los|las) )?({_NAME})"),
        ("fr", rf"\b(?i:travaill(?:e|ais|é|ant|er)|bosse|embauchée?|employée?) {_AS}(?:chez|pour|à) "
               rf"((?:la|le) |l['’])?({_NAME})"),
        ("pt", rf"\b(?i:trabalh(?:o|ei|ava|ado|ando|ar)) {_AS}(?:(?:em|para) |(?=na|no))((?:na|no|nas|nos|a|o) )?({_NAME})"),
        ("it", rf"\b(?i:lavor(?:o|avo|ato|ando|are)) {_AS}(?:(?:in|per|da|presso) |(?=all|al|nel))"
               rf"((?:alla|al|nella|la|il) |(?:all|nell|l)['’])?({_NAME})"),
        ("nl", rf"\b(?i:werk(?:te|t|en)?|gewerkt) {_AS}(?:bij|voor) ((?:de|het) )?({_NAME})"),
        ("nl", rf"\bbij ((?:de|het) )?({_NAME})(?= gewerkt)"),
    )
)  # fmt: skip  # group 1 is the article, group 2 the name
_EN_KIND = r"University|Polytechnic|Institute|College|(?:High |Middle |Business |Law |Medical )?School|Academy|Hospital|Clinic"
_LATIN = {
    "de": r"Uni(?:versität)?|Hochschule|Fachhochschule|FH|TU|LMU|Universitätsklinikum|Klinikum|Krankenhaus|Gymnasium",
    "es": r"Universidad|Politécnica|Facultad|Escuela|Colegio|Instituto|Hospital",
    "fr": r"Université|Faculté|École|Lycée|Institut|Collège|Hôpital",
    "pt": r"Universidade|Faculdade|Escola|Colégio|Instituto|Hospital",
    "it": r"Università|Politecnico|Facoltà|Liceo|Istituto|Scuola|Ospedale",
    "nl": r"Universiteit|Hogeschool|Ziekenhuis|Academie",
}
_ARTICLES = (
    r"the|der|dem|die|das|zur|zum|im|am|la|el|le|na|no|à|ao|da|do|pela|alla|al|della|nella|de|het|il|lo"
)
_ARTICLE = rf"((?:{_ARTICLES}) |(?:all|dell|nell|l)['’])?"
_SCHOOLS = (
    ("en", re.compile(rf"\b(the )?((?:{_CAP} (?:and )?){{1,4}}(?:{_EN_KIND})(?: (?:of|in) {_NAME})?)\b")),
    ("en", re.compile(rf"\b(the )?((?:University|College|Institute|School) of {_NAME})")),
    ("en", re.compile(r"(?<=\bat )(the )?([A-Z]{2,6})\b(?![-\w])")),
    *((language, re.compile(rf"\b{_ARTICLE}((?:{words}) (?:(?:{_OF}|zu|in|für) ?){{0,2}}{_NAME})"))
      for language, words in _LATIN.items()),
    ("nl", re.compile(rf"\b(de )?((?:{_CAP} ){{1,3}}Universiteit)\b")),
)  # fmt: skip
_LEARNS = re.compile(
    r"(?i)\b(?:stud(?:y|ie[sd]|ying|ent|ents|iere|iert|io|ié|iaba|iando|ato|iavo|ei|eer|eerde)|estud\w+|étudi\w+|"
    r"studier\w+|studia\w+|gestudeerd|graduat\w+|went|attend\w*|degree|enrolled|alum\w*|ph\.?d|master['’]?s?|bachelor['’]?s?|profess\w+|teach\w*|taught|"
    r"unterricht\w*|research\w*|work\w*|intern\w*|school(?:ing)?|arbeit\w*|trabaj\w+|trabalh\w+|travaill\w+|lavor\w+|werk\w*|"
    r"promovier\w*|absolv\w+|licenci\w+|laurea\w*|diplom\w*|form\w+|abschluss|class of|my|mein\w*)\b"
)
_LEARNS_AFTER = re.compile(
    r"[^.!?\n]{0,20}\b(?:studiert|gestudeerd|absolviert|promoviert|gelernt|gearbeitet|gewerkt|gemacht)\b"
)


@dataclass(frozen=True, slots=True)
class Named:
    """A part of a text, (start, end), that names an institution, and the words for one of its kind."""

    start: int
    end: int
    words: str


def named(text: str) -> list[Named]:
    """Return the employers and schools that somebody says they worked at or went to, in order, none overlapping another.

    >>> text = "I work at Acme Corp. Ich habe an der Universität Leipzig studiert."
    >>> [(text[n.start : n.end], n.words) for n in named(text)]
    [('Acme Corp', 'a company'), ('der Universität Leipzig', 'einer Universität')]
    """
    kept: list[Named] = []
    for found in sorted((*_schools(text), *_employers(text)), key=lambda n: (n.start, -n.end)):
        if not kept or found.start >= kept[-1].end:
            kept.append(found)
    return kept


def _schools(text: str) -> Iterator[Named]:
    for language, pattern in _SCHOOLS:
        for match in pattern.finditer(text):
            sentence = re.split(r"[.!?\n] ", text[: match.start()])[-1]
            if _LEARNS.search(sentence) or _LEARNS_AFTER.match(text, match.end()):
                acronym = match[2].isupper() and " " not in match[2]
                if not acronym or re.search(r"(?i)stud|graduat|degree|ph\.?d", sentence):
                    yield _of(match, language, 3 if acronym else None)


def _employers(text: str) -> Iterator[Named]:
    for language, pattern in _WORK:
        for match in pattern.finditer(text):
            place = None if _AT_WHOM.search(match[0]) else home_places().at(text, match.start(2))
            if (place is None or place.end < match.end(2)) and not _NOT_NAMED.match(match[2]):
                yield _of(match, language)


def _of(match: re.Match[str], language: str, kind: int | None = None) -> Named:
    name, article = match[2], (match[1] or "").strip().lower()
    language = "pt" if article in _ONLY_PT else language
    if kind is None:
        kind = next((k for k in (4, 3, 2, 1) if _KINDS[k].search(name)), 0)
    start = match.start(1) if match[1] else match.start(2)
    return Named(start, match.end(2), _BEFORE.get(article, "") + _WORDS[language][kind])
