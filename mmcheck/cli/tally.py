"""What came out of a run in all: its exit code, and the sentence for it."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from mmcheck.cli.exits import Exit
from mmcheck.core.outcome import Ending, SpecOutcome
from mmcheck.core.verdict import Unknown
from mmcheck.diagnostics import Diagnostic, Severity
from mmcheck.report.quantity import count


class Tally(Struct, frozen=True):
    """`endings` has one for each check. `crashed` are the files at which a bug of ours showed."""

    endings: tuple[Ending, ...]
    errors: int
    warnings: int
    interrupted: bool = False
    crashed: tuple[str, ...] = ()
    strict: bool = False
    lenient: bool = False
    """Whether a check without a verdict, since a limit came first, is told but does not count."""
    beyond: bool = False
    """Whether what has no verdict is nothing that this engine decides, so that no limit came first."""
    remembered: int = 0
    """How many of the checks were not run, since their verdicts are known from an earlier run."""

    @property
    def end(self) -> Exit:
        """The worst of what happened."""
        if self.interrupted:
            return Exit.INTERRUPTED
        if self.crashed:
            return Exit.INTERNAL_ERROR
        if self.errors or Ending.BAD_INPUT in self.endings:
            return Exit.ERROR
        if Ending.UNEXPECTED in self.endings or (self.strict and self.warnings):
            return Exit.FAIL
        return Exit.UNKNOWN if Ending.LIMIT in self.endings and not self.lenient else Exit.OK

    @property
    def summary(self) -> str:
        """The sentence behind the word of the ending."""
        return self._told + (f"; {self.remembered} remembered" if self.remembered else "")

    @property
    def _told(self) -> str:
        as_expected = f"{self._of(Ending.AS_EXPECTED)} ended as expected"
        match self.end:
            case Exit.OK if self.endings.count(Ending.LIMIT):
                return f"{as_expected}; NO VERDICT on {self._of(Ending.LIMIT)}, since {self._why}"
            case Exit.OK:
                return as_expected + (f", with {count(self.warnings, 'warning')}" if self.warnings else "")
            case Exit.FAIL if Ending.UNEXPECTED not in self.endings:
                return f"{count(self.warnings, 'warning')}, and --strict was given; {as_expected}"
            case Exit.FAIL:
                limits = self.endings.count(Ending.LIMIT)
                also = f"; {self._why} in {limits}" if limits else ""
                return f"{self._of(Ending.UNEXPECTED)} did not end as expected{also}"
            case Exit.UNKNOWN:
                return f"{self._why} in {self._of(Ending.LIMIT)}"
            case Exit.ERROR:
                return f"{count(self.errors, 'error')}" + (f"; {as_expected}" if self.endings else "")
            case Exit.INTERNAL_ERROR:
                return f"a bug in mmcheck, met while verifying {', '.join(self.crashed)}; please report it"
            case Exit.INTERRUPTED:
                return f"{as_expected} before that" if self.endings else "nothing was verified"

    @property
    def _why(self) -> str:
        return "the engine does not decide everything" if self.beyond else "a limit came first"

    def _of(self, ending: Ending) -> str:
        return f"{self.endings.count(ending)} of {count(len(self.endings), 'check')}"


def tally(
    outcomes: Sequence[SpecOutcome],
    diagnostics: Sequence[Diagnostic],
    crashed: Sequence[str] = (),
    interrupted: bool = False,
    strict: bool = False,
    lenient: bool = False,
) -> Tally:
    """Count what came out. `diagnostics` are those that belong to no spec."""
    checks = [check for outcome in outcomes for check in outcome.checks]
    found = [
        # What is wrong with a model that several specs import is one mistake.
        *dict.fromkeys((*diagnostics, *(d for o in outcomes for d in o.diagnostics))),
        *(w for c in checks for w in c.warnings),
    ]
    undecided = [o.verdict for c in checks for o in c.properties if o.ending is Ending.LIMIT]
    return Tally(
        tuple(check.ending for check in checks),
        sum(d.severity is Severity.ERROR for d in found),
        sum(d.severity is Severity.WARNING for d in found),
        interrupted or any(check.interrupted for check in checks),
        tuple(crashed),
        strict,
        lenient,
        bool(undecided) and not any(isinstance(v, Unknown) and v.limit for v in undecided),
        sum(len(outcome.checks) for outcome in outcomes if outcome.remembered),
    )
