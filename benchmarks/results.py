"""What was measured: rows that can be kept in a file, and the check that all tools agree."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct, to_builtins

from benchmarks.tools import Counts


class Row(Struct, frozen=True):
    """One tool on one case. `seconds` has a number for each run; it is empty where the limit came first.

    `search` is the part of the last command: what is left when the model is translated and compiled.
    """

    model: str
    size: str
    tool: str
    counts: str
    limit: float
    seconds: tuple[float, ...] = ()
    search: tuple[float, ...] = ()
    memory: int = 0
    states: int = 0
    transitions: int | None = None

    @property
    def is_over_limit(self) -> bool:
        return not self.seconds

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def median_search(self) -> float:
        return statistics.median(self.search)

    @property
    def key(self) -> tuple[str, str, str]:
        return self.model, self.size, self.tool


class Results(Struct, frozen=True):
    machine: dict[str, str]
    rows: tuple[Row, ...] = ()

    def replaced(self, rows: Iterable[Row]) -> Results:
        """With these rows in place of those of the same tools and cases."""
        merged = {row.key: row for row in self.rows} | {row.key: row for row in rows}
        return Results(self.machine, tuple(merged.values()))


def read(file: Path, machine: dict[str, str]) -> Results:
    """The results in a file, none if there is no file. Those of another machine are not to be mixed in."""
    if not file.exists():
        return Results(machine)
    document = json.loads(file.read_text(encoding="utf-8"))
    if document["machine"] != machine:
        raise ValueError(f"{file} was measured elsewhere, or with other versions: {document['machine']}")
    rows = tuple(
        Row(**{**row, "seconds": tuple(row["seconds"]), "search": tuple(row["search"])})
        for row in document["rows"]
    )
    return Results(machine, rows)


def write(file: Path, results: Results) -> None:
    file.write_text(json.dumps(to_builtins(results), indent=1) + "\n", encoding="utf-8")


def disagreements(rows: Iterable[Row]) -> list[str]:
    """Where two tools do not find what they must both find; empty if all is well."""
    complete = [row for row in rows if not row.is_over_limit]
    cases = dict.fromkeys((row.model, row.size) for row in complete)
    return [
        problem
        for model, size in cases
        for problem in _of_case([row for row in complete if (row.model, row.size) == (model, size)])
    ]


def _of_case(rows: list[Row]) -> list[str]:
    by_kind = {kind: [row for row in rows if row.counts == kind.value] for kind in Counts}
    problems = [
        problem
        for kind in (Counts.STATES, Counts.ORBITS)
        for row in by_kind[kind][1:]
        for problem in _pair(by_kind[kind][0], row, transitions=kind is Counts.STATES)
    ]
    for row in by_kind[Counts.REDUCED]:
        problems += [_order(orbits, row) for orbits in by_kind[Counts.ORBITS] if orbits.states > row.states]
        problems += [_order(row, full) for full in by_kind[Counts.STATES] if row.states > full.states]
    return problems


def _pair(first: Row, other: Row, *, transitions: bool) -> list[str]:
    """Transitions between orbits depend on which state stands for an orbit: only states are compared."""
    fired = (first.transitions, other.transitions)
    if first.states == other.states and (not transitions or None in fired or fired[0] == fired[1]):
        return []
    return [f"{first.model} {first.size}: {_found(first)}, but {_found(other)}"]


def _order(fewer: Row, more: Row) -> str:
    return f"{fewer.model} {fewer.size}: {_found(fewer)}, which is more than {_found(more)}"


def _found(row: Row) -> str:
    return f"{row.tool} finds {row.states:,} {row.counts}, {row.transitions} transitions"


# --- the machine -----------------------------------------------------------------------------------------


def machine() -> dict[str, str]:
    """Where the run takes place, and which versions of the tools."""
    return {
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "spin": _version("spin", "-V"),
        "rumur": _version("rumur", "--version"),
        "gcc": _version("gcc", "--version"),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _version(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return "not installed"
