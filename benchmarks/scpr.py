"""SCPR's speed: training episodes a second in step, beside one episode at a time as the published code plays them.

    python benchmarks/scpr.py [--episodes 30]

The reference is written anew from the published code's shape: candidates as Python sets, attributes counted item by item into a
dictionary, entropies into a list as long as there are attributes, scores item by item, one update of the network a turn from a
replay of single turns, its own batch of 128 and hidden size 512. Both play the same rule on the same invented graph of LastFM's size,
find the same items at the same turns, and are timed by processor time, with updates and without. Needs `personae[torch]`.
"""

from __future__ import annotations

import argparse
import random as random_
import time
from collections import Counter, deque

import numpy as np
import torch

from personae.metrics.ranking import Lists
from personae.recommend import Plan
from personae.recommend.scpr import Graph, Learning, Vectors, Walk, Wants, ask_until, learn_to_decide, play
from personae.recommend.scpr.episodes import ACCEPTED, ENDED, FAILED, FOUND, REFUSED

N_PEOPLE, N_ITEMS, N_ATTRIBUTES, N_EDGES, SIZE = 1801, 7432, 8438, 94_446, 64
UNTIL = 150


def invented() -> tuple[Graph, Vectors, Wants]:
    """A graph of LastFM's numbers, its attributes as unevenly held."""
    random = np.random.default_rng(0)
    chances = 1 / (np.arange(N_ATTRIBUTES) + 20.0)
    item = np.concatenate([np.arange(N_ITEMS), random.integers(0, N_ITEMS, 3 * N_EDGES)])
    attribute = random.choice(N_ATTRIBUTES, len(item), p=chances / chances.sum())
    keys = np.unique(item * N_ATTRIBUTES + attribute)
    first = np.unique(keys // N_ATTRIBUTES, return_index=True)[1]
    others = np.setdiff1d(np.arange(len(keys)), first)
    keys = np.sort(
        np.concatenate([keys[first], keys[random.choice(others, N_EDGES - len(first), replace=False)]])
    )
    has = Lists.of(keys // N_ATTRIBUTES, keys % N_ATTRIBUTES, n_people=N_ITEMS)
    vectors = Vectors(*(random.normal(scale=0.1, size=(n, SIZE)) for n in (N_PEOPLE, N_ITEMS, N_ATTRIBUTES)))
    graph = Graph(has, N_ATTRIBUTES)
    people, items = random.integers(0, N_PEOPLE, 4000), random.integers(0, N_ITEMS, 4000)
    return graph, vectors, Wants.of(graph, people, items, 1)


class OneAtATime:
    """One episode as the published environment plays it, plain entropy."""

    def __init__(self, graph: Graph, vectors: Vectors) -> None:
        self.has = [graph.has.items_of(item).tolist() for item in range(N_ITEMS)]
        self.holders = [graph.holders.items_of(each).tolist() for each in range(N_ATTRIBUTES)]
        self.vectors = vectors

    def begin(self, person: int, item: int, opening: int) -> list[float]:
        self.person, self.item, self.turn = person, item, 1
        self.accepted: list[int] = [opening]
        self.refused: list[int] = []
        self.history = [0.0] * 15
        self.history[0] = 1
        self.candidates = list(set(range(N_ITEMS)) & set(self.holders[opening]))
        self._reach()
        self._entropies()
        return self.state()

    def state(self) -> list[float]:
        bits = [len(self.candidates) >> place & 1 for place in range(20)][::-1]
        return [*self.history, *bits]

    def step(self, shows: bool) -> tuple[list[float], float, bool]:
        best = max(self.reachable, key=lambda each: (self.entropy[each], -each), default=None)
        self.turn += 1
        if shows or best is None or self.entropy[best] == 0:
            reward = self._show()
        else:
            reward = self._ask(best)
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
        self.entropy = [0.0] * N_ATTRIBUTES
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


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--episodes", type=int, default=30)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    graph, vectors, wants = invented()
    few = wants.take(np.arange(chosen.episodes))

    def walk(people: np.ndarray) -> Walk:
        return Walk(graph, vectors, people)

    found, plain = reference(graph, vectors, few, learns=False)
    many = wants.take(np.arange(1024))
    play(walk, few, ask_until(UNTIL))
    start = time.process_time()
    outcome = play(walk, many, ask_until(UNTIL))
    ours = len(many) / (time.process_time() - start)
    same = np.array_equal(outcome.found[: len(few)], found)
    print(f"same items found at the same turns, {len(few)} episodes: {same}")
    print(
        f"episodes a second: one at a time {plain:.1f}, in step {ours:,.0f}, ratio {ours / plain:.0f} (bar 20)"
    )
    _, taught = reference(graph, vectors, few, learns=True)
    plan = Learning(guide=UNTIL, plan=Plan(4, 256, 5e-4))
    start = time.process_time()
    learn_to_decide(walk, wants, plan)
    ours = plan.n_together * plan.plan.n_epochs / (time.process_time() - start)
    print(
        f"training episodes a second: one at a time {taught:.1f}, in step {ours:,.0f}, ratio {ours / taught:.0f} (bar 20)"
    )


if __name__ == "__main__":
    main()
