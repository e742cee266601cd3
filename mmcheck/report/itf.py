"""A trace in the Informal Trace Format, as Apalache and Quint write it and their viewers read it.

A file of this format holds one trace: of a run with several, the one that matters most. Arrays are maps,
structs are records, an element of a sort is the string `Page#0`, and `null` is the string "null". A range
that can be null is a set of at most one number, so that a variable has one type in all states.

References: Apalache, ADR-015: Informal Trace Format in JSON (apalache-mc.org).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeAlias, assert_never

from mmcheck.core.instance import Instance, State, assemble
from mmcheck.core.system import IndexType, Variable
from mmcheck.core.trace import FailedStep, Failure, Step, Trace
from mmcheck.core.types import (
    BoolType,
    Elem,
    EnumType,
    OptionalType,
    RangeType,
    Record,
    SetType,
    SortType,
    StructType,
    Type,
    Value,
    domain,
    show_value,
    sort_key,
)
from mmcheck.core.verdict import Violated
from mmcheck.report.phrases import claim, show_binding, verdict_phrase
from mmcheck.report.quantity import count
from mmcheck.report.run import Candidate, Run, candidates

DESCRIPTION = "https://apalache-mc.org/docs/adr/015adr-trace.html"
ACTION, PICKS = "mbt::actionTaken", "mbt::nondetPicks"
"""The variables by which model-based testing tools know a step. Picks are a map from names to values."""

Object: TypeAlias = dict[str, Any]


def render(run: Run) -> str:
    """The trace that matters most as text; a trace without states when there is none."""
    return json.dumps(document(run), indent=2) + "\n"


def document(run: Run) -> Object:
    """The trace that matters most. `#meta` says how many others there are."""
    found = candidates(run)
    if not found:
        meta = _meta(run, "no trace: nothing was violated or reached")
        return {"#meta": meta | {"status": "ok"}, "vars": [], "states": []}
    return _document(found[0], len(found) - 1, run)


# --- the trace -------------------------------------------------------------------------------------------


def _document(found: Candidate, others: int, run: Run) -> Object:
    instance, trace = found.check.instance, found.trace
    names = [variable.name for variable in instance.system.variables]
    described = f"{claim(found.outcome)}{show_binding(found.binding)}: {count(trace.length, 'step')}"
    meta = _meta(run, described) | {
        "source": run.path(found.spec.file),
        "status": "violation" if isinstance(found.outcome.verdict, Violated) else "ok",
        "varTypes": {v.name: _variable_type(v) for v in instance.system.variables}
        | {ACTION: "Str", PICKS: "(Str -> Str)"},
        "check": found.check.check.name,
        "property": found.outcome.prop.name,
        "verdict": verdict_phrase(found.outcome),
        "otherTraces": others,
    }
    if found.spec.remembered:
        meta["remembered"] = found.spec.remembered
    if (failure := _failure(trace)) is not None:
        meta["failure"] = failure
    # The format's `loop` is the state that comes next; here the last state is already the first of the loop.
    loop = {} if trace.loop is None else {"loop": min(trace.loop + 1, len(trace.steps))}
    states = [_state(0, None, trace.initial, instance)]
    states += [_state(i, step, step.target, instance) for i, step in enumerate(trace.steps, 1)]
    return {"#meta": meta, "params": [], "vars": [*names, ACTION, PICKS], "states": states, **loop}


def _meta(run: Run, description: str) -> Object:
    return {
        "format": "ITF",
        "format-description": DESCRIPTION,
        "description": description,
        "tool": f"mmcheck {run.version}",
    }


def _failure(trace: Trace) -> str | None:
    """The model error at the end, which leads to no state."""
    match trace.end:
        case None:
            return None
        case FailedStep(action, _, failure):
            return f"{action!r} fails: {failure.kind}: {failure.message}"
        case Failure(kind, message):
            return f"{kind}: {message}"
        case _:
            assert_never(trace.end)


def _state(index: int, step: Step | None, state: State, instance: Instance) -> Object:
    action = step.action.transition.name if step else "init"
    picks = (*step.action.bindings.items(), *step.choices) if step else ()
    shown = {name: show_value(value) for name, value in picks}
    return {
        "#meta": {"index": index, "action": repr(step.action) if step else "init", "picks": shown},
        **{v.name: _variable_value(v, state, instance) for v in instance.system.variables},
        ACTION: action,
        PICKS: {"#map": [[name, text] for name, text in shown.items()]},
    }


# --- variables -------------------------------------------------------------------------------------------


def _variable_value(variable: Variable, state: State, instance: Instance) -> Any:
    """A variable, as maps from its indices where it has some."""
    parts = {
        indices: value(assemble(variable.type, iter(state[where])), variable.type)
        for indices, where in instance.slices(variable.name, ()).items()
    }
    return _nested(parts, variable.indices, (), instance.sizes)


def _nested(
    parts: Mapping[tuple[Value, ...], Any],
    types: tuple[IndexType, ...],
    indices: tuple[Value, ...],
    sizes: Mapping[str, int],
) -> Any:
    if not types:
        return parts[indices]
    first, *rest = types
    entries = [
        [value(index, first), _nested(parts, tuple(rest), (*indices, index), sizes)]
        for index in domain(first, sizes)
    ]
    return {"#map": entries}


def value(item: Value, type: Type) -> Any:
    """A value of a type. Plain numbers are not allowed in the format, since readers cut them short."""
    match item:
        case None:
            return {"#set": []} if _is_optional_number(type) else "null"
        case bool() | str():
            return item
        case int():
            number = {"#bigint": str(item)}
            return {"#set": [number]} if _is_optional_number(type) else number
        case Elem():
            return show_value(item)
        case Record(_, names, values):
            fields = {} if not isinstance(type, StructType) else {f.name: f.type for f in type.fields}
            return {name: value(inner, fields[name]) for name, inner in zip(names, values, strict=True)}
        case frozenset():
            element = type.element if isinstance(type, SetType) else type
            return {"#set": [value(inner, element) for inner in sorted(item, key=sort_key)]}
        case _:
            assert_never(item)


def _is_optional_number(type: Type) -> bool:
    return isinstance(type, OptionalType) and isinstance(type.base, RangeType)


# --- types, as Apalache writes them ----------------------------------------------------------------------


def _variable_type(variable: Variable) -> str:
    inner = _type(variable.type)
    for index in reversed(variable.indices):
        inner = f"({_type(index)} -> {inner})"
    return inner


def _type(type: Type) -> str:
    match type:
        case BoolType():
            return "Bool"
        case RangeType():
            return "Int"
        case EnumType() | SortType():
            return "Str"
        case OptionalType(base):
            return "Set(Int)" if isinstance(base, RangeType) else "Str"
        case SetType(element):
            return f"Set({_type(element)})"
        case StructType(_, fields):
            return "{ " + ", ".join(f"{f.name}: {_type(f.type)}" for f in fields) + " }"
        case _:
            assert_never(type)
