"""A fictional person with forty lines, and the report about them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest

from personae.people.archives.rows import RowError, Tally
from personae.people.records import Claim, Evidence, Guess, Item, Person, Trace
from personae.report import Bin, Quality, Report, Subject

LINES = """2019-02-11|reddit|Moved to Lisbon last week for the new job, boxes everywhere and the neighbors already hate my drill.
2019-02-20|reddit|Does anybody know a bakery near Alameda that opens before six? My shift starts at seven and I refuse to starve.
2019-03-04|reddit|The number 735 bus is a myth. I have seen it twice.
2019-04-18|reddit|First Easter away from my parents. My mother posted me a folar the size of a car tire.
2019-06-13|reddit|Santo António was louder than the emergency ward on a Saturday night, and I know what I am comparing.
2019-07-02|reddit|Three years of nursing school and what I use most is how to make a bed with somebody in it.
2019-08-25|reddit|Sourdough attempt nine. It floats. I may cry.
2019-09-14|reddit|My brother is a pilot and still manages to be late for everything on the ground.
2019-11-30|reddit|Rent went up again, so it is rice and beans until payday, as usual.
2020-01-08|reddit|Ran ten kilometers along the river before the night shift. Regretted it at four in the morning.
2020-03-22|reddit|Fourteen hours in a mask. My ears have resigned.
2020-05-17|reddit|They clapped from the balconies again. A pay rise would be quieter.
2020-08-09|reddit|My husband bought a tent. We do not camp. We have never camped.
2020-10-03|reddit|Is it normal that the cat sleeps in the sink? Asking for the sink.
2021-01-12|reddit|Second dose done, arm hurts, morale good.
2021-03-28|reddit|Back in Porto for good. The francesinha did not wait for me but I forgave it.
2021-04-11|reddit|You can hear the Dom Luís bridge hum from our kitchen when the metro crosses it.
2021-06-24|reddit|São João! I was hit by at least forty plastic hammers and one very serious grandmother.
2021-09-05|reddit|As a nurse I can tell you that nobody has ever felt "a bit faint" in a convenient place.
2021-11-19|reddit|The tunnel under the station is flooded again, so everybody walks, so everybody is late, so everybody is angry.
2022-02-14|reddit|We celebrated by falling asleep at nine. Eleven out of ten, would do it again.
2022-05-30|reddit|Turned 34 last week and my knee sent its regards.
2022-08-21|reddit|Payday: I looked at the flat prices, laughed for a while, and closed the laptop.
2022-10-10|reddit|The allotment gave us nine courgettes in one day. I am giving courgettes to strangers.
2023-01-02|chatgpt|Write a polite message to my landlord: the boiler has been out for six days and there is a baby in the flat.
2023-01-15|chatgpt|Explain the difference between a grade B and a grade C registered nurse in simple words, for my application.
2023-02-09|chatgpt|Plan a week of dinners under forty euros for two adults who work shifts.
2023-04-03|chatgpt|Rewrite this for the ward newsletter, warmer, without the word journey.
2023-05-27|chatgpt|What can I plant on a north-facing balcony that survives salt wind?
2023-07-19|chatgpt|Summarize the rules for parental leave in Portugal when both parents work nights.
2023-09-08|chatgpt|Give me a four week plan to run ten kilometers under fifty minutes at thirty five.
2023-11-11|chatgpt|Is it worth doing a master's in wound care if I keep working full time?
2024-01-20|chatgpt|Translate to English: a minha avó dizia que o mar lava tudo menos a loiça.
2024-03-06|chatgpt|What do I say to a colleague who swaps every weekend shift and never swaps back?
2024-05-01|chatgpt|Make a table of our expenses: rent 890, nursery 260, food 410, transport 80.
2024-06-25|chatgpt|Ideas for a one year old's birthday that do not involve a bouncy castle.
2024-09-17|chatgpt|How long does dough keep in the fridge before it becomes a pet?
2024-11-02|chatgpt|Draft a complaint: the tram to Matosinhos skipped our stop three mornings in a row.
2025-02-08|chatgpt|Explain index funds to somebody who has twelve hundred euros and a fear of apps.
2025-05-13|chatgpt|What do I answer when the baby says her first word and it is the cat's name?"""


