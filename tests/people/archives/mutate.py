"""Seeded damage to archives: each attack takes what an archive holds and returns what it holds afterwards."""

import csv
import io
import json
import random
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import zstandard

Members = dict[str, bytes]
JUNK = [
    None, True, False, 0, -1, 1e308, 10**25, float("nan"), float("inf"), "", " ", "\x00", "\ud800x", "x" * 300, "9" * 40,
    "0001-01-01T00:00:00+14:00", [], {}, [[[]]], {"a": {"b": None}}, [None, 1, "x"], "../../etc/passwd", "<![x<b", "&#" + "9" * 5000 + ";",
]  # fmt: skip
ZSTD = b"\x28\xb5\x2f\xfd"


def members_of(path: Path) -> Members:
    """Return every file of an archive, Zstandard unpacked."""
    if path.is_dir():
        return {str(p.relative_to(path)): p.read_bytes() for p in sorted(path.rglob("*")) if p.is_file()}
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    if path.suffix == ".gz" and tarfile.is_tarfile(path):
        with tarfile.open(path) as archive:
            return {info.name: archive.extractfile(info).read() for info in archive if info.isfile()}
    body = path.read_bytes()
    return {path.name: zstandard.decompress(body, 1 << 24) if body.startswith(ZSTD) else body}


def pack(members: Members, folder: Path, kind: str) -> Path:
    """Write the members as a zip, a tar, a folder, or, when there is one, a file."""
    if kind == "file":
        name, body = next(iter(members.items()))
        path = folder / Path(name).name
        path.write_bytes(zstandard.compress(body) if name.endswith(".zst") else body)
        return path
    path = folder / f"export-{kind}"
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, body in members.items():
                archive.writestr(zipfile.ZipInfo(name), body, zipfile.ZIP_DEFLATED)
    elif kind == "tar":
        with tarfile.open(path, "w:gz") as archive:
            for name, body in members.items():
                info = tarfile.TarInfo(name)
                info.size = len(body)
                archive.addfile(info, io.BytesIO(body))
    else:
        for name, body in members.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(body)
    return path


def flip_bits(members: Members, rng: random.Random) -> Members:
    return _each(members, rng, _flipped)


def cut(members: Members, rng: random.Random) -> Members:
    return _each(members, rng, lambda body, rng: body[: rng.randrange(len(body) + 1)])


def splice(members: Members, rng: random.Random) -> Members:
    def spliced(body: bytes, rng: random.Random) -> bytes:
        a, b = sorted((rng.randrange(len(body) + 1), rng.randrange(len(body) + 1)))
        return body[:b] + body[a:]

    return _each(members, rng, spliced)


