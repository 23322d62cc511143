"""The second attacker: words counted line by line, with neither the encoder, the people nor the rules of the first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np

from personae.models.places import home_places
from personae.papers.harness import Context
from personae.papers.shield.people import Subject
from personae.people.attributes import SYNTHPAI, Attribute
from personae.people.records import Claim, Guess, Person

FOLDER = Path(__file__).parent / "attackers"  # the home reader, refitted on two fifths of the people each
NOTHING = ""
PENALTY = 1.0  # of the ridge regression, beside rows of unit length
SHARPNESS = 8.0  # what a line's fitted shares are multiplied by before the softmax
PULL = 3.0  # how much the sum over lines counts beside the base rate
NAMED = 4.0  # what a value is worth, in log-odds, that is named once
GUESSES = 5
_SORT = re.compile(r"(?:part-time|retired|senior|junior|freelance) ")
PLACES = ("city_country", "birth_city_country")


class WordCounts:
    """Ridge regression from a line's words, pairs of words and letters to what it tells; see `personae.infer.reader.Reader`.

    A person's score for a value is the base rate's logarithm plus the sum over lines of how much more the line speaks for it
    than for telling nothing. Places and the training people's trades are besides counted by name, ages learned as bands of
    ten years. It names no evidence.

    Parameters
    ----------
    lines : sequence of (text, mapping of attribute to value)
        Training lines; a value of `NOTHING` says that a line does not tell the attribute.
    people : sequence of mappings of attribute to value
        What is true of the training people, for the base rates.
    """

    name = "word counts"

    def __init__(self, lines: Sequence[tuple[str, dict[str, str]]], people: Sequence[dict[str, str]]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.pipeline import make_union

        words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, token_pattern=r"[\w']+")
        letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(4, 4), min_df=4, sublinear_tf=True)
        self._terms = make_union(words, letters)
        lines = [(text, {name: _class(name, value) for name, value in told.items()}) for text, told in lines]
        people = [{name: _class(name, value) for name, value in person.items()} for person in people]
        self._trades = _spellings({told["occupation"] for _, told in lines if told.get("occupation")})
        rows = self._terms.fit_transform([text for text, _ in lines])
        gram = np.asarray((rows @ rows.T).todense())  # (n_lines, n_lines)
        self._fits = {}
        for chosen in SYNTHPAI:
            known = [k for k, (_, told) in enumerate(lines) if chosen.name in told]
            labels = [lines[k][1][chosen.name] for k in known]
            rates = Counter(person[chosen.name] for person in people if chosen.name in person)
            values = [NOTHING, *sorted(set(labels) - {NOTHING} | rates.keys())]
            target = (np.array(labels)[:, None] == np.array(values)[None, :]).astype(float)
            inverse = np.linalg.solve(
                gram[np.ix_(known, known)] + PENALTY * np.eye(len(known)), target - target.mean(0)
            )
            prior = np.log(np.array([rates[value] + 0.2 for value in values[1:]]))
            self._fits[chosen.name] = values, rows[known].T @ inverse, target.mean(0), prior

    def prepare(self, people: Sequence[Person]) -> None:
        """Do nothing: counting is quick."""

    def read(self, person: Person, attributes: Sequence[Attribute]) -> list[Claim]:
        """Return one claim for each attribute, none of them shown as sure."""
        texts = [trace.text for trace in person.own]
        rows = self._terms.transform(texts) if texts else None
        named = {**dict.fromkeys(PLACES, _named(texts)), "occupation": self._trades_in(texts)}
        claims = []
        for chosen in attributes:
            values, weights, mean, prior = self._fits[chosen.name]
            scores = prior.copy()
            if rows is not None:
                shares = _softmax(SHARPNESS * (rows @ weights + mean))
                scores += PULL * (shares[:, 1:].sum(0) + np.log1p(10 * shares[:, 1:].max(0)))
            found = dict(zip(values[1:], scores, strict=True))
            for value, times in named.get(chosen.name, {}).items():
                found[value] = max(found.get(value, -np.inf), float(prior.min())) + NAMED + np.log(times)
            chances = _softmax(np.array([list(found.values())]))[0]
            order = np.argsort(-chances, kind="stable")[:GUESSES]
            names = list(found)
            guesses = tuple(Guess(names[k], float(chances[k])) for k in order)
            claims.append(Claim(person.id, chosen.name, guesses, "inferred", True, self.name))
        return claims

    def _trades_in(self, texts: Sequence[str]) -> Counter[str]:
        """Count the trades that are named."""
        one = re.compile(
            rf"(?<!\w)(?:{'|'.join(sorted(map(re.escape, self._trades), key=len, reverse=True))})s?(?!\w)"
        )
        return Counter(
            self._trades[match.group().removesuffix("s")]
            for text in texts
            for match in one.finditer(text.lower())
        )


def second_attacker(context: Context, people: Sequence[Subject]) -> WordCounts:
    """Return the second attacker, fitted on these people's comments and on the answers of llmprivacy's invented personas."""
    tags = _tags(context)
    lines = []
    for each in people:
        for text in each.texts:
            told = tags.get((each.id, text.strip()), frozenset())
            lines.append(
                (text, {name: value if name in told else NOTHING for name, value in each.truth.items()})
            )
    for row in context.rows("llmprivacy", "examples.jsonl.zst"):
        name = str(row["feature"])
        value = str(row["personality"][name]).strip()
        lines.append((str(row["response"]), {name: value.lower() if name == "sex" else value}))
    return WordCounts(lines, [each.truth for each in people])


def _tags(context: Context) -> dict[tuple[str, str], frozenset[str]]:
    """Return which attributes a language model read from each comment alone."""
    return {
        (row["person"], row["text"].strip()): frozenset(tag["feature"] for tag in row["gpt4_tags"])
        for row in context.rows("synthpai", "threads.jsonl.zst")
        if row.get("text") and row.get("gpt4_tags")
    }


def _class(name: str, value: str) -> str:
    """Return the class a value is learned as: of an age the middle of its ten years, else the value."""
    return f"{value[:-1]}5" if name == "age" and value.isdigit() else value


def _spellings(trades: Collection[str]) -> dict[str, str]:
    """Return the trade for each of its spellings: the whole, the parts of "professor/lecturer", each without "retired"."""
    found: dict[str, str] = {}
    for trade in sorted(trades):
        for part in (trade.lower(), *trade.lower().split("/")):
            found |= {
                spelling.removesuffix("s"): trade
                for spelling in (part, _SORT.sub("", part))
                if len(spelling) > 3
            }
    return found


def _named(texts: Sequence[str]) -> Counter[str]:
    """Count the cities that are named."""
    found: Counter[str] = Counter()
    for text in texts:
        for at, character in enumerate(text):
            if character.isupper() and (at == 0 or not text[at - 1].isalnum()):
                place = home_places().at(text, at)
                if place is not None and place.place.kind == "city" and place.place.country:
                    found[place.place.label] += 1
    return found


def _softmax(logits: np.ndarray) -> np.ndarray:
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))
