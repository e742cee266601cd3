"""mmcheck: a model checker for the memory-management and file-system designs of kernels.

The public interface: `load` or `loads` a spec, `verify` it, and look at the verdicts of the outcome.

    import mmcheck

    outcome = mmcheck.verify(mmcheck.load("specs/memfd_seal.mmc"))
    for check in outcome.checks:
        for prop in check.properties:
            print(check.check.name, prop.prop.name, prop.verdict)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmcheck.cache.remembering import Cache
    from mmcheck.core.coverage import Coverage
    from mmcheck.core.mutation import Fate, Mutant, MutantOutcome, MutationOutcome
    from mmcheck.core.outcome import CheckOutcome, PropertyOutcome, SpecOutcome
    from mmcheck.core.stategraph import StateGraph
    from mmcheck.core.trace import Trace
    from mmcheck.core.verdict import Proved, Unknown, Verdict, Violated
    from mmcheck.diagnostics import Diagnostic, SpecError
    from mmcheck.documents import render_graph, render_report, write_report
    from mmcheck.engines.engine import Limits, Preferences, Progress
    from mmcheck.exploring.near_miss import NearMiss, why_not
    from mmcheck.exploring.simulation import Plan, simulate, simulate_file
    from mmcheck.exploring.walk import Walk
    from mmcheck.jobs.verify import verify_files
    from mmcheck.linting.run import LintOutcome, lint, lint_file, lint_text
    from mmcheck.mutation.run import mutate
    from mmcheck.session import Options, Spec, load, loads, verify, verify_check, verify_file
    from mmcheck.stategraphs import state_graph
    from mmcheck.syntax.formatting.formatter import format_text

__version__ = "0.1.0"

__all__ = [
    "Cache",
    "CheckOutcome",
    "Coverage",
    "Diagnostic",
    "Fate",
    "Limits",
    "LintOutcome",
    "Mutant",
    "MutantOutcome",
    "MutationOutcome",
    "NearMiss",
    "Options",
    "Plan",
    "Preferences",
    "Progress",
    "PropertyOutcome",
    "Proved",
    "Spec",
    "SpecError",
    "SpecOutcome",
    "StateGraph",
    "Trace",
    "Unknown",
    "Verdict",
    "Violated",
    "Walk",
    "format_text",
    "lint",
    "lint_file",
    "lint_text",
    "load",
    "loads",
    "mutate",
    "render_graph",
    "render_report",
    "simulate",
    "simulate_file",
    "state_graph",
    "verify",
    "verify_check",
    "verify_file",
    "verify_files",
    "why_not",
    "write_report",
]

_HOMES = {
    "mmcheck.cache.remembering": ("Cache",),
    "mmcheck.core.coverage": ("Coverage",),
    "mmcheck.core.mutation": ("Fate", "Mutant", "MutantOutcome", "MutationOutcome"),
    "mmcheck.core.outcome": ("CheckOutcome", "PropertyOutcome", "SpecOutcome"),
    "mmcheck.core.stategraph": ("StateGraph",),
    "mmcheck.core.trace": ("Trace",),
    "mmcheck.core.verdict": ("Proved", "Unknown", "Verdict", "Violated"),
    "mmcheck.diagnostics": ("Diagnostic", "SpecError"),
    "mmcheck.engines.engine": ("Limits", "Preferences", "Progress"),
    "mmcheck.exploring.simulation": ("Plan", "simulate", "simulate_file"),
    "mmcheck.exploring.near_miss": ("NearMiss", "why_not"),
    "mmcheck.exploring.walk": ("Walk",),
    "mmcheck.linting.run": ("LintOutcome", "lint", "lint_file", "lint_text"),
    "mmcheck.jobs.verify": ("verify_files",),
    "mmcheck.documents": ("render_graph", "render_report", "write_report"),
    "mmcheck.mutation.run": ("mutate",),
    "mmcheck.session": ("Options", "Spec", "load", "loads", "verify", "verify_check", "verify_file"),
    "mmcheck.syntax.formatting.formatter": ("format_text",),
    "mmcheck.stategraphs": ("state_graph",),
}


def __getattr__(name: str) -> object:
    """Import what is asked for when it is asked for, so that `mmcheck --version` need not load a parser."""
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module 'mmcheck' has no attribute {name!r}")
