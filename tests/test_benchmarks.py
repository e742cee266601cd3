"""The benchmark's models are the same in every language: all tools count the same at the smallest size."""

from __future__ import annotations

import importlib
import json
import shutil
import subprocess
import sys
from itertools import permutations
from math import factorial
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

import mmcheck

ROOT = Path(__file__).parent.parent
MODELS = ("memfd_pins", "page_faults")
REFERENCE = "mmcheck-reference"
FULL = pytest.mark.parametrize(
    ("model", "states", "transitions"), [("memfd_pins", 592, 5808), ("page_faults", 8771, 37074)]
)

# Compiling takes longer than the search at this size.
CC = "gcc -O0 -march=native"


def run(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks.run", "--sizes", "tiny", "--runs", "1", "--cc", CC, *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def rows(tmp_path: Path, model: str, *tools: str) -> dict[str, dict[str, Any]]:
    """What each tool found at the smallest size; the run itself fails where they do not agree."""
    file = tmp_path / "results.json"
    done = run("--models", model, "--tools", ",".join(tools), "--results", str(file))
    assert done.returncode == 0, done.stderr
    found = {row["tool"]: row for row in json.loads(file.read_text(encoding="utf-8"))["rows"]}
    assert list(found) == list(tools)
    return found


def cycles(permutation: tuple[int, ...]) -> int:
    left, count = set(range(len(permutation))), 0
    while left:
        count, element = count + 1, left.pop()
        while permutation[element] in left:
            element = permutation[element]
            left.remove(element)
    return count


def memfd_pins_orbits(tasks: int, pages: int) -> int:
    """The states of memfd_pins up to the names of tasks and pages, by Burnside's lemma.

    Before the seal every task is in one of three ways mapped, and pins and data are as they will; after it
    tasks are mapped for reading or not at all, nothing is pinned, and the data is as it will.
    """
    fixed = 0
    for task in permutations(range(tasks)):
        for page in permutations(range(pages)):
            pin = tuple(task[t] * pages + page[p] for t in range(tasks) for p in range(pages))
            fixed += (3 ** cycles(task) * 2 ** cycles(pin) + 2 ** cycles(task)) * 2 ** cycles(page)
    return fixed // (factorial(tasks) * factorial(pages))


@FULL
def test_mmcheck_proves_the_smallest_size(model: str, states: int, transitions: int, tmp_path: Path) -> None:
    found = rows(tmp_path, model, REFERENCE)[REFERENCE]
    assert (found["states"], found["transitions"]) == (states, transitions)


@pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")
@FULL
def test_the_program_by_hand_finds_as_many(model: str, states: int, transitions: int, tmp_path: Path) -> None:
    found = rows(tmp_path, model, "c")["c"]
    assert (found["states"], found["transitions"]) == (states, transitions)


@pytest.mark.skipif(
    shutil.which("gcc") is None or shutil.which("spin") is None, reason="spin is not installed"
)
@FULL
def test_spin_finds_as_many(model: str, states: int, transitions: int, tmp_path: Path) -> None:
    found = rows(tmp_path, model, "spin-bfs")["spin-bfs"]
    assert (found["states"], found["transitions"]) == (states, transitions)


@pytest.mark.skipif(
    shutil.which("gcc") is None or shutil.which("rumur") is None, reason="rumur is not installed"
)
@pytest.mark.parametrize(
    ("model", "states", "transitions", "orbits"),
    [("memfd_pins", 592, 5808, 189), ("page_faults", 8771, 37074, 4410)],
)
def test_rumur_finds_as_many(model: str, states: int, transitions: int, orbits: int, tmp_path: Path) -> None:
    found = rows(tmp_path, model, "rumur-1-thread", "rumur-exhaustive")
    assert (found["rumur-1-thread"]["states"], found["rumur-1-thread"]["transitions"]) == (
        states,
        transitions,
    )
    assert found["rumur-exhaustive"]["states"] == orbits


def test_the_orbits_of_memfd_pins_follow_from_its_symmetry() -> None:
    assert memfd_pins_orbits(2, 2) == 189


def test_mmcheck_finds_as_many_orbits_where_many_elements_are_alike() -> None:
    path = str(ROOT / "benchmarks" / "models" / "memfd_pins.mmc")
    spec = mmcheck.load(path, ["Task=4", "Page=4"])
    (check,) = mmcheck.verify(spec, mmcheck.Options(checks=("tiny",), engine="explicit")).checks
    assert check.statistics.states == memfd_pins_orbits(4, 4)


@pytest.mark.parametrize("model", MODELS)
def test_every_size_is_the_check_of_that_name(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the other tools are given is what the checks of the model say."""
    monkeypatch.syspath_prepend(ROOT)
    sizes = importlib.import_module("benchmarks.cases").SIZES
    text = (ROOT / "benchmarks" / "models" / f"{model}.mmc").read_text(encoding="utf-8")
    checks = [line for line in text.splitlines() if line.startswith("check ")]
    assert checks == [
        f"check {size.name} {{ Task = {size.tasks}; Page = {size.pages}; }}" for size in sizes[model]
    ]


# Stands in for mmcheck, and finds one state more when it runs without symmetry reduction.
LIAR = """\
import json
import sys

states = 593 if "--no-symmetry" in sys.argv else 592
statistics = {"complete": True, "states": states, "transitions": 5808}
check = {"ending": "as expected", "statistics": statistics}
json.dump({"specs": [{"checks": [check]}]}, sys.stdout)
"""


def test_tools_that_do_not_agree_end_the_run(tmp_path: Path) -> None:
    liar = tmp_path / "liar.py"
    liar.write_text(LIAR, encoding="utf-8")
    done = run(
        *("--models", "memfd_pins", "--tools", f"{REFERENCE},mmcheck-no-symmetry"),
        *("--mmcheck", f"{sys.executable} {liar}"),
    )
    assert done.returncode == 1
    assert "the tools do not agree:" in done.stderr
    assert "finds 593 states, 5808 transitions" in done.stderr
    assert done.stdout == ""


def test_a_tool_that_fails_ends_the_run() -> None:
    done = run("--models", "memfd_pins", "--tools", REFERENCE, "--mmcheck", f"{sys.executable} -c 'exit(3)'")
    assert done.returncode == 1
    assert "exit status 3" in done.stderr
    assert done.stdout == ""


def test_a_run_over_the_limit_is_a_line_of_the_table() -> None:
    slow = f"{sys.executable} -c 'import time; time.sleep(60)'"
    done = run("--models", "memfd_pins", "--tools", REFERENCE, "--mmcheck", slow, "--limit", "0.5")
    assert done.returncode == 0, done.stderr
    assert f"| {REFERENCE} |  | states | over 0.5 |" in done.stdout


# --- the engines -----------------------------------------------------------------------------------------


def engines(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks.engines", "--specs", "memfd_seal", "--sizes", "1", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_engines_are_measured_on_specs(tmp_path: Path) -> None:
    page, file = tmp_path / "page.md", tmp_path / "results.json"
    page.write_text("before\n<!-- begin: written by run.py --readme -->\n<!-- end -->\nafter\n")
    for engine in ("explicit", "bmc"):
        done = engines(
            "--engines", engine, "--limit", "40", "--results", str(file), "--readme", "--page", str(page)
        )
        assert done.returncode == 0, done.stderr
    (row,) = (line for line in page.read_text().splitlines() if line.startswith("| memfd_seal"))
    explicit, bmc = row.split("|")[4:6]
    decided, _, rest = explicit.strip().partition(" of ")
    assert rest.startswith(f"{decided}, ") and rest.endswith(" s")
    assert 0 < int(bmc.split()[0]) < int(decided)
    assert page.read_text().startswith("before\n") and page.read_text().endswith("-->\nafter\n")


def test_engines_that_do_not_agree_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)
    module = importlib.import_module("benchmarks.engines")
    row = module.Row("memfd_seal", 2, "explicit", 60.0, 1.0, 3, {"fine": "proved"}, 7)
    module.agree([row, replace(row, engine="bmc", verdicts={})])
    with pytest.raises(module.DisagreementError, match="do not agree on fine"):
        module.agree([row, replace(row, engine="ic3", verdicts={"fine": "violated"})])
