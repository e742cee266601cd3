"""The model checkers: how each is run on a case, and what it says about the number of states.

A tool is a sequence of commands, from the text of the model to the verdict; all of them count as its time.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
from collections.abc import Callable
from enum import Enum
from pathlib import Path

from msgspec import Struct

from benchmarks.cases import HERE, Case

DEFAULT_MMCHECK = f"{shlex.quote(sys.executable)} -m mmcheck"
DEFAULT_CC = "gcc -O3 -march=native"


class Counts(Enum):
    """What a tool counts."""

    STATES = "states"
    ORBITS = "orbits"
    """States that differ only in the names of tasks and pages count once."""
    REDUCED = "reduced"
    """Such states may count once: a number between the orbits and the states."""


class Count(Struct, frozen=True):
    """What a tool found. `transitions` is None where it does not say, or rounds."""

    states: int
    transitions: int | None = None


class Tool(Struct, frozen=True):
    """The last of the commands does the search; `read` takes its output, and raises where it is no proof."""

    name: str
    counts: Counts
    needs: tuple[str, ...]
    commands: Callable[[Case, Path], list[tuple[str, ...]]]
    read: Callable[[str], Count]
    sizes: tuple[str, ...] = ("tiny", "small", "medium", "large")

    def is_missing(self) -> bool:
        return any(shutil.which(program) is None for program in self.needs)


def tools(mmcheck: str, cc: str) -> list[Tool]:
    """All tools; the two are the command lines that run mmcheck, and a C compiler."""
    compiler = shlex.split(cc)
    return [*_mmcheck(shlex.split(mmcheck)), _c(compiler), *_spin(compiler), *_rumur(compiler)]


# --- mmcheck ---------------------------------------------------------------------------------------------


def _mmcheck(program: list[str]) -> list[Tool]:
    def tool(name: str, counts: Counts, *options: str, sizes: tuple[str, ...]) -> Tool:
        def commands(case: Case, folder: Path) -> list[tuple[str, ...]]:
            model = str(HERE / "models" / f"{case.model}.mmc")
            check = ("--check", case.size.name, "--format", "json", "--no-cache")
            return [(*program, "verify", model, *check, *options)]

        return Tool(name, counts, (program[0],), commands, _read_mmcheck, sizes)

    sizes = ("tiny", "small", "medium", "large")
    explicit = ("--engine", "explicit")
    return [
        tool("mmcheck", Counts.ORBITS, *explicit, sizes=(*sizes, "symmetric")),
        tool("mmcheck-no-symmetry", Counts.STATES, *explicit, "--no-symmetry", sizes=sizes),
        tool("mmcheck-1-thread", Counts.STATES, *explicit, "--no-symmetry", "--threads", "1", sizes=sizes),
        tool("mmcheck-reference", Counts.STATES, "--engine", "reference", sizes=("tiny",)),
    ]


def _read_mmcheck(output: str) -> Count:
    document = json.loads(output)
    (spec,) = document["specs"]
    (check,) = spec["checks"]
    if not check["statistics"]["complete"] or check["ending"] != "as expected":
        raise ValueError("mmcheck proved less than everything")
    return Count(check["statistics"]["states"], check["statistics"]["transitions"])


# --- C ---------------------------------------------------------------------------------------------------


def _c(cc: list[str]) -> Tool:
    def commands(case: Case, folder: Path) -> list[tuple[str, ...]]:
        source = str(HERE / "c" / f"{case.model}.c")
        return [(*cc, *_defines(case), "-o", "search", source), ("./search",)]

    return Tool("c", Counts.STATES, (cc[0],), commands, _read_c)


def _read_c(output: str) -> Count:
    return _found(r"^(\d+) states, (\d+) transitions, depth \d+$", output)


# --- Spin ------------------------------------------------------------------------------------------------


def _spin(cc: list[str]) -> list[Tool]:
    """Depth-first and breadth-first, each with partial-order reduction and without it.

    The reduction has nothing to reduce, since the models are one process each, so that the runs without it
    only tell what looking for it costs; they are left out where a run takes minutes.
    """

    def tool(name: str, *flags: str, sizes: tuple[str, ...]) -> Tool:
        def commands(case: Case, folder: Path) -> list[tuple[str, ...]]:
            model = str(HERE / "promela" / f"{case.model}.pml")
            slots = max(case.size.states.bit_length(), 18)
            return [
                ("spin", *_defines(case), "-a", model),
                (*cc, "-DSAFETY", "-DMEMLIM=200000", *flags, "-o", "pan", "pan.c"),
                ("./pan", f"-m{case.size.states}", f"-w{slots}"),
            ]

        return Tool(name, Counts.STATES, ("spin", cc[0]), commands, _read_spin, sizes)

    always, smaller = ("tiny", "small", "medium", "large"), ("tiny", "small", "medium")
    return [
        tool("spin-dfs", sizes=always),
        tool("spin-bfs", "-DBFS", sizes=always),
        tool("spin-dfs-noreduce", "-DNOREDUCE", sizes=smaller),
        tool("spin-bfs-noreduce", "-DBFS", "-DNOREDUCE", sizes=smaller),
    ]


def _read_spin(output: str) -> Count:
    """Spin's transitions are states stored and matched; storing the initial state is not a transition."""
    if "errors: 0" not in output or "max search depth too small" in output or "not completed" in output:
        raise ValueError("Spin proved less than everything")
    stored = re.search(r"^\s*(\d+) states, stored$", output, re.MULTILINE)
    fired = re.search(r"^\s*(\d+) transitions \(= stored\+matched\)$", output, re.MULTILINE)
    if stored is None:
        raise ValueError("Spin does not say how many states it stored, or rounds")
    return Count(int(stored[1]), int(fired[1]) - 1 if fired else None)


