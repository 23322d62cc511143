import subprocess
import sys

import numpy as np
import pytest

from personae.ask import derive, table_of
from personae.ask.derive import _WORKER, compile_expression, run_apart
from personae.errors import BadInput

TABLE = table_of(
    {
        "age": [20.0, 31.0, 40.0, np.nan],
        "city": ["Porto", "Bern", "O'Hara", "Bern"],
        "hours per week": [40, 10, 0, 5],
    }
)
HOSTILE = (
    "age over 30; drop table rows",
    "read_csv('/etc/passwd')",
    "age > (select max(age) from rows)",
    "age > 1 union select 1",
    "city is 'x' or '1'='1' --",
    "__import__('os').system('id')",
    "age > 1 /* */",
    "getenv('HOME') is x",
    "c0 > 1",
    "age > 30 and install httpfs",
    "(" * 30 + "age" + ")" * 30 + " > 1",
    "age " + "+ age " * 200,
    "not " * 40 + "age > 1",
    "-" * 60 + "age > 1",
    "age >",
    "",
    "1 = 1",
)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("age over 30", [0, 1, 1, np.nan]),
        ("age over 30 and city is Bern", [0, 1, 0, np.nan]),
        ("not (age >= 31) or city is Bern", [1, 1, 0, 1]),
        ('city is "O\'Hara" ', None),
        ("city in (Porto, Bern)", [1, 1, 0, 1]),
        ("age is missing", [0, 0, 0, 1]),
        ("age between 25 and 35", [0, 1, 0, np.nan]),
        ('"hours per week" / age', [2.0, 10 / 31, 0, np.nan]),
        ('age / "hours per week"', [0.5, 3.1, np.nan, np.nan]),
        ("city contains 'er'", [0, 1, 0, 1]),
        ("length(city) > 4", [1, 0, 1, 0]),
    ],
)
def test_conditions_are_worked_out(expression, expected):
    if expected is None:
        with pytest.raises(BadInput):
            derive(expression, TABLE)
    else:
        np.testing.assert_allclose(derive(expression, TABLE), expected)


@pytest.mark.parametrize("expression", HOSTILE)
def test_hostile_text_never_reaches_the_database(expression):
    with pytest.raises(BadInput) as error:
        compile_expression(expression, TABLE.look())
    assert "passwd" not in str(error.value)


def test_values_are_bound_not_written():
    compiled = compile_expression("city is 'Bern; drop table rows'", TABLE.look())
    assert compiled.sql == "(c0 = ?)"
    assert compiled.values == ("Bern; drop table rows",)
    assert derive("city is 'Bern; drop table rows'", TABLE).tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(
    "sql",
    [
        "(SELECT count(*) FROM read_csv('/etc/passwd'))",
        "(SELECT count(*) FROM read_text('/proc/self/environ'))",
        "(SELECT length(repeat('x', 2000000000)))",
        "(SELECT count(*) FROM 'http://127.0.0.1:1/x.csv')",
    ],
)
def test_even_raw_sql_gets_no_file_no_socket_and_no_memory(sql):
    with pytest.raises(BadInput):
        run_apart(sql, [[1.0]], ())


def test_what_takes_too_long_is_ended(monkeypatch):
    monkeypatch.setattr(sys.modules["personae.ask.derive"], "SECONDS", 1)
    with pytest.raises(BadInput, match="over 1 s"):
        run_apart("(SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b)", [[1.0]], ())


def test_the_worker_can_open_nothing_once_it_has_given_up():
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from _worker import give_up; import socket, os; give_up(5, 512)\n"
        "for act in (lambda: open('/etc/hostname'), lambda: socket.socket(), lambda: os.fork()):\n"
        "    try: act(); print('could')\n"
        "    except OSError as error: print(type(error).__name__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(_WORKER.parent)], capture_output=True, text=True, check=False
    )
    said = done.stdout.split()
    assert said[:2] == ["OSError", "OSError"]
    assert "could" not in said[:2]
