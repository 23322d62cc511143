"""Read the frames and lists that made a set of items back out of the items, so that the engine can make them again.

The options of one direction are what the contexts of the other state. A context becomes a frame by opening a slot at such a
word; of several readings the frame that explains most contexts holds. A sentence that names its own options has slots for
them, and a slot takes in the next word where frames differ in nothing else. A word that is never an option is learned from
the contexts that fit a known frame.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from personae.audit.subtlerbias.items import DIRECTIONS, SLOT, Direction, Group, Item, Words, opened

_Key = tuple[str, int, str]  # gender, valence, frame


@dataclass(slots=True)
class _Found:
    """The frames of one direction, and the words that stood in each one's slot."""

    fills: dict[_Key, set[str]] = field(default_factory=lambda: defaultdict(set))
    unread: set[tuple[str, int, str]] = field(default_factory=set)  # gender, valence, context


def read_frames(items: Sequence[Item]) -> list[Group]:
    """Return groups whose generated items hold the contexts of these ones.

    Parameters
    ----------
    items : sequence of Item
        Of one or several groups; both directions of a group are needed, since each has the words of the other.

    Returns
    -------
    list of Group
        One for each set of frames that share their words: frames seen with positive words only, or with other words, stand apart.

    Notes
    -----
    Each frame is crossed with all words of its set, so that sentences withheld from the data are made too. Where the authors drew
    words for frames in place of crossing them, more sentences are made than they had.
    """
    return [
        group
        for name in dict.fromkeys(item.group for item in items)
        for direction in DIRECTIONS
        for group in _groups(name, direction, [item for item in items if item.group == name])
    ]


def _groups(name: str, direction: Direction, items: Sequence[Item]) -> Iterable[Group]:
    mine = [item for item in items if item.direction == direction]
    seeds = {word for item in items if item.direction != direction for word in item.options[:2]}
    found = _frames_of(mine, seeds, SLOT[direction])
    _widen(found, SLOT[direction])
    _learn_words(found, SLOT[direction])
    options = _options(mine)
    for keys in _sets_sharing_words(found.fills):
        words = {valence: sorted(_union(found.fills, keys, valence)) for valence in (1, -1)}
        for valences in ((1, -1), (1,), (-1,)):
            frames = _frames_with(found.fills, keys, valences)
            if frames:
                stated = Words(*(tuple(words[valence]) if valence in valences else () for valence in (1, -1)))
                pair = (stated, options) if direction == "sai" else (options, stated)
                yield Group(name, *pair, {direction: frames})


def _frames_of(items: Sequence[Item], seeds: set[str], slot: str) -> _Found:
    readings: dict[tuple[str, int, str], dict[str, str]] = {}
    for item in items:
        context = opened(item)
        readings[item.gender, item.valence, context] = _readings(context, seeds, slot)
    support = Counter(
        (gender, valence, frame) for (gender, valence, _), frames in readings.items() for frame in frames
    )
    found = _Found()
    for (gender, valence, context), frames in readings.items():
        if frames:
            best = max(frames, key=lambda frame: (support[gender, valence, frame], len(frames[frame]), frame))
            found.fills[gender, valence, best].add(frames[best])
        else:
            found.unread.add((gender, valence, context))
    return found


def _readings(context: str, seeds: Iterable[str], slot: str) -> dict[str, str]:
    """Return every frame that a context may come from, with the word in its slot; a word is opened wherever it stands."""
    frames = {}
    for word in seeds:
        if word in context:
            frame, n_slots = re.subn(rf"(?<!\w){re.escape(word)}(?!\w)", f"{{{slot}}}", context)
            if n_slots:
                frames[frame] = word
    return frames


def _widen(found: _Found, slot: str) -> None:
    """Open the slot over the next word too, where frames differ in that word alone: "a {} nature", "a {} attitude".

    A frame that was seen with one such word is widened where what then stands in the slot is known from another frame.
    """
    alike: dict[_Key, list[tuple[_Key, str]]] = defaultdict(list)
    for key in found.fills:
        after = re.search(rf"\{{{slot}\}} (\w+)", key[2])
        if after:
            alike[*key[:2], key[2].replace(after[0], f"{{{slot}}}", 1)].append((key, after[1]))
    known: set[tuple[int, str]] = set()
    for wider, narrow in sorted(alike.items(), key=lambda each: -len(each[1])):
        words = {f"{fill} {word}" for key, word in narrow for fill in found.fills[key]}
        if len(narrow) > 1 or {(wider[1], word) for word in words} <= known:
            known |= {(wider[1], word) for word in words}
            found.fills[wider] |= words
            for key, _ in narrow:
                del found.fills[key]


def _learn_words(found: _Found, slot: str) -> None:
    """Read the contexts that no option stands in by the frames that are known."""
    for gender, valence, context in sorted(found.unread):
        for key in list(found.fills):
            before, _, after = key[2].partition(f"{{{slot}}}")
            fits = key[:2] == (gender, valence) and context.startswith(before) and context.endswith(after)
            word = context[len(before) : len(context) - len(after)]
            if fits and word and key[2].replace(f"{{{slot}}}", word) == context:
                found.fills[key].add(word)
                found.unread.discard((gender, valence, context))
                break


def _sets_sharing_words(fills: dict[_Key, set[str]]) -> list[list[_Key]]:
    """Return the frames in sets: two are in one where a word of one valence stood in both, at once or by way of others."""
    parents: dict[tuple[str | int, str], tuple[str | int, str]] = {}

    def root(node: tuple[str | int, str]) -> tuple[str | int, str]:
        while parents.setdefault(node, node) != node:
            node = parents[node]
        return node

    for (gender, valence, frame), words in fills.items():
        for word in words:
            parents[root((valence, word))] = root((gender, frame))
    sets: dict[tuple[str | int, str], list[_Key]] = defaultdict(list)
    for key in fills:
        sets[root((key[0], key[2]))].append(key)
    return list(sets.values())


def _union(fills: dict[_Key, set[str]], keys: Iterable[_Key], valence: int) -> set[str]:
    return set().union(*(fills[key] for key in keys if key[1] == valence))


def _frames_with(
    fills: dict[_Key, set[str]], keys: Sequence[_Key], valences: tuple[int, ...]
) -> tuple[dict[str, str], ...]:
    """Return the frames of a set that were seen with exactly these valences."""
    seen = defaultdict(set)
    for gender, valence, frame in keys:
        seen[gender, frame].add(valence)
    return tuple({gender: frame} for (gender, frame), found in seen.items() if found == set(valences))


def _options(items: Sequence[Item]) -> Words:
    """Return the options; as pairs in the same order where every positive one had one opposite."""
    pairs = sorted({(item.positive, item.negative) for item in items})
    positive, negative = ([pair[side] for pair in pairs] for side in (0, 1))
    if len(set(positive)) != len(pairs) or len(set(negative)) != len(pairs):
        positive, negative = sorted(set(positive)), sorted(set(negative))
    return Words(tuple(positive), tuple(negative), tuple(sorted({item.neutral for item in items})))
