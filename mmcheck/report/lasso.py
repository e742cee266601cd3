"""Why a run that never ends is a counterexample: where it goes round, and why it counts as fair."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from typing import assert_never

from rich.text import Text

from mmcheck.core.fairness import Unit
from mmcheck.core.lasso import Account, Served, Service
from mmcheck.core.trace import Trace
from mmcheck.report.layout import PROSE, paragraph, separated, words

MANY = 3
"""From more units of one name on they are counted."""


def render(trace: Trace, account: Account, width: int, forbidden: Set[str] = frozenset()) -> list[Text]:
    """What happens for ever, and a line for each fair unit, those that are never enabled together. Of the
    transitions that are `forbidden` by the constants of the check nothing is said."""
    lines = paragraph("", words(_for_ever(trace, account)), min(width, PROSE))
    services = [s for s in account.services if not s.unit.transitions <= forbidden]
    if not services:
        return [
            *lines,
            *paragraph("", words("Nothing is fair here, so every run counts."), min(width, PROSE)),
        ]
    lines += paragraph("", words("It counts as fair:"), width)
    named = [(_label(s), _why(s, trace)) for s in services if s.served is not Served.NEVER_ENABLED]
    room = max((len(label) for label, _ in named), default=0)
    for label, why in named:
        lines += paragraph(f"  {label.ljust(room)}  ", words(why), width)
    never = [s.unit for s in services if s.served is Served.NEVER_ENABLED]
    if never:
        lines += paragraph("  never enabled in it: ", separated(_gathered(never)), width)
    return lines


def _gathered(units: Sequence[Unit]) -> Iterator[str]:
    """The units, those that differ by their arguments only counted where they are many."""
    for name in dict.fromkeys(unit.name for unit in units):
        labels = [unit.label for unit in units if unit.name == name]
        if len(labels) > MANY:
            yield f"{name} for {len(labels):,} values"
        else:
            yield from labels


def _for_ever(trace: Trace, account: Account) -> str:
    last, first = len(trace.steps), trace.loop or 0
    if first < last:
        return f"State {last} is state {first} again: steps {first + 1} to {last} are repeated for ever."
    if account.deadlock:
        return f"State {last} is a deadlock: nothing is enabled there, and the run stutters for ever."
    return f"In state {last} the run stays for ever: what is enabled there is not fair, and need not happen."


def _label(service: Service) -> str:
    return f"{'strong fair' if service.unit.strong else 'fair'} {service.unit.label}"


def _why(service: Service, trace: Trace) -> str:
    match service.served:
        case Served.TAKEN:
            return f"is taken by step {service.at}"
        case Served.DISABLED:
            if trace.loop == len(trace.steps):
                return f"is not enabled in state {service.at}"
            return f"is not always enabled: not in state {service.at}"
        case Served.NEVER_ENABLED:
            return "is never enabled in it"
        case Served.WRONGED:
            return "is wronged"
        case _:
            assert_never(service.served)
