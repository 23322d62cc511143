"""What takes a statement back: negation, questions, quotation, irony, hypotheticals, other people's words, fiction."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from personae.infer.stated._rules import Cues, Rule, compiled, words

_ENDS = re.compile(r"(?:[.!?…]+[\"'”’)\]»]*(?=\s|$)|\n+)")
_QUOTES = re.compile(
    r"\"[^\"\n]{2,600}\"|“[^”]{2,600}”|„[^“”\"]{2,600}[“”\"]|«[^»]{2,600}»|»[^«]{2,600}«|`[^`]{2,2000}`"
    r"|(?<!\w)['‘](?=\w)[^'‘’\n]*(?:\w['’]\w[^'‘’\n]*)*['’](?!\w)"
    r"|(?:^|(?<=\s))RT @\w+:?[^\n]*|^[ \t]*(?:>|&gt;)[^\n]*|[♪♫🎵🎶][^\n]*",
    re.MULTILINE,
)
_LABEL = r"(?m)(?:^|(?<=[.!?] ))[ \t*_@-]*(?:(?!about|for|is|was|dear|re\b)[^\W\d_]+ ){{0,2}}(?:{})(?: [^\W\d_]+)?[*_]*:[^\n]*"
_NAMED = re.compile(r"(?m)^[ \t*_]*@?(?P<name>[A-ZÀ-Þ][a-zà-ÿ]+)[*_]*:[ \t]*(?=[^\n]*\w)[^\n]*")
_NAME = re.compile(r"[^\W\d_]+")
_SELF = words(
    "me i myself edit update note question answer background context bio about profile age job work location city sex gender"
    " status info intro hobbies likes dislikes summary disclaimer fact title problem situation goal plan name occupation"
    " hometown home education school country interests family warning help language height weight honestly seriously"
    " basically anyway also today now tonight currently reality truth confession spoiler disclosure disclaimer story"
    " backstory clarification correction reminder summary conclusion pro pros con cons example reason result thing point"
    " rant vent intro introduction greetings hello hi hey thoughts opinion review lesson moral bonus caveat addendum and but so"
    " hinweis frage antwort beruf alter wohnort stadt geschlecht familienstand ehrlich fazit nota pregunta respuesta edad"
    " ciudad trabajo profesión sexo duda resposta idade cidade profissão pergunta âge ville métier profession statut"
    " domanda risposta età città lavoro professione vraag antwoord leeftijd beroep woonplaats stad geslacht"
)
_IRONY = re.compile(
    r"(?:^|\s)/(?:s|jk|j|sarcasm|irony|ironie)(?=[\s.!)]|$)|\((?:sarcasm|jk|kidding)\)|</s>|🙃"
)


_TAIL = r"[^.!?…\n]{{0,40}}?[\"”»')\s]*[.,;:!?…—–-]+[\"”»')\s]*(?:{})"  # a clause's end, and what the next begins with
_ARTICLE = 3  # letters that may stand before it: "O meu marido?"
_MARKS = " \t\n¿¡\"'—–-"
_GIVEN = re.compile(
    r"[:\n]|[.!?] (?=(?:dear|sehr geehrte\w*|liebe[rs]?|estimad\w+|querid\w+|chère?s?|madame|monsieur|gentil[ei]|car[oaie]"
    r"|prezad\w+|geachte|beste) )"
)
_ALONE = re.compile(r"\s*(?:\?|\.\.|…)")  # "My husband?"

_NEAR = 400  # characters of a sentence that are looked at on each side of a statement


@dataclass(frozen=True, slots=True)
class Setting:
    """One text as context is read in: what is found once for all its statements.

    `ends` and `quoted` are (start, end) of sentences' ends and of quoted stretches; `pasted` is where the words begin that
    an instruction to a machine is about, past the end where there are none.
    """

    cues: Cues
    lowered: str
    ends: tuple[tuple[int, int], ...]
    quoted: tuple[tuple[int, int], ...]
    ironic: bool
    pasted: int

    def sentence(self, start: int, end: int) -> tuple[int, int]:
        """Return the (start, end) of the sentence around a span, cut where it is very long."""
        last = bisect_right(self.ends, start, key=_stop)
        following = bisect_left(self.ends, end, key=_begin)
        low = self.ends[last - 1][1] if last else 0
        high = self.ends[following][1] if following < len(self.ends) else len(self.lowered)
        return max(low, start - _NEAR), min(high, end + _NEAR)

    def is_quoted(self, start: int, end: int) -> bool:
        """Return whether a span begins or ends inside a quotation."""
        opened = bisect_right(self.quoted, end, key=_begin)
        return opened > 0 and self.quoted[opened - 1][1] > start


def _begin(span: tuple[int, int]) -> int:
    return span[0]


def _stop(span: tuple[int, int]) -> int:
    return span[1]


def setting(text: str, lowered: str, cues: Cues, author: str = "") -> Setting:
    """Return the setting of one text by an author of that name or id; offsets into `lowered` are offsets into the text."""
    return Setting(
        cues, lowered,
        tuple(match.span() for match in _ENDS.finditer(text)),
        _merged([*_spans(_QUOTES, text), *_spans(compiled(_LABEL.format(cues.speakers)), lowered), *_others(text, author)]),
        bool(_IRONY.search(lowered) or compiled(cues.ironic).search(lowered)),
        _pasted(cues, lowered),
    )  # fmt: skip


def _spans(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, int]]:
    return (match.span() for match in pattern.finditer(text))


def _others(text: str, author: str) -> Iterator[tuple[int, int]]:
    """Yield the lines that follow a name which is not the author's; "Edit:" and the like are no names."""
    own = _SELF | {name.lower() for name in _NAME.findall(author)}
    return (match.span() for match in _NAMED.finditer(text) if match["name"].lower() not in own)


