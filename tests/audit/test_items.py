import re

import numpy as np
import pytest

from personae.audit.subtlerbias import (
    Group,
    Item,
    Words,
    encoder_choices,
    generate,
    read_frames,
    read_groups,
    write_groups,
)
from personae.audit.subtlerbias.items import opened
from personae.errors import BadInput

PETS = """
group: pets
stimuli: {positive: [dogs, cats], negative: [rats, wasps], neutral: [cows]}
attributes: {positive: [kind, calm], negative: [cruel, tense], neutral: [formal, busy]}
frames:
  sai: ["{They} keep{s} {stimulus}; {they} {are} BLANK.", "The {people} with {stimulus} have always been BLANK"]
  asa: ["{Their} {attribute} manner says that {they} {have} BLANK."]
"""


def test_a_group_from_yaml_is_crossed_and_inflected():
    [group] = read_groups(PETS)
    items = generate(group)
    assert len(items) == 2 * 4 * 3 + 1 * 4 * 3
    contexts = {item.context for item in items}
    assert {
        "He keeps dogs; he is BLANK.",
        "She keeps rats; she is BLANK.",
        "They keep cats; they are BLANK.",
    } < contexts
    assert {
        "The women with wasps have always been BLANK",
        "Her calm manner says that she has BLANK.",
    } < contexts
    opposites = {"kind": "cruel", "calm": "tense", "dogs": "rats", "cats": "wasps"}
    assert all(opposites[item.positive] == item.negative for item in items)
    dogs = next(item for item in items if "dogs" in item.context)
    assert dogs.valence == 1
    assert dogs.options[dogs.stereotype] == dogs.positive
    rats = next(item for item in items if "rats" in item.context)
    assert rats.options[rats.stereotype] == rats.negative


def test_options_are_drawn_once_for_the_three_genders_and_by_the_seed():
    [group] = read_groups(PETS)
    items = generate(group, random_state=3)
    for three in zip(items[::3], items[1::3], items[2::3], strict=True):
        assert [item.gender for item in three] == ["male", "female", "neutral"]
        assert len({item.options for item in three}) == 1
    assert generate(group, random_state=3) == items
    assert any(generate(group, random_state=seed) != items for seed in range(4, 8))


def test_lists_of_different_length_are_drawn_apart():
    group = Group(
        "g",
        Words(("a",)),
        Words(("x", "y", "z"), ("u", "v"), ("n",)),
        {"sai": ({"male": "{stimulus} BLANK"},) * 60},
    )
    pairs = {(item.positive, item.negative) for item in generate(group)}
    assert len(pairs) == 6


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("{they} {are} BLANK", "{they} {are}"), "BLANK"),
        (("{They} keep{s} {stimulus}", "{They} keep{s}"), "{stimulus}"),
        (("{Their}", "{Whose}"), "{Whose}"),
        (("neutral: [formal, busy]", "neutral: []"), "neutral"),
        (("neutral: [formal, busy]", "neuter: [formal]"), "`neutral`"),
        (("  asa:", "  both:"), "`sai`"),
        (("stimuli:", "stimulus:"), "`stimuli`"),
        (("[kind, calm]", "[kind, calm"), "line"),
        (("[dogs, cats]", "dogs"), "positive stimuli of the group pets must be a list, such as [dogs]"),
        (("[cows]", "[cows, cats]"), "'cats' under positive and under neutral"),
        (("group: pets", "group: pets\ncolor: red"), "Group 1 has color"),
        ((PETS, ""), "has no group"),
    ],
)
def test_a_broken_group_is_named(change, says):
    with pytest.raises(BadInput, match=re.escape(says)):
        read_groups(PETS.replace(*change))


def test_frames_that_are_one_text_are_refused():
    text = PETS.replace('["{Their}', '"{Their}').replace('BLANK."]\n', 'BLANK."\n')
    with pytest.raises(BadInput, match="frames under asa of the group pets must be a list"):
        read_groups(text)


def test_a_frame_of_one_gender_needs_no_slots():
    [group] = read_groups(
        PETS.replace(
            '["{Their} {attribute} manner says that {they} {have} BLANK."]', "[{male: 'A {attribute} BLANK'}]"
        )
    )
    asa = [item for item in generate(group) if item.direction == "asa"]
    assert {item.gender for item in asa} == {"male"}
    with pytest.raises(BadInput, match="genders are"):
        read_groups(
            PETS.replace(
                '"{Their} {attribute} manner says that {they} {have} BLANK."', "{old: '{attribute} BLANK'}"
            )
        )


