import copy
import sys

import numpy as np
import pytest

from personae.errors import BadInput, MissingExtra
from personae.people.records import Preference
from personae.preference import FSPO, Recipe, comparisons
from personae.preference.fspo._tasks import Gaps, made_batches, modes, real_batches, signed
from personae.preference.fspo.learner import _low_rank
from personae.preference.fspo.prompts import examples, shots_prompt, target

torch = pytest.importorskip("torch")

WORDS = {
    "cake": (1.0, 0.2),
    "tart": (0.7, -0.5),
    "bread": (0.0, 0.9),
    "leek": (-0.6, -0.3),
    "lemon": (-1.0, 0.4),
}


def vectors(items):
    return np.array([WORDS[text] for _, text in items])


def crowd(n_people=60, n_rows=10, seed=0, prefix="p"):
    """People who like what is sweet, or what is not, nine times in ten."""
    random = np.random.default_rng(seed)
    made = []
    for number in range(n_people):
        sign = 1 if number % 2 else -1
        for _ in range(n_rows):
            a, b = random.choice(list(WORDS), 2, replace=False).tolist()
            likes_a = sign * (WORDS[a][0] - WORDS[b][0]) > 0
            made.append(
                Preference(f"{prefix}{number}", "", a, b, "a" if likes_a == (random.random() < 0.9) else "b")
            )
    return made


def small(**more):
    given = {"n_directions": 2, "n_learned": 0, "n_steps": 25, "n_people": 32, "most_shots": 8}
    return FSPO(features=vectors, **{**given, **more})


@pytest.fixture(scope="module")
def taught():
    return small().fit(crowd())


def test_what_is_taught_on_made_people_serves_others(taught):
    learner = copy.deepcopy(taught)
    new = crowd(n_people=40, n_rows=20, seed=3, prefix="q")
    shots = [row for place, row in enumerate(new) if place % 20 < 8]
    test = [row for place, row in enumerate(new) if place % 20 >= 8]
    chosen = np.array([row.choice == "a" for row in test])
    before = np.mean((learner.probs(test).probability > 0.5) == chosen)
    after = np.mean((learner.adapt_all(shots).probs(test).probability > 0.5) == chosen)
    assert before < 0.65
    assert after > 0.8


def test_the_order_of_shots_changes_no_bit(taught):
    learner = copy.deepcopy(taught)
    shots = [row for row in crowd(n_people=4, n_rows=9, seed=5) if row.person == "p1"]
    straight = learner.adapt("p1", shots).states_[learner.index_["p1"]].copy()
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(len(shots))
        assert (
            learner.adapt("p1", [shots[place] for place in order]).states_[learner.index_["p1"]] == straight
        ).all()


def test_swapped_items_get_the_opposite(taught):
    learner = copy.deepcopy(taught).adapt("eve", [Preference("eve", "", "cake", "leek", "a")] * 3)
    for a in WORDS:
        for b in WORDS:
            there, back = learner.prob("eve", "", a, b), learner.prob("eve", "", b, a)
            assert there.probability + back.probability == pytest.approx(1.0, abs=1e-12)
            assert there.low <= there.probability <= there.high


def test_without_a_shot_it_is_the_population(taught):
    table = comparisons(crowd(n_people=2))
    rewards = taught.taste_.population_.rewards(table.items, vectors(table.items))
    margin = rewards[table.a] - rewards[table.b]
    found = taught.probs(crowd(n_people=2, prefix="new")).probability
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-margin)))


def test_the_same_shot_again_and_again_moves_a_bounded_amount(taught):
    learner = copy.deepcopy(taught)
    shot = Preference("eve", "", "cake", "lemon", "a")
    sizes = [
        np.abs(learner.adapt("eve", [shot] * n).states_[learner.index_["eve"]][:-1]).max()
        for n in (30, 300, 1000)
    ]
    assert sizes[2] < 2 * sizes[0]


def test_what_is_left_to_find_out_falls_with_shots(taught):
    assert taught.left_[0] == 1
    assert (np.diff(taught.left_) <= 0).all()
    assert taught.left_[-1] < 0.9


@pytest.mark.parametrize(
    "more",
    [
        {"learn_from": "real"},
        {"learn_from": "made, then real", "n_steps": 12},
        {"loss": "ipo"},
        {"over_taste": True},
    ],
)
def test_other_ways_to_learn(more):
    learner = small(**more).fit(crowd()).adapt("eve", [Preference("eve", "", "cake", "lemon", "a")] * 6)
    assert learner.prob("eve", "", "tart", "leek").probability > 0.6
    assert len(learner.losses_) == {"made, then real": 15}.get(more.get("learn_from"), 25)


