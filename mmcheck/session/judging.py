"""What comes out of a check: what an engine says, certified, explained and with warnings."""

from __future__ import annotations

from msgspec.structs import replace

from mmcheck.core.blame import Blame, blame
from mmcheck.core.certify import Certifier, UnsettledError
from mmcheck.core.check import Check
from mmcheck.core.coverage import Coverage, measure
from mmcheck.core.instance import Instance
from mmcheck.core.lasso import Account, account
from mmcheck.core.outcome import CheckOutcome, PropertyOutcome
from mmcheck.core.semantics import at
from mmcheck.core.symmetry import renumber
from mmcheck.core.system import Invariant, Liveness, NoModelError, Property, StepInvariant
from mmcheck.core.terms import Literal
from mmcheck.core.trace import Failure, Trace
from mmcheck.core.verdict import Binding, Exhaustive, Proved, Unknown, Verdict, Violated, Witness
from mmcheck.diagnostics import Diagnostic, SpecError
from mmcheck.elaborate.modules import Program
from mmcheck.engines.engine import Answer
from mmcheck.engines.limits import ANY_TIME, TimeLeft
from mmcheck.engines.registry import reproof
from mmcheck.session.loading import Spec
from mmcheck.session.suspicions import suspicions
from mmcheck.source import digest


def judged(
    spec: Spec, check: Check, instance: Instance, answer: Answer, time_left: TimeLeft = ANY_TIME
) -> CheckOutcome:
    """What came out of a check, of what an engine says: certified in the time that is left, explained, with
    warnings. The check is one with all its values. Raises SpecError where it has no initial state."""
    certifier = Certifier(instance, reproof(instance, check.properties, answer.verdicts, time_left))
    outcomes = tuple(
        _property_outcome(certifier, check, prop, answer)
        for prop in instance.system.properties
        if prop.name in answer.verdicts
    )
    _require_initial_states(spec, check, instance, answer, outcomes)
    warnings = (*answer.warnings, *suspicions(instance, check, answer))
    coverage = _coverage(instance, answer, outcomes)
    return CheckOutcome(
        check,
        instance,
        outcomes,
        answer.statistics,
        warnings,
        answer.interrupted,
        coverage,
        files=_digests(spec.program),
    )


def _digests(program: Program) -> tuple[tuple[str, str], ...]:
    """The files of a program, each with the hash of what was read."""
    return tuple((str(path), digest(text)) for path, text in zip(program.files, program.texts, strict=True))


def _property_outcome(certifier: Certifier, check: Check, prop: Property, answer: Answer) -> PropertyOutcome:
    instance, verdict = certifier.instance, answer.verdicts[prop.name]
    if isinstance(verdict, Violated) and verdict.trace is not None:
        # Any run is as good as its permutations; this one is easier to read, and the same for all engines.
        binding, trace = renumber(instance, verdict.binding, verdict.trace)
        verdict = replace(verdict, binding=binding, trace=trace)
    try:
        if prop.name not in answer.reproved:
            certifier.certify(prop, verdict)
    except UnsettledError as error:
        verdict = Unknown(f"it was decided, but that could not be checked: {error}")
    trivial = (
        isinstance(prop, Invariant | StepInvariant)
        and isinstance(prop.body, Literal)
        and isinstance(verdict, Proved)
    )
    return PropertyOutcome(
        prop,
        verdict,
        check.expectation(prop.name),
        tuple(a.name for a in instance.system.assumptions),
        false_part(instance, prop, verdict),
        "true under the constants of this check, whatever happens" if trivial else _note(prop, answer),
        _account(certifier, verdict),
        answer.deciders.get(prop.name, ""),
    )


def _note(prop: Property, answer: Answer) -> str:
    """What to know about a verdict besides."""
    if prop.name in answer.notes:
        return answer.notes[prop.name]
    reduced = answer.statistics.symmetry
    if not isinstance(prop, Liveness) or not reduced:
        return ""
    match answer.verdicts[prop.name]:
        case Unknown() | Proved(Exhaustive(symmetry=(_, *_))):
            return ""
        case _:
            return f"judged on all states, without symmetry of {' and '.join(reduced)}"


def _account(certifier: Certifier, verdict: Verdict) -> Account | None:
    """Why a counterexample that never ends is fair."""
    if not isinstance(verdict, Violated) or verdict.trace is None or verdict.trace.loop is None:
        return None
    return account(verdict.trace, certifier.dynamics)


def false_part(instance: Instance, prop: Property, verdict: Verdict) -> Blame | None:
    """Which part of a property is false at the end of its counterexample."""
    if not isinstance(verdict, Violated) or verdict.trace is None:
        return None
    trace = verdict.trace
    if isinstance(trace.end, Failure):
        return None
    match prop:
        case Invariant(_, _, body):
            return blame(body, at(trace.states[-1], dict(verdict.binding)), instance)
        case StepInvariant(_, _, body):
            by = trace.steps[-1].action.transition.name
            env = at(trace.states[-2], dict(verdict.binding), trace.states[-1], by)
            return blame(body, env, instance)
        case _:
            return None


def runs_of(verdict: Verdict) -> tuple[tuple[Binding, Trace], ...]:
    """The runs that speak for a verdict: the counterexample, or the witnesses."""
    match verdict:
        case Violated(trace, binding) if trace is not None:
            return ((binding, trace),)
        case Proved(Witness(traces)):
            return traces
        case _:
            return ()


def _require_initial_states(
    spec: Spec, check: Check, instance: Instance, answer: Answer, outcomes: tuple[PropertyOutcome, ...]
) -> None:
    """Without an initial state everything is true, and nothing is said. Raises SpecError then."""
    failed = any(isinstance(o.prop, NoModelError) and isinstance(o.verdict, Violated) for o in outcomes)
    if answer.statistics.states or not answer.statistics.complete or failed:
        return
    raise SpecError((no_initial_state(spec, check, instance),))


def no_initial_state(spec: Spec, check: Check, instance: Instance) -> Diagnostic:
    """What is wrong with a check in which nothing can begin."""
    assumptions = [f", or the assumption `{a.name}` excludes all" for a in instance.system.assumptions]
    return Diagnostic(
        "E504",
        f"`{spec.program.name}` has no initial state in check `{check.name}`",
        check.span,
        f"an `init` block requires the impossible{''.join(assumptions)}",
    )


def _coverage(instance: Instance, answer: Answer, outcomes: tuple[PropertyOutcome, ...]) -> Coverage | None:
    """What the search made use of; None where there was none."""
    if answer.branches is None or not answer.statistics.states:
        return None
    proved = [outcome.prop.name for outcome in outcomes if isinstance(outcome.verdict, Proved)]
    found = answer.statistics
    return measure(
        instance.system, found.complete, found.fired, answer.branches, answer.unmet_premises, proved
    )
