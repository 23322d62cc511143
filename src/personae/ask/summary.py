"""The fourth dialogue state, result summary and recommendation: what a score means in plain words, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass

from personae.ask.engineer import Outcome, Score
from personae.ask.petel import Metric, PeTEL
from personae.ask.table import Look, Table

METHOD_NAMES = {
    "boosting": "gradient boosting", "forest": "a random forest", "linear": "a linear model", "k_means": "k-means",
    "components": "principal components", "isolation": "isolation forests", "constant": "always the same answer",
}  # fmt: skip
MEANS: dict[Metric, str] = {
    "accuracy": "the share of rows told right",
    "balanced_accuracy": "the share told right, every class counting the same",
    "f1": "the balance of finding those asked for and not naming others",
    "roc_auc": "the chance that one of those asked for is ranked above another; .5 is a coin",
    "average_precision": "the precision, averaged over those found",
    "r2": "the share of the differences that is explained; 0 is guessing the mean",
    "mean_absolute_error": "how far off a guess is on average, in the target's units",
    "root_mean_squared_error": "how far off, large misses counting more, in the target's units",
    "silhouette": "how well apart the groups are; 1 is apart, 0 is touching",
    "stability": "the agreement of two fits on other rows about which rows are odd; 1 is full",
    "explained_variance": "the share of the differences that two numbers a row keep",
}
LITTLE = 0.03  # gain over the constant answer that is hardly one


@dataclass(frozen=True, slots=True)
class Summary:
    """What is said at the end: the result in words, and what is recommended."""

    result: str
    recommendations: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join((self.result, "Next:", *(f"- {each}" for each in self.recommendations)))


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What was asked and found: the table, the formal task, what to mind, the training, the summary."""

    table: Table
    look: Look
    petel: PeTEL
    warnings: tuple[str, ...]
    outcome: Outcome
    summary: Summary


def task_in_words(petel: PeTEL) -> str:
    """Return a PeTEL as two or three sentences that a user can agree to."""
    what = petel.target_expression or petel.target_variable
    asked = f" ({petel.positive})" if petel.positive else ""
    goal = f"{petel.problem_type} of {what}{asked}" if what else str(petel.problem_type)
    judged = petel.performance_metrics[0] if petel.performance_metrics else "an open metric"
    n = len(petel.features or ())
    task = f"Task: {goal} from {n} column{'' if n == 1 else 's'}. Judged by {judged}"
    if not petel.is_supervised:
        split = petel.data_split
        of = f"people, by {split.column}" if split and split.kind == "person" else "rows"
        return f"{task}; fitted on one half of the {of}, and judged on the other."
    return (
        f"{task}; {petel.data_split}; {petel.validation_method}-fold cross-validation of "
        f"{', '.join(petel.model_preferences or ())}."
    )


def sum_up(outcome: Outcome, look: Look) -> Summary:
    """Return the result of a training in words, with recommendations drawn from it.

    Parameters
    ----------
    outcome : Outcome
    look : Look
        Of the table, for its sensitive columns.
    """
    petel = outcome.petel
    first = outcome.held_out[0]
    said = [
        f"{METHOD_NAMES[outcome.chosen].capitalize()} did best within the {outcome.n_train:,} training rows."
        if petel.is_supervised
        else f"{METHOD_NAMES[outcome.chosen].capitalize()}, fitted on {outcome.n_train:,} rows.",
        f"On {outcome.n_held_out:,} held-out rows, looked at once: "
        + "; ".join(map(scored, outcome.held_out))
        + ".",
        f"{first.metric} is {MEANS[first.metric]}.",
    ]
    if outcome.floor:
        said.append(f"Always the same answer has {outcome.floor.value:.3f}.")
    if outcome.worth and outcome.worth[0].loss > 0.005:
        most = ", ".join(
            f"{each.column} ({each.loss:.3f})" for each in outcome.worth[:3] if each.loss > 0.005
        )
        said.append(f"It rests most on {most}: what {first.metric} loses when the column is shuffled.")
    if outcome.with_left_out:
        own = next(score for score in outcome.compared if score.method == outcome.chosen)
        said.append(
            f"With the leaking columns cross-validation would have said {outcome.with_left_out.value:.3f} in place of "
            f"{own.value:.3f}: that score would not hold for people of whom they are not known yet."
        )
    return Summary(" ".join(said), _recommended(outcome, look))


def scored(score: Score) -> str:
    """Write a score with its interval."""
    ends = f" [{score.interval.low:.3f}, {score.interval.high:.3f}]" if score.interval else ""
    return f"{score.metric} {score.value:.3f}{ends}"


def _recommended(outcome: Outcome, look: Look) -> tuple[str, ...]:
    petel = outcome.petel
    said = []
    if outcome.floor:
        sign = -1 if outcome.floor.metric.endswith("error") else 1
        first = outcome.held_out[0]
        if sign * (first.value - outcome.floor.value) < LITTLE * (
            abs(outcome.floor.value) if sign < 0 else 1
        ):
            said.append(
                "Do not use it: it is hardly better than always the same answer. More telling columns are needed."
            )
        elif first.interval and first.interval.low <= outcome.floor.value <= first.interval.high:
            said.append("Collect more rows: the interval still holds the score of always the same answer.")
        else:
            said.append(
                f"Use {METHOD_NAMES[outcome.chosen]}, and expect {scored(first)} on people like these."
            )
    sensitive = [f"{n} ({look[n].sensitive})" for n in petel.features or () if look[n].sensitive]
    if sensitive:
        told = (
            "COLUMN" if petel.target_expression else petel.target_variable
        )  # a condition must be made a column first
        names = ",".join(n for n in petel.features or () if look[n].sensitive)
        said.append(
            f"Audit it for fairness over {', '.join(sensitive)} before anyone acts on it: save it (--save-model FILE.joblib), "
            f"then `personae audit model FILE.joblib --data TABLE --target {told} --sensitive {names}`"
        )
        said[-1] += (
            "; what each person could change to be told otherwise says `personae audit recourse FILE.joblib`."
        )
    if outcome.probability is not None:
        said.append("Check that its probabilities mean what they say; the page shows the reliability curve.")
    if not petel.is_supervised:
        said.append("Look at the rows of each end or group, then ask for a prediction with a target.")
    said.append(
        "Export the script (--script out.py, for a table that is a file) to run the same again and get the same score."
    )
    return tuple(said)