def traces(person: str = "person-7c1e09ab42") -> tuple[Trace, ...]:
    rows = []
    for number, row in enumerate(LINES.splitlines(), 2):
        day, source, text = row.split("|", 2)
        time = datetime.fromisoformat(day).replace(tzinfo=UTC)
        where = (
            f"comments.csv:{number}" if source == "reddit" else f"conversations.json:/{number - 26}/mapping"
        )
        kind = "comment" if source == "reddit" else "message"
        rows.append(Trace(person, source, f"t{number}", time, kind, text=text, where=where))
    item = Item("v9", "Night shift soundscapes, ten hours", "Quiet Wards")
    time = datetime(2024, 8, 2, tzinfo=UTC)
    rows.append(Trace(person, "youtube", "w1", time, "watch", item=item, where="watch-history.json:/4"))
    return tuple(rows)


def evidence(rows: tuple[Trace, ...], telling: str, weight: float = 1.0) -> Evidence:
    """Return the evidence whose words these are: the trace that holds them, and where in it they stand."""
    words = telling.split("|")
    trace = next(t for t in rows if words[0] in t.text)
    spans = tuple((trace.text.index(word), trace.text.index(word) + len(word)) for word in words)
    return Evidence(trace.id, trace.where, spans, weight)


def _claim(rows, attribute, status, guesses, *marks, **more) -> Claim:
    given = tuple(Guess(value, probability) for value, probability in guesses)
    ways = tuple(mark if isinstance(mark, Evidence) else evidence(rows, *mark) for mark in marks)
    method = "stated rules" if status == "stated" else "home stack"
    settings = {"abstained": False, "method": method, "decision": "self-1", **more}
    return Claim(rows[0].person, attribute, given, status, evidence=ways, **settings)


def claims(rows: tuple[Trace, ...]) -> tuple[Claim, ...]:
    moved = datetime(2021, 3, 28, tzinfo=UTC)
    porto = _claim(
        rows, "city_country", "stated", [("Porto, Portugal", 0.97), ("Lisbon, Portugal", 0.02), ("Braga, Portugal", 0.01)],
        ("Back in Porto for good",), valid_from=moved,
    )  # fmt: skip
    lisbon = _claim(
        rows, "city_country", "stated", [("Lisbon, Portugal", 0.96)], ("Moved to Lisbon last week",),
        valid_from=datetime(2019, 2, 4, tzinfo=UTC), valid_to=moved, superseded_by=porto.id,
    )  # fmt: skip
    return (
        porto,
        lisbon,
        _claim(rows, "city_country", "inferred", [("Porto, Portugal", 0.71), ("Lisbon, Portugal", 0.17), ("Vila Nova de Gaia, Portugal", 0.06)],
               ("Dom Luís bridge", 0.34), ("São João!|plastic hammers", 0.27), ("tram to Matosinhos", 0.18), ("parental leave in Portugal", 0.06)),
        _claim(rows, "occupation", "stated", [("nurse", 0.96), ("midwife", 0.02), ("care assistant", 0.01)],
               ("As a nurse I can tell you",)),
        _claim(rows, "age", "stated", [("37", 0.94), ("38", 0.04)], ("Turned 34 last week",)),
        _claim(rows, "relationship_status", "stated", [("married", 0.95), ("in a relationship", 0.03), ("engaged", 0.01)], ("My husband",)),
        _claim(rows, "sex", "inferred", [("female", 0.82), ("male", 0.18)],
               ("My husband", 0.41), ("I may cry", 0.13), ("who swaps every weekend shift", 0.08), ("warmer", 0.06),
               ("one very serious grandmother", 0.04), ("morale good", 0.02), Evidence("w1", "watch-history.json:/4", (), 0.02)),
        _claim(rows, "education", "inferred", [("College Degree", 0.68), ("In College", 0.14), ("HS Diploma", 0.12), ("Master's", 0.06)],
               ("nursing school", 0.46), ("doing a master's in wound care", 0.24), ("for my application", 0.07)),
        _claim(rows, "income_level", "inferred", [("low", 0.47), ("middle", 0.41), ("no", 0.08), ("high", 0.04)],
               ("rice and beans until payday", 0.31), ("rent 890|nursery 260", 0.2), abstained=True),
        _claim(rows, "birth_city_country", "inferred", [("Porto, Portugal", 0.36), ("Lisbon, Portugal", 0.21), ("Braga, Portugal", 0.09)],
               abstained=True),
    )  # fmt: skip


