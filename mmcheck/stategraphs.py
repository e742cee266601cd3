"""State graphs of specs: which states there are, and which steps lead from one to another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mmcheck.core.check import Check
from mmcheck.core.instance import Cell, Instance
from mmcheck.core.stategraph import StateGraph, StateKey, TooManyClassesError, cell_key
from mmcheck.diagnostics import Collector, SpecError
from mmcheck.elaborate.questions import read_expression
from mmcheck.elaborate.scope import did_you_mean
from mmcheck.engines.engine import Limits, Observe
from mmcheck.engines.registry import draw
from mmcheck.session import Spec, ignore, instantiate, no_initial_state
from mmcheck.source import SourceFile

MOST = 300
"""More nodes than this are no picture."""
UNLIMITED = Limits()


def state_graph(
    spec: Spec,
    check: str | None = None,
    by: Sequence[str] = (),
    most: int = MOST,
    limits: Limits = UNLIMITED,
    observe: Observe = ignore,
) -> StateGraph:
    """The state graph of a check, of the first one where none is named. `by` are variables and expressions:
    states with the same values of these become one class. Raises SpecError where that cannot be done, or
    where there would be more than `most` classes."""
    chosen, instance = instantiate(spec, _check(spec, check))
    keys = _keys(spec, chosen, instance, by) if by else [cell_key(instance, c) for c in instance.cells]
    try:
        drawn = draw(instance, chosen, keys, bool(by), most, limits, observe)
    except TooManyClassesError:
        collector = Collector()
        what = f"classes by {', '.join(by)}" if by else "states"
        collector.add(
            "E510",
            f"the state graph of check `{chosen.name}` has more than {most:,} {what}",
            None,
            "choose fewer or coarser expressions with --by, or raise --max-nodes"
            if by
            else "name variables or expressions with --by, so that states with the same values become "
            "one node",
        )
        collector.raise_if_errors()
        raise
    if not drawn.states and not drawn.stopped:
        raise SpecError((no_initial_state(spec, chosen, instance),))
    return drawn


def _check(spec: Spec, name: str | None) -> Check:
    if name is None:
        return spec.checks[0]
    for check in spec.checks:
        if check.name == name:
            return check
    known = [check.name for check in spec.checks]
    collector = Collector()
    remedy = did_you_mean(name, known, f"there are: {', '.join(known)}")
    collector.add("E507", f"`{spec.program.path}` has no check `{name}`", None, remedy)
    collector.raise_if_errors()
    raise KeyError(name)


def _keys(spec: Spec, check: Check, instance: Instance, by: Sequence[str]) -> list[StateKey]:
    """The keys that were asked for: all cells of a variable, or the value of an expression."""
    collector = Collector()
    keys: list[StateKey] = []
    for text in by:
        cells = list(_cells(instance, text.strip()))
        if cells:
            keys += (cell_key(instance, cell) for cell in cells)
            continue
        term = read_expression(SourceFile("--by", text), spec.symbols, check.constants, collector)
        if term is not None:
            keys.append(StateKey(" ".join(text.split()), term))
    collector.raise_if_errors()
    return keys


def _cells(instance: Instance, name: str) -> Iterator[Cell]:
    return (cell for cell in instance.cells if cell.variable == name)
