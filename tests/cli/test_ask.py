import json
import subprocess
import sys

import pytest

PEOPLE = ["age,city,renews"] + [
    f"{18 + i % 50},{('Porto', 'Bern', 'Oslo')[i % 3]},{'yes' if (i % 50) * (i % 3) > 20 else 'no'}"
    for i in range(200)
]


@pytest.fixture
def path(tmp_path):
    (tmp_path / "people.csv").write_text("\n".join(PEOPLE) + "\n")
    return tmp_path / "people.csv"


def personae(*words, text=""):
    return subprocess.run(
        [sys.executable, "-m", "personae", *map(str, words)],
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_one_goal_in_one_go(path, tmp_path):
    done = personae(
        "ask",
        path,
        "--goal",
        "predict who renews",
        "--yes",
        "--json",
        "--method",
        "linear",
        "--script",
        tmp_path / "out.py",
        "--out",
        tmp_path / "p.html",
    )
    found = json.loads(done.stdout)
    assert done.returncode == 0
    assert found["petel"]["target_variable"] == "renews"
    again = subprocess.run(
        [sys.executable, tmp_path / "out.py"], capture_output=True, text=True, check=True
    ).stdout
    first = found["held_out"][0]
    assert f"{first['metric']} {first['value']:.6f}" in again
    assert "<svg" in (tmp_path / "p.html").read_text()


def test_the_model_that_is_saved_can_be_audited(path, tmp_path):
    file = tmp_path / "m.joblib"
    words = ["--yes", "--target", "renews", "--method", "linear", "--save-model", file, "--json", "-q"]
    done = personae("ask", path, *words)
    assert done.returncode == 0, done.stderr
    told = "personae audit model FILE.joblib --data TABLE --target renews --sensitive age"
    again = personae("ask", path, text="predict who renews\nlinear\nyes\n")
    assert told in again.stdout
    assert "papers run" not in again.stdout
    page = tmp_path / "a.html"
    words = ["--target", "renews", "--sensitive", "city", "--positive", "1", "--out", page]
    audited = personae("audit", "model", file, "--data", path, *words)
    assert audited.returncode == 0, audited.stderr
    assert page.is_file()


def test_a_conversation_over_piped_lines_is_resumed(path, tmp_path):
    session = tmp_path / "s.json"
    first = personae("ask", path, "--session", session, text="predict who renews\nlinear\nstop\nyes\n")
    assert "classification of renews" in first.stdout
    assert "Stopped at: formulate" in first.stdout
    second = personae("ask", path, "--session", session, text="yes\n")
    assert "We stopped at: formulate" in second.stdout
    assert "held-out rows, looked at once" in second.stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["none.csv", "--goal", "x", "--yes"], 1, "no such file"),
        ([], 2, "Name a TABLE"),
        (["people.csv", "--yes"], 2, "--yes needs"),
        (["people.csv", "--target", "age"], 2, "split-by go"),
        (
            ["people.csv", "--goal", "who is a murderer", "--yes"],
            1,
            "No column fits that goal; name one with --target. Columns: age, city, renews.",
        ),
        (["people.csv", "--yes", "--target", "age", "--out", "people.csv"], 1, "is there already"),
        (["people.csv", "--yes", "--target", "age", "--save-model", "people.csv"], 1, "with --overwrite"),
        (["people.csv", "--yes", "--target", "wealth over 3"], 1, "no column"),
        (["people.csv", "--yes", "--target", "age", "--keep", "wealth"], 2, "no column 'wealth'"),
    ],
)
def test_wrong_use_is_one_clear_line(path, words, code, said):
    words = [path if word == "people.csv" else word for word in words]
    done = personae("ask", *words)
    assert done.returncode == code
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
