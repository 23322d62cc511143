"""Sentences that tie a group to attributes, made from lists: ten lines of YAML make a new group.

Source: Kamruzzaman, Shovon, Kim (2023), arXiv 2309.08902, section 3: frames times what the sentence states times gender; the
options are drawn. Stimulus to attribute ("sai") names the group and leaves the attribute blank, attribute to stimulus ("asa")
the other way round.

Examples
--------
>>> hobby = '''
... group: hobby
... stimuli: {positive: [chess], negative: [gambling], neutral: [swimming]}
... attributes: {positive: [wise], negative: [foolish], neutral: [formal]}
... frames:
...   sai: ["{They} spend{s} every evening on {stimulus}; {they} must be BLANK."]
...   asa: ["{They} {are} so {attribute} that {their} hobby must be BLANK."]
... '''
>>> items = generate(read_groups(hobby)[0])
>>> len(items), items[0].context, items[0].options, items[0].valence
(12, 'He spends every evening on chess; he must be BLANK.', ('wise', 'foolish', 'formal'), 1)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np

from personae.errors import BadInput

Direction = Literal["sai", "asa"]
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)
GENDERS = ("male", "female", "neutral")
BLANK = "BLANK"
_PARTS = ("group", "stimuli", "attributes", "frames")
SLOT: dict[Direction, str] = {"sai": "stimulus", "asa": "attribute"}
OPTION_SLOTS = ("positive", "negative", "neutral")  # of a sentence that names its own options
_WORDS = {
    "they": ("he", "she", "they"), "them": ("him", "her", "them"), "their": ("his", "her", "their"),
    "are": ("is", "is", "are"), "were": ("was", "was", "were"), "have": ("has", "has", "have"),
    "do": ("does", "does", "do"), "s": ("s", "s", ""), "es": ("es", "es", ""),
    "person": ("man", "woman", "person"), "people": ("men", "women", "people"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Item:
    """One sentence with a blank and three ways to fill it.

    `valence` says what the sentence states: 1 something positive, -1 something negative. The published labels "stereotype" and
    "anti-stereotype" change sides with it; here options are named by their own valence.
    """

    group: str
    direction: Direction
    gender: str
    context: str
    valence: int
    positive: str
    negative: str
    neutral: str
    id: str = field(default="", compare=False)

    @property
    def options(self) -> tuple[str, str, str]:
        """The positive, the negative and the neutral option."""
        return self.positive, self.negative, self.neutral

    @property
    def stereotype(self) -> int:
        """Place in `options` of the one that agrees with what the sentence states."""
        return 0 if self.valence > 0 else 1


OPTION_VALENCES = (1, -1, 0)  # of `Item.options`


def opened(item: Item) -> str:
    """Return the context, spaces made even, with its own options as slots where all three stand in it.

    >>> opened(Item("ageism", "asa", "male", "Of men aged 30, 65 and 47 the BLANK year old is idle", -1, "30", "65", "47"))
    'Of men aged {positive}, {negative} and {neutral} the BLANK year old is idle'
    """
    text = " ".join(item.context.split())
    parts = [re.compile(rf"(?<!\w){re.escape(option)}(?!\w)") for option in item.options]
    if all(part.search(text) for part in parts):
        for slot, part in zip(OPTION_SLOTS, parts, strict=True):
            text = part.sub(f"{{{slot}}}", text)
    return text


@dataclass(frozen=True, slots=True)
class Words:
    """Words by valence. Positive and negative ones of equal number are opposites, in the same order."""

    positive: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()
    neutral: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """What makes the items of one group: lists and, for each direction, frames by gender."""

    name: str
    stimuli: Words
    attributes: Words
    frames: Mapping[Direction, tuple[Mapping[str, str], ...]]


def read_groups(text: str) -> list[Group]:
    """Read groups from YAML, one a document: `group`, `stimuli`, `attributes`, and `frames` with `sai`, `asa` or both.

    A frame is a text with slots ({they}, {them}, {their}, {are}, {were}, {have}, {do}, {s}, {es}, {person}, {people}; with a
    capital where the word has one), or a mapping from gender to a text. It holds BLANK, and {stimulus} (sai) or {attribute}
    (asa); a sentence that names its own options has them at {positive}, {negative} and {neutral}.

    Raises
    ------
    BadInput
        When there is no group, a part is missing or not known, a list is not one, a word stands under two valences, or a frame
        lacks its slot or its blank.
    """
    import yaml

    try:
        documents = [document for document in yaml.safe_load_all(text) if document is not None]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise BadInput(
            f"The groups are not YAML{where}. Write `group:`, `stimuli:`, `attributes:`, `frames:`."
        ) from None
    if not documents:
        raise BadInput("The file has no group. Write `group:`, `stimuli:`, `attributes:`, `frames:`.")
    return [_group(document, place) for place, document in enumerate(documents, 1)]


def write_groups(groups: Sequence[Group]) -> str:
    """Return groups as YAML that `read_groups` reads."""
    import yaml

    return str(
        yaml.safe_dump_all(
            [_as_lists(group) for group in groups], allow_unicode=True, sort_keys=False, width=110
        )
    )


def generate(group: Group, *, random_state: int = 0) -> list[Item]:
    """Make every item of a group: each frame with each word of each valence, in each gender the frame has.

    The options are drawn once a frame and word, and are the same for the genders, as published. A positive and a negative
    option come as the pair of opposites where the lists are equally long.
    """
    return [item for direction in DIRECTIONS for item in _direction(group, direction, random_state)]


def _direction(group: Group, direction: Direction, random_state: int) -> Iterator[Item]:
    stated, options = group.stimuli, group.attributes
    if direction == "asa":
        stated, options = options, stated
    cells = [
        (frame, valence, word)
        for frame in group.frames.get(direction, ())
        for valence, words in ((1, stated.positive), (-1, stated.negative))
        for word in words
    ]
    drawn = _drawn(options, len(cells), np.random.default_rng([random_state, DIRECTIONS.index(direction)]))
    for (frame, valence, word), found in zip(cells, drawn, strict=True):
        for gender, text in frame.items():
            context = text.replace(f"{{{SLOT[direction]}}}", word)
            for slot, option in zip(OPTION_SLOTS, found, strict=True):
                context = context.replace(f"{{{slot}}}", option)
            yield Item(group.name, direction, gender, context, valence, *found)


def _drawn(options: Words, n: int, random: np.random.Generator) -> Iterator[tuple[str, str, str]]:
    """Yield a positive, a negative and a neutral option n times."""
    lists = (options.positive, options.negative, options.neutral)
    first, second, third = (random.integers(len(words), size=n).tolist() for words in lists)
    if len(options.positive) == len(options.negative):
        second = first
    for i, j, k in zip(first, second, third, strict=True):
        yield options.positive[i], options.negative[j], options.neutral[k]


def _group(document: Any, place: int) -> Group:
    if not isinstance(document, dict) or not set(_PARTS) <= document.keys():
        raise BadInput(f"Group {place} needs `group`, `stimuli`, `attributes` and `frames`.")
    if unknown := [str(key) for key in document if key not in _PARTS]:
        raise BadInput(f"Group {place} has {', '.join(unknown)}, which is not one of {', '.join(_PARTS)}.")
    name = str(document["group"])
    frames = document["frames"]
    if not isinstance(frames, dict) or not frames or not set(frames) <= set(DIRECTIONS):
        raise BadInput(f"The frames of the group {name} must be lists under `sai`, `asa` or both.")
    group = Group(
        name,
        _word_lists(name, "stimuli", document["stimuli"]),
        _word_lists(name, "attributes", document["attributes"]),
        {
            direction: tuple(
                _frame(name, direction, frame)
                for frame in _listed(name, f"frames under {direction}", frames[direction])
            )
            for direction in DIRECTIONS
            if direction in frames
        },
    )
    for direction, options in (("sai", group.attributes), ("asa", group.stimuli)):
        if direction in frames and not (options.positive and options.negative and options.neutral):
            raise BadInput(
                f"The group {name} draws the options of {direction}: give positive, negative and neutral ones."
            )
    return group


def _word_lists(name: str, part: str, lists: Any) -> Words:
    if not isinstance(lists, dict) or not set(lists) <= {"positive", "negative", "neutral"}:
        raise BadInput(
            f"The {part} of the group {name} must be lists under `positive`, `negative` and `neutral`."
        )
    words = {
        valence: tuple(str(word) for word in _listed(name, f"{valence} {part}", given))
        for valence, given in lists.items()
    }
    seen: dict[str, str] = {}
    for valence, given in words.items():
        for word in given:
            if seen.setdefault(word, valence) != valence:
                raise BadInput(
                    f"The {part} of the group {name} have {word!r} under {seen[word]} and under {valence}; keep one of them."
                )
    return Words(**words)


def _listed(name: str, part: str, given: Any) -> list[Any]:
    if given is not None and not isinstance(given, list):
        raise BadInput(f"The {part} of the group {name} must be a list, such as [{given}].")
    return given or []


def _frame(name: str, direction: Direction, frame: Any) -> dict[str, str]:
    """Return the frame's text by gender, with the slot for the stated word left open."""
    texts = (
        frame
        if isinstance(frame, dict)
        else {gender: _inflected(name, str(frame), gender) for gender in GENDERS}
    )
    unknown = set(texts) - set(GENDERS)
    if unknown:
        raise BadInput(
            f"The group {name} has a frame for {', '.join(sorted(unknown))}; genders are {', '.join(GENDERS)}."
        )
    slot = f"{{{SLOT[direction]}}}"
    for text in texts.values():
        if slot not in text or BLANK not in text:
            raise BadInput(f"Every {direction} frame of the group {name} needs {slot} and {BLANK}.")
    return {str(gender): str(text) for gender, text in texts.items()}


def _inflected(name: str, frame: str, gender: str) -> str:
    place = GENDERS.index(gender)
    words = {slot: forms[place] for slot, forms in _WORDS.items()}
    words |= {slot.capitalize(): word.capitalize() for slot, word in words.items()}
    words |= {slot: f"{{{slot}}}" for slot in (*SLOT.values(), *OPTION_SLOTS)}
    try:
        return frame.format_map(words)
    except (KeyError, ValueError, IndexError) as error:
        unknown = f" {{{error.args[0]}}}" if isinstance(error, KeyError) else ""
        known = ", ".join(f"{{{slot}}}" for slot in (*SLOT.values(), *OPTION_SLOTS, *_WORDS))
        raise BadInput(
            f"A frame of the group {name} has a slot{unknown} that is not known. Known: {known}."
        ) from None


def _as_lists(group: Group) -> dict[str, Any]:
    lists = {
        part: {valence: list(getattr(words, valence)) for valence in ("positive", "negative", "neutral")}
        for part, words in (("stimuli", group.stimuli), ("attributes", group.attributes))
    }
    frames = {direction: [dict(frame) for frame in found] for direction, found in group.frames.items()}
    return {"group": group.name, **lists, "frames": frames}
