"""Outcomes as SARIF 2.1.0, for code scanning: a result for each property that did not end as expected.

A property is a rule of its own, so that an alert can be followed over time, and so is every code of a
diagnostic. A counterexample is a code flow: a thread flow for each task that acts, whose locations are the
transitions taken, with what they changed. `executionOrder` says how the thread flows interleave.

References: OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0, 2020.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC
from hashlib import sha256
from pathlib import PurePath
from typing import Any, TypeAlias, assert_never
from urllib.parse import quote

from msgspec import Struct, field

from mmcheck.core.instance import Instance, State
from mmcheck.core.outcome import CheckOutcome, Ending, PropertyOutcome, SpecOutcome
from mmcheck.core.system import (
    DeadlockFree,
    Invariant,
    Liveness,
    NoModelError,
    Property,
    Reachable,
    Scenario,
    StepInvariant,
)
from mmcheck.core.trace import FailedStep, Failure, Step, Trace, as_written
from mmcheck.core.types import show_value
from mmcheck.core.verdict import Unknown, Violated
from mmcheck.diagnostics import CODES, Diagnostic
from mmcheck.report.actors import SYSTEM, actor
from mmcheck.report.changes import changes
from mmcheck.report.layout import one_line
from mmcheck.report.phrases import expectation, kind, memory, show_binding, verdict_phrase
from mmcheck.report.quantity import count
from mmcheck.report.run import Run, traces_of
from mmcheck.report.text import settings
from mmcheck.report.trace import changing
from mmcheck.report.unchanged import compact
from mmcheck.source import Span

SCHEMA = "https://raw.githubusercontent.com/oasis-tcs/sarif-spec/master/Schemata/sarif-schema-2.1.0.json"
UNDECIDED = "MM-UNKNOWN"
"""The rule that every property is decided."""

Object: TypeAlias = dict[str, Any]


def render(run: Run) -> str:
    """The whole log as text."""
    return json.dumps(document(run), indent=2) + "\n"


def document(run: Run) -> Object:
    """The log: one run of the tool."""
    rules = _Rules()
    results = [_diagnostic_result(d, file, run, rules) for d, file in _diagnostics(run).items()]
    for spec, check in run.checks:
        results += [_property_result(p, check, spec, run, rules) for p in check.properties if _is_news(p)]
    driver = {"name": "mmcheck", "semanticVersion": run.version, "rules": list(rules.rules.values())}
    tool_run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(run)],
        "results": results,
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [tool_run]}


def _is_news(outcome: PropertyOutcome) -> bool:
    return outcome.ending is not Ending.AS_EXPECTED


def _diagnostics(run: Run) -> dict[Diagnostic, str]:
    """Every diagnostic once, since several checks may warn of the same, with the spec that it is about."""
    found = dict.fromkeys(run.diagnostics, "")
    for spec in run.specs:
        for diagnostic in (*spec.diagnostics, *(w for check in spec.checks for w in check.warnings)):
            found.setdefault(diagnostic, spec.file)
    return found


def _invocation(run: Run) -> Object:
    """How the process ended. It was successful when it could do its work, whatever came out."""
    notes: list[Object] = [
        {"level": "note", "message": {"text": f"{run.path(spec.file)}: {memory(spec)}"}}
        for spec in run.specs
        if spec.remembered
    ]
    notes += [
        {"level": "error", "message": {"text": f"A bug in mmcheck, met while verifying {run.path(file)}."}}
        for file in run.crashed
    ]
    invocation: Object = {
        "executionSuccessful": run.exit_code in (0, 1, 3),
        "exitCode": run.exit_code,
        "exitCodeDescription": run.summary,
    }
    if run.started is not None:
        invocation["startTimeUtc"] = run.started.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return invocation | ({"toolExecutionNotifications": notes} if notes else {})


# --- rules -----------------------------------------------------------------------------------------------


class _Rules(Struct):
    """The rules that results refer to, in the order of their first result."""

    rules: dict[str, Object] = field(default_factory=dict)

    def refer(self, rule: Object) -> Object:
        """What a result says about its rule, which is recorded."""
        self.rules.setdefault(rule["id"], rule)
        return {"ruleId": rule["id"], "ruleIndex": list(self.rules).index(rule["id"])}


def _rule(name: str, short: str, full: str, help: str, level: str) -> Object:
    return {
        "id": name,
        "shortDescription": {"text": short},
        "fullDescription": {"text": full},
        "help": {"text": help},
        "defaultConfiguration": {"level": level},
    }


def _property_rule(prop: Property, spec: SpecOutcome) -> Object:
    short = kind(prop) if kind(prop) == prop.name else f"{kind(prop)} {prop.name}"
    doc = " ".join(prop.doc.split())
    written = one_line(prop.span) if prop.span else short
    return _rule(f"{_prefix(prop)}/{spec.name}/{prop.name}", short, doc or written, written, "error")


def _prefix(prop: Property) -> str:
    match prop:
        case Invariant():
            return "MM-INV"
        case StepInvariant():
            return "MM-STEP"
        case Reachable():
            return "MM-REACH"
        case DeadlockFree():
            return "MM-DEADLOCK"
        case NoModelError():
            return "MM-ERROR"
        case Liveness():
            return "MM-LIVE"
        case Scenario():
            return "MM-SCENARIO"
        case _:
            assert_never(prop)


def _undecided_rule() -> Object:
    full = "A property without a verdict is never counted as proved."
    return _rule(UNDECIDED, "every property is decided", full, "Raise the limit that came first.", "warning")


def _code_rule(diagnostic: Diagnostic) -> Object:
    title = CODES[diagnostic.code].replace("`", "'")
    help = f"`mmcheck explain {diagnostic.code}` says what it means and how to mend it."
    return _rule(diagnostic.code, title, f"{title[0].upper()}{title[1:]}.", help, diagnostic.severity.value)


# --- results ---------------------------------------------------------------------------------------------


def _diagnostic_result(diagnostic: Diagnostic, spec: str, run: Run, rules: _Rules) -> Object:
    text = ". ".join(part for part in (diagnostic.message, diagnostic.remedy) if part)
    file = run.path(diagnostic.span.file.name if diagnostic.span else spec)
    result = rules.refer(_code_rule(diagnostic)) | {
        "level": diagnostic.severity.value,
        "message": {"text": text},
        "locations": _locations(diagnostic.span, run) or (_file_location(spec, run) if spec else []),
        **_fingerprint(diagnostic.code, diagnostic.message, file),
    }
    related = [
        {"message": {"text": note.message}, "physicalLocation": _physical(note.span, run)}
        for note in diagnostic.notes
        if note.span is not None
    ]
    return result | ({"relatedLocations": related} if related else {})


def _property_result(
    outcome: PropertyOutcome, check: CheckOutcome, spec: SpecOutcome, run: Run, rules: _Rules
) -> Object:
    undecided = isinstance(outcome.verdict, Unknown)
    rule = _undecided_rule() if undecided else _property_rule(outcome.prop, spec)
    result = rules.refer(rule) | {
        "level": "warning" if undecided else "error",
        "message": {"text": _message(outcome, check)},
        "locations": _locations(_place(outcome, check), run) or _file_location(spec.file, run),
        **_fingerprint(rule["id"], spec.name, check.check.name, outcome.prop.name),
    }
    found = [trace for _, trace in traces_of(outcome)] if isinstance(outcome.verdict, Violated) else []
    return result | ({"codeFlows": [_code_flow(t, check.instance, run) for t in found]} if found else {})


def _message(outcome: PropertyOutcome, check: CheckOutcome) -> str:
    """What came out of what, and why."""
    verdict = outcome.verdict
    bound = show_binding(verdict.binding) if isinstance(verdict, Violated) and verdict.trace else ""
    told = f"{outcome.prop.name}: {verdict_phrase(outcome)}{bound}"
    made = ", ".join(settings(check.check, check.instance))
    checked = f"Check {check.check.name}{f': {made}' if made else ''}"
    sentences = [told, expectation(outcome).capitalize(), checked]
    if outcome.blame is not None:
        span = outcome.blame.part.span
        reads = ", ".join(f"{cell} = {show_value(value)}" for cell, value in outcome.blame.reads)
        part = one_line(span) if span else repr(outcome.blame.part)
        sentences.append(f"What fails is {part}{f', with {reads}' if reads else ''}")
    return ". ".join(sentence for sentence in sentences if sentence) + "."


def _place(outcome: PropertyOutcome, check: CheckOutcome) -> Span | None:
    """Where a result belongs: to the property; or, if that stands nowhere, to the statement that failed, or
    to the check."""
    if outcome.prop.span is not None:
        return outcome.prop.span
    for _, trace in traces_of(outcome):
        match trace.end:
            case FailedStep(failure=Failure(span=span)) | Failure(span=span) if span is not None:
                return span
            case _:
                pass
    return check.check.span


def _fingerprint(*identity: str) -> Object:
    """A name for a result that does not depend on the lines around it."""
    digest = sha256("\0".join(identity).encode()).hexdigest()[:16]
    return {"partialFingerprints": {"primaryLocationLineHash": f"{digest}:1"}}


# --- places ----------------------------------------------------------------------------------------------


def _locations(span: Span | None, run: Run) -> list[Object]:
    return [{"physicalLocation": _physical(span, run)}] if span is not None else []


def _file_location(file: str, run: Run) -> list[Object]:
    place = {"artifactLocation": _artifact(file, run), "region": {"startLine": 1, "startColumn": 1}}
    return [{"physicalLocation": place}]


def _physical(span: Span, run: Run) -> Object:
    """Lines and columns are counted from 1; the end column lies behind the last character."""
    end_line, end_column = span.file.position(span.end)
    region = {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": end_line,
        "endColumn": end_column,
    }
    return {"artifactLocation": _artifact(span.file.name, run), "region": region}


def _artifact(file: str, run: Run) -> Object:
    """A file as a URI, relative to the root of the sources where that is known."""
    path = run.path(file)
    return {"uri": PurePath(path).as_uri() if PurePath(path).is_absolute() else quote(path)}


# --- code flows ------------------------------------------------------------------------------------------


class _Event(Struct, frozen=True):
    """A step, its number, and the states around it; behind a step that failed there is none."""

    number: int
    step: Step | FailedStep
    before: State
    after: State | None


def _code_flow(trace: Trace, instance: Instance, run: Run) -> Object:
    """One thread flow for each actor, in the order of their first steps. All of them begin with the whole
    initial state, which is also the first location of the first."""
    rows = changing(trace)
    initial = {repr(instance.cells[row]): _text(show_value(trace.initial[row])) for row in rows}
    fixed = [i for i in range(len(instance.cells)) if i not in set(rows)]
    unchanged = {label: _text(value) for label, value in compact(instance, trace.initial, fixed)}
    events = list(_events(trace))
    actors = list(dict.fromkeys(actor(event.step.action) for event in events)) or [SYSTEM]
    flows = []
    for name in actors:
        own = [event for event in events if actor(event.step.action) == name]
        locations = [_event_location(event, instance, run) for event in own]
        flows.append(
            {
                "id": name,
                "message": _text(name),
                "initialState": initial,
                "immutableState": unchanged,
                "locations": locations or [_initial_location(trace, instance)],
            }
        )
    return {"message": _text(_flow_title(trace)), "threadFlows": flows}


def _flow_title(trace: Trace) -> str:
    told = f"{count(trace.length, 'step')} from an initial state"
    if trace.loop is None:
        return told
    if trace.loop == len(trace.steps):
        return f"{told}, and then nothing for ever"
    return f"{told}, the last {len(trace.steps) - trace.loop} of them again and again"


def _events(trace: Trace) -> Iterator[_Event]:
    for number, (before, step) in enumerate(zip(trace.states, trace.steps, strict=False), 1):
        yield _Event(number, step, before, step.target)
    if isinstance(trace.end, FailedStep):
        yield _Event(trace.length, trace.end, trace.states[-1], None)


def _initial_location(trace: Trace, instance: Instance) -> Object:
    """All that there is when no step is needed."""
    cells = range(len(instance.cells))
    state = {label: _text(value) for label, value in compact(instance, trace.initial, cells)}
    text = "the initial state" + (f": {trace.end.message}" if isinstance(trace.end, Failure) else "")
    return {"location": {"message": _text(text)}, "state": state, "executionOrder": 1}


def _event_location(event: _Event, instance: Instance, run: Run) -> Object:
    step, after = event.step, event.after
    found = list(changes(instance, event.before, after)) if after is not None else []
    place: Object = {"message": _text(_told(event.number, step, [str(change) for change in found]))}
    span = step.failure.span if isinstance(step, FailedStep) else None
    span = span or step.action.transition.span
    if span is not None:
        place["physicalLocation"] = _physical(span, run)
    place["logicalLocations"] = [{"fullyQualifiedName": step.action.transition.name, "kind": "function"}]
    return {
        "location": place,
        "state": {change.cell: _text(show_value(change.after)) for change in found},
        "executionOrder": event.number,
        "importance": "essential" if found or after is None else "unimportant",
    }


def _told(number: int, step: Step | FailedStep, changed: Sequence[str]) -> str:
    """`step 2: pin(Task#0, Page#0), chosen d = old: pinned[Task#0][Page#0]: false -> true`"""
    picked = ", ".join(f"{name} = {show_value(value)}" for name, value in as_written(step.choices))
    head = f"step {number}: {step.action!r}{f', chosen {picked}' if picked else ''}"
    if isinstance(step, FailedStep):
        return f"{head} fails: {step.failure.kind}: {step.failure.message}"
    return f"{head}: {'; '.join(changed) if changed else 'nothing changes'}"


def _text(text: str) -> Object:
    return {"text": text}
