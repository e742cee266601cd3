"""Limits in force: a clock and a look at memory, asked now and then by a running engine."""

from __future__ import annotations

import os
import resource
import time
from dataclasses import dataclass, field
from pathlib import Path

from mmcheck.engines.engine import Limits

_STATM = Path("/proc/self/statm")


def resident_memory() -> int:
    """Bytes of memory that the process holds now (its peak, where the system does not tell the present)."""
    try:
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@dataclass
class Watch:
    """Tells when a limit is reached."""

    limits: Limits
    started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    def exceeded(self, states: int) -> str | None:
        """Why the search has to end now, if it has to."""
        limits = self.limits
        if limits.max_states is not None and states >= limits.max_states:
            return f"the limit of {limits.max_states:,} states was reached"
        if limits.timeout is not None and self.seconds >= limits.timeout:
            return f"the time limit of {limits.timeout:g} s was reached"
        if limits.max_memory is not None and resident_memory() >= limits.max_memory:
            return f"the memory limit of {limits.max_memory / 2**20:,.0f} MiB was reached"
        return None
