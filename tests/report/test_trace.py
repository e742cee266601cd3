"""Tables of traces: what stands where, at any width."""

from __future__ import annotations

import re

import pytest

from mmcheck.core.instance import Instance
from mmcheck.core.trace import Trace
from mmcheck.report import trace
from mmcheck.report.layout import block

from . import examples


def table(run: Trace, width: int, read: frozenset[str] = frozenset()) -> str:
    return block(trace.render(run, examples.INSTANCE, width, read)).plain


RUNS = {
    "five_steps": examples.five_steps(),
    "long_run": examples.long_run(),
    "overflow": examples.overflow(),
    "unevaluable": examples.unevaluable(),
    "no_step": Trace(examples.state(), ()),
}


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("name", RUNS)
def test_lines_fit_and_end_without_spaces(name: str, width: int) -> None:
    for line in table(RUNS[name], width).splitlines():
        assert line == line.rstrip()
        # The excerpt of a source line and a cell's name with its value are never cut.
        assert len(line) <= width or "|" in line or "= " in line or "write_back" in line


@pytest.mark.parametrize("width", [40, 60, 80, 120, 400])
@pytest.mark.parametrize("name", ["five_steps", "long_run", "overflow"])
def test_every_state_can_be_read_back(name: str, width: int) -> None:
    """Filling the dots from the left gives the states, and the marks stand where the states differ."""
    run = RUNS[name]
    assert _read_back(table(run, width)) == {
        (repr(examples.INSTANCE.cells[row]), number): _show(state[row])
        for row in trace.changing(run)
        for number, state in enumerate(run.states)
    }


def _show(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read_back(text: str) -> dict[tuple[str, int], str]:
    found: dict[tuple[str, int], str] = {}
    for part in re.split(r"(?m)^  step {2,}", text)[1:]:
        lines = part.splitlines()
        numbers = [int(number) for number in lines[0].split()]
        rule = next(i for i, line in enumerate(lines) if line.startswith("  ---"))
        starts = [match.start() for match in re.finditer(r"-+", lines[rule])][1:]
        label = ""
        for line in lines[rule + 1 :]:
            if not line.strip():
                break
            cut = line[2 : starts[0] - 1].strip()
            if cut.startswith(("[", ".")):
                values = {number: found.pop((label, number), "") for number in numbers}
                label += cut
                found |= {(label, number): value for number, value in values.items() if value}
                continue
            label = cut
            for number, start, end in zip(numbers, starts, [*starts[1:], 10_000], strict=True):
                _read_cell(found, label, number, line[start - 1 : end - 1].strip())
    return found


def _read_cell(found: dict[tuple[str, int], str], label: str, number: int, cell: str) -> None:
    before = next((v for (name, n), v in found.items() if n == number - 1 and name.startswith(label)), None)
    if cell == "!":
        return
    if cell == ".":
        assert before is not None
        found[label, number] = before
    else:
        value = cell.removeprefix("*")
        found[label, number] = value
        assert cell.startswith("*") == (number > 0 and before != value)


def test_the_discussion_of_2014_fits_a_mail() -> None:
    assert table(examples.five_steps(), 78, frozenset({"data[Page#0]"})).splitlines() == [
        "  step                    0      1       2       3       4           5",
        "                          init   map     pin     unmap   seal_write  dma",
        "                                 Task#0  Task#0  Task#0              Task#0",
        "                                         Page#0                      Page#0",
        "                                                                     new",
        "  ----------------------  -----  ------  ------  ------  ----------  ------",
        "  mapped[Task#0]          false *true    .      *false   .           false",
        "  pinned[Task#0][Page#0]  false  .      *true    .       .           true",
        "> data[Page#0]            zero   .       .       .       .          *new",
        "  sealed                  false  .       .       .      *true        true",
        "  refs                    0      .      *1       .       .           1",
        "",
        "  * changed by this step   . as before   > read by the part that fails",
        "",
        "  never changed: mapped[Task#1] = false, pinned[Task#0][Page#1] = false,",
        "                 pinned[Task#1][*] = false, data[Page#1] = zero",
    ]


def test_choices_stand_below_the_arguments() -> None:
    assert re.search(r"Page#1\n +victim=Page#0\n +d=old\n", table(examples.long_run(), 80))
    assert "write_back_and_wait_for_all_pins(Task#1, Page#1)" in table(examples.long_run(), 400)


def test_a_trace_without_steps_is_a_state() -> None:
    assert table(Trace(examples.state(), ()), 80) == (
        "  initial state: mapped[*] = false, pinned[*][*] = false, data[*] = zero,\n"
        "                 sealed = false, refs = 0"
    )


def test_the_rest_of_an_array_is_told_in_a_word() -> None:
    instance = Instance(examples.SYSTEM, {"Task": 3, "Page": 3})
    start = (False,) * 12 + ("zero",) * 3 + (False, 0)
    changed = tuple(True if i in (3, 7) else value for i, value in enumerate(start))
    text = block(trace.render(Trace(start, (examples.step("seal_write", (), changed),)), instance, 120)).plain
    assert "every other pinned[*][*] = false" in text
