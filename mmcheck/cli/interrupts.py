"""Ctrl-C that is not lost.

Python drops an exception that is raised in a callback of its own, in the middle of an import say, and with it
a KeyboardInterrupt. What was dropped is raised again at the next sign of progress.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmcheck.engines.engine import Observe, Progress


class Interrupts:
    """Remembers whether the user has asked for an end."""

    def __init__(self) -> None:
        self.asked = False

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Handle Ctrl-C meanwhile; only the main thread can."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGINT, self._handle)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _handle(self, signum: int, frame: FrameType | None) -> None:
        self.asked = True
        raise KeyboardInterrupt

    def before(self, observe: Observe) -> Observe:
        """Observe, but for an end that was asked for and has not come."""

        def observed(progress: Progress) -> None:
            if self.asked:
                raise KeyboardInterrupt
            observe(progress)

        return observed