def test_one_shot_moves_the_mode_where_its_slope_meets_the_prior_s():
    """One shot, one coordinate: the mode m solves (1 - sigmoid(b + x m)) x = precision m."""
    base, gap, precision = 0.3, 1.5, 2.0
    found = float(modes(np.array([[[gap, base]]]), np.ones((1, 1)), np.array([[precision]]))[0, 0])
    assert gap / (1 + np.exp(base + gap * found)) == pytest.approx(precision * found, rel=1e-9)
    nothing = modes(np.array([[[gap, base]]]), np.zeros((1, 1)), np.array([[precision]]))
    assert nothing.tolist() == [[0.0]]


def test_over_taste_it_begins_as_linear_taste():
    learner = small(over_taste=True, n_steps=0).fit(crowd())
    shots = [Preference("eve", "", "cake", "lemon", "a"), Preference("eve", "", "tart", "leek", "a")]
    learner.adapt("eve", shots)
    taste = learner.taste_.adapt("eve", shots)
    weights = taste.states_[taste.index_["eve"]][:2]
    np.testing.assert_allclose(learner.axes_ @ learner.states_[learner.index_["eve"]][:2], weights, atol=1e-5)


def test_made_people_follow_their_tastes_and_flips_turn_them():
    questions = Gaps(np.zeros(50), np.random.default_rng(0).normal(size=(50, 1)))
    for flips, expected in ((0.0, 1.0), (0.25, 0.75)):
        batch = next(made_batches(questions, 1e3, flips=flips, axes=np.eye(1), n_people=400, most_shots=1,
                                  random=np.random.default_rng(1)))  # fmt: skip
        likes = np.sign(batch.shots[:, 0, :1] * 1.0) * np.sign(np.abs(batch.gaps[..., 0]))
        told = np.where(batch.gaps[..., 0] > 0, batch.chosen, 1 - batch.chosen)  # 1: prefers more
        agree = np.mean(told == (likes > 0))
        assert agree == pytest.approx(expected**2 + (1 - expected) ** 2, abs=0.05)