# --- rumur -----------------------------------------------------------------------------------------------

_RUMUR = (
    *("--deadlock-detection", "off", "--counterexample-trace", "off", "--scalarset-schedules", "off"),
    *("--set-capacity", str(64 << 20)),
)


def _rumur(cc: list[str]) -> list[Tool]:
    def tool(name: str, counts: Counts, symmetry: str, threads: int, *, sizes: tuple[str, ...]) -> Tool:
        def commands(case: Case, folder: Path) -> list[tuple[str, ...]]:
            # rumur has no option that sets a constant.
            (folder / "model.m").write_text(_murphi(case), encoding="utf-8")
            options = ("--symmetry-reduction", symmetry, "--threads", str(threads), *_RUMUR)
            return [
                ("rumur", *options, "--output", "model.c", "model.m"),
                (*cc, "-DNDEBUG", "-o", "search", "model.c", "-lpthread"),
                ("./search",),
            ]

        return Tool(name, counts, ("rumur", cc[0]), commands, _read_rumur, sizes)

    always, smaller = ("tiny", "small", "medium", "large"), ("tiny", "small", "medium")
    return [
        tool("rumur-1-thread", Counts.STATES, "off", 1, sizes=smaller),
        tool("rumur-2-threads", Counts.STATES, "off", 2, sizes=always),
        tool("rumur-heuristic", Counts.REDUCED, "heuristic", 2, sizes=(*always, "symmetric")),
        tool("rumur-exhaustive", Counts.ORBITS, "exhaustive", 2, sizes=always),
    ]


def _murphi(case: Case) -> str:
    text = (HERE / "murphi" / f"{case.model}.m").read_text(encoding="utf-8")
    for name, value in (("TASKS", case.size.tasks), ("PAGES", case.size.pages)):
        text, found = re.subn(rf"^  {name}: \d+;$", f"  {name}: {value};", text, flags=re.MULTILINE)
        if found != 1:
            raise ValueError(f"{case.model}.m does not set {name} once")
    return text


def _read_rumur(output: str) -> Count:
    if "No error found." not in output:
        raise ValueError("rumur proved less than everything")
    return _found(r"^\s*(\d+) states, (\d+) rules fired in \d+s\.$", output)


# --- for several -----------------------------------------------------------------------------------------


def _defines(case: Case) -> tuple[str, ...]:
    return f"-DTASKS={case.size.tasks}", f"-DPAGES={case.size.pages}"


def _found(pattern: str, output: str) -> Count:
    match = re.search(pattern, output, re.MULTILINE)
    if match is None:
        raise ValueError(f"no number of states in:\n{output[-2000:]}")
    return Count(int(match[1]), int(match[2]))
