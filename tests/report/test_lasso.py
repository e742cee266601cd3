"""Runs that never end, as tables, sentences and JSON."""

from __future__ import annotations

import json

import pytest

import mmcheck
from mmcheck.core.outcome import SpecOutcome
from mmcheck.report.json import document
from mmcheck.report.text import Traces, render

from . import examples

LOOP = """
sort Task = 2;
const bool waits = false;
state { bool waiting[Task]; bool busy; }
transition ask(Task t) { require !waiting[t]; waiting[t] = true; }
fair transition serve(Task t) { require waiting[t] && !busy; waiting[t] = false; busy = true; }
strong fair transition finish() { require busy; busy = false; }
fair transition wait_() { require waits; busy = true; }
liveness served(Task t): waiting[t] ~> !waiting[t];
"""
DEADLOCK = """
state { 0..2 n; }
fair transition up() { require n == 0; n = n + 1; }
liveness two: eventually n == 2;
"""
UNFAIR = """
state { bool done; }
transition finish() { done = true; }
liveness finishes: eventually done;
"""
TEXTS = {"loop": LOOP, "deadlock": DEADLOCK, "unfair": UNFAIR}


def outcome(text: str) -> SpecOutcome:
    return mmcheck.verify(mmcheck.loads(text, "lasso.mmc"))


def table(text: str, width: int = 80) -> str:
    """Everything below the line with the statistics, which tells the time."""
    return render(outcome(text), width, Traces.ALL).plain.partition("explicit engine\n")[2].strip("\n") + "\n"


@pytest.mark.parametrize("name", TEXTS)
def test_tables(name: str, golden: examples.Golden) -> None:
    golden(f"report/lasso_{name}.txt", table(TEXTS[name]))


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("name", TEXTS)
def test_lines_fit(name: str, width: int) -> None:
    assert all(
        len(line) <= width and line == line.rstrip() for line in table(TEXTS[name], width).splitlines()
    )


def test_what_constants_forbid_is_not_mentioned() -> None:
    assert "wait_" not in table(LOOP)


def test_many_units_are_counted() -> None:
    text = LOOP.replace("Task = 2", "Task = 6")
    assert "never enabled in it: serve for 4 values\n" in table(text)


def test_the_loop_is_marked_once() -> None:
    numbers = next(line for line in table(LOOP).splitlines() if line.strip().startswith("step"))
    assert numbers.split()[1:] == ["0", "1", "@", "2", "3", "4", "=", "1"]


def test_the_verdict_says_how_long_it_is() -> None:
    plain = render(outcome(LOOP), 200).plain
    assert "violated by a run for ever, 1 step and then a loop of 3" in plain
    assert "violated by a run for ever, still after 1 step" in render(outcome(DEADLOCK), 200).plain


def test_json() -> None:
    found = json.loads(json.dumps(document([outcome(LOOP)], (), 1, "FAIL", "0")))
    prop = next(p for p in found["specs"][0]["checks"][0]["properties"] if p["name"] == "served")
    trace, fairness = prop["trace"], prop["fairness"]
    assert trace["loop"] == 1 and trace["states"][1] == trace["states"][-1]
    assert not fairness["deadlock"]
    whys = {(u["name"], *u["args"]): (u["strong"], u["why"], u["at"]) for u in fairness["units"]}
    assert whys["finish",] == (True, "taken", 4)
    assert whys["serve", "Task#0"] == (False, "disabled", 3)
    assert whys["serve", "Task#1"] == (False, "taken", 3)
    assert whys["wait_",] == (False, "never enabled", None)
