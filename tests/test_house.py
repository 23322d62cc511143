"""What holds for the whole house: floors, file sizes, light imports, generated pages that are fresh."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
HEAVY = (
    "torch",
    "transformers",
    "sklearn",
    "scipy",
    "onnxruntime",
    "duckdb",
    "openai",
    "jinja2",
    "fastapi",
    "numpy",
)


def fresh(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_outgrows_25_kb(path):
    assert path.stat().st_size <= 25_000, "split it by idea"


def test_the_floors_hold():
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports"))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_importing_the_package_brings_nothing_heavy():
    loaded = json.loads(fresh("import personae, sys, json; print(json.dumps(sorted(sys.modules)))"))
    assert not set(HEAVY) & set(loaded)


def test_help_brings_nothing_heavy():
    code = (
        "import sys, json, contextlib, io\nsys.argv = ['personae', '--help']\nfrom personae.cli import main\n"
        "with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):\n    main()\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    assert not set(HEAVY) & set(json.loads(fresh(code)))


@pytest.mark.parametrize(("code", "seconds"), [("import personae", 0.3), ("import personae.cli", 0.5)])
def test_start_is_quick_beside_a_bare_interpreter(code, seconds):
    def cost(what):
        start = time.perf_counter()
        fresh(what)
        return time.perf_counter() - start

    assert min(cost(code) for _ in range(3)) - min(cost("pass") for _ in range(3)) < seconds


def test_generated_pages_are_fresh():
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "build.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_readme_names_one_test_command():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = readme.split("<!-- test command -->")[1].split("```")[1].splitlines()
    assert [line for line in commands if line.startswith("pip install")], "the CI types it"
