"""Limits in force: a clock and a look at memory, asked now and then by a running engine."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from msgspec import Struct, field

from mmcheck.core.certify import UnsettledError
from mmcheck.engines.engine import Limits

_STATM = Path("/proc/self/statm")
_GROUPS = Path("/proc/self/cgroup")
_GROUP_ROOT = Path("/sys/fs/cgroup")
MOST_OF_MEMORY = 0.8
"""Which share of the machine's memory a run may take when nothing else is said."""
_MEMORY = "the memory limit of"


def resident_memory() -> int:
    """Bytes of memory that the process holds now (its peak, where the system does not tell the present)."""
    try:
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def private_memory() -> int:
    """Bytes of memory that only the death of the process or its own care gives back: what is mapped from
    files is not counted, as the system drops it when it needs the room."""
    try:
        _, resident, shared = _STATM.read_text().split()[:3]
        return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return resident_memory()


def available_cores() -> int:
    """How many cores the process may run on."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def machine_memory() -> int:
    """Bytes of memory that the machine has, or that the control group of the process is allowed."""
    physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min([physical, *_group_limits(_GROUPS, _GROUP_ROOT)])


def ordinary_memory_limit() -> int:
    """The memory limit of a run that asks for none: it ends with what it found before the system kills it."""
    return int(MOST_OF_MEMORY * machine_memory())


def of_memory(reason: str) -> bool:
    """Whether a reason to end is the memory limit."""
    return _MEMORY in reason


def _group_limits(groups: Path, root: Path) -> Iterator[int]:
    """The limits of the control groups that the process is in, from the innermost to the root."""
    try:
        lines = groups.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers not in ("", "memory"):
            continue
        below = root / controllers
        group = below / path.lstrip("/")
        for folder in (group, *group.parents):
            yield from _group_limit(folder)
            if folder == below:
                break


def _group_limit(folder: Path) -> Iterator[int]:
    for name in ("memory.max", "memory.limit_in_bytes"):
        # A group without a limit says `max`, or has no such file.
        with suppress(OSError, ValueError):
            yield int((folder / name).read_text())


def reserved(seconds: float) -> float:
    """Which part of a time limit is left for proving again what was proved."""
    return max(0.0, min(seconds / 4, 10.0))


class TimeLeft(Struct, frozen=True):
    """The time until a moment of the monotonic clock, for proving something again; None is any time."""

    ends: float | None = None

    def of(self, most: float) -> float:
        """How many of so many seconds one question may take. Raises UnsettledError where none are left."""
        if self.ends is None:
            return most
        left = self.ends - time.monotonic()
        if left <= 0:
            raise UnsettledError("the time limit was reached")
        return min(most, left)


ANY_TIME = TimeLeft()


class Watch(Struct):
    """Tells when a limit is reached."""

    limits: Limits
    started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    @property
    def ends(self) -> float | None:
        """When the time is up, on the clock of `time.monotonic`."""
        return None if self.limits.timeout is None else self.started + self.limits.timeout

    def left(self) -> Limits:
        """The limits with the time that is left."""
        if self.limits.timeout is None:
            return self.limits
        return self.limits.within(self.limits.timeout - self.seconds)

    def exceeded(self, states: int) -> str | None:
        """Why the search has to end now, if it has to."""
        if (reason := self.too_many(states)) is not None:
            return reason
        return self.late() or self.exceeded_by(0)

    def late(self) -> str | None:
        """Why there is no more time, if there is none."""
        limit = self.limits.timeout
        if limit is not None and self.seconds >= limit - self.limits.reserve:
            told = limit if self.limits.told is None else self.limits.told
            return f"the time limit of {told:g} s was reached"
        return None

    def too_many(self, states: int) -> str | None:
        """Why there are too many states, if there are."""
        limit = self.limits.max_states
        if limit is not None and states >= limit:
            return f"the limit of {limit:,} {'state' if limit == 1 else 'states'} was reached"
        return None

    def exceeded_by(self, bytes: int) -> str | None:
        """Why so much more memory cannot be taken, if it cannot."""
        limit = self.limits.max_memory
        if limit is not None and private_memory() + self.limits.elsewhere() + bytes >= limit:
            return f"{_MEMORY} {limit / 2**20:,.0f} MiB was reached"
        return None
