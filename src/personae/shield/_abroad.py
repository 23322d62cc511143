"""How people say what they are called, whom they live with, where and when they were born, beyond English and its closest kin."""

from __future__ import annotations

import re

_LATIN = r"[^\W\d_a-z][^\W\d_A-Z]+(?:-[^\W\d_a-z][^\W\d_A-Z]+)?"
_CYRILLIC = r"[А-ЯЁІЇЄҐ][а-яёіїєґ’'-]+"
_GREEK = r"[Α-ΩΆΈΉΊΌΎΏ][α-ωάέήίόύώϊϋΐΰς]+"
_ARABIC = r"[\u0621-\u064a]{2,}"
_HEBREW = r"[א-ת]{2,}"
_HAN = r"\u3400-\u4dbf\u4e00-\u9fff"
_MINE = r"(?:mein(?:e[mnr]?)?|mon|ma|mi|il mio|la mia|mio|mia|o meu|a minha|meu|minha|mijn)"
_KIN = (
    r"(?:mari|femme|fille|fils|frère|s(?:œ|oe)ur|copain|copine|amie?|mère|père|patronn?e?|collègue|marido|mujer|espos[ao]|hij[ao]|"
    r"herman[ao]|amig[ao]|novi[ao]|jef[ae]|marito|moglie|figli[ao]|sorella|fratello|amic[ao]|ragazz[ao]|filh[ao]|irmão?|namorad[ao]|"
    r"chefe|vrouw|dochter|zoon|broer|zus|vriend(?:in)?)"
)  # not German's: any noun may follow there
_GERMAN_KIN = r"(?:Mann|Frau|Tochter|Sohn|Bruder|Schwester|Freund(?:in)?|Chef(?:in)?|Kolleg(?:e|in))"
_MOY = r"(?:мо[йяеи]|мо[её]го|мо[её]й) (?:муж|жена|сын|дочь|дочка|брат|сестра|друг|подруга|начальник)"


def _some(part: str, most: int) -> str:
    return rf"({part}(?: {part}){{0,{most - 1}}})(?!\w)"


