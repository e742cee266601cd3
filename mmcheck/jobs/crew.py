"""Processes that do tasks side by side, and what they tell over their pipes.

A process that dies is told as a bug met in its task, and every process ends with the one that started it,
however that ends. Ctrl-C is a matter of the latter alone: it asks the others to stop over the same pipes.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkContext, SpawnContext
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import TypeAlias

from msgspec import Struct

from mmcheck.core.check import Check
from mmcheck.engines.engine import Progress
from mmcheck.jobs.desk import Crashed, Desk, Reply, Stopped, Task, task_name
from mmcheck.session import Options, Spec

Loaded: TypeAlias = OrderedDict[str, tuple[Spec, dict[str, Check]]]
Message: TypeAlias = Progress | Reply
Context: TypeAlias = ForkContext | SpawnContext

TELLING_INTERVAL = 0.1
"""Seconds between signs of life of a process."""
PATIENCE = 2.0
"""Seconds that an idle process has to end by itself."""


class ProcessError(Exception):
    """Something went wrong in another process; its traceback is the cause."""


class RemoteTracebackError(Exception):
    """The traceback of another process, as text."""


class LostProcessError(Exception):
    """A process died in the middle of its task."""


# --- in a process of the crew ----------------------------------------------------------------------------


def serve(connection: Connection, options: Options, loaded: Loaded) -> None:
    """Do the tasks that come over a connection, until there is None."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    teller = _Teller(connection)
    desk = Desk(options, teller.tell, loaded)
    with suppress(EOFError, BrokenPipeError):
        while not teller.stopped and (task := connection.recv()) is not None:
            try:
                reply = desk.do(task)
            except KeyboardInterrupt:
                reply = Stopped()
            _send(connection, reply)


def _end_with_parent() -> None:
    """Wait for the death of the process that started this one, and follow it: nobody reads any more."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _send(connection: Connection, reply: Reply) -> None:
    """Send a reply; an error goes as text, since not every exception can be sent, and no traceback."""
    if not isinstance(reply, Crashed):
        try:
            connection.send(reply)
        except (BrokenPipeError, EOFError):
            raise
        except Exception as error:
            reply = Crashed(error)
        else:
            return
    summary = "".join(traceback.format_exception_only(reply.error)).strip()
    connection.send(_Told(summary, "".join(traceback.format_exception(reply.error))))


class _Told(Struct, frozen=True):
    """A bug, as one process tells another of it."""

    summary: str
    traceback: str

    def crashed(self) -> Crashed:
        error = ProcessError(self.summary)
        error.__cause__ = RemoteTracebackError(f"\n{self.traceback}")
        return Crashed(error)


class _Teller(Struct):
    """Tells now and then where a check stands, and looks whether it is to stop."""

    connection: Connection
    stopped: bool = False
    _next: float = 0.0

    def tell(self, progress: Progress) -> None:
        if self.stopped:
            raise KeyboardInterrupt
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + TELLING_INTERVAL
        if self.connection.poll():
            # Nothing but the wish for an end is sent to a process that has a task.
            self.stopped = True
            raise KeyboardInterrupt
        self.connection.send(progress)


# --- in the process that has the crew --------------------------------------------------------------------


class Member(Struct, eq=False):
    """A process, what it is doing (`place` says where the answer belongs), and the specs it has loaded."""

    process: BaseProcess
    connection: Connection
    loaded: set[str]
    task: Task | None = None
    place: tuple[int, int] = (-1, -1)

    def begin(self, task: Task, place: tuple[int, int]) -> None:
        self.task, self.place = task, place
        self.loaded.add(task.file)
        # One that is dead is noticed when its answer is waited for.
        with suppress(OSError):
            self.connection.send(task)


class Crew:
    """At most `size` processes. Whatever happens, none is left when the `with` ends."""

    def __init__(self, size: int, options: Options, loaded: Loaded) -> None:
        self.size = size
        self.options = options
        self.members: list[Member] = []
        method = start_method()
        self._context: Context = get_context("fork") if method == "fork" else get_context("spawn")
        self._loaded = loaded if method == "fork" else OrderedDict()

    def __enter__(self) -> Crew:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        deadline = time.monotonic() + PATIENCE
        for member in self.members:
            if member.task is None and kind is None:
                member.process.join(max(0.0, deadline - time.monotonic()))
            member.process.kill()
            member.process.join()
            member.connection.close()

    def free(self) -> Member | None:
        """One with nothing to do, started if need be; None when all are busy."""
        for member in self.members:
            if member.task is None:
                return member
        return self._hire() if len(self.members) < self.size else None

    @property
    def busy(self) -> list[Member]:
        """Who has something to do, in the order in which it is to be told."""
        return sorted((m for m in self.members if m.task is not None), key=lambda member: member.place)

    def _hire(self) -> Member:
        ours, theirs = self._context.Pipe()
        arguments = (theirs, self.options, self._loaded)
        process: BaseProcess = self._context.Process(target=serve, args=arguments, daemon=True)
        # A new process does not know yet what to do about Ctrl-C, so that it is never told of one.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        # Only the process itself may hold its end: its death is seen by that.
        theirs.close()
        member = Member(process, ours, set(self._loaded))
        self.members.append(member)
        return member

    def heard(self, seconds: float | None = None) -> Iterator[tuple[Member, Message]]:
        """Wait for messages. Who gave an answer has nothing to do; who died is not of the crew any more."""
        busy = {member.connection: member for member in self.busy}
        for connection in wait(list(busy), seconds):
            member = busy[connection]  # type: ignore[index]
            message = self._received(member)
            if not isinstance(message, Progress):
                member.task = None
            yield member, message

    def _received(self, member: Member) -> Message:
        try:
            message: Message | _Told = member.connection.recv()
        except (EOFError, OSError):
            return Crashed(self._lost(member))
        except Exception as error:
            return Crashed(error)
        return message.crashed() if isinstance(message, _Told) else message

    def _lost(self, member: Member) -> LostProcessError:
        member.process.join()
        member.connection.close()
        self.members.remove(member)
        code = member.process.exitcode or 0
        how = f"was ended by signal {-code} ({signal.Signals(-code).name})" if code < 0 else "ended"
        what = task_name(member.task) if member.task is not None else "nothing"
        memory = "; it may have run out of memory" if code == -signal.SIGKILL else ""
        return LostProcessError(f"the process for {what} {how}{memory}")

    def stop(self) -> None:
        """Ask all to end: those with a task as soon as they have told what they know."""
        for member in self.members:
            with suppress(OSError):
                member.connection.send(None)


def start_method() -> str:
    """How to start a process: as a copy of this one where that is safe, since then all is loaded. A copy has
    no threads, so that there must be none, and z3 keeps some to itself."""
    alone = threading.active_count() == 1 and "z3" not in sys.modules
    return "fork" if sys.platform == "linux" and alone else "spawn"
