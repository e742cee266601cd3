"""Signs of life on stderr while a check runs."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import TextIO

from mmcheck.cli.output import Output, is_terminal
from mmcheck.engines.engine import Progress
from mmcheck.report.progress import progress_line

QUIET_SECONDS = 1.0
"""A run that is shorter than this needs no sign of life."""
TERMINAL_INTERVAL = 0.1
LOG_INTERVAL = 10.0
CLEAR = "\r\x1b[K"


class Heartbeat:
    """Shows progress: one line rewritten in place on a terminal, now and then a line of its own elsewhere."""

    def __init__(
        self, stream: TextIO, terminal: bool, width: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream
        self._terminal = terminal
        self._width = width
        self._clock = clock
        self._next = clock() + (QUIET_SECONDS if terminal else LOG_INTERVAL)
        self._visible = False

    def __call__(self, progress: Progress) -> None:
        """Show the progress if it is time to."""
        now = self._clock()
        if now < self._next:
            return
        self._next = now + (TERMINAL_INTERVAL if self._terminal else LOG_INTERVAL)
        p = progress
        line = progress_line(
            p.engine,
            p.phase,
            p.states,
            p.rate,
            p.depth,
            p.frontier,
            p.memory,
            p.seconds,
            p.bytes_per_state,
            p.about,
            p.beside,
        )
        self._write(f"{CLEAR}{line[: self._width - 1]}" if self._terminal else f"{line}\n")
        self._visible = self._terminal

    def clear(self) -> None:
        """Take the line away, before anything else is written."""
        if self._visible:
            self._write(CLEAR)
            self._visible = False

    def _write(self, text: str) -> None:
        # Progress is a courtesy: a closed stderr must not end the run.
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            self._next = float("inf")


def rewritable(err: Output) -> bool:
    """Whether a line can be rewritten in place."""
    return is_terminal(sys.stderr) and err.open and os.environ.get("TERM") != "dumb"
