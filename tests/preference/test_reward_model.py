"""A reward model of transformers as a judge: a tiny one with random weights, saved by the test; nothing is downloaded."""

import numpy as np
import pytest

from personae.errors import BadInput
from personae.people.records import Preference
from personae.preference import CertainJudge, RewardModel, clone

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
WORDS = ("tea", "milk", "soup", "what", "to", "drink", "?", "user", "assistant", "likes")
TEMPLATE = "{% for turn in messages %}{{ turn.role }} {{ turn.content }} {% endfor %}"


def saved(folder, n_outputs=1, template=None):
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = {word: place for place, word in enumerate(("[PAD]", "[UNK]", *WORDS))}
    whole = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    whole.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=whole, unk_token="[UNK]", pad_token="[PAD]"
    )
    tokenizer.chat_template = template
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = transformers.GPT2Config(vocab_size=len(words), n_positions=32, n_embd=16, n_layer=1, n_head=2, pad_token_id=0,
                                     num_labels=n_outputs)  # fmt: skip
    transformers.GPT2ForSequenceClassification(config).save_pretrained(folder)
    return folder


def row(a, b, person="ana", choice="a"):
    return Preference(person, "what to drink ?", a, b, choice)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return saved(tmp_path_factory.mktemp("reward"))


def test_the_reward_is_the_models_own_output(folder):
    judge = RewardModel(folder)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokens = [2 + WORDS.index(word) for word in ("what", "to", "drink", "?", "tea")]
    with torch.no_grad():
        truth = float(model(torch.tensor([tokens])).logits[0, 0])
    assert judge.score("", "what to drink ?", "tea") == pytest.approx(truth, abs=1e-6)


def test_swapped_answers_get_the_opposite_and_equal_ones_one_half(folder):
    judge = RewardModel(folder)
    there, back, same = judge.prob([row("tea", "milk"), row("milk", "tea"), row("tea", "tea")])
    assert there + back == pytest.approx(1.0)
    assert same == 0.5
    assert there != pytest.approx(0.5, abs=1e-4)


def test_the_persona_is_read_where_there_are_profiles(folder):
    rows = [row("tea", "milk"), row("tea", "milk", person="bo")]
    alike, told = (
        RewardModel(folder).prob(rows),
        RewardModel(folder, profiles={"bo": "likes soup"}).prob(rows),
    )
    assert alike[0] == alike[1] == told[0]
    assert told[1] != told[0]


def test_a_chat_template_says_who_speaks(folder, tmp_path):
    plain, chat = RewardModel(folder), RewardModel(saved(tmp_path / "chat", template=TEMPLATE))
    assert chat.score("", "drink ?", "tea") == pytest.approx(
        plain.score("", "user drink ?", "assistant tea"), abs=1e-6
    )


def test_certain_judge_scales_it_and_gives_an_interval(folder):
    rewards = RewardModel(folder)
    made = [row(a, b, choice="a" if odds > 0 else "b") for a, b in np.random.default_rng(0).choice(WORDS, (60, 2)).tolist()
            for odds in rewards.log_odds([row(a, b)])]  # fmt: skip
    judge = CertainJudge(rewards.log_odds).fit(made)
    found = judge.prob("ana", "what to drink ?", made[0].a, made[0].b)
    assert judge.slope_ > 1
    assert found.low < found.probability < found.high


def test_what_is_no_reward_model_is_refused(folder, tmp_path):
    with pytest.raises(BadInput, match="none: no folder"):
        RewardModel(tmp_path / "none").prob([row("tea", "milk")])
    with pytest.raises(BadInput, match="2 outputs"):
        RewardModel(saved(tmp_path / "two", n_outputs=2)).prob([row("tea", "milk")])
    with pytest.raises(BadInput, match="Answer 0 has 44 tokens") as caught:
        RewardModel(folder).prob([row("tea " * 40, "milk")])
    assert "tea" not in str(caught.value)
    (tmp_path / "two" / "tokenizer.json").write_text("{")
    (tmp_path / "two" / "config.json").write_text("{")
    with pytest.raises(BadInput, match="cannot be read"):
        RewardModel(tmp_path / "two").prob([row("tea", "milk")])


def test_a_copy_has_not_read_the_model(folder):
    judge = RewardModel(folder, profiles={"bo": "likes soup"})
    judge.score("", "drink ?", "tea")
    copied = clone(judge)
    assert copied.get_params() == judge.get_params()
    assert not hasattr(copied, "loaded_")
