"""Where somebody says in their own words what they are called: "I'm Lieselot, ...", "Cheers, Ana", in seven languages."""

from __future__ import annotations

import re
from collections.abc import Iterator

from personae.models.places import home_places

_PART = r"[A-ZÀ-ÖØ-Þ][a-zß-öø-ÿ]{2,}"
_NAME = rf"({_PART}(?:[ -]{_PART}){{0,2}})"
_END = r"(?!['’\w])(?=\s*(?:[,.!?;:)\n—–]|\Z|-\s|and\b|from\b|here\b|und\b|aus\b|et\b|de\b|y\b|e\b|da\b|di\b|en\b|uit\b))"
_HERE = (
    re.compile(
        rf"(?i:\b(?:hi|hello|hey|hallo|hola|olá|ciao|bonjour|salut)[,!. ]+(?:all[,!. ]+|everyone[,!. ]+)?"
        rf"(?:i['’]?m|i am|this is|it['’]s|ich bin|hier ist|je suis|c['’]est|soy|sou [ao]?|aqui é [ao]?|sono|ik ben) )"
        rf"{_NAME}{_END}"
    ),
    re.compile(rf"(?i:\b(?:my )?(?:real|full|legal|actual|first|given) name(?:['’]s| is|:)? ){_NAME}(?!\w)"),
    re.compile(rf"\b(?i:sou (?:a|o)|aqui é (?:a|o)) {_NAME}{_END}"),
    re.compile(
        rf"(?im:^[ \t]*|[.!?] )(?i:(?:best|kind|warm|warmest)? ?regards|cheers|best wishes|best|sincerely|yours(?: truly)?|"
        rf"(?:viele|liebe|beste|schöne) grüße|mit freundlichen grüßen|un saludo|saludos|un abrazo|abrazos|cordialement|"
        rf"bien à vous|bises|abraços?|atenciosamente|cordiali saluti|un saluto|groetjes|(?:met )?vriendelijke groet(?:en)?)"
        rf"(?:,[ \t]*\n*|\n+){_NAME}[ \t]*[.!]?(?=\n|\Z)"
    ),
)  # fmt: skip  # nothing but a name stands there
_SAID = re.compile(
    rf"\b(?:[Ii](?:['’]m| am)|[Tt]his is|[Ii]ch bin|[Jj]e suis|[Ss]oy|[Ss]ou|[Ss]ono|[Ii]k ben) {_NAME}{_END}"
)
_NO_NAME = re.compile(
    r"(?:The|Not|Now|Just|Very|Really|Glad|Happy|Too|All|Only|Also|Still|Never|Always|Sorry|Sure|Fine|Good|Done|Back|Out|Here|There|"
    r"What|Why|How|When|Where|German|Roman|Norman|Thai|Czech|Arab|Turk|Dane|Swede|Finn|Pole|Scot|Brit|Kiwi|Aussie|French|Dutch|"
    r"Greek|Swiss|Welsh|Iraqi|Israeli|Pakistani|Saudi|Catholic|Protestant|Muslim|Hindu|Buddhist|Sikh|Mormon|Jew|Latin[oax]|Hispanic|"
    r"Democrat|Conservative|Labour|Gemini|Virgo|Libra|Aries|Taurus|Scorpio|Pisces|Capricorn|Aquarius|Cancer|God|Santa|Batman|"
    r"North|South|East|West|Latin|Puerto|Costa|Sri|Native|African|Black|White|Senior|Junior|"
    r"Student|Single|Mutter|Vater|Mama|Papa|Rentner|Vegetarier|Veganer|Anfänger|"
    r"\w+(?:ese|ish|rean|pean|bean|rican|xican|aican|nadian|ralian|talian|ussian|nesian|rdian|ndian|sian|gian|nian|trian|garian|"
    r"ylvanian|ais|aise|ois|oise|ienne|cain|caine|ricano|ricana|xicano|xicana|ñol|ñola|ense|eño|eña|taliano|taliana|ugu[eê]s\w*|ileir[oa]|gentin[oa]|"
    r"isch|aans|ant|ent|entin|antin|ist|istin|eur|eurin|or|orin|ling|mann|frau|loge|login|arzt|ärztin|köchin|wirt|rin))(?!\w)"
)  # what people say that they are besides: of nations, faiths, signs and trades
_GERMAN_TRADE = re.compile(r"[Ii]ch bin \w+er(?!\w)")


def introduced(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the names stand by which somebody calls themselves.

    >>> [list(introduced(text)) for text in ("I'm Lieselot!", "I'm Irish, so", "Cheers, Ana Silva")]
    [[(4, 12)], [], [(8, 17)]]
    """
    for pattern in _HERE:
        for match in pattern.finditer(text):
            if not _NO_NAME.match(match[1]):
                yield match.span(1)
    for match in _SAID.finditer(text):
        place = home_places().at(text, match.start(1))
        is_place = place is not None and place.end >= match.end(1)
        if not (_NO_NAME.match(match[1]) or is_place or _GERMAN_TRADE.match(match[0])):
            yield match.span(1)
