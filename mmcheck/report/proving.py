"""What `mmcheck prove` says about one check: what is inductive for every size, and what breaks the rest."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from mmcheck.core.check import Check
from mmcheck.core.induction import Examination
from mmcheck.core.instance import Instance
from mmcheck.report import diagnostics, induction
from mmcheck.report.layout import block, indent, paragraph, words
from mmcheck.report.phrases import limited
from mmcheck.report.quantity import count
from mmcheck.report.styles import GOOD, TITLE, UNSURE


def summary(found: Sequence[Examination]) -> str:
    """`2 of 3 invariants inductive for every size, in 1 check`."""
    outcomes = [outcome for examination in found for outcome in examination.outcomes]
    kept = sum(outcome.holds is True for outcome in outcomes)
    number = len(outcomes) + sum(len(e.outside) for e in found if e.outcomes)
    fixed = tuple(dict.fromkeys(sort for examination in found for sort in examination.fixed))
    size = " for every size" if all(e.sorts or not e.fixed for e in found) else ""
    of_all = f"{kept} of {count(number, 'invariant')} inductive"
    return f"{of_all}{size}{limited(fixed)}, in {count(len(found), 'check')}"


def render(check: Check, instance: Instance, found: Examination, width: int) -> Text:
    """The invariants of a check."""
    lines = [Text.assemble((f"check {check.name}", TITLE))]
    for outside in found.outside:
        lines += [Text(line) for line in diagnostics.render(outside, width).plain.split("\n")]
    if found.outcomes:
        lines += indent(induction.render(found.outcomes, instance, width - 2), 2)
    if found.stopped:
        lines += indent(paragraph("", words(f"stopped: {found.stopped}"), width - 2, UNSURE), 2)
    elif found.outcomes and all(outcome.holds for outcome in found.outcomes):
        those = "these" if found.outside else "all"
        told = f"{those} are inductive together{limited(found.fixed)}"
        told += ": `mmcheck verify --engine parametric` proves them"
        lines += indent(paragraph("", words(told), width - 2, GOOD), 2)
    return block(lines)
