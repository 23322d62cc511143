"""Texts a second, and what each finds: personae's home reader beside presidio-analyzer, in turn in one process.

PERSONAE_DATA=... python benchmarks/beside_presidio.py --comments 500

Needs presidio-analyzer and a spaCy pipeline named by --pipeline, which are no dependencies of personae. The texts are
SynthPAI's comments, person by person. The two do different work: presidio marks identifiers (names, places, dates, numbers)
in each text; the home reader says what all of a person's texts together give away.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter

from personae.infer.home import HomeReader
from personae.people.attributes import SYNTHPAI
from personae.people.datasets import read_rows
from personae.people.records import Person, Trace, people_of


def people(count: int) -> list[Person]:
    rows = list(read_rows("synthpai", "comments.jsonl.zst"))[:count]
    return list(people_of(Trace(row["person"], "synthpai", str(row["i"]), text=row["text"]) for row in rows))


def with_presidio(everyone: list[Person], pipeline: str) -> tuple[float, Counter[str]]:
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NlpEngineProvider

    settings = {"nlp_engine_name": "spacy", "models": [{"lang_code": "en", "model_name": pipeline}]}
    engine = AnalyzerEngine(nlp_engine=NlpEngineProvider(nlp_configuration=settings).create_engine())
    engine.analyze("Warm up in Porto.", language="en")
    start = time.perf_counter()
    found = Counter(
        result.entity_type
        for person in everyone
        for trace in person.traces
        for result in engine.analyze(trace.text, language="en")
        if result.score >= 0.4
    )
    return time.perf_counter() - start, found


def with_home(everyone: list[Person]) -> tuple[float, Counter[str]]:
    reader = HomeReader()
    reader.read(everyone[0], SYNTHPAI)
    start = time.perf_counter()
    reader.prepare(everyone)
    told: Counter[str] = Counter()
    for person in everyone:
        claims = reader.read(person, SYNTHPAI)
        told.update(f"{c.attribute} ({c.status})" for c in claims if not c.abstained and not c.superseded_by)
    return time.perf_counter() - start, told


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--comments", type=int, default=500)
    parser.add_argument("--pipeline", default="en_core_web_sm")
    chosen = parser.parse_args()
    everyone = people(chosen.comments)
    ours, told = with_home(everyone)
    theirs, found = with_presidio(everyone, chosen.pipeline)
    print(f"{chosen.comments} comments of {len(everyone)} people")
    print(f"texts a second, home over presidio: {theirs / ours:.2f}")
    print("presidio marks:", ", ".join(f"{name} {times}" for name, times in found.most_common()))
    print("home tells:", ", ".join(f"{name} {times}" for name, times in told.most_common()))


if __name__ == "__main__":
    main()
