"""Whole outcomes as text, pinned at several widths, with and without colour."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from mmcheck.core.check import HOLDS, Expectation, Expected
from mmcheck.core.outcome import PropertyOutcome
from mmcheck.core.verdict import Proved, Violated, Witness
from mmcheck.report.blame import origin
from mmcheck.report.phrases import expectation, verdict_phrase
from mmcheck.report.text import Traces, hidden_traces, render

from . import examples

ALL = examples.spec(examples.naive(), examples.merged(), examples.limited())


def coloured(width: int) -> str:
    console = Console(file=StringIO(), width=width, color_system="standard", force_terminal=True, _environ={})
    with console.capture() as captured:
        console.print(render(ALL, width), soft_wrap=True, highlight=False)
    return captured.get()


@pytest.mark.parametrize("width", [60, 80, 120])
def test_plain(width: int, golden: examples.Golden) -> None:
    golden(f"report/plain_{width}.txt", render(ALL, width).plain + "\n")


def test_all_traces(golden: examples.Golden) -> None:
    golden("report/all_traces.txt", render(examples.spec(examples.naive()), 80, Traces.ALL).plain + "\n")


def test_colour(golden: examples.Golden) -> None:
    golden("report/colour_80.txt", coloured(80))


def test_our_own_text_is_ascii() -> None:
    assert render(ALL, 80, Traces.ALL).plain.isascii()


def test_quiet_shows_only_news() -> None:
    quiet = render(ALL, 80, quiet=True).plain
    assert "check naive" not in quiet
    assert "check merged" in quiet and "check large" in quiet
    assert "as expected" not in quiet
    assert "W600" in quiet
    assert render(examples.spec(examples.naive()), 80, quiet=True).plain == ""


def test_hidden_traces_are_counted() -> None:
    assert hidden_traces(ALL, Traces.UNEXPECTED) == 1
    assert hidden_traces(ALL, Traces.ALL) == 0
    assert hidden_traces(ALL, Traces.NONE) == 4
    assert "step   " not in render(ALL, 80, Traces.NONE).plain


def test_where_values_come_from() -> None:
    run = examples.five_steps()

    def of(label: str, value: object) -> int | None:
        return origin(label, value, examples.SEALED, run, examples.INSTANCE)  # type: ignore[arg-type]

    assert of("data'[Page#0]", "new") == 5
    assert of("data[Page#0]", "zero") == 0
    assert of("mapped[Task#0]", False) == 3
    assert of("sealed", True) == 4
    assert of("refs", 2) is None


@pytest.mark.parametrize(
    ("outcome", "phrase", "unexpected"),
    [
        (
            PropertyOutcome(
                examples.SEALED, Violated(examples.five_steps()), Expected(Expectation.VIOLATED, 4)
            ),
            "violated in 5 steps",
            "UNEXPECTED: expected violated in 4 steps",
        ),
        (
            PropertyOutcome(
                examples.CAN_SEAL, Violated(None, examples.FOR_PAGE, "", examples.EXHAUSTIVE), HOLDS
            ),
            "NOT REACHED for p = Page#0 in 1,024 states",
            "UNEXPECTED: expected to be reached",
        ),
        (
            PropertyOutcome(
                examples.CAN_SEAL,
                Violated(None, (), "", examples.EXHAUSTIVE),
                Expected(Expectation.VIOLATED),
            ),
            "not reached in 1,024 states, as expected",
            "",
        ),
        (
            PropertyOutcome(
                examples.CAN_SEAL,
                Proved(Witness(((examples.FOR_PAGE, examples.five_steps()), ((), examples.unevaluable())))),
                Expected(Expectation.VIOLATED),
            ),
            "reached in 5 steps, 2 instances",
            "UNEXPECTED: expected not to be reached",
        ),
        (
            PropertyOutcome(examples.FEW_REFS, Proved(examples.EXHAUSTIVE), Expected(Expectation.UNKNOWN)),
            "proved, 1,024 states, depth 9",
            "UNEXPECTED: expected unknown",
        ),
    ],
)
def test_phrases(outcome: PropertyOutcome, phrase: str, unexpected: str) -> None:
    assert verdict_phrase(outcome) == phrase
    assert expectation(outcome) == unexpected
