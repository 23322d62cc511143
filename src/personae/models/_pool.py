"""Work on several items at once, results in order; an interrupt loses nothing that was answered."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Event, Thread
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")
GRACE_SECONDS = 5.0  # how long an interrupted run waits for the answers that are on their way


def in_order(
    work: Callable[[T], R], items: Iterable[T], concurrency: int, grace_seconds: float = GRACE_SECONDS
) -> Iterator[R]:
    """Yield `work(item)` for every item, in order, with at most `concurrency` at work and few results in memory.

    When an item fails, when the caller stops listening, and on Ctrl-C, items not yet begun are dropped, those at work get
    `grace_seconds` to end, and the exception goes on. The threads are daemons: none keeps the program from ending.
    """
    jobs: SimpleQueue[tuple[T, Future[R]] | None] = SimpleQueue()
    stop = Event()
    threads = [Thread(target=_work, args=(work, jobs, stop), daemon=True) for _ in range(max(1, concurrency))]
    for thread in threads:
        thread.start()
    waiting: deque[Future[R]] = deque()
    try:
        for item in items:
            future: Future[R] = Future()
            waiting.append(future)
            jobs.put((item, future))
            if len(waiting) >= 2 * len(threads):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        stop.set()
        for _ in threads:
            jobs.put(None)
        deadline = time.monotonic() + grace_seconds
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))


def _work(work: Callable[[T], R], jobs: SimpleQueue[tuple[T, Future[R]] | None], stop: Event) -> None:
    while (job := jobs.get()) is not None:
        if stop.is_set():
            continue
        item, future = job
        try:
            future.set_result(work(item))
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits for the result
            future.set_exception(error)
