"""What `mmcheck prove` says about one check: what is inductive for every size, and what breaks the rest."""

from __future__ import annotations

from rich.text import Text

from mmcheck.core.check import Check
from mmcheck.core.induction import Examination
from mmcheck.core.instance import Instance
from mmcheck.report import diagnostics, induction
from mmcheck.report.layout import block, indent, paragraph, words
from mmcheck.report.styles import GOOD, TITLE, UNSURE


def render(check: Check, instance: Instance, found: Examination, width: int) -> Text:
    """The invariants of a check."""
    lines = [Text.assemble((f"check {check.name}", TITLE))]
    if found.outside is not None:
        lines += [Text(line) for line in diagnostics.render(found.outside, width).plain.split("\n")]
    if found.outcomes:
        lines += indent(induction.render(found.outcomes, instance, width - 2), 2)
    if found.stopped:
        lines += indent(paragraph("", words(f"stopped: {found.stopped}"), width - 2, UNSURE), 2)
    elif found.outcomes and all(outcome.holds for outcome in found.outcomes):
        told = "all are inductive together: `mmcheck verify --engine parametric` proves them"
        lines += indent(paragraph("", words(told), width - 2, GOOD), 2)
    return block(lines)
