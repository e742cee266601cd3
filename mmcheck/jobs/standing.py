"""How far the files of a run are: what is to be done next, and what is finished and can be told, in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Sequence
from typing import TypeAlias, assert_never

from msgspec import Struct, field
from msgspec.structs import replace

from mmcheck.core.outcome import SpecOutcome
from mmcheck.jobs.desk import Crashed, Judged, Opened, Refused, Reply, Stopped
from mmcheck.session import completed

Place: TypeAlias = tuple[int, int]
"""A file of the run, and a check of it; FILE stands for the file itself."""
FILE = -1


class Crash(Struct, frozen=True):
    """A bug of mmcheck that showed while a file was verified: it has no outcome."""

    file: str
    error: Exception


Result: TypeAlias = SpecOutcome | Crash


class _File(Struct):
    """`waiting` are the checks that nobody has begun, `postponed` those that are to come last of all."""

    path: str
    begun: bool = False
    opened: Opened | None = None
    waiting: deque[int] = field(default_factory=deque)
    postponed: list[int] = field(default_factory=list)
    replies: dict[int, Judged | Refused] = field(default_factory=dict)
    crash: Crash | None = None

    @property
    def finished(self) -> bool:
        if self.crash is not None:
            return True
        return self.opened is not None and len(self.replies) == len(self.opened.checks)

    def result(self) -> Result | None:
        """What there is to tell of the file, if there is anything."""
        if self.crash is not None:
            return self.crash
        if self.opened is None or not (self.finished or self.replies):
            return None
        replies = [self.replies[check] for check in sorted(self.replies)]
        outcome = replace(
            self.opened.outcome,
            checks=tuple(reply.outcome for reply in replies if isinstance(reply, Judged)),
            diagnostics=(
                *self.opened.outcome.diagnostics,
                *(d for reply in replies if isinstance(reply, Refused) for d in reply.diagnostics),
            ),
        )
        return completed(outcome, self.opened.declared, self.opened.allowances)


class Standing:
    """The files of a run. Those before `_told` have been told."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._files = [_File(path) for path in paths]
        self._told = 0

    def path(self, place: Place) -> str:
        return self._files[place[0]].path

    def check(self, place: Place) -> str:
        opened = self._files[place[0]].opened
        if opened is None:
            raise RuntimeError("a check of a file that was not opened")
        return opened.checks[place[1]]

    @property
    def waiting(self) -> int:
        """How much nobody has begun; a file that was not opened counts as one."""
        return sum(len(file.waiting) + (not file.begun) for file in self._files)

    def take(self, loaded: Collection[str] | None = None) -> Place | None:
        """What to begin next, for someone who has loaded some of the files (None: all that are opened): a
        check of one of these, or else a file that nobody has opened, or else a check of any."""
        for i, file in enumerate(self._files):
            if file.waiting and (loaded is None or file.path in loaded):
                return i, file.waiting.popleft()
        for i, file in enumerate(self._files):
            if not file.begun:
                file.begun = True
                return i, FILE
        return None if loaded is None else self.take()

    def put_back(self, place: Place) -> None:
        """Let someone else begin it."""
        self._files[place[0]].waiting.appendleft(place[1])

    def postpone(self, place: Place) -> None:
        """Let a check come again when all others are done."""
        self._files[place[0]].postponed.append(place[1])

    def resume(self) -> None:
        """Let what was postponed come now."""
        for file in self._files:
            file.waiting.extend(sorted(file.postponed))
            file.postponed.clear()

    def record(self, place: Place, reply: Reply) -> None:
        """Note what came of something that was begun."""
        file = self._files[place[0]]
        match reply:
            case Opened(_, checks):
                file.opened = reply
                file.waiting.extend(range(len(checks)))
            case Judged() | Refused():
                file.replies[place[1]] = reply
            case Crashed(error):
                file.crash = file.crash or Crash(file.path, error)
                file.waiting.clear()
                file.postponed.clear()
            case Stopped():
                pass
            case _:
                assert_never(reply)

    def finished(self) -> Iterator[Result]:
        """The files to tell now: those that are finished, as are all before them."""
        while self._told < len(self._files) and self._files[self._told].finished:
            file = self._files[self._told]
            self._told += 1
            if (result := file.result()) is not None:
                yield result

    def unfinished(self) -> Iterator[Result]:
        """What there is to tell of all the others."""
        files, self._told = self._files[self._told :], len(self._files)
        yield from (result for file in files if (result := file.result()) is not None)
