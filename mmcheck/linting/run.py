"""Lint as a function: from a spec to what is suspicious in it, without what its comments allow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from mmcheck import session
from mmcheck.core.outcome import CheckOutcome
from mmcheck.diagnostics import Collector, Diagnostic, SpecError
from mmcheck.elaborate.allowances import Allowances
from mmcheck.engines.engine import Observe
from mmcheck.linting import checks, names
from mmcheck.session import Options, Spec, ignore

STATIC_CODES = (*names.CODES, *checks.CODES)
ORDINARY = Options()
DEEP_CODES = ("W600", "W601", "W602", "W603", "W605", *checks.DEEP_CODES)


class LintOutcome(Struct, frozen=True):
    """What was found in a spec: errors that keep it from being looked at, or warnings. `unfinished` are the
    checks of which a limit came first, so that a search may have warned of more."""

    file: str
    diagnostics: tuple[Diagnostic, ...]
    unfinished: tuple[str, ...] = ()
    interrupted: bool = False


def lint(spec: Spec) -> tuple[Diagnostic, ...]:
    """What is suspicious in a spec, in the order of the text; without a search."""
    allowances = Allowances.of(spec.program)
    found = allowances.silence((*names.names(spec.program), *checks.checks(spec)))
    return _in_order((*found, *allowances.idle(spec.program.source, STATIC_CODES)))


def lint_text(text: str, name: str = "<text>") -> tuple[Diagnostic, ...]:
    """The same for a text, as if it stood in a file of that name; its errors where it has some."""
    try:
        return lint(session.loads(text, name))
    except SpecError as error:
        return error.diagnostics


def lint_file(
    path: str | Path, deep: bool = False, options: Options = ORDINARY, observe: Observe = ignore
) -> LintOutcome:
    """The same for a file. `deep` runs its checks as well, and finds what only a search can. Never raises for
    bad input."""
    try:
        spec = session.load(path)
    except SpecError as error:
        return LintOutcome(str(path), error.diagnostics)
    return _deep(spec, options, observe) if deep else LintOutcome(str(path), lint(spec))


def _deep(spec: Spec, options: Options, observe: Observe) -> LintOutcome:
    allowances = Allowances.of(spec.program)
    outcome = session.verify(spec, replace(options, silence=False), observe)
    found = list(allowances.silence((*names.names(spec.program), *checks.checks(spec))))
    for check in outcome.checks:
        found += allowances.silence(check.warnings, check.check.span)
    found += allowances.silence(checks.alike(outcome.checks))
    unfinished = tuple(_unfinished(outcome.checks))
    judged = STATIC_CODES if unfinished else (*STATIC_CODES, *DEEP_CODES)
    idle = allowances.idle(spec.program.source, judged)
    file = spec.program.path
    return LintOutcome(
        file,
        _in_order((*outcome.diagnostics, *found, *idle)),
        unfinished,
        any(check.interrupted for check in outcome.checks),
    )


def _unfinished(outcomes: tuple[CheckOutcome, ...]) -> Iterator[str]:
    """The checks of which some states were not visited, though they were asked for."""
    for outcome in outcomes:
        searched = outcome.statistics.states > 0
        if outcome.interrupted or (searched and not outcome.statistics.complete):
            yield outcome.check.name


def _in_order(found: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    """Each once, by file and place."""
    return Collector(list(dict.fromkeys(found))).in_order()
