"""What is told to the user about their input: coded, placed, with a remedy; and the list of all codes.

A diagnostic is data. `report.diagnostics` renders it; the page of a code is `docs/errors/<code>.md`.
"""

from __future__ import annotations

from enum import Enum

from msgspec import Struct, field

from mmcheck.source import Span


class Severity(Enum):
    ERROR = "error"
    WARNING = "warning"


CODES: dict[str, str] = {
    # Files and modules
    "E001": "a file cannot be read",
    "E002": "a file is not UTF-8 text",
    "E003": "a file or an expression is too large",
    "E004": "no specs found",
    "E010": "an imported module is not found",
    "E011": "imports form a cycle",
    "E012": "an override of nothing",
    "E013": "an override that does not fit what it overrides",
    "E014": "two overrides of one thing",
    # Syntax
    "E100": "syntax error",
    "E101": "a missing semicolon",
    "E102": "an unclosed bracket or brace",
    "E103": "`=` where a comparison is meant",
    "E104": "a character that means nothing here",
    "E105": "a reserved word used as a name",
    "E106": "comparisons or operators that need parentheses",
    # Names
    "E200": "an unknown name",
    "E201": "a name declared twice",
    "E202": "a name of the wrong kind",
    "E203": "a recursive definition",
    # Types
    "E300": "a type that does not fit",
    "E301": "values of two types compared",
    "E302": "a sort used as a number, or ordered",
    "E303": "`null` where it cannot be",
    "E304": "an index that does not fit",
    "E305": "a field that does not exist",
    "E306": "a wrong number of arguments",
    "E307": "an empty or impossible range",
    "E308": "an expression that is not constant",
    "E309": "a value that can never fit its range",
    "E310": "a sort variable without an initial value",
    "E311": "a type that is not allowed here",
    "E312": "an array or a process used without its index",
    "E313": "a variable read before it has an initial value",
    # Statements
    "E400": "a target that cannot be assigned",
    "E401": "a bulk update that writes one cell twice",
    "E402": "a statement that is not allowed here",
    "E403": "an unknown step",
    "E404": "a process without steps",
    "E405": "`'` or `by` outside of a step invariant",
    "E406": "`'` on something that has no value after the step",
    "E407": "a statement that can never be reached",
    # Properties, scenarios and checks
    "E500": "a setting of nothing",
    "E501": "an expectation that names no property",
    "E502": "a check that contradicts itself",
    "E503": "a sort size out of bounds",
    "E504": "no initial state",
    "E505": "an instance that is too large",
    "E506": "a scenario that cannot be set up",
    "E507": "an unknown check or property was selected",
    "E508": "a folder that cannot be used",
    "E509": "a spec that cannot be mutated, since it does not end as it expects",
    "E510": "a state graph that is too large to look at",
    # Warnings
    "W600": "a transition that never fired",
    "W601": "a property that holds only because its premise is never true",
    "W602": "an assumption that excludes no state",
    "W603": "a branch that was never taken",
    "W604": "an excuse without a survivor",
    "W605": "liveness under an assumption that cuts off runs",
    "W606": "an allowance that allows nothing",
    "W607": "a construct that no proof for every size covers",
    # Lint
    "W610": "a variable that nothing reads",
    "W611": "a variable that no step changes",
    "W612": "a type that nothing uses",
    "W613": "an enum value that nothing uses",
    "W614": "a definition or a constant that nothing uses",
    "W615": "a parameter or a bound name that nothing uses",
    "W616": "a name that hides another",
    "W617": "a spec that does not say what must be possible",
    "W618": "two checks that are the same",
    "W619": "a property that says nothing of the state",
    "W620": "a transition that the constants of every check forbid",
    "W621": "two checks that differ in nothing that was measured",
}
"""Every code with its title. A code is never reused for another meaning."""


class Note(Struct, frozen=True):
    """A second place that matters, such as the first of two declarations."""

    message: str
    span: Span | None = None


class Diagnostic(Struct, frozen=True):
    """One thing that is wrong: where, what, and what to do about it."""

    code: str
    message: str
    span: Span | None = None
    remedy: str = ""
    notes: tuple[Note, ...] = ()

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise KeyError(f"{self.code} is not in the table of codes")

    @property
    def severity(self) -> Severity:
        return Severity.ERROR if self.code.startswith("E") else Severity.WARNING


class SpecError(Exception):
    """Input that cannot be used, with every diagnostic about it."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        super().__init__(
            "; ".join(f"{d.code}{f' at {d.span}' if d.span else ''}: {d.message}" for d in diagnostics)
        )
        self.diagnostics = diagnostics


class Collector(Struct):
    """Gathers the diagnostics of a phase, so that one mistake does not hide the next."""

    diagnostics: list[Diagnostic] = field(default_factory=list)

    def add(
        self,
        code: str,
        message: str,
        span: Span | None = None,
        remedy: str = "",
        notes: tuple[Note, ...] = (),
    ) -> None:
        """Record a diagnostic; the same one at the same place is recorded once."""
        diagnostic = Diagnostic(code, message, span, remedy, notes)
        if diagnostic not in self.diagnostics:
            self.diagnostics.append(diagnostic)

    @property
    def has_errors(self) -> bool:
        return any(d.severity is Severity.ERROR for d in self.diagnostics)

    def in_order(self) -> tuple[Diagnostic, ...]:
        """All of them, sorted by file and place."""

        def key(diagnostic: Diagnostic) -> tuple[str, int]:
            span = diagnostic.span
            return (span.file.name, span.start) if span else ("", -1)

        return tuple(sorted(self.diagnostics, key=key))

    def raise_if_errors(self) -> None:
        """Raise SpecError when an error was recorded."""
        if self.has_errors:
            raise SpecError(self.in_order())