AGES = """
group: ages
stimuli: {positive: ["30", "33"], negative: ["65", "68"], neutral: ["47"]}
attributes: {positive: [kind, calm], negative: [cruel, tense], neutral: [formal]}
frames:
  sai: ["{They} {are} {stimulus} and BLANK."]
  asa: ["Of three people aged {positive}, {negative} and {neutral}, the one who is BLANK is {attribute}."]
"""


def test_a_sentence_may_name_its_own_options():
    [group] = read_groups(AGES)
    items = [item for item in generate(group) if item.direction == "asa"]
    assert {item.context.split(",")[0] for item in items} <= {
        "Of three people aged 30",
        "Of three people aged 33",
    }
    assert all(option in item.context for item in items for option in item.options)
    frames = [each.frames["asa"] for each in read_frames(generate(group)) if "asa" in each.frames]
    assert {opened(item) for item in items} == {
        f"Of three people aged {{positive}}, {{negative}} and {{neutral}}, the one who is BLANK is {word}."
        for word in ("kind", "calm", "cruel", "tense")
    }
    assert sum(len(found) for found in frames) == 3  # one text for each gender, whatever the ages


def test_a_slot_takes_in_the_next_word_where_frames_differ_in_nothing_else():
    """ "kind nature" and "calm air" are one frame's words, and so is "grace", which stands alone."""
    texts = {"his {} pleases; he keeps BLANK": 1, "her {} pleases; she keeps BLANK": 1}
    items = [
        Item("pets", "asa", gender, text.format(word), valence, "dogs", "rats", "cows")
        for gender, (text, valence) in zip(("male", "female"), texts.items(), strict=True)
        for word in ("kind nature", "calm air", "grace")
        if (gender, word) != ("female", "calm air")
    ]
    options = [
        Item("pets", "sai", "male", "He keeps dogs; he is BLANK", 1, word, "cruel", "busy")
        for word in ("kind", "calm")
    ]
    groups = [each for each in read_frames(items + options) if "asa" in each.frames]
    assert [set(each.attributes.positive) for each in groups] == [{"kind nature", "calm air", "grace"}]
    assert len([item for item in generate(groups[0]) if item.direction == "asa"]) == 6


def test_frames_read_from_most_items_make_all_of_them_again():
    [group] = read_groups(PETS)
    items = [item for seed in range(6) for item in generate(group, random_state=seed)]
    withheld = set(sorted({item.context for item in items})[::7])
    kept = [item for item in items if item.context not in withheld]
    groups = read_frames(kept)
    assert read_groups(write_groups(groups)) == groups
    made = {
        (item.direction, item.gender, item.context, item.valence)
        for each in groups
        for item in generate(each)
    }
    assert made == {(item.direction, item.gender, item.context, item.valence) for item in items}


def test_a_frame_seen_with_good_words_only_is_not_made_with_bad_ones():
    [group] = read_groups(PETS)
    drawn = [item for seed in range(6) for item in generate(group, random_state=seed)]
    items = [item for item in drawn if item.valence > 0 or "keep" not in item.context]
    made = [item for each in read_frames(items) for item in generate(each)]
    assert {item.valence for item in made if "keep" in item.context} == {1}
    assert {item.valence for item in made if "keep" not in item.context} == {1, -1}


def test_a_word_that_is_never_an_option_is_learned_from_a_known_frame():
    [group] = read_groups(PETS)
    items = [item for seed in range(6) for item in generate(group, random_state=seed)]
    odd = next(item for item in items if item.context == "He keeps rats; he is BLANK.")
    changed = Item("pets", "sai", "male", odd.context.replace("rats", "large spiders"), -1, *odd.options)
    made = {item.context for each in read_frames([*items, changed]) for item in generate(each)}
    assert "He keeps large spiders; he is BLANK." in made
    assert "The men with large spiders have always been BLANK" in made


class Lookup:
    """Vectors by a word that the text holds."""

    name = "lookup"

    def __init__(self, vectors):
        self.vectors = vectors

    def encode(self, texts):
        return np.array(
            [next(v for w, v in self.vectors.items() if w in text) for text in texts], dtype=np.float32
        )


def test_the_encoder_takes_the_nearest_option():
    items = [
        Item("g", "sai", "male", f"{word} BLANK", sign, "good", "bad", "odd")
        for word, sign in (("sun", 1), ("rain", -1))
    ]
    vectors = {
        "sun": [0.9, 0.1],
        "rain": [0.8, 0.2],
        "good": [1.0, 0.0],
        "bad": [0.0, 1.0],
        "odd": [-1.0, -1.0],
    }
    assert encoder_choices(Lookup(vectors), items).tolist() == [1, 1]
    assert encoder_choices(Lookup(vectors), items, centered=True).tolist() == [1, -1]
