"""Outcomes as a JSON document, for programs. `docs/json.md` is its description.

Names and values are those of the language: a cell is called as a table labels it, an element of a sort is
`"Page#0"`, a set is a sorted array. What is absent is null, never left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias, assert_never

from mmcheck.core.blame import Blame
from mmcheck.core.check import Expectation, Expected
from mmcheck.core.coverage import BranchCoverage, Coverage
from mmcheck.core.induction import Cti, InductionOutcome
from mmcheck.core.instance import Action, Instance, State
from mmcheck.core.lasso import Account
from mmcheck.core.outcome import CheckOutcome, Ending, PropertyOutcome, SpecOutcome, Statistics
from mmcheck.core.trace import Choices, FailedStep, Failure, Step, Trace, as_written
from mmcheck.core.types import Elem, Record, Value, show_value, sort_key
from mmcheck.core.verdict import (
    Binding,
    EverySize,
    Evidence,
    Exhaustive,
    Inductive,
    Proved,
    Unknown,
    Verdict,
    Violated,
    Witness,
)
from mmcheck.diagnostics import Diagnostic
from mmcheck.report.layout import one_line
from mmcheck.report.phrases import kind
from mmcheck.source import Span

SCHEMA_VERSION = 1
"""Raised when a reader of the document has to change; a field that is added does not raise it."""

Object: TypeAlias = dict[str, Any]


def document(
    outcomes: Sequence[SpecOutcome],
    diagnostics: Sequence[Diagnostic],
    exit_code: int,
    summary: str,
    version: str,
) -> Object:
    """A whole run. `diagnostics` are those that belong to no spec, `summary` is the last line on stderr."""
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "mmcheck", "version": version},
        "exit_code": exit_code,
        "summary": summary,
        "diagnostics": [diagnostic(d) for d in diagnostics],
        "specs": [_spec(outcome) for outcome in outcomes],
    }


def value(item: Value) -> Any:
    """A value as what JSON has for it."""
    match item:
        case None | bool() | int() | str():
            return item
        case Elem():
            return show_value(item)
        case Record(_, names, values):
            return {name: value(inner) for name, inner in zip(names, values, strict=True)}
        case frozenset():
            return [value(inner) for inner in sorted(item, key=sort_key)]
        case _:
            assert_never(item)


# --- specs and checks ------------------------------------------------------------------------------------


def _spec(outcome: SpecOutcome) -> Object:
    return {
        "file": outcome.file,
        "name": outcome.name,
        "doc": outcome.doc,
        "remembered": outcome.remembered or None,
        "ending": _ending(outcome.ending),
        "diagnostics": [diagnostic(d) for d in outcome.diagnostics],
        "checks": [_check(check) for check in outcome.checks],
    }


def _check(outcome: CheckOutcome) -> Object:
    check = outcome.check
    return {
        "name": check.name,
        "doc": check.doc,
        "position": position(check.span),
        "set": list(check.set),
        "constants": {name: value(item) for name, item in check.constants.items()},
        "sizes": dict(outcome.instance.sizes),
        "ending": _ending(outcome.ending),
        "interrupted": outcome.interrupted,
        "statistics": _statistics(outcome.statistics),
        "coverage": _coverage(outcome.coverage) if outcome.coverage else None,
        "warnings": [diagnostic(d) for d in outcome.warnings],
        "induction": [_induction(found, outcome.instance) for found in outcome.induction],
        "properties": [_property(p, outcome.instance, outcome.statistics.engine) for p in outcome.properties],
    }


def _statistics(found: Statistics) -> Object:
    return {
        "engine": found.engine,
        "states": found.states,
        "transitions": found.transitions,
        "symmetry": list(found.symmetry),
        "not_permuted": list(found.not_permuted),
        "depth": found.depth,
        "seconds": round(found.seconds, 3),
        "memory": found.memory,
        "bytes_per_state": found.bytes_per_state,
        "complete": found.complete,
        "fired": dict(found.fired),
    }


def _coverage(found: Coverage) -> Object:
    return {
        "complete": found.complete,
        "transitions": [
            {"name": t.name, "position": position(t.span), "possible": t.possible, "fired": t.fired}
            for t in found.transitions
        ],
        "branches": [_branch(branch) for branch in found.branches],
        "premises": [
            {"property": p.property, "text": one_line(p.span), "position": position(p.span), "met": p.met}
            for p in found.premises
        ],
    }


def _branch(found: BranchCoverage) -> Object:
    return {
        "transition": found.transition,
        "position": position(found.branch.span),
        "side": found.branch.side.value,
        "written": found.written,
        "begins": position(found.place),
        "taken": found.taken.steps,
        "failed": found.taken.failed,
    }


def _ending(ending: Ending) -> str:
    match ending:
        case Ending.AS_EXPECTED:
            return "as expected"
        case Ending.LIMIT:
            return "limit"
        case Ending.UNEXPECTED:
            return "unexpected"
        case Ending.BAD_INPUT:
            return "bad input"
        case _:
            assert_never(ending)


# --- properties ------------------------------------------------------------------------------------------


def _property(outcome: PropertyOutcome, instance: Instance, engine: str) -> Object:
    return {
        "name": outcome.prop.name,
        "kind": kind(outcome.prop),
        "doc": outcome.prop.doc,
        "position": position(outcome.prop.span),
        "expected": _expected(outcome.expected),
        "ending": _ending(outcome.ending),
        "as_expected": outcome.ending is Ending.AS_EXPECTED,
        "assumptions": list(outcome.assumptions),
        "note": outcome.note,
        "engine": None if isinstance(outcome.verdict, Unknown) else outcome.engine or engine,
        **_verdict(outcome.verdict, instance),
        "blame": _blame(outcome.blame) if outcome.blame else None,
        "fairness": _account(outcome.account) if outcome.account else None,
    }


def _expected(expected: Expected) -> Object:
    match expected.expectation:
        case Expectation.HOLDS:
            verdict = "proved"
        case Expectation.VIOLATED:
            verdict = "violated"
        case Expectation.UNKNOWN:
            verdict = "unknown"
        case _:
            assert_never(expected.expectation)
    return {"verdict": verdict, "steps": expected.steps}


def _verdict(verdict: Verdict, instance: Instance) -> Object:
    """The fields that say how it ended; all of them are there for every verdict."""
    fields: Object = {
        "verdict": "",
        "reason": "",
        "evidence": None,
        "binding": {},
        "trace": None,
        "witnesses": [],
    }
    match verdict:
        case Proved(evidence):
            return fields | {"verdict": "proved"} | _evidence(evidence, instance)
        case Violated(trace, binding, reason, evidence):
            return fields | {
                "verdict": "violated",
                "reason": reason,
                "evidence": _evidence(evidence, instance)["evidence"] if evidence else None,
                "binding": _binding(binding),
                "trace": trace_object(trace, instance) if trace else None,
            }
        case Unknown(reason):
            return fields | {"verdict": "unknown", "reason": reason}
        case _:
            assert_never(verdict)


def _evidence(evidence: Evidence, instance: Instance) -> Object:
    match evidence:
        case Exhaustive():
            return {"evidence": _exhaustive(evidence)}
        case Witness(traces):
            runs = [
                {"binding": _binding(bound), "trace": trace_object(run, instance)} for bound, run in traces
            ]
            return {"evidence": {"kind": "witness", "steps": evidence.length}, "witnesses": runs}
        case Inductive(_, texts, depth):
            return {"evidence": {"kind": "inductive", "lemmas": list(texts), "depth": depth}}
        case EverySize():
            return {"evidence": _every_size(evidence)}
        case _:
            assert_never(evidence)


def _every_size(evidence: EverySize) -> Object:
    return {
        "kind": "every size",
        "sorts": list(evidence.sorts),
        "fixed": [{"sort": f.sort, "size": f.size, "reason": f.reason} for f in evidence.fixed],
        "lemmas": list(evidence.texts),
        "needed_by": [list(names) for names in evidence.needed_by],
    }


def _exhaustive(evidence: Exhaustive) -> Object:
    return {
        "kind": "exhaustive",
        "states": evidence.states,
        "transitions": evidence.transitions,
        "symmetry": list(evidence.symmetry),
        "depth": evidence.depth,
        "fairness": list(evidence.fairness),
        "without_fair_run": evidence.without_fair_run,
    }


def _binding(binding: Binding | Choices) -> Object:
    return {name: value(item) for name, item in binding}


def _account(account: Account) -> Object:
    """Why a run that never ends is fair."""
    return {
        "deadlock": account.deadlock,
        "units": [
            {
                "name": service.unit.name,
                "args": [value(arg) for arg in service.unit.args],
                "strong": service.unit.strong,
                "why": service.served.value,
                "at": service.at,
            }
            for service in account.services
        ],
    }


def _blame(blame: Blame) -> Object:
    span = blame.part.span
    return {
        "part": one_line(span) if span else repr(blame.part),
        "value": blame.value,
        "position": position(span),
        "bindings": _binding(blame.bindings),
        "reads": [{"cell": label, "value": value(item)} for label, item in blame.reads],
    }


# --- induction -------------------------------------------------------------------------------------------


def _induction(found: InductionOutcome, instance: Instance) -> Object:
    return {
        "property": found.prop.name,
        "inductive": found.holds,
        "initiation": _cti(found.initiation, instance) if found.initiation else None,
        "consecution": [
            {
                "transition": each.transition,
                "kept": None if each.gave_up else each.cti is None,
                "counterexample": _cti(each.cti, instance) if each.cti else None,
            }
            for each in found.consecutions
        ],
    }


def _cti(found: Cti, instance: Instance) -> Object:
    return {
        "binding": _binding(found.binding),
        "trace": trace_object(found.trace, instance),
        "blame": _blame(found.blame) if found.blame else None,
    }


# --- traces ----------------------------------------------------------------------------------------------


def trace_object(trace: Trace, instance: Instance) -> Object:
    """`states[i]` lies before `steps[i]`; there is one more of them than of steps."""
    return {
        "length": trace.length,
        "states": [_state(state, instance) for state in trace.states],
        "steps": [_step(step) for step in trace.steps],
        "loop": trace.loop,
        "failure": _end(trace.end),
    }


def _state(state: State, instance: Instance) -> Object:
    return {repr(cell): value(item) for cell, item in zip(instance.cells, state, strict=True)}


def _step(step: Step | FailedStep) -> Object:
    return _action(step.action) | {
        "choices": [{"name": name, "value": value(item)} for name, item in as_written(step.choices)]
    }


def _action(action: Action) -> Object:
    return {
        "action": action.transition.name,
        "args": {name: value(item) for name, item in action.bindings.items()},
        "position": position(action.transition.span),
    }


def _end(end: FailedStep | Failure | None) -> Object | None:
    match end:
        case None:
            return None
        case FailedStep(failure=failure):
            return _failure(failure) | {"step": _step(end)}
        case Failure():
            return _failure(end) | {"step": None}
        case _:
            assert_never(end)


def _failure(failure: Failure) -> Object:
    return {"kind": failure.kind, "message": failure.message, "position": position(failure.span)}


# --- places ----------------------------------------------------------------------------------------------


def diagnostic(diagnostic: Diagnostic) -> Object:
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "remedy": diagnostic.remedy,
        "position": position(diagnostic.span),
        "notes": [{"message": note.message, "position": position(note.span)} for note in diagnostic.notes],
    }


def position(span: Span | None) -> Object | None:
    """Lines and columns are counted from 1; the end lies behind the last character."""
    if span is None:
        return None
    end_line, end_column = span.file.position(span.end)
    return {
        "file": span.file.name,
        "line": span.line,
        "column": span.column,
        "end_line": end_line,
        "end_column": end_column,
    }
