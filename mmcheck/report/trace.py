"""Traces as tables: a row for each cell that ever changes, a column for each step.

A value stands where a step changed it, behind a `*`; a dot says "as before". The first column of every
block and the last state of the trace hold all values, so that no state has to be pieced together where it
matters most. Columns that do not fit the width go on in further blocks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import Enum
from itertools import zip_longest

from msgspec import Struct
from msgspec.structs import replace
from rich.cells import cell_len
from rich.text import Text

from mmcheck.core.instance import Action, Instance
from mmcheck.core.trace import Choices, FailedStep, Failure, Trace, as_written
from mmcheck.core.types import show_value
from mmcheck.report.diagnostics import excerpt
from mmcheck.report.layout import PROSE, fill, pad, paragraph, place, printable, separated, words
from mmcheck.report.styles import BAD, CHANGED, QUIET, READ, TITLE
from mmcheck.report.unchanged import compact

CHANGE, SAME, FAILED, READ_MARK, LOOP = "*", ".", "!", ">", "@"
GUTTER = 2
"""Before the labels: the mark of the rows that the failed part read, and a space."""
GAP = 2
"""Between columns: a space, and the place of the mark of a change."""


LONG = 16
"""A name of a transition longer than this may be broken at its underscores and dots, a set between its
elements."""


class Column(Struct, frozen=True):
    """A step: its number, its action and choices, and for each row a value (None where the step failed) and
    whether the step changed it. The initial state has no action. The last state of a trace is `whole`."""

    number: int
    action: Action | None
    choices: Choices
    values: tuple[tuple[str | None, bool], ...]
    whole: bool
    loop: str = ""
    """What stands behind the number: a mark where the loop of a run begins, and which state the last one is
    again."""
    start: str = "init"
    """What the first state is, which no action leads to."""

    @property
    def label(self) -> str:
        return f"{self.number}{self.loop}"

    def header(self, form: Form) -> list[str]:
        """The lines that head the column."""
        if self.action is None:
            return [self.start]
        picked = [f"{name}={show_value(value)}" for name, value in as_written(self.choices)]
        if form is Form.CALL:
            return [repr(self.action), *([" ".join(picked)] if picked else [])]
        name = self.action.transition.name
        args = [*map(show_value, self.action.args), *picked]
        if form is Form.STACK or len(name) <= LONG:
            return [name, *args]
        return [*fill(re.split(r"(?<=[_.])", name), max(LONG, *map(cell_len, args), 0)), *args]

    def shown(self, row: int, first: bool) -> list[str]:
        """What stands in a row, on as many lines as it takes: the value if it is new, or if this column is to
        show the whole state, as the `first` of a block is."""
        value, changed = self.values[row]
        if value is None:
            return [FAILED]
        if not (changed or first or self.whole):
            return [SAME]
        return [value] if len(value) <= LONG else fill(re.split(r"(?<=, )", value), LONG)

    def width(self, form: Form, first: bool) -> int:
        values = (line for row in range(len(self.values)) for line in self.shown(row, first))
        return max(map(cell_len, (*self.header(form), *values, self.label)))


class Form(Enum):
    """How a step is written above its column: `pin(Task#0, Page#1)` on one line; its name and its arguments
    on a line each; or so that a long name, too, takes several lines."""

    CALL = 0
    STACK = 1
    NARROW = 2


def render(
    trace: Trace, instance: Instance, width: int, read: frozenset[str] = frozenset(), start: str = "init"
) -> list[Text]:
    """The table, what never changed, the failure at the end if there is one, and the legend. `read` are the
    labels of the cells that the failed part of the property read; `start` says what the first state is."""
    rows = changing(trace)
    first, *others = _columns(trace, rows)
    columns = [replace(first, start=start), *others]
    lines = []
    if len(columns) > 1:
        labels = [repr(instance.cells[row]) for row in rows]
        lines += _table(columns, labels, read, width)
    lines += _legend(trace, rows, [repr(instance.cells[row]) in read for row in rows], width)
    lines += _never_changed(trace, instance, rows, width)
    return lines + _ending(trace, width)


def changing(trace: Trace) -> list[int]:
    """Which cells have more than one value along the trace."""
    return [
        i for i, values in enumerate(zip(*trace.states, strict=True)) if len(set(map(show_value, values))) > 1
    ]


# --- columns ---------------------------------------------------------------------------------------------


def _columns(trace: Trace, rows: list[int]) -> list[Column]:
    initial = tuple((show_value(trace.initial[row]), False) for row in rows)
    columns = [Column(0, None, (), initial, not trace.steps)]
    for number, step in enumerate(trace.steps, 1):
        before = trace.states[number - 1]
        values = tuple((show_value(step.target[row]), step.target[row] != before[row]) for row in rows)
        columns.append(Column(number, step.action, step.choices, values, number == len(trace.steps)))
    if isinstance(trace.end, FailedStep):
        failed = tuple((None, False) for _ in rows)
        columns.append(Column(len(columns), trace.end.action, trace.end.choices, failed, False))
    return columns if trace.loop is None else _with_loop(columns, trace.loop)


def _with_loop(columns: list[Column], first: int) -> list[Column]:
    """The columns of a run that never ends, its loop marked."""
    last = replace(columns[-1], loop=f" = {first}")
    marked = replace(columns[first], loop=f" {LOOP}")
    return [*columns[:first], marked, *columns[first + 1 : -1], last][: len(columns)]


def _widths(block: Sequence[Column], form: Form) -> list[int]:
    return [column.width(form, column is block[0]) for column in block]


def _fits(block: Sequence[Column], form: Form, room: int) -> bool:
    return sum(GAP + width for width in _widths(block, form)) <= room


def _blocks(columns: Sequence[Column], room: int) -> Iterator[list[Column]]:
    """The columns, as many in each block as fit when they are as narrow as can be; at least one."""
    current: list[Column] = []
    for column in columns:
        if current and not _fits([*current, column], Form.NARROW, room):
            yield current
            current = []
        current.append(column)
    yield current


# --- the table -------------------------------------------------------------------------------------------


def _table(columns: list[Column], labels: list[str], read: frozenset[str], width: int) -> list[Text]:
    label_lines = [_label_lines(label, max(width // 2 - GUTTER, 16)) for label in labels]
    label_width = max([len("step"), *(cell_len(line) for lines in label_lines for line in lines)])
    room = width - GUTTER - label_width
    blocks = list(_blocks(columns, room))
    # A table in several blocks stacks its headers in all of them, however wide the last one is.
    forms = list(Form) if len(blocks) == 1 else [Form.STACK, Form.NARROW]
    lines: list[Text] = []
    for block in blocks:
        form = next((form for form in forms if _fits(block, form, room)), Form.NARROW)
        widths = _widths(block, form)
        lines += _head(block, form, widths, label_width)
        for row, label in enumerate(labels):
            lines += _row(row, label_lines[row], label in read, block, widths, label_width)
        lines.append(Text())
    return lines


def _label_lines(label: str, room: int) -> list[str]:
    """A label, broken before brackets and dots where it is too long."""
    first, *rest = fill(re.split(r"(?=[\[.])", label), room)
    return [first, *(f"  {line}" for line in rest)]


def _head(block: list[Column], form: Form, widths: list[int], label_width: int) -> list[Text]:
    numbers = Text(" " * GUTTER + "step".ljust(label_width))
    rule = Text(" " * GUTTER + "-" * label_width, QUIET)
    for column, width in zip(block, widths, strict=True):
        numbers += Text(" " * GAP + column.label.ljust(width))
        rule += Text(" " * GAP + "-" * width, QUIET)
    lines = [numbers]
    for parts in zip_longest(*(column.header(form) for column in block), fillvalue=""):
        line = Text(" " * (GUTTER + label_width))
        for part, width in zip(parts, widths, strict=True):
            line += pad(Text(" " * GAP) + Text(part, TITLE), GAP + width)
        lines.append(line)
    return [*lines, rule]


def _row(
    row: int, label: list[str], read: bool, block: list[Column], widths: list[int], label_width: int
) -> list[Text]:
    """A row of a block: as many lines as its label or one of its values takes."""
    style = READ if read else ""
    cells = [_cell(column, row, column is block[0]) for column in block]
    lines = []
    for i, (part, *values) in enumerate(zip_longest(label, *cells, fillvalue=None)):
        mark = READ_MARK if read and i == 0 else ""
        line = pad(Text(f"{mark:{GUTTER}}{part or ''}", style), GUTTER + label_width)
        for value, width in zip(values, widths, strict=True):
            line += pad(value if isinstance(value, Text) else Text(), GAP + width)
        lines.append(line)
    return lines


def _cell(column: Column, row: int, first: bool) -> list[Text]:
    """What stands in a row, with the gap before it, where the mark of a change stands."""
    value, changed = column.values[row]
    head, *rest = column.shown(row, first)
    style = BAD if value is None else CHANGED if changed else QUIET if head == SAME else ""
    mark = CHANGE if changed else " "
    return [Text.assemble(" ", (mark + head, style)), *(Text.assemble("  ", (line, style)) for line in rest)]


# --- below the table -------------------------------------------------------------------------------------


def _never_changed(trace: Trace, instance: Instance, rows: list[int], width: int) -> list[Text]:
    fixed = [i for i in range(len(instance.cells)) if i not in set(rows)]
    items = [f"{label} = {value}" for label, value in compact(instance, trace.initial, fixed)]
    if not items:
        return []
    title = "never changed: " if trace.steps else "initial state: "
    return paragraph(" " * GUTTER + title, separated(items), width)


def _ending(trace: Trace, width: int) -> list[Text]:
    """The model error at the end of the trace, if that is what it shows."""
    match trace.end:
        case None:
            return []
        case FailedStep(action, _, failure):
            return _failure(f"step {trace.length}, {action!r}, fails: ", failure, width)
        case Failure():
            return _failure("the property cannot be evaluated in the last state: ", trace.end, width)


def _failure(intro: str, failure: Failure, width: int) -> list[Text]:
    sentence = f"{intro}{failure.kind}: {failure.message}"
    lines = [Text(), *paragraph(" " * GUTTER, words(printable(sentence)), min(width, PROSE), BAD)]
    if failure.span:
        lines.append(Text(f"{' ' * GUTTER}at {place(failure.span)}"))
        lines += excerpt(failure.span, width)
    return lines


def _legend(trace: Trace, rows: list[int], read: list[bool], width: int) -> list[Text]:
    """What the marks mean that the table does use."""
    parts = [f"{CHANGE} changed by this step", f"{SAME} as before"] if rows else []
    if rows and any(read):
        parts.append(f"{READ_MARK} read by the part that fails")
    if trace.steps and trace.loop is not None:
        parts.append(f"{LOOP} from here on for ever")
    if rows and isinstance(trace.end, FailedStep):
        parts.append(f"{FAILED} no state follows")
    return [*paragraph(" " * GUTTER, separated(parts, "   "), width, QUIET), Text()] if parts else []
