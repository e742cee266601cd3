"""A helper: a process that works beside a search, seen from the search's side.

It is a fresh interpreter, not one of `multiprocessing`: that would import the main program again, which
need not be made for it, and would allow no helper in a process that is a worker itself.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from multiprocessing import connection
from pathlib import Path
from threading import Thread
from time import monotonic

from mmcheck.engines.portfolio.work import Doing, Failed, Said, Work

START = """\
import signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
sys.path[:] = sys.argv[1:]
from mmcheck.engines.portfolio.worker import main
main()
"""

GRACE = 1.0
"""Seconds behind the deadline in which a helper may still hand in what it has."""
TOO_MUCH = 1.5
"""How many times its share of memory a helper may take before it is ended: it looks at the limit itself."""


class Helper:
    """A process at work. `doing` is what it said last."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.doing = "starting"
        self.engine = ""
        self.ended = False
        self._process = subprocess.Popen(
            [sys.executable, "-c", START, *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._process.stdout is not None
        self.receiver = connection.Connection(os.dup(self._process.stdout.fileno()), writable=False)
        self._process.stdout.close()
        # The pipe may be full until the process reads it. It stays open: its end tells the process to end.
        Thread(target=self._feed, args=(pickle.dumps(work),), daemon=True).start()

    def _feed(self, work: bytes) -> None:
        assert self._process.stdin is not None
        with suppress(OSError, ValueError):
            self._process.stdin.write(work)
            self._process.stdin.flush()

    def hear(self) -> Iterator[Said]:
        """What it has said since; signs of life are kept in `doing`."""
        try:
            while not self.ended and self.receiver.poll():
                said: Said = self.receiver.recv()
                self.engine = said.engine
                if isinstance(said, Doing):
                    self.doing = f"{said.engine}: {said.what}"
                else:
                    yield said
        except (EOFError, OSError):
            yield from self._end()
        else:
            if not self.ended and (reason := self._excess()) is not None:
                self.stop()
                yield Failed(self.engine or "a helper", reason)

    def _end(self) -> Iterator[Said]:
        """It has closed its end of the pipe: by itself when it is through, else something ended it."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE)
        self.stop()
        code = self._process.returncode
        # It ends with 0 where it is through; -9 came from `stop`, or from a system without memory.
        if code not in (0, -9):
            yield Failed(self.engine or "a helper", f"its process ended with status {code}")

    def _excess(self) -> str | None:
        """Why it has to be ended, if it does not end by itself."""
        share, deadline = self.work.limits.max_memory, self.work.deadline
        if share is not None and self.memory() > TOO_MUCH * share:
            return "it took more memory than its share"
        if deadline is not None and monotonic() > deadline + GRACE:
            return "it was still at work when the time limit was reached"
        return None

    def memory(self) -> int:
        """Bytes of memory that it holds; 0 where the system does not tell."""
        if self.ended:
            return 0
        try:
            _, resident, shared = Path(f"/proc/{self._process.pid}/statm").read_text().split()[:3]
            return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, ValueError):
            return 0

    def stop(self) -> None:
        """End it, whatever it is doing."""
        if self.ended:
            return
        self.ended = True
        self._process.kill()
        self._process.wait()
        self.receiver.close()
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()


def wait(helpers: Iterable[Helper], seconds: float) -> None:
    """Wait until a helper has something to say, or some seconds."""
    connection.wait([helper.receiver for helper in helpers if not helper.ended], seconds)
