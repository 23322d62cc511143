"""From statements to claims: what grows, what changes and when, what contradicts itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from personae.infer.stated._statements import Statement
from personae.infer.stated._time import Born, born_at_age, decimal_year
from personae.people.attributes import EDUCATION, Attribute
from personae.people.records import Claim, Evidence, Guess, Status

MEASURED = "en"  # the language of the collections that precision was measured on
_SLACK = 1.0  # years by which two dated ages may differ and still be one
_UNDATED_YEARS = 2  # years by which two undated ages may differ: texts are written over time
_UNKNOWN = datetime(1, 1, 1, tzinfo=UTC)
_STEPS = {
    "in a relationship": 1,
    "engaged": 2,
    "married": 3,
}  # my girlfriend, my fiancée, my wife: one person
_AFTER = frozenset({"in a relationship", "engaged"})  # who is so was widowed before
_DEGREES = {level: n for n, level in enumerate(EDUCATION) if not level.startswith("In ")}
_IMPLIED_AT_MOST = 0.9  # no collection that was measured tells how many couples are of one sex
_LASTING = frozenset({"sex", "birth_city_country"})

Sure = Callable[[str, str], float]  # (attribute, class of rule) -> measured precision


@dataclass(frozen=True, slots=True)
class Settled:
    """One value with the statements behind it, and since and until when it held where that is known."""

    value: str
    behind: tuple[Statement, ...]
    since: datetime | None = None
    until: datetime | None = None


def settle(
    person: str,
    attribute: Attribute,
    said: Sequence[Statement],
    sure: Sure,
    least: float,
    now: datetime | None,
    status: Status = "stated",
) -> list[Claim]:
    """Return the current claim about one attribute, and what it superseded.

    Parameters
    ----------
    said : sequence of Statement
        In order of time where known.
    sure : callable
        The measured precision of a rule's class.
    least : float
        A claim less sure than this abstains.
    now : datetime or None
        The moment that ages are told for.
    status : Status
        What the claims are: "inferred" where the statements only imply their value.
    """
    known = _Known(person, attribute, sure, least, status)
    if not said:
        return [known.abstain([])]
    if attribute.name == "age":
        return [known.of_age([s for s in said if s.rule.tense == "now"], now)]
    if attribute.name in _LASTING:
        return [known.of_one([s for s in said if s.rule.tense == "now"])]
    return known.over_time(said)


@dataclass(frozen=True, slots=True)
class _Known:
    person: str
    attribute: Attribute
    sure: Sure
    least: float
    status: Status

    def of_age(self, said: Sequence[Statement], now: datetime | None) -> Claim:
        """Return the age at `now`, valid from then: dated statements and birth years agree on when the person was born."""
        dated = [(s, born) for s in said if (born := _born(s)) is not None]
        if dated and now is not None:
            behind, born = [dated[0][0]], dated[0][1]
            for statement, other in dated[1:]:
                met = born.meet(other, _SLACK)
                if met is None:
                    return self.abstain([Settled(b.age(decimal_year(now)), (s,)) for s, b in dated])
                behind, born = [*behind, statement], met
            return self.claim(Settled(born.age(decimal_year(now)), tuple(behind), now))
        undated = [s for s in said if s.value.ages]
        return self._of_undated_age(undated) if undated else self.abstain([])

    def _of_undated_age(self, said: Sequence[Statement]) -> Claim:
        ages = [s.value.ages for s in said if s.value.ages]
        low, high = max(a[0] for a in ages), min(a[1] for a in ages)
        points = [a[0] for a in ages if a[0] == a[1]]
        if low - high > _UNDATED_YEARS:
            return self.abstain([Settled(s.value.text, (s,)) for s in said])
        value = str(points[-1]) if points else f"{min(low, high)}-{max(low, high)}"
        return self.claim(Settled(value, tuple(said)))

    def of_one(self, said: Sequence[Statement]) -> Claim:
        """Return what all statements say: of what never changes, one contradiction is one too many."""
        groups = self._groups(said)
        return self.claim(groups[0]) if len(groups) == 1 else self.abstain(groups)

    def over_time(self, said: Sequence[Statement]) -> list[Claim]:
        """Return the newest value as current and the older ones as history; undated statements that differ abstain.

        What was denied, or said to be over, later than it was said is history too, and nothing older comes back in its place.
        """
        told = [s for s in said if s.rule.tense == "now"]
        told = [s for s in told if s.value.text != "widowed" or not _has_new_partner(s, told)]
        over = [s for s in said if s.rule.tense != "now"]
        told = [s for s in told if not any(self._corrects(end, s) for end in over)]
        if not all(_moment(s) for s in told):
            told = [s for s in told if not any(self._ends(end, s) for end in over)]
        dated = all(_moment(s) for s in told)
        stages = self._stages(told, over) if dated else self._groups(told)
        was = [s for s in over if s.rule.tense == "past" and s.value.text]
        former = [Settled(s.value.text, (s,), None, s.value.since or _moment(s)) for s in was]
        former = [f for f in former if not any(self._same(f.behind[0], s) for s in told)]
        if dated and stages and stages[-1].until:
            newest, older = self.abstain([]), [*former, *stages]
        elif not stages or (not dated and len(stages) > 1):
            newest, older = self.abstain(stages), former
        else:
            newest, older = self.claim(stages[-1]), [*former, *stages[:-1]]
        return [newest, *(replace(self.claim(old), superseded_by=newest.id) for old in older)]

    def _stages(self, said: Sequence[Statement], over: Sequence[Statement]) -> list[Settled]:
        """Return runs of statements that agree, in order of time; each ends where the next begins, or was said to be over."""
        runs: list[list[Statement]] = []
        for statement in sorted(said, key=lambda s: _moment(s) or _UNKNOWN):
            if runs and self._same(runs[-1][-1], statement):
                runs[-1].append(statement)
            elif not runs or self._replaces(runs[-1], statement) or self._end(runs[-1], over):
                runs.append([statement])
        stages: list[Settled] = []
        begins = [_moment(run[0]) for run in runs]
        for run, begin, until in zip(runs, begins, [*begins[1:], None], strict=False):
            end = self._end(run, over)
            stops = [moment for moment in (until, end and _moment(end)) if moment]
            behind = (*run, end) if end else tuple(run)
            stages.append(Settled(self._most_told(run), behind, begin, min(stops, default=None)))
        return stages

    def _end(self, run: Sequence[Statement], over: Sequence[Statement]) -> Statement | None:
        """Return the first statement that ends a whole run, None where it goes on."""
        ends = [end for end in over if any(self._ends(end, s) for s in run)]
        after = (end for end in ends if all(_before(s, end) for s in run))
        return min(after, key=lambda end: _moment(end) or _UNKNOWN, default=None)

    def _corrects(self, end: Statement, statement: Statement) -> bool:
        """Return whether one text denies what it says: that is no history."""
        return end.rule.tense == "not" and end.trace is statement.trace and self._ends(end, statement)

    def _ends(self, end: Statement, statement: Statement) -> bool:
        """Return whether a "no longer" told at the same time or later ends what a statement says; of undated ones it does."""
        if not _before(statement, end):
            return False
        if not end.value.text:
            return True
        if end.value.place and statement.value.place:
            inside, whole = statement.value.place, end.value.place
            return inside.within(whole) or (not whole.code and whole.within(inside))
        if self.attribute.values:
            return statement.value.text == end.value.text
        return self._same(statement, end)

    def _replaces(self, run: Sequence[Statement], statement: Statement) -> bool:
        """Return whether a later statement ends a run: a weaker kind only after a year, a lower degree never."""
        if (
            self.attribute.name == "education"
            and {run[-1].value.text, statement.value.text} <= _DEGREES.keys()
        ):
            return _DEGREES[statement.value.text] > _DEGREES[run[-1].value.text]
        strongest = max(s.rule.rank for s in run)
        return statement.rule.rank >= strongest or _years_apart(run, statement)

    def _groups(self, said: Sequence[Statement]) -> list[Settled]:
        """Return undated statements of the highest rank by what they say, most often said first."""
        top = max((s.rule.rank for s in said), default=0)
        groups: list[list[Statement]] = []
        for statement in sorted(said, key=lambda s: -s.rule.rank):
            home = next((g for g in groups if self._same(g[0], statement)), None)
            if home is not None:
                home.append(statement)
            elif statement.rule.rank == top:
                groups.append([statement])
        groups.sort(key=len, reverse=True)
        return [Settled(self._most_told(g), tuple(g), _moment(g[0])) for g in groups]

    def _same(self, a: Statement, b: Statement) -> bool:
        """Return whether two statements say the same, or one only says less of it: Portugal and Porto."""
        if a.value.place and b.value.place:
            return a.value.place.within(b.value.place) or b.value.place.within(a.value.place)
        undated = _moment(a) is None or _moment(b) is None
        if self.attribute.name == "relationship_status" and undated:
            return a.value.text == b.value.text or {a.value.text, b.value.text} <= _STEPS.keys()
        one, other = set(a.value.text.split()), set(b.value.text.split())
        return (
            one <= other or other <= one if self.attribute.scale == "text" else a.value.text == b.value.text
        )

    def _most_told(self, said: Sequence[Statement]) -> str:
        """Return the value that says most: the city rather than its country, the wife rather than the girlfriend."""
        if self.attribute.scale == "place":
            order = {"country": 0, "region": 1, "city": 2}
            return max(said, key=lambda s: order[s.value.place.kind] if s.value.place else 0).value.text
        if self.attribute.scale == "text":
            return max(said, key=lambda s: len(s.value.text.split())).value.text
        return max(said, key=lambda s: _STEPS.get(s.value.text, 0)).value.text

    def claim(self, settled: Settled) -> Claim:
        """Return a claim of the settled value, abstaining where its rules have not been sure enough."""
        probability = self._probability(settled.behind)
        guesses = [Guess(settled.value, probability)]
        others = [v for v in self.attribute.values if v != settled.value]
        guesses += [Guess(v, (1 - probability) / len(others)) for v in others]
        return self._claim(guesses, settled.behind, settled, abstained=probability < self.least)

    def abstain(self, rivals: Sequence[Settled]) -> Claim:
        """Return a claim that abstains; what contradicts itself shares the probability."""
        values = list(dict.fromkeys(rival.value for rival in rivals))
        guesses = [Guess(value, 1 / len(values)) for value in values]
        behind = tuple(s for rival in rivals for s in rival.behind)
        return self._claim(guesses, behind, Settled("", behind), abstained=True)

    def _probability(self, behind: Sequence[Statement]) -> float:
        return max(map(self._surety, behind))

    def _surety(self, statement: Statement) -> float:
        """Return the measured precision of a statement's class, or the most that its rule may count as."""
        rule = statement.rule
        most = min(rule.at_most, _IMPLIED_AT_MOST) if rule.implied else rule.at_most
        return min(most, self.sure(self.attribute.name, statement.kind))

    def _claim(
        self, guesses: Sequence[Guess], behind: Sequence[Statement], settled: Settled, *, abstained: bool
    ) -> Claim:
        ranked = sorted(behind, key=lambda s: -self._surety(s))
        method = _method(self.status, ranked)
        return Claim(
            self.person, self.attribute.name, tuple(guesses), self.status, abstained, method, _evidence(ranked),
            time=behind[-1].trace.time if behind else None,
            valid_from=settled.since, valid_to=settled.until,
        )  # fmt: skip


