"""Refresh src/personae/people/datasets.yaml from the data folder: checksums, sizes, rows, and sources of new folders.

Titles, sources and licences that are already registered are kept as they stand, for people check and correct them; a new
folder's are read from its README as far as they can be and printed for checking.

    python training/register_datasets.py DATA_FOLDER
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import sys
from pathlib import Path
from typing import Any

import yaml
import zstandard

from personae.people.datasets import checksum

REGISTRY = Path(__file__).parents[1] / "src/personae/people/datasets.yaml"
SOURCE = re.compile(r"([\w.-]+/[\w.-]+)\W[^|;]{0,90}?commit\s+([0-9a-f]{12,40})", re.S)
LICENCE = re.compile(
    r"CC[ -]BY(?:-NC)?(?:-SA)?[ -]\d\.\d|Apache-2\.0|MIT|GPL-[23]\.0|GPL-2|BSD-3-Clause|public domain"
    r"|[Nn]o licence(?: file)?(?: is)? (?:stated|found)|none stated"
)


def main(folder: Path) -> None:
    """Rewrite the registry for every sub-folder that has a README."""
    old = yaml.safe_load(REGISTRY.read_text(encoding="utf-8")) if REGISTRY.exists() else {}
    registry = {}
    for readme in sorted(folder.glob("*/README.md")):
        name = readme.parent.name
        text = readme.read_text(encoding="utf-8")
        if name not in old:
            print(f"new: {name}; check its title, sources and licences")
        known = old.get(name, {})
        registry[name] = {
            "title": known.get("title") or text.splitlines()[0].lstrip("# ").strip(),
            "sources": known.get("sources") or list(_sources(text)),
            "files": [
                _file(path, readme.parent) for path in sorted(readme.parent.rglob("*")) if _is_data(path)
            ],
        }
    REGISTRY.write_text(
        yaml.safe_dump(registry, sort_keys=False, allow_unicode=True, width=1000, default_flow_style=None),
        encoding="utf-8",
    )


def _is_data(path: Path) -> bool:
    return path.is_file() and path.name != "README.md"


def _sources(text: str) -> Any:
    seen = set()
    for found in SOURCE.finditer(text):
        if found.groups() in seen:
            continue
        seen.add(found.groups())
        licence = LICENCE.search(text, found.end(), found.end() + 200)
        stated = licence.group() if licence else "none stated"
        if stated.lower().startswith("no "):
            stated = "none stated"
        yield {"repository": found[1], "commit": found[2], "licence": stated}


def _file(path: Path, folder: Path) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": path.relative_to(folder).as_posix(),
        "bytes": path.stat().st_size,
        "sha256": checksum(path),
    }
    rows = _rows(path)
    return entry if rows is None else {**entry, "rows": rows}


def _rows(path: Path) -> int | None:
    plain = path.name.removesuffix(".zst").removesuffix(".gz")
    if not plain.endswith((".jsonl", ".csv")):
        return None
    opener = {".zst": zstandard.open, ".gz": gzip.open}.get(path.suffix, Path.open)
    with opener(path, "rb") as raw, io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as lines:
        if plain.endswith(".csv"):
            csv.field_size_limit(1 << 30)
            return sum(1 for _ in csv.reader(lines)) - 1
        return sum(1 for line in lines if line.strip())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
