"""A level of the search: its states in chunks, in memory or on disk.

The chunks are those that the visited set gave, and are never joined: that would take their memory twice.
"""

from __future__ import annotations

import mmap as mmap_module
from collections.abc import Iterable, Iterator
from contextlib import suppress
from mmap import MAP_ANONYMOUS, MAP_PRIVATE, mmap
from pathlib import Path

import numpy as np
from msgspec import Struct, field
from numpy.lib import format
from numpy.typing import NDArray

Rows = NDArray[np.uint64]

MAPPED = 1 << 16
"""From how many bytes on an array gets pages of its own."""
HUGE = 1 << 21
"""From how many bytes on it pays to ask for large ones: each page costs time when it is first written to."""
MADV_HUGEPAGE: int | None = getattr(mmap_module, "MADV_HUGEPAGE", None)


def empty_rows(count: int, words: int) -> Rows:
    """Rows without contents. Large ones lie in pages of their own, which go back to the system as soon as
    they are not used any more; what comes from the heap may stay with the process."""
    size = count * words * 8
    if size < MAPPED:
        return np.empty((count, words), np.uint64)
    pages = mmap(-1, size, flags=MAP_PRIVATE | MAP_ANONYMOUS)
    if size >= HUGE and MADV_HUGEPAGE is not None:
        # A kernel without large pages refuses, and the small ones do as well.
        with suppress(OSError):
            pages.madvise(MADV_HUGEPAGE)
    return np.frombuffer(pages, np.uint64).reshape(count, words)


def join(parts: list[Rows], words: int) -> Rows:
    """The rows of all parts, one after the other."""
    if len(parts) == 1:
        return parts[0]
    joined = empty_rows(sum(map(len, parts)), words)
    if parts:
        np.concatenate(parts, out=joined)
    return joined


class Level(Struct):
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
        """The states in blocks of a size (the last one may be smaller), wherever chunks begin. They may move
        to disk meanwhile."""
        for start in range(0, len(self), size):
            yield self._rows(start, start + size)

    def _rows(self, start: int, end: int) -> Rows:
        """The states from one number to another. As chunks are looked up each time, it does not matter that
        some were replaced by a single one on disk since the last time."""
        parts: list[Rows] = []
        first = 0
        for chunk in self.chunks:
            if first < end and start < first + len(chunk):
                parts.append(chunk[max(start - first, 0) : end - first])
            first += len(chunk)
        return parts[0] if len(parts) == 1 else np.concatenate(parts)


def unload(levels: Iterable[Level], path: Path) -> None:
    """Move what some levels have in memory to one file, and map it. Nothing is changed where that fails."""
    loaded = [level for level in levels if level.on_disk < len(level.chunks)]
    chunks = [chunk for level in loaded for chunk in level.chunks[level.on_disk :]]
    if not chunks:
        return
    write_rows(path, chunks)
    start = 0
    rows: Rows = np.asarray(np.load(path, mmap_mode="r"))
    for level in loaded:
        end = start + sum(map(len, level.chunks[level.on_disk :]))
        level.chunks[level.on_disk :] = [rows[start:end]]
        level.on_disk = len(level.chunks)
        start = end


def write_rows(path: Path, chunks: list[Rows]) -> None:
    """Write chunks as one NumPy file; no file is left where that fails."""
    header = {"descr": "<u8", "fortran_order": False, "shape": (sum(map(len, chunks)), chunks[0].shape[1])}
    try:
        with path.open("wb") as file:
            format.write_array_header_1_0(file, header)
            for chunk in chunks:
                file.write(np.ascontiguousarray(chunk).data)
    except OSError:
        path.unlink(missing_ok=True)
        raise