def _method(status: Status, ranked: Sequence[Statement]) -> str:
    """Return "stated" or "implied", with the language of its rules where their precision was not measured on it."""
    name = "stated" if status == "stated" else "implied"
    code = ranked[0].language if ranked else MEASURED
    return name if code == MEASURED else f"{name}:{code}"


def _evidence(behind: Sequence[Statement]) -> tuple[Evidence, ...]:
    spans: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for statement in behind:
        key = (statement.trace.id, statement.trace.where)
        span = (statement.start, statement.value.end)
        if span not in spans.setdefault(key, []):
            spans[key].append(span)
    return tuple(Evidence(trace, where, tuple(sorted(found))) for (trace, where), found in spans.items())


def _born(statement: Statement) -> Born | None:
    if statement.value.born is not None:
        return statement.value.born
    if statement.trace.time is None or statement.value.ages is None:
        return None
    return born_at_age(*statement.value.ages, decimal_year(statement.trace.time))


def _moment(statement: Statement) -> datetime | None:
    return statement.value.since or statement.trace.time


def _has_new_partner(widowed: Statement, said: Sequence[Statement]) -> bool:
    return any(s.value.text in _AFTER and _moment(s) == _moment(widowed) for s in said)


def _before(statement: Statement, end: Statement) -> bool:
    """Return whether an end may end a statement: one told no later; within one text, what ends all ends what stands before."""
    if statement.trace is end.trace:
        return bool(end.value.text) or statement.start < end.start
    then, at = statement.trace.time, end.trace.time
    return then is None or at is None or at >= then


def _years_apart(run: Sequence[Statement], statement: Statement) -> bool:
    last, this = _moment(run[-1]), _moment(statement)
    return last is not None and this is not None and (this - last).days > 365
