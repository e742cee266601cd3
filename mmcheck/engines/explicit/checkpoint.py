"""Checkpoints: where a search stands between two levels, on disk, so that a later run can go on from there.

A folder holds the states of all levels in one file that only grows, and a small one that says how much of it
counts, what was counted and what was found. The small one is replaced at once, after what it speaks about has
reached the disk, so a run may be killed at any moment. The visited set is made again from the levels.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import asdict

from mmcheck import core
from mmcheck.core.instance import Instance
from mmcheck.core.types import EnumType, OptionalType, Scalar, SetType
from mmcheck.diagnostics import Diagnostic, SpecError
from mmcheck.engines.explicit.levels import Level, Rows
from mmcheck.engines.scratch import LOCK, lock

FORMAT = 1
INTERVAL = 30.0
"""Seconds between checkpoints, at least."""
POSITION = "position.json"
LEVELS = "levels"


class Position(Struct, frozen=True):
    """Where a search stands before it expands its last level: how many states each level has, what was
    counted and found until then. Branches are told by action and number; what was found, by property,
    instance, words and level."""

    levels: list[int]
    hashed: bool
    """Whether the visited set is in tables: the order of the next states depends on it."""
    failed_at_first: bool
    """Whether there was a model error in the initial states."""
    transitions: int
    seconds: float
    fired: list[int]
    taken: list[list[int]]
    failed: list[list[int]]
    found: list[tuple[str, int, list[int], int]]
    met: list[tuple[str, int]]
    excluding: list[str]


class Checkpoint:
    """The checkpoint of one check, in a folder of its own."""

    def __init__(
        self,
        folder: Path,
        fingerprint: str,
        words: int,
        interval: float = INTERVAL,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.folder, self.fingerprint, self.words, self.interval = folder, fingerprint, words, interval
        self._clock = clock
        self._next = clock() + interval
        self._written = 0
        self._last: tuple[Position, list[Level]] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = lock(folder)
        if self._lock is None:
            raise unusable(f"the checkpoint in `{folder}` is used by another run", "wait for it to end")

    def load(self) -> tuple[Position, list[Rows]] | None:
        """Where an earlier run stood; None where there was none. Raises SpecError where it was another run,
        or the files are damaged."""
        try:
            document = json.loads((self.folder / POSITION).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise self._damaged() from error
        if document.get("fingerprint") != self.fingerprint:
            raise unusable(
                f"the checkpoint in `{self.folder}` is of another run",
                "the spec, a setting, an option or mmcheck has changed: remove it, or name another folder",
            )
        position = Position(**document["position"])
        if self._size() < sum(position.levels) * self._row:
            raise self._damaged()
        self._written = len(position.levels)
        return position, self._levels(position)

    def reach(self, position: Position, levels: list[Level]) -> None:
        """Take note of where the search stands, and write it if it is time to."""
        self._last = position, list(levels)
        if self._clock() >= self._next:
            self.write()

    def write(self) -> None:
        """Write where the search stood last."""
        if self._last is None:
            return
        position, levels = self._last
        with (self.folder / LEVELS).open("ab") as file:
            file.truncate(sum(position.levels[: self._written]) * self._row)
            for level in levels[self._written :]:
                for chunk in level.chunks:
                    file.write(np.ascontiguousarray(chunk).data)
            file.flush()
            os.fsync(file.fileno())
        self._replace({"fingerprint": self.fingerprint, "position": asdict(position)})
        self._written, self._last = len(levels), None
        self._next = self._clock() + self.interval

    def close(self) -> None:
        """Let other runs use the folder. One without a checkpoint is removed."""
        if self._lock is None:
            return
        if not (self.folder / POSITION).exists():
            self._remove()
        os.close(self._lock)
        self._lock = None

    def remove(self) -> None:
        """Remove the checkpoint: the check is finished."""
        self._last = None
        (self.folder / POSITION).unlink(missing_ok=True)

    # --- files -------------------------------------------------------------------------------------------

    @property
    def _row(self) -> int:
        return 8 * self.words

    def _size(self) -> int:
        path = self.folder / LEVELS
        return path.stat().st_size if path.exists() else 0

    def _levels(self, position: Position) -> list[Rows]:
        shape = (sum(position.levels), self.words)
        rows: Rows = np.asarray(np.memmap(self.folder / LEVELS, np.uint64, "r", shape=shape))
        ends = np.cumsum(position.levels)
        return [rows[end - size : end] for size, end in zip(position.levels, ends, strict=True)]

    def _replace(self, document: dict[str, Any]) -> None:
        path = self.folder / POSITION
        temporary = path.with_suffix(".tmp")
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(document, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _remove(self) -> None:
        for name in (LEVELS, LOCK, f"{POSITION.removesuffix('.json')}.tmp"):
            (self.folder / name).unlink(missing_ok=True)
        # The folder of the spec may hold checkpoints of other checks.
        with suppress(OSError):
            self.folder.rmdir()
            self.folder.parent.rmdir()

    def _damaged(self) -> SpecError:
        return unusable(f"the checkpoint in `{self.folder}` is damaged", "remove it")


def unusable(message: str, remedy: str) -> SpecError:
    """That a folder cannot be used."""
    return SpecError((Diagnostic("E508", message, None, remedy),))


# --- what a checkpoint depends on ------------------------------------------------------------------------


def fingerprint(instance: Instance, properties: Iterable[str], *more: object) -> str:
    """A digest of everything that decides how a search goes on: two runs with the same one are the same."""
    types = [(repr(cell), _described(cell.type)) for cell in instance.cells]
    parts = (FORMAT, instance.system, sorted(instance.sizes.items()), types, *properties, *more)
    return sha256(f"{_code()} {parts!r}".encode()).hexdigest()


def _described(type: Scalar) -> object:
    """A type with the constants of its enum, which its repr leaves out."""
    match type:
        case EnumType(name, values):
            return name, values
        case OptionalType(base):
            return "?", _described(base)
        case SetType(element):
            return "set", _described(element)
        case _:
            return repr(type)


def _code() -> str:
    """A digest of the programs that give a packed state its meaning: those of the core and of the engine."""
    digest = sha256()
    for folder in (Path(core.__path__[0]), Path(__file__).parent):
        for path in sorted(folder.glob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()
