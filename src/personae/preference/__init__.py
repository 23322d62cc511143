"""Models of what a person prefers: every method fits rows of `personae.people.records.Preference`."""

from personae.preference.personaljudge import EncoderJudge, Verdict, VerdictStack, ask_verdicts

__all__ = ["EncoderJudge", "Verdict", "VerdictStack", "ask_verdicts"]
