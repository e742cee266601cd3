"""The visited set on disk: sorted runs, searched for many candidates at once.

A run is a file in parts, like the tables that it was written from; in a part the states are sorted. A batch
of candidates is sorted too and compared with each run from its beginning to its end, so that the disk is only
ever read in order. Runs share no state. When there are many they are merged, part by part.

References: U. Stern and D. Dill, Using magnetic disk instead of main memory in the Murphi verifier, CAV 1998;
R. E. Korf, Best-first frontier search with delayed duplicate detection, AAAI 2004.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from msgspec import Struct, field

from mmcheck.engines.explicit.compiled import Kernel
from mmcheck.engines.explicit.layout import ALL
from mmcheck.engines.explicit.levels import Rows

MOST_RUNS = 8
"""How many runs there may be: each batch of candidates is compared with all of them."""
CHUNK = 1 << 20
"""Bytes read at once."""

_mark_known = Kernel("merging", "mark_known", "u64*2 u64*2 bool*1")


class Run(Struct):
    """One file: its descriptor, and in which rows its parts end (after a first 0)."""

    path: Path
    file: int
    ends: list[int]

    def chunks(self, part: int, words: int) -> Iterator[Rows]:
        """The rows of a part, in order, some at a time."""
        row = 8 * words
        start, end = self.ends[part] * row, self.ends[part + 1] * row
        step = max(CHUNK // row, 1) * row
        for at in range(start, end, step):
            read = os.pread(self.file, min(step, end - at), at)
            if len(read) != min(step, end - at):
                raise OSError(f"{self.path} is shorter than it was written")
            yield np.frombuffer(read, np.uint64).reshape(-1, words)

    def remove(self) -> None:
        os.close(self.file)
        self.path.unlink(missing_ok=True)


class Runs(Struct):
    """All runs of a search, in a folder of its own."""

    folder: Path
    words: int
    mask: int = ALL
    """The bits of word 0 of a candidate that tell states apart."""
    runs: list[Run] = field(default_factory=list)
    written: int = 0

    def add(self, parts: Iterable[Rows]) -> None:
        """Write a run of states that are in no other; merge the runs when they get too many."""
        self.runs.append(self._write(sorted_rows(rows) for rows in parts))
        if len(self.runs) > MOST_RUNS:
            merged = self._write(self._merged(part) for part in range(len(self.runs[0].ends) - 1))
            self.close()
            self.runs = [merged]

    def fresh(self, part: int, rows: Rows) -> Rows:
        """Those of some candidates of a part that are in no run, in their order."""
        if not self.runs or not len(rows):
            return rows
        states = rows.copy()
        states[:, 0] &= np.uint64(self.mask)
        order = np.lexsort(states.T[::-1])
        candidates = states[order]
        known = np.zeros(len(rows), np.bool_)
        for run in self.runs:
            for chunk in run.chunks(part, self.words):
                first = np.searchsorted(candidates[:, 0], chunk[0, 0], "left")
                last = np.searchsorted(candidates[:, 0], chunk[-1, 0], "right")
                _mark_known(chunk, candidates[first:last], known[first:last])
        keep = np.ones(len(rows), np.bool_)
        keep[order[known]] = False
        return rows[keep]

    def close(self) -> None:
        """Close and remove the files."""
        for run in self.runs:
            run.remove()
        self.runs = []

    def _merged(self, part: int) -> Rows:
        """The states of a part of all runs."""
        chunks = [chunk for run in self.runs for chunk in run.chunks(part, self.words)]
        return sorted_rows(np.concatenate(chunks)) if chunks else np.empty((0, self.words), np.uint64)

    def _write(self, parts: Iterable[Rows]) -> Run:
        path = self.folder / f"run-{self.written:05}"
        self.written += 1
        ends = [0]
        try:
            with path.open("wb") as file:
                for rows in parts:
                    file.write(rows.data)
                    ends.append(ends[-1] + len(rows))
        except OSError:
            path.unlink(missing_ok=True)
            raise
        return Run(path, os.open(path, os.O_RDONLY | os.O_CLOEXEC), ends)


def sorted_rows(rows: Rows) -> Rows:
    """Rows sorted by their words, the first word counting most."""
    if rows.shape[1] == 1:
        return np.sort(rows, axis=0)
    return np.ascontiguousarray(rows[np.lexsort(rows.T[::-1])])
