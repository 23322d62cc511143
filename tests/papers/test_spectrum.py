import gzip
import json

import numpy as np
import pytest

from personae.models.encoder import home_encoder
from personae.papers.harness import Context, run
from personae.papers.spectrum.experiment import EXPERIMENT, recognised
from personae.papers.spectrum.labels import crowd_types, direction
from personae.papers.spectrum.parts import centered, information_bits, profiles, ranks_of_own, vectors

HOBBIES = ("sailing boats", "baking bread", "chess openings", "growing roses")


@pytest.fixture
def folder(tmp_path):
    """Four invented characters of two series whose S and C tell of one hobby each."""
    (tmp_path / "spectrum").mkdir()
    with gzip.open(tmp_path / "spectrum" / "profiles.jsonl.gz", "wt") as file:
        for i, hobby in enumerate(HOBBIES):
            row = {
                "id": i, "series": "AB"[i % 2], "character": f"Ana{i} Lima", "S": {"Job (if relevant)": hobby},
                "P_personality": "Calm and kind.", "P_value": "Ana0 values care.", "C_routine": f"Lima spends days {hobby}.",
                "C_loves": [hobby], "C_hates": ["noise"],
            }  # fmt: skip
            file.write(json.dumps(row) + "\n")
    return tmp_path


def test_names_are_masked_and_parts_found_by_one_another(folder):
    known = profiles(Context(folder=folder))
    assert known[0].persona.part("C").startswith("[name] spends")
    assert known[0].persona.social == {"Job": "sailing boats"}
    parts = [vectors([each.persona.part(part) for each in known], home_encoder()) for part in "SC"]
    assert ranks_of_own(parts[0] @ parts[1].T).tolist() == [0, 0, 0, 0]


def test_information_is_all_where_one_is_sure_and_none_where_all_look_alike():
    assert information_bits(np.eye(8) * 5).round(2).tolist() == [3.0] * 8
    assert information_bits(np.ones((8, 8))).round(6).tolist() == [0.0] * 8


def test_a_series_that_shows_is_recognised():
    random = np.random.default_rng(0)
    series = np.repeat(["A", "B"], 10)
    columns = centered(np.where(series == "A", 1.0, -1.0)[:, None] + random.normal(0, 0.1, (20, 5)))
    assert recognised(columns, series).mean() == 1.0


@pytest.mark.parametrize(
    ("text", "domain", "sign"),
    [
        ("An outgoing and energetic person", "Extraversion", 1),
        ("Reserved, quiet and shy", "Extraversion", -1),
        ("Calm under stress", "Negative emotionality", 0),
        ("disorganized and careless", "Conscientiousness", -1),
    ],
)
def test_direction_words(text, domain, sign):
    assert np.sign(direction(text, domain)) == sign


def test_crowds_are_read_by_letter(tmp_path):
    (tmp_path / "openpsych").mkdir()
    (tmp_path / "openpsych" / "characters.csv").write_text(
        "id,name,uni_id,uni_name,notability\nX1,Ana Lima,X,X,1\n"
    )
    with gzip.open(tmp_path / "openpsych" / "type_match.csv.gz", "wt") as file:
        file.write("char_id,myers_briggs,avg_match_perc,number_users\nX1,ESTJ,70,5\nX1,INFP,40,5\n")
    found = crowd_types(Context(folder=tmp_path), ["Ana Lima", "Nobody Known"])
    assert set(found) == {"Ana Lima"}
    assert found["Ana Lima"] == {
        "Extraversion": 30, "Open-mindedness": -30, "Agreeableness": -30, "Conscientiousness": 30,
    }  # fmt: skip


def test_a_live_model_guesses_and_tells_of_itself(folder, server, monkeypatch):
    """Each of the four is guessed right by a script that reads the hobby; statements fit and are all accepted."""
    from personae.models.strings import chat_model

    def script(messages):
        asked = messages[-1]["content"]
        if "Who is this?" in asked:
            place = next((i for i, hobby in enumerate(HOBBIES) if hobby in asked), None)
            return json.dumps({"character": "Nobody" if place is None else f"Ana{place} Lima", "series": "A"})
        if "Who am I?" in asked:
            things = ("bread", "rain", "cars", "music", "math", "snow", "dogs", "trains", "paint", "wine")
            likes, fears = ([f"I {verb} {thing}" for thing in things] for verb in ("collect", "dread"))
            return json.dumps({"open_self": likes, "hidden_self": fears})
        return json.dumps({"accept": True})

    monkeypatch.setattr(Context, "chat", lambda self: chat_model("scripted", script=script))
    found = {
        (row.setting, row.metric, row.method): row.value
        for row in run(EXPERIMENT, Context(folder=folder, model=server.model)).rows
    }
    assert found["Guess Who, names masked", "character", "C"] == 1
    assert found["Guess Who, names masked", "character", "P"] == 0
    assert found["twenty statements", "share accepted", "SPC"] == 1
    assert found["twenty statements", "agents without statements", "S"] == 0


@pytest.mark.data
@pytest.mark.slow
def test_a_quick_run_meets_every_bar():
    result = run(EXPERIMENT, Context(quick=True))
    assert [row for row in result.rows if row.met is False] == []
    bits = {row.method: row.value for row in result.rows if row.metric == "information, bits"}
    assert bits["social (S) -> context (C)"] > 1 > bits["social (S) -> personal (P)"]