NAMES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b(?i:nazywam się|mam na imię|jmenuji se|volám sa|benim ad[ıi]m|ad[ıi]m|jag heter|mitt namn är|jeg heter|mitt navn er|"
        rf"jeg hedder|mit navn er|nimeni on|numele meu este|mă numesc|zovem se|ime mi je|a nevem|mano vardas) {_some(_LATIN, 3)}",
        rf"\b(?i:меня зовут|мо[её] имя|мене звати|казвам се|зовем се) {_some(_CYRILLIC, 3)}",
        rf"\b(?i:{_MOY}) {_some(_CYRILLIC, 2)}",
        rf"\b(?i:με λένε|ονομάζομαι|το όνομά μου είναι) {_some(_GREEK, 3)}",
        rf"(?<!\w)(?:اسمي|إسمي|اسمى) ({_ARABIC}(?: (?!و){_ARABIC}){{0,2}})",
        rf"(?<!\w)(?:קוראים לי|שמי) ({_HEBREW}(?: (?!ו){_HEBREW}){{0,1}})",
        r"(?<!\w)मेरा नाम ([\u0900-\u097f]{2,20}(?: [\u0900-\u097f]{2,20}){0,2}?)(?= है| हे|,|।)",
        rf"(?:名前|氏名)は([\u3040-\u30ff{_HAN}・ ]{{2,10}}?)(?=です|だ|と申|とい|。)",
        rf"私は([\u30a0-\u30ff{_HAN}・ ]{{2,10}}?)(?=と申します|といいます)",
        rf"我(?:的名字)?(?:是)?叫([{_HAN}·]{{2,6}}?)(?=[，。,.!！;；\s]|\Z)",
        rf"我的名字是([{_HAN}·]{{2,6}}?)(?=[，。,.!！;；\s]|\Z)",
        r"이름은 ?([가-힣]{2,5}?)(?=이고|이에요|예요|입니다|이야|이며|[.,\s])",
        rf"\b(?i:{_MINE} {_KIN}) {_some(_LATIN, 2)}",
        rf"\b(?i:{_MINE}) {_GERMAN_KIN} {_some(_LATIN, 2)}(?=,| und\b| kommt\b| geht\b| sagt\b| hat\b| ist\b)",
    )
)
_MONTHS = (
    r"(?:января|февраля|марта|апреля|мая|июня|июля|августа|сентября|октября|ноября|декабря|"
    r"stycznia|lutego|marca|kwietnia|maja|czerwca|lipca|sierpnia|września|października|listopada|grudnia|"
    r"ocak|şubat|mart|nisan|mayıs|haziran|temmuz|ağustos|eylül|ekim|kasım|aralık|"
    r"ιανουαρίου|φεβρουαρίου|μαρτίου|απριλίου|μαΐου|ιουνίου|ιουλίου|αυγούστου|σεπτεμβρίου|οκτωβρίου|νοεμβρίου|δεκεμβρίου|"
    r"يناير|فبراير|مارس|أبريل|مايو|يونيو|يوليو|أغسطس|سبتمبر|أكتوبر|نوفمبر|ديسمبر)"
)
_DATE = rf"(\d{{1,2}}\.? {_MONTHS}(?: (?:19|20)\d\d)?|\d{{1,2}}[./-]\d{{1,2}}[./-](?:19|20)?\d\d)"
BIRTHS = tuple(
    re.compile(f"(?i){pattern}")
    for pattern in (
        rf"\b(?:родил(?:ся|ась)|день рождения|дата рождения:?|urodził[ae]m się|γεννήθηκα στις) {_DATE}(?!\w)",
        rf"(?<!\w)(?:ولدت في|مواليد) {_DATE}(?!\w)",
        rf"\b{_DATE}(?=['’]?\w{{0,4}} doğdum)",
    )
)
_HOUSE = r"\d{1,4} ?[a-zA-Z]?(?:[/-]\d{1,4}[a-z]?)?(?!\w|[.,:]\d)"
_NO_MEASURE = (
    r"(?! ?(?:Min|Std|Stunden|Uhr|km|m|Meter|Kilometer|Schritte|Jahre|Tage|Wochen|Euro|Mal|Prozent|min|timmar|timer|kr|år|dager|"
    r"meter|minuter|minutter|mal|uur|keer|jaar|dagen|minuten|euro|€|%|°))"
)
_CODE = r"(?:,? (?:[A-Z]{1,2}-)?\d{3} ?\d{2}(?!\w)|,? \d{4}(?!\w)(?: [A-Z]{2}(?!\w))?)?"  # of the post, after a house
_OF = r"(?:(?:de la|de l['’]|de|du|des|d['’]|la|le|les|l['’]|der|den|het|van|von) ?)*"
ADDRESSES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b[A-ZÄÖÜÅÆØ][^\W\d_]*(?:straße|strasse|str\.|gasse|allee|platz|ufer|damm|weg|gata|gatan|gaten|vägen|veien|vegen|gade|vej|"
        rf"straat|laan|plein|gracht|kade|singel|katu|ntie) ?{_HOUSE}{_NO_MEASURE}{_CODE}",
        rf"\b[A-ZÄÖÜ][^\W\d_]+(?:er|ische) (?:Straße|Strasse|Str\.|Allee|Platz|Weg|Gasse|Ufer|Damm) {_HOUSE}{_NO_MEASURE}{_CODE}",
        rf"\b\d{{1,4}}(?: ?bis| ?ter)?,? (?i:rue|avenue|av\.|boulevard|bd\.?|place|chemin|impasse|allée|quai|cours|passage) "
        rf"{_OF}[A-ZÉÈÀÂÎÔ][\w'’-]+(?: (?:{_OF})[A-ZÉÈÀÂÎÔ][\w'’-]+){{0,3}}{_CODE}",
        r"\b(?i:live at|living at|lives at|staying at|(?:my|our|home) address is|address ?:) "
        r"(\d{1,4}[a-z]? [A-Z][\w'’-]+(?: [A-Z][\w'’-]+){0,3})",
        r"\b(?i:ул\.|улиц[аеы]|вул\.|вулиця|пр\.|проспекте?|пер\.|переул(?:ок|ке)|бул\.|бульваре?) "
        r"(?:[\w.-]+ ){0,2}[А-ЯЁІЇЄҐ][\w-]+,? (?:д\. ?|дом |буд\. ?)?\d{1,4}[а-я]?(?:,? кв\. ?\d{1,4})?(?!\w)",
        r"\b[A-ZÇĞİÖŞÜ]\w+ (?:Caddesi|Sokak|Sokağı|Bulvarı|Mahallesi|Cad\.|Sok\.|Blv\.),? (?:[Nn]o ?: ?|[Nn]o\.? )?\d{1,4}(?!\w)",
        rf"\b(?i:ulic[aiey]|strada|str\.|bulevardul) (?:\w+ ){{0,2}}{_LATIN},? (?:nr\.? ?)?{_HOUSE}",
        rf"\b{_LATIN} (?:utca|út|útja|tér|körút) {_HOUSE}",
        rf"[{_HAN}]{{1,8}}[区市町村][{_HAN}\u3040-\u30ff]{{1,8}}\d{{1,3}}(?:(?:[-－]|丁目|番地?)\d{{1,4}}){{1,2}}号?",
        rf"(?:(?![市区县镇在住])[{_HAN}]){{2,6}}[路街巷弄]\d{{1,4}}号(?:\d{{1,4}}[室楼])?",
        r"[가-힣]{2,}(?:대로|로|길)\d{0,3}(?:번길)? \d{1,4}(?:-\d{1,3})?(?=[,.\s]|에|\Z)(?! ?[년월일번개명시분])",
        r"\b\d{2}-\d{3} (?=[A-ZŁŚŻŹĆ][^\W\d_]{2})|\b\d{5}-\d{3}(?!\w)|"
        r"\b[ABCEGHJ-NPR-TVXY]\d[A-Z] ?\d[A-Z]\d\b|〒 ?\d{3}[-－]\d{4}",
    )
)