def test_real_people_are_asked_what_was_not_shown():
    table = comparisons(crowd(n_people=6, n_rows=5))
    questions = Gaps(np.arange(len(table), dtype=float) + 1, np.zeros((len(table), 1)))
    batches = real_batches(questions, table, n_people=6, most_shots=8, random=np.random.default_rng(0))
    for _ in range(20):
        batch = next(batches)
        for shown, there, asked, is_asked in zip(
            batch.shots, batch.is_shot, batch.base, batch.is_asked, strict=True
        ):
            first = set(np.abs(shown[there > 0, -1]))
            second = set(asked[is_asked > 0])
            assert not first & second
            assert len(first) + len(second) == 5
            assert len({int((row - 1) // 5) for row in first | second}) == 1


def test_real_people_need_two_choices():
    with pytest.raises(BadInput, match="Nobody has two choices"):
        small(learn_from="real").fit(crowd(n_people=30, n_rows=1))


def test_a_shot_is_the_chosen_minus_the_rejected():
    found = signed(
        Gaps(np.array([2.0, 2.0, 2.0]), np.array([[1.0], [1.0], [1.0]])), np.array([1.0, 0.0, 0.5])
    )
    assert found.tolist() == [[1, 2], [-1, -2], [0, 0]]


def test_a_lower_rank_keeps_the_total_spread():
    axes = _low_rank(np.diag([3.0, 1.0, 0.0]), 1)
    np.testing.assert_allclose(axes @ axes.T, np.diag([4.0, 0, 0]), atol=1e-12)


def test_recipes_change_what_is_made():
    assert (
        small(recipe=Recipe(spread="isotropic", noise_matched=False, rank=1)).fit(crowd(20)).prior_.trace()
        > 0
    )


ROWS = [Preference("ana", f"q{n}", f"yes {n}", f"no {n}", "a" if n % 3 else "b") for n in range(7)]


def test_the_prompt_shows_choices_then_asks():
    prompt = shots_prompt(ROWS[:2], "next?")
    assert prompt.startswith(
        "# Example 1\n## Question\nq0\n## Preferred Response\nno 0\n## Dispreferred Response\nyes 0\n\n# Example 2\n"
    )
    assert prompt.endswith("\n## Question\nnext?\n")
    assert target("so", description="dry") == "## User Description\ndry\n## Preferred Response\nso"


def test_a_choice_is_a_shot_or_a_target_never_both():
    found = list(
        examples([*ROWS, Preference("bo", "q", "x", "y", "a"), Preference("ana", "t", "x", "y", "tie")])
    )
    assert len(found) == 3
    assert {each.person for each in found} == {"ana"}
    for each in found:
        shown = [row for row in ROWS if f"\n{row.a}\n" in each.prompt]
        assert len(shown) == 4
        assert all(row.a not in each.chosen + each.rejected for row in shown)


class Letters:
    """A tokenizer of single letters."""

    def encode(self, text):
        return [ord(letter) % 96 for letter in text]


@pytest.fixture
def tiny():
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.GPT2Config(vocab_size=96, n_positions=640, n_embd=16, n_layer=1, n_head=2)
    model = transformers.GPT2LMHeadModel(config).eval()
    return model, copy.deepcopy(model)


def test_losses_by_hand():
    from personae.preference.fspo.tuning import preference_loss

    ahead = torch.tensor([0.0, 2.0])
    assert preference_loss(ahead, beta=0.25).tolist() == [4.0, 0.0]
    np.testing.assert_allclose(
        preference_loss(ahead, loss="dpo", beta=0.5), [np.log(2), np.log(1 + np.exp(-1))], rtol=1e-6
    )


def test_log_probs_are_those_of_the_response_alone(tiny):
    from personae.preference.fspo.tuning import response_log_probs

    model, _ = tiny
    with torch.no_grad():
        found = response_log_probs(model, Letters(), [("abc", "de")])[0]
        log_probs = model(torch.tensor([Letters().encode("abcde")])).logits[0].log_softmax(-1)
    assert float(found) == pytest.approx(
        float(log_probs[2, ord("d") % 96] + log_probs[3, ord("e") % 96]), abs=1e-5
    )
    with pytest.raises(BadInput, match="Example 1 has 3 tokens of prompt"):
        response_log_probs(model, Letters(), [("abc", "de"), ("abc", "")])
    with pytest.raises(BadInput, match="no more than 640"):
        response_log_probs(model, Letters(), [("a" * 640, "b")])


def test_a_token_that_begins_every_text_stands_before_the_prompt_alone(tiny):
    from personae.preference.fspo.tuning import response_log_probs

    class Begun(Letters):
        bos_token_id = 95

        def encode(self, text):
            return [95, *super().encode(text)]

    model, _ = tiny
    with torch.no_grad():
        found = response_log_probs(model, Begun(), [("abc", "de")])[0]
        log_probs = model(torch.tensor([Begun().encode("abcde")])).logits[0].log_softmax(-1)
    by_hand = float(log_probs[3, ord("d") % 96] + log_probs[4, ord("e") % 96])
    assert float(found) == pytest.approx(by_hand, abs=1e-5)


@pytest.mark.parametrize("loss", ["ipo", "dpo"])
def test_a_tiny_model_learns_what_is_preferred(tiny, loss):
    from personae.preference.fspo.tuning import prefers, tune

    model, reference = tiny
    rows = [Preference(f"p{n % 2}", "?", "yes", "no", "a") for n in range(8)]
    given = list(examples(rows, n_shots=2))
    np.testing.assert_allclose(prefers(model, reference, Letters(), given), 0.5)
    losses = list(tune(model, reference, Letters(), given, loss=loss, beta=0.1, rate=3e-3, n_epochs=8))
    assert losses[-1] < losses[0]
    assert (prefers(model, reference, Letters(), given, beta=0.1) > 0.5).all()


@pytest.mark.slow
@pytest.mark.parametrize(("loss", "start"), [("ipo", 25.0), ("dpo", np.log(2))])
def test_trl_trains_the_same_losses(tiny, tmp_path, loss, start):
    """At the start the model is the reference: h = 0, so that IPO is (1 / (2 beta))^2 and DPO log 2."""
    pytest.importorskip("trl")
    import transformers
    from tokenizers import Tokenizer, models, pre_tokenizers

    from personae.preference.fspo.tuning import tune_with_trl

    whole = Tokenizer(
        models.WordLevel({"[PAD]": 0, "[UNK]": 1, "[EOS]": 2, "yes": 3, "no": 4}, unk_token="[UNK]")
    )
    whole.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=whole, unk_token="[UNK]", pad_token="[PAD]", eos_token="[EOS]"
    )
    model, reference = tiny
    given = list(examples([Preference(f"p{n % 2}", "?", "yes", "no", "a") for n in range(8)], n_shots=2))
    losses = tune_with_trl(
        model, reference, tokenizer, given, tmp_path, loss=loss, beta=0.1, rate=3e-3, n_epochs=4
    )
    assert losses[0] == pytest.approx(start, rel=1e-3)
    assert losses[-1] < losses[0]


def test_without_trl_the_extra_is_named(tiny, tmp_path, monkeypatch):
    from personae.preference.fspo.tuning import tune_with_trl

    for name in ("trl", "trl.trainer.dpo_config"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtra, match=r"personae\[tune\]"):
        tune_with_trl(*tiny, Letters(), [], tmp_path)


@pytest.mark.parametrize("wrong", [{"learn_from": "x"}, {"loss": "x"}, {"recipe": Recipe(spread="x")}])
def test_what_it_does_not_know_is_refused(wrong):
    with pytest.raises(BadInput, match="FSPO knows no 'x'; there are"):
        small(**wrong).fit(crowd())