def _merged(spans: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Return the spans in order, those that overlap as one."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            start, end = merged[-1][0], max(end, merged.pop()[1])
        merged.append((start, end))
    return tuple(merged)


def _pasted(cues: Cues, lowered: str) -> int:
    asked = compiled(cues.asked).match(lowered)
    given = _GIVEN.search(lowered, asked.end()) if asked else None
    return given.end() if given else len(lowered) + 1


def taken_back(scene: Setting, start: int, told: int, end: int, rule: Rule) -> str:
    """Return why the statement that a rule found at that span does not count, "" where it stands.

    The telling words end at `told`, the value at `end`. The reason is one of "quoted", "ironic", "asked", "question",
    "unreal", "reported", "fiction", "undone", "negated", the last only where no words before it are one.
    """
    lowered, cues = scene.lowered, scene.cues
    if scene.is_quoted(start, end - 1):
        return "quoted"
    if scene.ironic:
        return "ironic"
    if start >= scene.pasted:
        return "asked"
    low, high = scene.sentence(start, end)
    asks = "?" in lowered[end : high + 3] and not rule.presupposed
    if rule.presupposed and len(lowered[low:start].strip(_MARKS)) <= _ARTICLE and _ALONE.match(lowered, end):
        return "question"
    if asks and not _told_before_asking(cues, lowered[end:high]):
        return "question"
    before = lowered[low:start]
    clause = before[_last_break(cues.breaks, before) :]
    if compiled(cues.unreal).search(clause):
        return "unreal"
    if compiled(cues.reported).search(before):
        return "reported"
    if compiled(cues.fiction).search(before):
        return "fiction"
    if rule.unless and compiled(rule.unless).search(f"{before}¶{lowered[end:high]}"):
        return "undone"
    if compiled(cues.undone).match(lowered, end):
        return "undone"
    if not rule.denies and compiled(cues.negated).search(lowered, start, told):
        return "negated"
    return "reported" if compiled(_TAIL.format(cues.after)).match(lowered, end) else ""


def passing(scene: Setting, start: int, end: int) -> bool:
    """Return whether the sentence speaks of a visit, so that a place in it is no home."""
    low, high = scene.sentence(start, end)
    return compiled(scene.cues.passing).search(scene.lowered, low, high) is not None


def _told_before_asking(cues: Cues, after: str) -> bool:
    """Return whether a clause ends between the statement and the question: "I'm 34, is that too old?"."""
    return bool(compiled(cues.breaks).match(after.lstrip(" ")) or compiled(cues.asks).search(after))


def _last_break(breaks: str, before: str) -> int:
    return max((match.end() for match in compiled(breaks).finditer(before)), default=0)
