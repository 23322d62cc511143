"""Attack, rewrite, attack again: until an attacker is no surer of a person than was asked for, or nothing is left to change.

Sources: Staab, Vero, Balunović, Vechev (2024), "Large Language Models are Advanced Anonymizers", arXiv 2402.13846 (an attacker's
inference steers the rewriting); Staab et al. (2024), "Beyond Memorization", arXiv 2310.07298, section 6 (masking as mitigation).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, get_args

from personae.errors import BadInput, ModelFailed
from personae.infer.reader import Reader
from personae.models.encoder import CachedEncoder, Encoder, home_encoder
from personae.people.attributes import SYNTHPAI, Attribute, attribute
from personae.people.records import Guess, Person, Trace
from personae.report import silence
from personae.report.shield import RISE
from personae.shield._institutions import INSTITUTIONS
from personae.shield._repeats import Repeats
from personae.shield._state import CUT, Key, State, key_of
from personae.shield.drafts import Edit, Rewrites, rendered
from personae.shield.exposure import (
    SLACK,
    UNREACHED,
    Exposure,
    Utility,
    exposed,
    floors,
    over,
    utility_of,
)
from personae.shield.generalize import country_in
from personae.shield.identifiers import Recognizer
from personae.shield.moves import CUTS, Plan, one_word_less
from personae.shield.pseudonyms import Called

if TYPE_CHECKING:
    from personae.models.chat import ChatModel

Level = Literal["mask", "generalize", "rewrite"]
LEVELS: tuple[Level, ...] = get_args(Level)
TARGET = 0.2
PROFILE = "profile"  # the kind of what people write of themselves, widened whatever this attacker sees of it
PLACES = ("city_country", "birth_city_country")
COUNTRY, PLAIN, IDENTIFIED = "country kept", "plain words kept", "identifiers kept"
IDENTIFYING = (
    "city_country",
    "birth_city_country",
    "age",
    "occupation",
    "income_level",
)  # whose plain words name a value
GIVEN_BACK = 2  # attacks for each that was made, at most, that tell what need not have gone
REWRITES = 3  # times that a language model is asked
ROUNDS = 120  # of attack and rewriting, after which what is left is reported as left
NONE_ASKED = Rewrites()
Targets = float | Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Point:
    """One state on the way: the edits made so far, the attacker's best guesses then, and the share of words kept.

    `kept` says of attributes what the text then still told in plain words, whatever the attacker made of it.
    """

    edits: tuple[Edit, ...]
    guesses: Mapping[str, Guess]
    words_kept: float
    kept: Mapping[str, str] = field(default_factory=dict)

    @property
    def exposure(self) -> dict[str, float]:
        """Return how sure the attacker was of each attribute."""
        return {name: guess.probability for name, guess in self.guesses.items()}

    @property
    def mean_exposure(self) -> float:
        return sum(self.exposure.values()) / len(self.guesses) if self.guesses else 0.0

    def surer_than(self, other: Point) -> bool:
        """Whether the attacker was surer here on average."""
        return self.mean_exposure - other.mean_exposure > RISE

    def as_json(self) -> dict[str, object]:
        return {
            "edits": len(self.edits),
            "words_kept": round(self.words_kept, 4),
            "exposure": {name: round(value, 4) for name, value in self.exposure.items()},
        }


@dataclass(frozen=True, slots=True)
class Shielded:
    """A person's traces after the shield, and what it did.

    Parameters
    ----------
    person : str
    level : one of LEVELS
    before, traces : tuple of Trace
        As they were and as they are now, in one order; what a person's line lost entirely has the text "".
    edits : tuple of Edit
        In offsets of `before`.
    exposure : tuple of Exposure
        One for each attribute, measured by the attacker on `before` and on `traces`.
    utility : Utility
    curve : tuple of Point
        From the text as it was to the text as it is; `at(k)` gives the traces of one of them.
    attacker : str
        The reader's name.
    repeated : int
        How many times what was taken out of the person's lines was taken out of the other lines of their threads.
    rewrites : Rewrites
        What came of asking a language model, where one was named.
    """

    person: str
    level: Level
    before: tuple[Trace, ...]
    traces: tuple[Trace, ...]
    edits: tuple[Edit, ...]
    exposure: tuple[Exposure, ...]
    utility: Utility
    curve: tuple[Point, ...]
    attacker: str
    repeated: int = 0
    rewrites: Rewrites = NONE_ASKED

    @property
    def reached(self) -> bool:
        """Whether every attribute is at its target."""
        return all(each.reached for each in self.exposure)

    @property
    def unmet(self) -> tuple[Exposure, ...]:
        """Return the attributes of which the attacker is surer than the target, and surer than of anybody."""
        return tuple(each for each in self.exposure if each.state == UNREACHED)

    @property
    def is_raised(self) -> bool:
        """Whether the attacker is surer on average after than before."""
        return self.curve[-1].surer_than(self.curve[0])

    def at(self, point: int) -> tuple[Trace, ...]:
        """Return the traces as they read at a point of the curve."""
        return edited_traces(self.before, self.curve[point].edits)

    def exposure_at(self, point: int) -> tuple[Exposure, ...]:
        """Return what `exposure` was at a point of the curve."""
        then = self.curve[point]
        return tuple(
            replace(each, after=then.guesses[each.attribute], kept=then.kept.get(each.attribute, ""))
            for each in self.exposure
        )

    def as_json(self) -> dict[str, object]:
        """Return the object that `personae shield --json` prints; it quotes replacements, never what they replaced."""
        return {
            "person": self.person,
            "level": self.level,
            "attacker": self.attacker,
            "reached": self.reached,
            "exposure": [each.as_json() for each in self.exposure],
            "utility": self.utility.as_json(),
            "repeated": self.repeated,
            "rewriter": self.rewrites.as_json(),
            "curve": [point.as_json() for point in self.curve],
            "edits": [edit.as_json() for edit in self.edits],
        }


def shield(
    traces: Sequence[Trace],
    *,
    reader: Reader,
    target: Targets = TARGET,
    level: Level = "generalize",
    attributes: Sequence[str | Attribute] | None = None,
    rewriter: ChatModel | None = None,
    recognizers: Sequence[Recognizer] = (),
    names: Sequence[Called] = (),
    encoder: Encoder | None = None,
    random_state: int = 0,
    truth: Mapping[str, str] | None = None,
    keep: float = 0.0,
    slack: float = SLACK,
    thorough: bool = False,
    rounds: int = ROUNDS,
    cuts: int = CUTS,
    watch: Callable[[int], None] | None = None,
) -> Shielded:
    """Change one person's traces until the reader is no surer of any attribute than the target, or no surer than of anybody.

    Parameters
    ----------
    traces : sequence of Trace
        Of one person. What others wrote is masked too, and never attacked; what goes from the person's lines goes from theirs.
    reader : Reader
        The attacker. Its evidence says which words are changed, and it is asked again after every batch of changes.
    target : float or mapping of attribute to float
        Highest probability of a best guess; attributes that a mapping leaves out get 0.2.
    level : "mask", "generalize" or "rewrite"
        "mask" takes identifiers out, "generalize" also writes employers, schools and telling values in wider words, "rewrite"
        also cuts telling words and, where that does not do, drops the sentence and then the line.
    attributes : sequence of names, optional
        SynthPAI's eight by default.
    rewriter : ChatModel, optional
        Rewrites the telling lines before anything is cut; see `personae.shield.rewriter`.
    recognizers : sequence of functions
        More finders of identifiers, such as `recognizer("presidio")`.
    names : sequence of Called
        Whom the archive names outside the texts: they get one pseudonym each, wherever a name of theirs stands as whole words.
    encoder : Encoder, optional
        Measures utility; the one that ships by default.
    random_state : int
        Keys the pseudonyms.
    truth : mapping of attribute to value, optional
        What the person knows to be true. The exposure of these attributes is the probability that the attacker gives to the
        truth, and no word is spent on guesses that are wrong.
    keep : float
        Least share of the words that is left, whatever the target; identifiers go all the same.
    slack : float
        How far above that of an empty text an exposure may stay.
    thorough : bool
        Write the telling values of every attribute in wider words, also where this attacker does not see them (those of a
        profile's lines are anyway), and put no dropped line back although this attacker would be none the wiser: another may.
    rounds : int
        Most attacks in all.
    cuts : int
        Times that words of one line are cut for one attribute before its sentence goes.
    watch : function of the number of attacks so far, optional

    Raises
    ------
    BadInput
        When the traces are of several people, or a level, a target or an attribute makes no sense.
    ModelFailed
        When the attacker is a model that refused, or answered what cannot be read.

    Notes
    -----
    A best guess about somebody of whom nothing is known has a probability too (one half for sex); the shield stops there, and
    says "no surer than of anybody" rather than "reached". Words are cut greedily: the largest fall of the attacker's log-odds
    for each word lost comes first, by its own attribution; the exposure after a batch is always measured, never predicted. In the
    end a dropped line comes back, whole or short of one word, where the attacker stays below its bounds with it. Cuts after which
    the attacker is surer on average than of the text as it was, are taken back to where it was least sure.

    Examples
    --------
    >>> from personae.infer.stated import StatedReader
    >>> lines = (Trace("ana", "table", "1", text="I'm a nurse and I live in Porto. Write to ana@example.org!"),)
    >>> shield(lines, reader=StatedReader()).traces[0].text
    "I'm someone in health care and I live in a city in Portugal. Write to [e-mail]!"
    """
    chosen = [attribute(name) for name in attributes] if attributes is not None else list(SYNTHPAI)
    targets = _targets(target, chosen)
    _check(traces, level)
    known = {attribute(name).name: value for name, value in (truth or {}).items()}
    run = _Run(State(traces, keep), reader, chosen, targets, known, slack, rounds, watch)
    run.attack()

    def mask() -> int:
        return run.state.mask(recognizers, random_state, names)

    if mask():
        run.attack()
    if level != "mask":
        run.generalize(thorough)
    if rewriter is not None:
        run.model(rewriter, recognizers, mask)
    if level == "rewrite":
        before_cuts = len(run.curve) - 1
        run.cut(cuts, give_back=not thorough)
        run.take_back(before_cuts)
    return run.result(level, encoder or CachedEncoder(home_encoder()))


def edited_traces(traces: Sequence[Trace], edits: Sequence[Edit]) -> tuple[Trace, ...]:
    """Return the traces with the edits made; what is only signs and marks of cuts then becomes empty."""
    by_key: dict[Key, list[Edit]] = {}
    for edit in edits:
        by_key.setdefault((edit.source, edit.trace), []).append(edit)
    return tuple(
        replace(trace, text=rendered(trace.text, by_key[key_of(trace)])) if key_of(trace) in by_key else trace
        for trace in traces
    )


class _Run:
    """One person under the shield: attacks are counted, and each one adds a point to the curve."""

    def __init__(
        self,
        state: State,
        reader: Reader,
        attributes: Sequence[Attribute],
        targets: Mapping[str, float],
        truth: Mapping[str, str],
        slack: float,
        rounds: int,
        watch: Callable[[int], None] | None,
    ) -> None:
        self.state, self.reader, self.attributes, self.targets = state, reader, attributes, targets
        self.truth = truth
        self.rounds, self.watch = rounds, watch
        self.floors = floors(reader, state.person, attributes, truth)
        self.bounds = {name: max(targets[name], self.floors[name] + slack) for name in targets}
        self.curve: list[Point] = []
        self.repeats = Repeats(state)
        self.rewrites = NONE_ASKED

    @property
    def excess(self) -> dict[str, float]:
        """Return by how much, in log-odds, each attribute is above its bound."""
        return over(self.curve[-1].guesses, self.bounds)

    def attack(self) -> None:
        person = Person(self.state.person, self.state.traces())
        self.claims = self.reader.read(person, self.attributes)
        if any(map(silence, self.claims)):
            raise ModelFailed(
                "The attacking model refused, or its answer could not be read: nothing is known of what is given away. "
                "Name another --model, or leave it out for the reader that ships."
            )
        guesses = exposed(self.claims, self.attributes, self.truth)
        first = self.curve[0].guesses if self.curve else guesses
        self.repeats.take_out(first)
        kept = {name: kept for name in self.targets if (kept := self._kept(name, first[name]))}
        self.curve.append(Point(self.state.edits, guesses, self.state.words_kept, kept))
        if self.watch:
            self.watch(len(self.curve))

    def generalize(self, thorough: bool) -> None:
        for step in (0, 1):
            made = self.state.widen(INSTITUTIONS, 0) if step == 0 else 0
            wanted = set(self.targets if thorough else self.excess)
            for name in self.targets:
                made += self.state.widen(name, step, only="" if name in wanted else PROFILE)
            if made:
                self.attack()

    def model(self, model: ChatModel, recognizers: Sequence[Recognizer], mask: Callable[[], int]) -> None:
        """Have the telling lines written anew; what lets the attacker tell more than before is taken back."""
        from personae.shield.rewriter import refuse, rewrite

        for _ in range(REWRITES):
            if not self.excess:
                return
            before = self.curve[-1].guesses
            made, drafts = rewrite(model, self.state, self.claims, self.excess, recognizers)
            self.rewrites += made
            mask()
            if not made.written and not made.refused:
                return
            self.attack()
            if worse := self._worse(before, drafts):
                for key in worse:
                    refuse(self.state, key, drafts[key])
                self.rewrites += Rewrites(written=-len(worse), refused=len(worse))
                mask()
                self.attack()

    def _worse(self, before: Mapping[str, Guess], written: Collection[Key]) -> list[Key]:
        """Return the written lines on which a claim rests that is above its bound and surer than before."""
        now = self.curve[-1].guesses
        rose = {name for name in self.excess if now[name].probability - before[name].probability > RISE}
        told = {
            (evidence.trace, evidence.where)
            for claim in self.claims
            for evidence in (claim.evidence if claim.attribute in rose and not claim.superseded_by else ())
        }
        return [key for key in written if (key[1], self.state.by_key[key].where) in told]

    def cut(self, cuts: int, *, give_back: bool) -> None:
        plan = Plan(self.state, self.floors, self.truth, cuts)
        while len(self.curve) < self.rounds and self.excess:
            if not plan.make(self.claims, self.excess):
                break
            self.attack()
        if give_back and self._give_back(plan):
            self.attack()

    def take_back(self, since: int) -> None:
        """Where the attacker is surer on average than at first, go back to the point, since one, at which it was least sure.

        A point at which more attributes are above their bounds, or stand in plain words, is no better.
        """
        last = self.curve[-1]
        if not last.surer_than(self.curve[0]):
            return
        unmet = self._n_unmet(last)
        points = [point for point in self.curve[since:] if self._n_unmet(point) <= unmet]
        best = min(points, key=lambda point: point.mean_exposure)
        if best.mean_exposure < last.mean_exposure:
            for key in self.state.by_key:
                self.state.restore(
                    key, tuple(edit for edit in best.edits if (edit.source, edit.trace) == key)
                )
            self.curve.append(best)

    def _n_unmet(self, point: Point) -> int:
        return len(over(point.guesses, self.bounds).keys() | point.kept.keys())

    def _give_back(self, plan: Plan) -> int:
        """Put dropped lines back, whole or short of one word, where the attacker stays below its bounds; return how many.

        What goes first may prove needless once the rest is gone, and the last straw is often one word.
        """
        left, made = min(GIVEN_BACK * len(self.curve), self.rounds - len(self.curve)), 0
        for key, edits in plan.dropped.items():
            now, holds = self.state.edits_of(key), False
            for _ in self._less_cut(key, edits, now[-1].attribute):
                if left == 0:
                    break
                left -= 1
                if holds := self._holds():
                    break
            made += holds
            if not holds:
                self.state.restore(key, now)
        return made

    def _less_cut(self, key: Key, edits: tuple[Edit, ...], attribute: str) -> Iterator[None]:
        """Put a line back as it was under these edits, then the same short of one word after another."""
        self.state.restore(key, edits)
        yield
        for span in one_word_less(self.state.text(key)):
            self.state.restore(key, edits)
            if self.state.is_free(key, span):
                self.state.put(key, span, CUT, "cut", attribute)
                yield

    def _holds(self) -> bool:
        """Return whether no attribute is above its bound that was not, none further above it, and no more stands in plain words.

        Nor may a guess that fell short of its bound by changing come back to what it was at first.
        """
        first, last = self.curve[0].guesses, self.curve[-1]
        claims = self.reader.read(Person(self.state.person, self.state.traces()), self.attributes)
        guesses = exposed(claims, self.attributes, self.truth)
        bounds = {name: max(bound, last.guesses[name].probability) for name, bound in self.bounds.items()}
        again = (guesses[name].value == first[name].value != last.guesses[name].value for name in self.excess)
        more = (self._kept(name, first[name]) for name in self.targets if name not in last.kept)
        return not over(guesses, bounds) and not any(again) and not any(more)

    def _kept(self, name: str, first: Guess) -> str:
        """Return what the text still says of an attribute in plain words; of a known truth, only what says that."""
        if self.state.identifiers():
            return IDENTIFIED
        known = self.truth.get(name, "").casefold()
        is_told = name in IDENTIFYING and (name != PLACES[1] or PLACES[0] not in self.targets)
        plain = {words.casefold() for words in self.state.plain(name)} if is_told else set()
        if any(not known or _tells(words, known) for words in plain):
            return PLAIN
        return COUNTRY if name in PLACES and first.value and self._names_country(known) else ""

    def _names_country(self, known: str) -> bool:
        """Return whether the country of a place stands in the wider words for it."""
        wide = {edit.replacement for edit in self.state.edits if edit.attribute in PLACES}
        told = {country for words in wide if (country := country_in(words))}
        return any(not known or country.casefold() in known for country in told)

    def result(self, level: Level, encoder: Encoder) -> Shielded:
        first, last = self.curve[0], self.curve[-1]
        exposure = tuple(
            Exposure(
                name,
                first.guesses[name],
                last.guesses[name],
                self.floors[name],
                self.targets[name],
                self.bounds[name],
                last.kept.get(name, ""),
            )
            for name in self.targets
        )
        before, after = self.state.before, self.state.traces()
        utility = utility_of(before, after, encoder)
        return Shielded(
            self.state.person, level, before, after, self.state.edits, exposure, utility, tuple(self.curve),
            self.reader.name, self.repeats.n_made, self.rewrites,
        )  # fmt: skip


def _tells(words: str, known: str) -> bool:
    """Return whether plain words, in lower case as the truth is, name the truth or a part of it.

    >>> _tells("i'm 34", "34"), _tells("lisbon", "porto, portugal"), _tells("a nurse", "registered nurse")
    (True, False, True)
    """
    parts = {part.strip() for part in known.split(",")} | set(re.findall(r"\w{4,}", known))
    return any(re.search(rf"(?<!\w){re.escape(part)}(?!\w)", words) for part in parts if part)


def _targets(target: Targets, attributes: Sequence[Attribute]) -> dict[str, float]:
    given = (
        {} if isinstance(target, (int, float)) else {attribute(name).name: p for name, p in target.items()}
    )
    usual = float(target) if isinstance(target, (int, float)) else TARGET
    names = [each.name for each in attributes]
    if unknown := [name for name in given if name not in names]:
        raise BadInput(f"A target for {unknown[0]!r}, which is not among the attributes: {', '.join(names)}.")
    targets = {name: float(given.get(name, usual)) for name in names}
    if wrong := [name for name, value in targets.items() if not 0.0 <= value <= 1.0]:
        raise BadInput(
            f"The target of {wrong[0]!r} is {targets[wrong[0]]:g}; a probability is between 0 and 1."
        )
    return targets


def _check(traces: Sequence[Trace], level: str) -> None:
    if level not in LEVELS:
        raise BadInput(f"No level {level!r}. Levels: {', '.join(LEVELS)}.")
    people = {trace.person for trace in traces}
    if len(people) != 1:
        raise BadInput(f"The traces of {len(people)} people; shield takes those of one person at a time.")
