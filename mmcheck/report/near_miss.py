"""Why a goal is not reached, as text: the nearest state, the way to it, and what it lacks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rich.text import Text

from mmcheck.core.blame import Blame, blame
from mmcheck.core.instance import Instance
from mmcheck.core.semantics import Env
from mmcheck.core.terms import Term
from mmcheck.core.trace import Trace
from mmcheck.core.types import Value, show_value
from mmcheck.report import trace as trace_report
from mmcheck.report.layout import paragraph, words
from mmcheck.report.styles import BAD, GOOD, QUIET

Bindings = tuple[tuple[str, Value], ...]


class Conjunct(Protocol):
    """A conjunct of the goal in the nearest state."""

    @property
    def term(self) -> Term: ...
    @property
    def env(self) -> Env: ...
    @property
    def positive(self) -> bool: ...
    @property
    def holds(self) -> bool: ...


def conjuncts(found: Sequence[Conjunct], instance: Instance, width: int) -> list[Text]:
    """A line for each conjunct, with the values that a false one read."""
    lines: list[Text] = []
    for part in found:
        why = reads(part, instance)
        mark, style = ("ok  ", GOOD) if part.holds else ("FAIL", BAD)
        span = part.term.span
        said = told(span.text if span else repr(part.term), why.bindings, part.positive)
        lines += paragraph(f"  {mark}  ", words(said), width, style)
        if not part.holds and why.reads:
            values = ", ".join(f"{label} = {show_value(value)}" for label, value in why.reads)
            lines += paragraph("        ", words(values), width, QUIET)
    return lines


def reads(part: Conjunct, instance: Instance) -> Blame:
    """What a conjunct read, and for which values of its names."""
    found = blame(part.term, part.env, instance)
    if found.part is part.term:
        return found
    # Its smallest false part says less than the conjunct does: all that it reads is told.
    names = [(name.partition("$")[0], value) for name, value in part.env.locals.items()]
    return Blame(part.term, tuple(names), found.reads, part.holds)


def told(text: str, bindings: Bindings, positive: bool) -> str:
    """A conjunct: what is written, negated where it must not be true, with the values of its names."""
    written = _bare(" ".join(text.split()))
    if not positive:
        written = f"!{written}" if written.isidentifier() else f"!({written})"
    bound = ", ".join(f"{name} = {show_value(value)}" for name, value in bindings)
    return f"{written}  ({bound})" if bound else written


def _bare(text: str) -> str:
    """A text without the parentheses around all of it."""
    depth = 0
    for i, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if depth == 0 and i < len(text) - 1:
            return text
    return _bare(text[1:-1]) if text.startswith("(") and text.endswith(")") else text


def way(found: Trace, instance: Instance, width: int) -> list[Text]:
    """The steps to a state, as a table."""
    return trace_report.render(found, instance, width)
