"""The part of a property that is false, with the values that make it so and where each was set."""

from __future__ import annotations

from rich.cells import cell_len
from rich.text import Text

from mmcheck.core.blame import Blame
from mmcheck.core.instance import Instance
from mmcheck.core.system import Property, StepInvariant
from mmcheck.core.trace import Trace
from mmcheck.core.types import Value, show_value
from mmcheck.report.layout import indent, one_line, pad, paragraph, place, words
from mmcheck.report.styles import BAD, QUIET, READ

ALIGNED = 20
"""Values longer than this do not move what stands behind all others."""


def render(blame: Blame, prop: Property, trace: Trace, instance: Instance, width: int) -> list[Text]:
    """What is false, where that is written, with which values."""
    span = blame.part.span
    lines = [Text.assemble("why: this part ", (truth(blame), BAD), f"  ({place(span)})" if span else "")]
    lines += paragraph(" " * 5, words(one_line(span) if span else repr(blame.part)), width, READ)
    if blame.bindings:
        bound = ", ".join(f"{name} = {show_value(value)}" for name, value in blame.bindings)
        lines += paragraph("with ", words(bound), width)
    return lines + indent(_reads(blame, prop, trace, instance), 5)


def cells_read(blame: Blame | None) -> frozenset[str]:
    """The labels of the cells that the part read, of the state before and after the step alike."""
    return frozenset(label.replace("'", "") for label, _ in blame.reads) if blame else frozenset()


def origin(label: str, value: Value, prop: Property, trace: Trace, instance: Instance) -> int | None:
    """Which step gave a cell the value that was read from it: 0 for the initial state, and None when it is
    not in the trace (a transition reads what it has itself written)."""
    cells = {repr(cell): i for i, cell in enumerate(instance.cells)}
    cell = cells.get(label.replace("'", ""))
    states = trace.states
    before = isinstance(prop, StepInvariant) and "'" not in label
    last = max(len(states) - (2 if before else 1), 0)
    if cell is None or states[last][cell] != value:
        return None
    return next((k for k in range(last, 0, -1) if states[k][cell] != states[k - 1][cell]), 0)


def truth(blame: Blame) -> str:
    """What is wrong with the value of the part."""
    match blame.value:
        case None:
            return "cannot be evaluated"
        case True:
            return "is true, and must not be"
        case False:
            return "is false"


def _reads(blame: Blame, prop: Property, trace: Trace, instance: Instance) -> list[Text]:
    names = max((cell_len(label) for label, _ in blame.reads), default=0)
    lengths = [cell_len(show_value(value)) for _, value in blame.reads]
    values = max((length for length in lengths if length <= ALIGNED), default=0)
    return [
        pad(pad(Text(label), names) + Text(f" = {show_value(value)}"), names + 3 + values)
        + Text("  ")
        + Text(_origin_text(origin(label, value, prop, trace, instance)), QUIET)
        for label, value in blame.reads
    ]


def _origin_text(step: int | None) -> str:
    match step:
        case None:
            return "set within the step"
        case 0:
            return "since the beginning"
        case _:
            return f"set by step {step}"
