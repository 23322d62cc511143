"""Work that takes longer than a page may: one thing at a time in a thread, a short queue, and a way to stop each."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any

from personae.errors import PersonaeError
from personae.web.door import Refused

MOST = 4  # jobs that run or wait
REMEMBERED = 32  # finished ones that a page can still be asked about


class Stopped(Exception):
    """Raised inside a job that somebody stopped."""


class Job:
    """One piece of work, and how far it is. `outcome` is what it returned, `error` why it failed, in words for a page.

    Parameters
    ----------
    title : str
        Holds nothing about a person.
    work : function of the job
    """

    def __init__(self, title: str, work: Callable[[Job], Any]) -> None:
        self.id = secrets.token_urlsafe(12)
        self.title = title
        self.said = "Waiting for what was begun before."
        self.outcome: Any = None
        self.error = ""
        self.finished = threading.Event()
        self._work = work
        self._stopped = threading.Event()

    def step(self, said: str) -> None:
        """Say how far the work is; raises `Stopped` where somebody stopped it."""
        if self._stopped.is_set():
            raise Stopped
        self.said = said

    @property
    def is_stopped(self) -> bool:
        return self._stopped.is_set()

    def stop(self) -> None:
        """Ask the work to end at its next step."""
        self.said = "Stopping."
        self._stopped.set()

    def run(self) -> None:
        """Do the work, and keep what comes of it."""
        try:
            self.step("Begun.")
            self.outcome = self._work(self)
        except Stopped:
            self.error = "This was stopped. What was finished before is kept."
        except PersonaeError as error:
            self.error = str(error)
        except OSError as error:
            self.error = f"A file could not be read or written ({error.strerror or type(error).__name__})."
        except Exception as error:  # noqa: BLE001 - its words may hold what a person wrote
            self.error = f"Something went wrong here ({type(error).__name__})."
        finally:
            self.finished.set()


class Jobs:
    """One worker thread and the jobs that wait for it."""

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._waiting: deque[Job] = deque()
        self._held = 0  # places that are kept for uploads under way
        self._wake = threading.Condition()
        self._ends = False
        self._worker = threading.Thread(target=self._run, name="personae-jobs", daemon=True)
        self._worker.start()

    def hold(self) -> None:
        """Keep a place for a job to come; raises `Refused` where none is left."""
        with self._wake:
            if self._held + sum(not job.finished.is_set() for job in self._jobs.values()) >= self.most:
                raise Refused(
                    429, f"{self.most} things are being done or wait. Try again when one is finished."
                )
            self._held += 1

    def release(self) -> None:
        """Give back a place that `hold` kept."""
        with self._wake:
            self._held -= 1

    def start(self, title: str, work: Callable[[Job], Any], *, held: bool = False) -> Job:
        """Put a job in the queue, in the place that was held for it if one was; raises `Refused` where none is left."""
        if not held:
            self.hold()
        job = Job(title, work)
        with self._wake:
            self._held -= 1
            self._jobs[job.id] = job
            self._waiting.append(job)
            self._wake.notify()
        return job

    def get(self, id_: str) -> Job:
        """Return a job; raises `Refused` where there is none of that id."""
        with self._wake:
            if id_ not in self._jobs:
                raise Refused(404, "Nothing of that address was begun here, or it was long ago.")
            return self._jobs[id_]

    def stop(self, seconds: float = 5.0) -> None:
        """Stop what runs and what waits, and wait a while for the worker to notice."""
        with self._wake:
            self._ends = True
            for job in self._jobs.values():
                job.stop()
            self._wake.notify()
        self._worker.join(seconds)

    def _run(self) -> None:
        while (job := self._next()) is not None:
            job.run()
            self._sweep()

    def _next(self) -> Job | None:
        with self._wake:
            while not self._waiting and not self._ends:
                self._wake.wait()
            return None if self._ends else self._waiting.popleft()

    def _sweep(self) -> None:
        with self._wake:
            done = [id_ for id_, job in self._jobs.items() if job.finished.is_set()]
            for id_ in done[:-REMEMBERED]:
                del self._jobs[id_]
