"""The one place where the phases meet: from a path to the outcome of its checks.

parse -> elaborate -> instantiate -> an engine -> certify, for every check of a spec; budgets are handed on,
verdicts are certified, what is suspicious is warned about.
"""

from __future__ import annotations

from mmcheck.session.finding import find_specs
from mmcheck.session.judging import false_part, judged, no_initial_state, runs_of
from mmcheck.session.loading import Spec, instantiate, load, loads, of_program
from mmcheck.session.options import Options, ignore
from mmcheck.session.proving import prove_check
from mmcheck.session.selecting import chosen, one_folder_problem, selected_checks, spill_folder_problem
from mmcheck.session.verifying import completed, heeded, limits_until, verify, verify_check, verify_file

__all__ = [
    "Options",
    "Spec",
    "chosen",
    "completed",
    "false_part",
    "find_specs",
    "heeded",
    "ignore",
    "instantiate",
    "judged",
    "limits_until",
    "load",
    "loads",
    "no_initial_state",
    "of_program",
    "one_folder_problem",
    "prove_check",
    "runs_of",
    "selected_checks",
    "spill_folder_problem",
    "verify",
    "verify_check",
    "verify_file",
]
