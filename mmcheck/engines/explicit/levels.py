"""A level of the search: its states in chunks, in memory or on disk.

The chunks are those that the visited set gave, and are never joined: that would take their memory twice.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from mmap import MAP_ANONYMOUS, MAP_PRIVATE, mmap
from pathlib import Path

import numpy as np
from numpy.lib import format
from numpy.typing import NDArray

Rows = NDArray[np.uint64]

MAPPED = 1 << 20
"""From how many bytes on an array gets pages of its own."""


def empty_rows(count: int, words: int) -> Rows:
    """Rows without contents. Large ones lie in pages of their own, which go back to the system as soon as
    they are not used any more; what comes from the heap may stay with the process."""
    size = count * words * 8
    if size < MAPPED:
        return np.empty((count, words), np.uint64)
    pages = mmap(-1, size, flags=MAP_PRIVATE | MAP_ANONYMOUS)
    return np.frombuffer(pages, np.uint64).reshape(count, words)


def join(parts: list[Rows], words: int) -> Rows:
    """The rows of all parts, one after the other."""
    if len(parts) == 1:
        return parts[0]
    joined = empty_rows(sum(map(len, parts)), words)
    if parts:
        np.concatenate(parts, out=joined)
    return joined


@dataclass
class Level:
    """States in an order that depends on the search only, not on where its chunks begin."""

    words: int
    chunks: list[Rows] = field(default_factory=list)
    on_disk: int = 0
    """How many chunks, from the first on, are mapped from files."""

    def __len__(self) -> int:
        return sum(map(len, self.chunks))

    def append(self, rows: Rows) -> None:
        if len(rows):
            self.chunks.append(rows)

    def blocks(self, size: int) -> Iterator[Rows]:
        """The states in blocks of a size, those at the ends of chunks smaller."""
        for chunk in self.chunks:
            for start in range(0, len(chunk), size):
                yield chunk[start : start + size]

    def unload(self, path: Path) -> None:
        """Move the chunks that are in memory to a file, and map it."""
        chunks = self.chunks[self.on_disk :]
        if chunks:
            write_rows(path, chunks, self.words)
            self.chunks[self.on_disk :] = [mapped_rows(path)]
            self.on_disk = len(self.chunks)


def write_rows(path: Path, chunks: list[Rows], words: int, sync: bool = False) -> None:
    """Write chunks as one NumPy file; no file is left where that fails. With `sync`, a file that is there is
    complete whatever happens to the machine."""
    temporary = path.with_suffix(".tmp")
    try:
        with temporary.open("wb") as file:
            header = {"descr": "<u8", "fortran_order": False, "shape": (sum(map(len, chunks)), words)}
            format.write_array_header_1_0(file, header)
            for chunk in chunks:
                file.write(np.ascontiguousarray(chunk).data)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def mapped_rows(path: Path) -> Rows:
    """The rows of a file, read where they are looked at."""
    return np.asarray(np.load(path, mmap_mode="r"))