def _bins(*rows: tuple[float, float, int]) -> tuple[Bin, ...]:
    return tuple(Bin(*row) for row in rows)


QUALITY = (
    Quality("all", "made-up forum", "inferred", 700, 0.57, 0.54, 0.61, 0.41, 0.84, 288, 0.04,
            _bins((0.15, 0.17, 60), (0.35, 0.36, 210), (0.55, 0.53, 220), (0.75, 0.77, 140), (0.92, 0.9, 70)), shown_low=0.79, shown_high=0.88),
    Quality("sex", "made-up forum", "inferred", 111, 0.72, 0.63, 0.8, 0.52, 0.86, 58, 0.05,
            _bins((0.55, 0.52, 40), (0.72, 0.75, 40), (0.9, 0.88, 31)), shown_low=0.75, shown_high=0.93),
    Quality("education", "made-up forum", "inferred", 100, 0.63, 0.53, 0.72, 0.47, 0.81, 40, 0.06,
            _bins((0.3, 0.28, 20), (0.5, 0.55, 50), (0.75, 0.7, 30)), shown_low=0.66, shown_high=0.9),
    Quality("city_country", "made-up forum", "inferred", 80, 0.35, 0.25, 0.46, 0.08, 0.8, 15, 0.07),
    Quality("income_level", "made-up forum", "inferred", 90, 0.48, 0.38, 0.58, 0.44, None, 0, 0.09),
    Quality("city_country", "made-up forum", "stated", 64, 0.95, 0.88, 0.98, None, 0.95, 64, 0.02, shown_low=0.87, shown_high=0.98),
    Quality("occupation", "made-up forum", "stated", 71, 0.94, 0.87, 0.98, None, 0.94, 71, 0.02, shown_low=0.86, shown_high=0.98),
    Quality("sex", "short answers", "inferred", 53, 0.58, 0.45, 0.7, 0.51, 0.78, 18, 0.1,
            _bins((0.55, 0.5, 28), (0.75, 0.69, 25)), new_corpus=True),
    Quality("all", "short answers", "inferred", 206, 0.47, 0.4, 0.54, 0.46, 0.76, 51, 0.1, new_corpus=True, shown_low=0.63, shown_high=0.86),
)  # fmt: skip


def tally() -> Tally:
    counted = Tally()
    rows = [
        RowError("comments.csv:57", "the date cannot be read", "give it as 2024-03-01"),
        RowError("comments.csv:58", "the date cannot be read", "give it as 2024-03-01"),
        RowError("conversations.json:/31", "an empty message"),
    ]
    for _ in counted.traces([*traces(), *rows]):
        pass
    return counted


def make(**more) -> Report:
    rows = traces()
    subject = Subject.of(Person(rows[0].person, rows), claims(rows))
    settings = {
        "format": "reddit, chatgpt and youtube",
        "quality": QUALITY,
        "made": date(2025, 6, 1),
        "version": "0.1.0",
        **more,
    }
    return Report(settings.pop("people", (subject,)), settings.pop("tally", tally()), **settings)


def crowd(n: int) -> Iterator[Subject]:
    """Yield people who gave away more or less of the same things."""
    rows = traces()
    known = claims(rows)
    for k in range(n):
        name = f"person-{k:05d}"
        mine = tuple(
            Claim(name, c.attribute, c.guesses, c.status, c.abstained or j % 5 < k % 4, c.method, c.evidence, decision=c.decision)
            for j, c in enumerate(known)
            if not c.superseded_by
        )  # fmt: skip
        yield Subject.of(Person(name, rows), mine)


@pytest.fixture(scope="session")
def report() -> Report:
    return make()


@pytest.fixture(scope="session")
def demo() -> SimpleNamespace:
    """The makers of this file, for tests that want another report."""
    return SimpleNamespace(make=make, crowd=crowd, claims=claims, traces=traces)