def garbage(members: Members, rng: random.Random) -> Members:
    return _each(
        members, rng, lambda body, rng: body[: len(body) // 2] + rng.randbytes(500) + body[len(body) // 2 :]
    )


def recode(members: Members, rng: random.Random) -> Members:
    encoding = rng.choice(
        ["utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252", "utf-8-sig", "utf-7", "shift_jis"]
    )
    return _each(members, rng, lambda body, _: body.decode("utf-8", "replace").encode(encoding, "replace"))


def nul_bytes(members: Members, rng: random.Random) -> Members:
    return _each(members, rng, lambda body, rng: _inserted(body, rng, b"\x00" * rng.randint(1, 9)))


def line_ends(members: Members, rng: random.Random) -> Members:
    end = rng.choice([b"\r", b"\r\n", b"\n\n", b"\x0b", b""])
    return _each(members, rng, lambda body, _: body.replace(b"\n", end))


def nothing(members: Members, rng: random.Random) -> Members:
    return _each(members, rng, lambda body, _: b"")


def junk_values(members: Members, rng: random.Random) -> Members:
    return _each(members, rng, lambda body, rng: _revalued(body, rng, lambda _: rng.choice(JUNK)))


def no_values(members: Members, rng: random.Random) -> Members:
    return _each(members, rng, lambda body, rng: _revalued(body, rng, lambda _: None))


def other_numbers(members: Members, rng: random.Random) -> Members:
    numbers = [float("nan"), float("-inf"), 1e300, -1, 10**18, 10**400, 0.1]
    return _each(
        members,
        rng,
        lambda body, rng: _revalued(
            body, rng, lambda old: rng.choice(numbers) if isinstance(old, float | int) else old
        ),
    )


def missing_keys(members: Members, rng: random.Random) -> Members:
    return _each(members, rng, lambda body, rng: _revalued(body, rng, lambda _: _GONE))


def deep_nesting(members: Members, rng: random.Random) -> Members:
    deep = b"[" * 100_000 + b"]" * rng.choice([0, 100_000])
    return _each(
        members,
        rng,
        lambda body, rng: body.replace(b"null", deep).replace(b"[]", deep) if rng.random() < 0.7 else deep,
    )


def said_twice(members: Members, rng: random.Random) -> Members:
    """Repeat every file under another name, and the text of line-based files twice in one."""
    again = {
        name.replace(".", "-1.", 1) if "/" not in name else name + "x": body for name, body in members.items()
    }
    return {**{n: b + b if n.endswith(("l", "t", "v", "md")) else b for n, b in members.items()}, **again}


def hostile_names(members: Members, rng: random.Random) -> Members:
    tops = ["../", "/abs/", "a/../../b/", "C:\\", "x\x1b[31m/", "\\\\host\\", "con\x00/", "é" * 120 + "/"]
    kept = dict(members)
    for name, body in members.items():
        if rng.random() < 0.6:
            kept.pop(name)
        kept[rng.choice(tops) + name] = body
    return {**kept, "../" + next(iter(members)): b"outside"}


MEMBER_ATTACKS: dict[str, Callable[[Members, random.Random], Members]] = {
    attack.__name__: attack
    for attack in (
        flip_bits, cut, splice, garbage, recode, nul_bytes, line_ends, nothing, junk_values, no_values, other_numbers,
        missing_keys, deep_nesting, said_twice,
    )
}  # fmt: skip


def cut_file(path: Path, rng: random.Random) -> None:
    body = path.read_bytes()
    path.write_bytes(body[: rng.randrange(len(body) + 1)])


def flip_file(path: Path, rng: random.Random) -> None:
    path.write_bytes(_flipped(path.read_bytes(), rng))


def link_in_zip(path: Path, target: str) -> None:
    """Add to a zip a link under the name of its first file's sibling."""
    with zipfile.ZipFile(path, "a") as archive:
        info = zipfile.ZipInfo(archive.namelist()[0] + ".link")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, target)


def _each(members: Members, rng: random.Random, change: Callable[[bytes, random.Random], bytes]) -> Members:
    """Change one file, or all of them."""
    chosen = set(members) if rng.random() < 0.5 else {rng.choice(sorted(members))}
    return {name: change(body, rng) if name in chosen else body for name, body in members.items()}


def _flipped(body: bytes, rng: random.Random) -> bytes:
    flipped = bytearray(body)
    for _ in range(rng.randint(1, 12) if body else 0):
        flipped[rng.randrange(len(flipped))] ^= 1 << rng.randrange(8)
    return bytes(flipped)


def _inserted(body: bytes, rng: random.Random, piece: bytes) -> bytes:
    place = rng.randrange(len(body) + 1)
    return body[:place] + piece + body[place:]


_GONE = object()


def _revalued(body: bytes, rng: random.Random, change: Callable[[object], object]) -> bytes:
    """Change values of a JSON, JSONL, JavaScript or CSV file; a binary file loses bits."""
    if body.startswith(b"PAR1"):
        return _flipped(body, rng)
    text = body.decode("utf-8", "replace")
    start, equals, rest = text.partition(" = ") if text.startswith("window.") else ("", "", text)
    try:
        return (start + equals + _json(rest, rng, change)).encode("utf-8", "replace")
    except (ValueError, RecursionError):
        pass
    try:
        return "".join(_json(line, rng, change) + "\n" for line in text.splitlines()).encode(
            "utf-8", "replace"
        )
    except (ValueError, RecursionError):
        return _cells(text, rng, change)


def _json(text: str, rng: random.Random, change: Callable[[object], object]) -> str:
    root = {"root": json.loads(text)}
    places = list(_places(root))
    for holder, key in rng.sample(places, min(len(places), rng.randint(1, 6))):
        try:
            value = change(holder[key])
        except (KeyError, IndexError):
            continue
        if value is not _GONE:
            holder[key] = value
        elif holder is not root:
            del holder[key]
    return json.dumps(root["root"])


def _places(value: object):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield value, key
            yield from _places(inner)
    elif isinstance(value, list):
        for key, inner in enumerate(value):
            yield value, key
            yield from _places(inner)


def _cells(text: str, rng: random.Random, change: Callable[[object], object]) -> bytes:
    rows = list(csv.reader(text.replace("\r", "").replace("\x00", "").splitlines(keepends=True)))
    for row in rows:
        for place in range(len(row) - 1, -1, -1):
            if rng.random() < 0.1:
                value = change(row[place])
                row[place : place + 1] = [] if value is _GONE else [str(value)]
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode("utf-8", "replace")
