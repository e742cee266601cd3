"""Verify several specs, a check at a time in each of several processes, and tell their outcomes in order.

A run begins in its own process: what is over in a moment needs no other. Then others are started, and each
judges the checks of a spec that it has loaded, or opens the next spec, or helps with one of another. A
check that reaches its share of the memory is judged again at the end, alone and with all of it, so that the
outcome is the same for any number of processes.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from mmcheck.core.outcome import CheckOutcome, SpecOutcome
from mmcheck.core.verdict import Unknown
from mmcheck.engines.engine import Observe, Progress
from mmcheck.engines.limits import available_cores, of_memory, private_memory
from mmcheck.engines.registry import SEARCHING
from mmcheck.jobs.desk import Desk, Judge, Judged, Open, Task, task_name
from mmcheck.jobs.standing import FILE, Crash, Place, Result, Standing
from mmcheck.session import Options, ignore

if TYPE_CHECKING:
    from mmcheck.jobs.crew import Crew

ORDINARY = Options()
MOMENT = 0.3
"""Seconds that a run lasts before it takes more than its own process."""
LEAST_MEMORY = 512 * 2**20
"""How much of the memory limit a process must have to itself to be worth starting."""
GRACE = 60.0
"""Seconds that the processes have after Ctrl-C to say what they found: one may be compiling a kernel."""


def verify_files(
    files: Sequence[str], options: Options = ORDINARY, observe: Observe = ignore, *, jobs: int | None = 1
) -> Iterator[SpecOutcome]:
    """Verify specs, and give the outcome of each in order, as soon as it and those before it are finished.

    `jobs` are the processes that do so, None as many as there are cores; with more than one, a script that
    calls this must be importable. Never raises for bad input: the diagnostics are in the outcomes. Ctrl-C is
    raised when what was found before it has been given."""
    for result in results(files, options, observe, jobs):
        if isinstance(result, Crash):
            raise result.error
        yield result


def results(
    files: Sequence[str], options: Options, observe: Observe = ignore, jobs: int | None = 1
) -> Generator[Result, None, None]:
    """The same, but for a bug that shows in a file: it does not keep the others from being verified."""
    run = _Run(Standing(files), options, observe)
    processes = _processes(options, jobs)
    try:
        if processes > 1:
            # z3 has threads of its own, and a process with threads is better not copied.
            if options.engine in SEARCHING and not options.induction:
                yield from run.for_a_moment()
            if run.standing.waiting:
                yield from run.side_by_side(processes)
        yield from run.here()
    except KeyboardInterrupt:
        yield from run.standing.unfinished()
        raise


def _processes(options: Options, jobs: int | None) -> int:
    """How many processes there may be. A search that goes on in files, or that is to be taken up again, is
    one that needs all of the machine."""
    if options.preferences.spill is not None or options.preferences.checkpoint is not None:
        return 1
    wanted = available_cores() if jobs is None else jobs
    memory = options.limits.max_memory
    return wanted if memory is None else max(1, min(wanted, memory // LEAST_MEMORY))


class _EnoughError(BaseException):
    """A check takes longer than a moment, and others wait. No bug, so that nobody may take it for one."""


class _Run(Struct, dict=True):
    standing: Standing
    options: Options
    observe: Observe

    def __post_init__(self) -> None:
        self.desk = Desk(self.options, self.observe)

    def here(self, desk: Desk | None = None, end: float = float("inf")) -> Iterator[Result]:
        """Do what there is to do in this process; from a point in time on only what is left for one alone. A
        check that is broken off waits again."""
        self.standing.resume()
        while (place := self.standing.take()) is not None:
            try:
                reply = (desk or self.desk).do(self._task(place, 1))
            except _EnoughError:
                self.standing.put_back(place)
                return
            self.standing.record(place, reply)
            yield from self.standing.finished()
            if isinstance(reply, Judged) and reply.outcome.interrupted:
                raise KeyboardInterrupt
            if place[1] != FILE and time.monotonic() >= end and self.standing.waiting > 1:
                return

    def for_a_moment(self) -> Iterator[Result]:
        """Begin in this process, which loads what all need, and end there if it is a matter of a moment. A
        longer check is broken off, so that none waits for it that could be judged meanwhile."""
        end = time.monotonic() + MOMENT

        def observe(progress: Progress) -> None:
            self.observe(progress)
            if time.monotonic() >= end and self.standing.waiting:
                raise _EnoughError

        return self.here(Desk(self.options, observe, self.desk.loaded), end)

    def side_by_side(self, processes: int) -> Iterator[Result]:
        """Do it in several processes, but for the checks that need all of the memory."""
        # A run that is over in a moment, or wants one process, need not load what starts others.
        from mmcheck.jobs.crew import Crew

        with Crew(processes, self.options, self.desk.loaded) as crew:
            try:
                while True:
                    self._hand_out(crew)
                    yield from self.standing.finished()
                    if not crew.busy:
                        return
                    self._listen(crew)
            except KeyboardInterrupt:
                crew.stop()
                end = time.monotonic() + GRACE
                while crew.busy and time.monotonic() < end:
                    self._listen(crew, 0.1)
                raise

    def _hand_out(self, crew: Crew) -> None:
        while self.standing.waiting and (member := crew.free()) is not None:
            if (place := self.standing.take(member.loaded)) is not None:
                workers = min(crew.size, len(crew.busy) + 1 + self.standing.waiting)
                member.begin(self._task(place, crew.size, workers), place)
        crew.places.adjust(len(crew.busy))

    def _task(self, place: Place, shares: int, workers: int = 1) -> Task:
        """What is to be done, in a share of the memory and with that part of the threads that leaves one for
        each of the workers."""
        path = self.standing.path(place)
        if place[1] == FILE:
            return Open(path)
        memory = self.options.limits.max_memory
        if memory is not None and shares > 1:
            memory = max(1, memory - private_memory()) // shares
        threads = max(1, self.options.preferences.threads // workers)
        return Judge(path, self.standing.check(place), threads, memory)

    def _listen(self, crew: Crew, seconds: float | None = None) -> None:
        """Note what the processes tell; where the first of what is under way stands is shown."""
        for member, message in crew.heard(seconds):
            if not isinstance(message, Progress):
                if isinstance(message, Judged) and _is_short_of_memory(message.outcome):
                    self.standing.postpone(member.place)
                else:
                    self.standing.record(member.place, message)
            elif member is crew.busy[0] and member.task is not None:
                self.observe(replace(message, about=task_name(member.task)))


def _is_short_of_memory(outcome: CheckOutcome) -> bool:
    verdicts = [prop.verdict for prop in outcome.properties]
    return any(isinstance(verdict, Unknown) and of_memory(verdict.reason) for verdict in verdicts)
