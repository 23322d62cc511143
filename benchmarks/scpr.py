"""SCPR's speed: training episodes a second in step, beside one episode at a time.

    PERSONAE_DATA=... python benchmarks/scpr.py [--episodes 100] [--official PATH]

The reference is written anew in the published code's shape: candidates as Python sets, attributes counted item by item into a
dictionary, entropies in a list as long as there are attributes, scores item by item, one update of the network a turn from a
replay of single turns, its batch of 128 and its 512 hidden units. It and ours play the same rule on LastFM's original tags, must
find the same items at the same turns, and are timed by processor time, with updates and without. PATH is a checkout of
farrecall/SCPR: its own environment, agent and replay are timed too, on the same graph. Needs `personae[torch]`.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import random as random_
import sys
import tempfile
import time
from collections import Counter, deque
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from personae.papers.harness import Context
from personae.papers.scpr.study import TAGS, load
from personae.recommend.scpr import (
    Graph,
    Learning,
    Vectors,
    Walk,
    Wants,
    ask_until,
    lay_out,
    learn_to_decide,
    play,
)
from personae.recommend.scpr.episodes import ACCEPTED, ENDED, FAILED, FOUND, REFUSED

UNTIL = 150


def lastfm() -> tuple[Graph, Vectors, Wants]:
    """Return the graph of original tags, vectors by chance, and the episodes that policies are taught by."""
    study = load(Context())
    graph, random = study.graphs[TAGS], np.random.default_rng(0)
    sizes = (graph.n_people, graph.n_items, graph.n_attributes)
    return (
        graph,
        Vectors(*(random.normal(scale=0.1, size=(n, 64)) for n in sizes)),
        study.wants(TAGS, "teach", 1),
    )


class OneAtATime:
    """One episode as the published environment plays it, plain entropy."""

    def __init__(self, graph: Graph, vectors: Vectors) -> None:
        self.has = [graph.has.items_of(item).tolist() for item in range(graph.n_items)]
        self.holders = [graph.holders.items_of(each).tolist() for each in range(graph.n_attributes)]
        self.vectors = vectors

    def begin(self, person: int, item: int, opening: int) -> list[float]:
        self.person, self.item, self.turn = person, item, 1
        self.accepted: list[int] = [opening]
        self.refused: list[int] = []
        self.history = [0.0] * 15
        self.history[0] = 1
        self.candidates = list(set(range(len(self.has))) & set(self.holders[opening]))
        self._reach()
        self._entropies()
        return self.state()

    def state(self) -> list[float]:
        bits = [len(self.candidates) >> place & 1 for place in range(20)][::-1]
        return [*self.history, *bits]

    def step(self, shows: bool) -> tuple[list[float], float, bool]:
        best = max(self.reachable, key=lambda each: (self.entropy[each], -each), default=None)
        self.turn += 1
        asks = best is not None and not shows and self.entropy[best] > 0
        reward = self._ask(best) if asks else self._show()
        is_over = reward == FOUND or self.turn == 15 or not self.candidates
        return self.state(), reward + (ENDED if self.turn == 15 and reward != FOUND else 0), is_over

    def _show(self) -> float:
        if self.history[self.turn - 2] != -2:
            scored = list(zip(self.candidates, self._scores(), strict=True))
            self.candidates = [item for item, _ in sorted(scored, key=lambda pair: (-pair[1], pair[0]))]
        shown, self.candidates = self.candidates[:10], self.candidates[10:]
        is_hit = self.item in shown
        self.history[self.turn - 1] = 2 if is_hit else -2
        self._entropies()
        return FOUND if is_hit else FAILED

    def _ask(self, attribute: int) -> float:
        is_yes = attribute in self.has[self.item]
        self.history[self.turn - 1] = 1 if is_yes else -1
        if is_yes:
            self.accepted.append(attribute)
            self.candidates = list(set(self.candidates) & set(self.holders[attribute]))
            self._reach()
            self._entropies()
        else:
            self.refused.append(attribute)
            self.reachable = list(set(self.reachable) - set(self.refused))
        return ACCEPTED if is_yes else REFUSED

    def _reach(self) -> None:
        found: list[int] = []
        for item in set(self.holders[self.accepted[-1]]) & set(self.candidates):
            found.extend(self.has[item])
        self.reachable = list(set(found) - set(self.accepted) - set(self.refused))

    def _entropies(self) -> None:
        named: list[int] = []
        for item in self.candidates:
            named.extend(self.has[item])
        counts = Counter(named)
        self.entropy = [0.0] * len(self.holders)
        for each in set(self.reachable) & set(counts):
            share = counts[each] / len(self.candidates)
            if share < 1:
                uneven = abs(2 * counts[each] - len(self.candidates)) / len(self.candidates)
                high, low = (1 + uneven) / 2, (1 - uneven) / 2
                self.entropy[each] = float(-high * np.log2(high) - low * np.log2(low))

    def _scores(self) -> list[float]:
        found = []
        for item in self.candidates:
            vector = self.vectors.items[item]
            score = np.inner(self.vectors.people[self.person], vector)
            for each in self.accepted:
                score += np.inner(self.vectors.attributes[each], vector)
            found.append(float(score))
        return found


def reference(graph: Graph, vectors: Vectors, wants: Wants, *, learns: bool) -> tuple[list[int], float]:
    """Play one after the other by the rule; with `learns`, choose by the network and update it after each turn."""
    world, found = OneAtATime(graph, vectors), []
    net, target = (
        torch.nn.Sequential(torch.nn.Linear(35, 512), torch.nn.ReLU(), torch.nn.Linear(512, 2))
        for _ in range(2)
    )
    steps = torch.optim.RMSprop(net.parameters())
    memory: deque[tuple[torch.Tensor, int, float, torch.Tensor, bool]] = deque(maxlen=50_000)
    start = time.process_time()
    for row in range(len(wants)):
        state, is_over = (
            torch.tensor(
                [world.begin(int(wants.people[row]), int(wants.items[row]), int(wants.openings[row]))]
            ),
            False,
        )
        while not is_over:
            shows = len(world.candidates) <= UNTIL
            if learns:
                with torch.no_grad():
                    net(state).argmax()
            told, reward, is_over = world.step(shows)
            after = torch.tensor([told], dtype=torch.float)
            if learns:
                memory.append((state, int(shows), reward, after, is_over))
                update(net, target, steps, memory)
            state = after
        found.append(world.turn if world.history[world.turn - 1] == 2 else 0)
        if learns and row % 20 == 0:
            target.load_state_dict(net.state_dict())
    return found, len(wants) / (time.process_time() - start)


def update(
    net: torch.nn.Module, target: torch.nn.Module, steps: torch.optim.Optimizer, memory: deque
) -> None:
    """Take one step on 128 remembered turns."""
    if len(memory) < 128:
        return
    state, move, reward, after, is_over = zip(*random_.sample(memory, 128), strict=True)
    with torch.no_grad():
        ahead = target(torch.cat(after)).max(1).values * ~torch.tensor(is_over)
    said = net(torch.cat(state).float()).gather(1, torch.tensor(move)[:, None])[:, 0]
    loss = torch.nn.functional.smooth_l1_loss(said, torch.tensor(reward) + 0.999 * ahead)
    steps.zero_grad()
    loss.backward()
    for each in net.parameters():
        each.grad.clamp_(-1, 1)
    steps.step()


def official(path: Path, graph: Graph, vectors: Vectors, wants: Wants) -> float:
    """Return training episodes a second of the released environment and agent, driven as its `train` drives them."""
    ids = range(graph.n_items), range(graph.n_attributes), range(graph.n_people)
    nodes = {
        "item": {each: {"belong_to": tuple(graph.has.items_of(each).tolist())} for each in ids[0]},
        "feature": {
            each: {"belong_to": tuple(graph.holders.items_of(each).tolist()), "like": ()} for each in ids[1]
        },
        "user": {
            each: {"friends": tuple(graph.friends.items_of(each).tolist()), "like": ()} for each in ids[2]
        },
    }
    for person in ids[2]:
        nodes["user"][person]["like"] = tuple(graph.likes.items_of(person).tolist())
    likers = graph.likes.inverse(graph.n_attributes)
    for each in ids[1]:
        nodes["feature"][each]["like"] = tuple(likers.items_of(each).tolist())
    sizes = {name: SimpleNamespace(value_len=len(nodes[name])) for name in nodes}
    pairs: dict[str, list[int]] = {}
    for person, item in zip(wants.people.tolist(), wants.items.tolist(), strict=True):
        pairs.setdefault(str(person), []).append(item)
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder) / "data" / "lastfm_star"
        for name, content in {
            "UI_Interaction_data/review_dict_valid.json": pairs,
            "ID_map_info/tag_reverse_map.json": {str(each): {"real_name": str(each)} for each in ids[1]},
        }.items():
            (base / name).parent.mkdir(parents=True)
            (base / name).write_text(json.dumps(content))
        os.chdir(folder)
        sys.path.insert(0, str(path))
        import RL_model as released
        from RL import env_binary_question as environment

        both = {"ui_emb": np.vstack([vectors.people, vectors.items]), "feature_emb": vectors.attributes}
        environment.load_embed = lambda *_, **__: both
        with contextlib.redirect_stdout(io.StringIO()):
            env = environment.BinaryRecommendEnv(
                SimpleNamespace(G=nodes), SimpleNamespace(**sizes), "LAST_FM_STAR", command=7, entropy_way="entropy",
                attr_bit_state=graph.n_attributes,
            )  # fmt: skip
            agent = released.Agent("cpu", released.ReplayMemory(50_000), env.state_space, 512, 2)
            start = time.process_time()
            for episode in range(len(wants)):
                train_one(env, agent)
                if episode % 20 == 0:
                    agent.target_net.load_state_dict(agent.policy_net.state_dict())
            return len(wants) / (time.process_time() - start)


def train_one(env: Any, agent: Any) -> None:
    """Play one episode of the released environment, with its update after each turn."""
    state, is_over = torch.FloatTensor(env.reset())[None], 0
    while not is_over:
        action = agent.select_action(state)
        after, reward, is_over = env.step(action.item())
        told = None if is_over else torch.FloatTensor(after)[None]
        agent.memory.push(state, action, told, torch.tensor([reward], dtype=torch.float))
        state = told
        if len(agent.memory) >= 128:
            update_released(agent)


def update_released(agent: Any) -> None:
    """Call its update; its mask of type uint8 is refused by current torch, so that its boolean twin stands in."""
    plain = torch.uint8
    torch.uint8 = torch.bool
    try:
        agent.optimize_model(128, 0.999)
    finally:
        torch.uint8 = plain


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--episodes", type=int, default=100)
    parser.add_argument("--official", type=Path)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    graph, vectors, wants = lastfm()
    few, many = wants.take(np.arange(chosen.episodes)), wants.take(np.arange(1024))

    def walk(people: np.ndarray) -> Walk:
        return Walk(graph, vectors, people)

    found, plain = reference(graph, vectors, few, learns=False)
    play(walk, few, ask_until(UNTIL))
    start = time.process_time()
    outcome = play(walk, many, ask_until(UNTIL))
    in_step = len(many) / (time.process_time() - start)
    print(
        f"same items at the same turns, {len(few)} episodes: {np.array_equal(outcome.found[: len(few)], found)}"
    )
    print(
        f"episodes a second: one at a time {plain:.1f}, in step {in_step:,.0f}, ratio {in_step / plain:.0f}"
    )
    start = time.process_time()
    learn_to_decide(lay_out(walk, wants), Learning(guide=UNTIL))
    taught = len(wants) / (time.process_time() - start)
    rates = {"the reference": reference(graph, vectors, few, learns=True)[1]}
    if chosen.official:
        rates["the released code"] = official(chosen.official.resolve(), graph, vectors, few)
    for name, rate in rates.items():
        print(
            f"training episodes a second: {name} {rate:.1f}, in step {taught:,.0f}, ratio {taught / rate:.0f} (bar 20)"
        )


if __name__ == "__main__":
    main()
