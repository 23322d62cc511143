"""Chat models that misbehave, in every way that was seen of real ones: none of them may spoil a list."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from personae.models.chat import Message, Reply
from personae.models.strings import Scripted
from personae.recommend import ModelSurrogate
from personae.recommend.toolrec import Session

Said = Callable[[Session, int], str | Reply]
_FETCH = "Thought: by genre.\nAction: Retrieve[genre, 20]"


def _finishing(items: Callable[[Session], Sequence[str]]) -> Said:
    """Fetch first, then end with these items, again and again."""
    return lambda session, call: (
        _FETCH if not call else f"Thought: done.\nAction: Finish[{', '.join(items(session))}]"
    )


def _pool(session: Session) -> list[str]:
    return [session.items.ids[each] for each in session.retrieve("genre", 20).items.tolist()]


def _had(session: Session) -> list[str]:
    return [session.items.ids[each] for each in session.history.tolist()]


_ACTS: dict[str, Said] = {
    "malformed action": lambda session, call: "Thought: so.\nAction: please retrieve some good films (ten)",
    "no K": lambda session, call: "Thought: so.\nAction: Retrieve[genre]",
    "unknown attribute": lambda session, call: "Thought: so.\nAction: Retrieve[director, 10]",
    "endless thinking": lambda session, call: "<think>" + "Or perhaps something else. " * 400,
    "thoughts without action": lambda session, call: "Thought: I should consider what they like.",
    "silence": lambda session, call: "",
    "refusal": lambda session, call: Reply("", refusal="I cannot recommend films."),
    "repeated call": lambda session, call: _FETCH,
    "order before any list": lambda session, call: "Thought: so.\nAction: Rerank[genre, 10]",
    "unreadable order": lambda session, call: [
        _FETCH,
        "Thought: so.\nAction: Rerank[mood, 10]",
        "All are fine.",
    ][min(call, 2)],
    "list at once": lambda session, call: f"Action: Finish[{', '.join(session.items.ids[:10])}]",
    "list too short": _finishing(lambda session: _pool(session)[:4]),
    "list too long": _finishing(lambda session: _pool(session)[:15]),
    "one film ten times": _finishing(lambda session: _pool(session)[:1] * 10),
    "unknown ids": _finishing(lambda session: [f"film-{place}" for place in range(10)]),
    "one unknown id": _finishing(lambda session: [*_pool(session)[:9], "film-0"]),
    "a film they had": _finishing(lambda session: [*_had(session)[-1:], *_pool(session)[:9]]),
    "tiny lists": lambda session, call: f"Action: Retrieve[genre, {call % 7 + 1}]",
}
MISBEHAVING = (*_ACTS, "all of these in turn")


def misbehaving(name: str, session: Session) -> ModelSurrogate:
    """Return a surrogate whose model does one of these things at every call."""
    acts = list(_ACTS.values())
    calls = 0

    def answer(messages: Sequence[Message]) -> str | Reply:
        nonlocal calls
        calls += 1
        act = acts[(calls * 7 + len(session.history)) % len(acts)] if name not in _ACTS else _ACTS[name]
        return act(session, calls - 1)

    return ModelSurrogate(Scripted(answer))
