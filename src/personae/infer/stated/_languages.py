"""Languages as data: `languages/xx.yaml` holds the rules, as other xx files may, `languages/xx.words.yaml` the words of both."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from personae.infer.stated._money import PRICE
from personae.infer.stated._rules import Calendar, Cues, Language, Rule, Work, words
from personae.infer.stated._time import numeral

FOLDER = Path(__file__).parent / "languages"
CODES = ("en", "de", "es", "fr", "it", "nl", "pt")
ATTRIBUTES = {
    "age": "age", "sex": "sex", "city": "city_country", "birth": "birth_city_country", "school": "education",
    "work": "occupation", "pay": "income_level", "bond": "relationship_status",
}  # fmt: skip
_PART = re.compile(r"<([A-Z_]+)>")


@lru_cache(maxsize=len(CODES))
def language(code: str) -> Language:
    """Return one of the languages that ship, read once."""
    spoken = _read(f"{code}.words.yaml")
    calendar = _calendar(spoken["calendar"])
    parts = {"PRICE": PRICE, "AGE": rf"(?P<n>{numeral(calendar, 10)})", "TENS": rf"(?P<n>{_tens(calendar)})"}
    written = [
        _read(file.name) for file in sorted(FOLDER.glob(f"{code}*.yaml")) if file.name != f"{code}.words.yaml"
    ]
    for each in written:
        parts |= each["parts"]
    rules = tuple(rule for each in written for rule in _rules(each["rules"], parts))
    return Language(
        code,
        words(spoken["common"]),
        rules,
        Cues(**spoken["cues"]),
        calendar,
        _work(spoken["work"]),
        spoken.get("natives", {}),
    )


def _read(name: str) -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return dict(yaml.load((FOLDER / name).read_text(encoding="utf-8"), loader))


def _rules(written: Mapping[str, list[dict[str, Any]]], parts: Mapping[str, str]) -> Iterator[Rule]:
    for name, variants in written.items():
        for variant in variants:
            fields = dict(variant)
            yield Rule(
                name, ATTRIBUTES[name.split(".")[0]], words(fields.pop("needs")), _whole(fields.pop("find"), parts),
                fields.pop("read"), unless=_whole(fields.pop("unless", ""), parts), **fields,
            )  # fmt: skip


def _whole(pattern: str, parts: Mapping[str, str]) -> str:
    """Return the pattern with every <NAME> replaced by the part of that name, those inside parts too."""
    while _PART.search(pattern):
        pattern = _PART.sub(lambda match: parts[match[1]], pattern)
    return pattern


def _calendar(written: Mapping[str, Any]) -> Calendar:
    ones = dict(zip(written["ones"].split(), range(1, 100), strict=False))
    tens = dict(zip(written["tens"].split(), range(20, 100, 10), strict=False))
    joined = {
        written["join"].format(tens=ten, one=one): n + i
        for ten, n in tens.items()
        for one, i in ones.items()
        if i < 10
    }
    months = {name: n for n, names in enumerate(written["months"].split(), 1) for name in names.split("/")}
    return Calendar(
        months, written["units"], joined | ones | tens | written["numbers"], written["ago"], written["last"],
        written["this"], written["month"], written["days"], written["within"], words(written["decades"]),
    )  # fmt: skip


def _tens(calendar: Calendar) -> str:
    return "|".join(["[2-9]0", *sorted(calendar.decades, key=len, reverse=True)])


def _work(written: Mapping[str, Any]) -> Work:
    """Return the occupations; `translated` maps an English title to "forms of men or of both / forms of women".

    Of the English titles in `heads`, compounds that end in any of their forms are titles too.
    """
    listed = (*written.get("titles", "").split(), *re.split(r",\s*", written.get("phrases", "")))
    titles = {name: "" for name in listed if name}
    female, male = set(written.get("female", "").split()), words(written.get("male", ""))
    for english, forms in written.get("translated", {}).items():
        his, _, hers = (part.strip() for part in forms.partition("/"))
        titles |= {form: english for form in f"{his}|{hers}".split("|") if form}
        female |= set(hers.split("|")) - {""}
    follows, stops, drops = (words(written[key]) for key in ("follows", "stops", "drops"))
    compounded = set(re.split(r",\s*", written.get("heads", "")))
    heads = [form for form, english in titles.items() if english in compounded and english]
    more = {key: written[key] for key in ("changed", "inverted") if key in written}
    if longer := sorted(
        (name for name in titles if stops & words(name.replace("'", "' "))), key=len, reverse=True
    ):
        more["longer"] = rf"(?:{'|'.join(map(re.escape, longer))})(?![\w'-])"
    return Work(titles, follows, stops, frozenset(female), male, drops, frozenset(heads), **more)
