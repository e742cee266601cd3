"""Runs one command and says what it took: wall time, peak memory, output."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import IO

from msgspec import Struct


class TimeLimitError(Exception):
    """The command was stopped, because its time was over."""


class CommandError(Exception):
    """The command did not end well; the text holds the end of its output."""


class Run(Struct, frozen=True):
    """`memory` is the largest resident size in bytes of the command, or of a process that it waited for;
    `output` is what it wrote on stdout.

    The system counts what the process was before it became the command, so that no figure lies below the size
    of the Python process that measures, some 20 MiB.
    """

    seconds: float
    memory: int
    output: str


def run(command: Sequence[str], folder: Path, limit: float, endings: Collection[int] = (0,)) -> Run:
    """Run a command in `folder` to its end, which has one of these exit codes, at most `limit` seconds."""
    # Files, not pipes, so that nobody has to read while it runs; two, since progress may cut into a document.
    with _file() as output, _file() as errors:
        begin = time.monotonic()
        # A session of its own, so that the limit also ends what the command started.
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            env=_environment(),
            start_new_session=True,
        )
        stopped = threading.Event()
        timer = threading.Timer(limit, _stop, (process.pid, stopped))
        timer.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            _stop(process.pid, stopped)
            raise
        finally:
            timer.cancel()
        seconds = time.monotonic() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        said, complained = _text(output), _text(errors)
    if stopped.is_set():
        raise TimeLimitError
    if process.returncode not in endings:
        raise CommandError(
            f"{' '.join(command)}: exit status {process.returncode}\n{(said + complained)[-2000:]}"
        )
    return Run(seconds, usage.ru_maxrss * 1024, said)


def _environment() -> dict[str, str]:
    """The environment, but for what keeps Python from compiling a program once and for all when it is run for
    the first time, as it does where it is installed."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _stop(pid: int, stopped: threading.Event) -> None:
    stopped.set()
    with contextlib.suppress(ProcessLookupError):  # it may just have ended
        os.killpg(pid, signal.SIGKILL)


def _file() -> IO[str]:
    return tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")


def _text(file: IO[str]) -> str:
    file.seek(0)
    return file.read()
