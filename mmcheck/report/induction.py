"""What induction says about invariants: one line each, and a table for each step that breaks one."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from mmcheck.core.induction import Cti, InductionOutcome
from mmcheck.core.instance import Instance
from mmcheck.report import blame, trace
from mmcheck.report.layout import indent, paragraph, separated, words
from mmcheck.report.phrases import show_binding
from mmcheck.report.styles import BAD, GOOD, QUIET, UNSURE

INTRODUCTION = "induction: every invariant is assumed before a step, and must hold after it"


def render(outcomes: Sequence[InductionOutcome], instance: Instance, width: int) -> list[Text]:
    """Which invariants are inductive together, and how the others are broken."""
    lines = paragraph("", words(INTRODUCTION), width, QUIET)
    for outcome in outcomes:
        lines += indent(_line(outcome, width - 2), 2)
    for outcome in outcomes:
        if outcome.initiation is not None:
            lines += _cti(outcome, outcome.initiation, "is false at first", instance, width)
        for found in outcome.breaking:
            assert found.cti is not None
            lines += _cti(outcome, found.cti, f"is broken by {found.transition}", instance, width)
    return lines


def _line(outcome: InductionOutcome, width: int) -> list[Text]:
    word, style = {True: ("keeps ", GOOD), False: ("BROKEN", BAD), None: ("????  ", UNSURE)}[outcome.holds]
    parts = ["false in an initial state"] if outcome.initiation is not None else []
    if outcome.breaking:
        parts.append(f"by {', '.join(found.transition for found in outcome.breaking)}")
    kept = len(outcome.consecutions) - len(outcome.breaking)
    parts.append(f"{kept} of {len(outcome.consecutions)} transitions keep it")
    lines = paragraph(f"{word}  {outcome.prop.name}  ", separated(parts), width)
    lines[0].stylize(style, 0, len(word))
    return lines


def _cti(outcome: InductionOutcome, found: Cti, how: str, instance: Instance, width: int) -> list[Text]:
    own = found.instance or instance
    where = "".join(f", {sort} = {size}" for sort, size in own.sizes.items()) if found.instance else ""
    title = f"{outcome.prop.name} {how}{show_binding(found.binding)}{where}:"
    lines = [Text(), *paragraph("", words(title), width, BAD)]
    lines += trace.render(found.trace, own, width, blame.cells_read(found.blame), start="any")
    if found.blame is not None:
        why = blame.render(found.blame, outcome.prop, found.trace, own, width - 2)
        lines += [Text(), *indent(why, 2)]
    return lines
