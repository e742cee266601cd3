"""MiniSat behind the same door as z3: for many large questions it needs half the time, and less memory.

Small universes ask it. The lemmas that IC3 finds depend on which states a solver shows first, and those that
it finds with z3 are easier to prove for every size, so that IC3 goes on with z3.

Reference: N. Eén and N. Sörensson, An extensible SAT-solver, SAT 2003 (questions under assumptions).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any

from pysat.solvers import Minisat22

from mmcheck.engines.symbolic.ic3.sat import SECONDS_A_QUERY, GaveUpError, nothing

CONFLICTS = 2_000
"""How many conflicts the solver may meet, which takes well less than a second, before `look` is called."""


class MiniSat:
    """Through MiniSat. During a question that takes long `look` is called now and then, and may raise."""

    def __init__(self, look: Callable[[], None] = nothing) -> None:
        self._look = look
        self._solver: Any = Minisat22()
        self._variables = 0
        self._model: list[int] | None = None

    def new(self) -> int:
        self._variables += 1
        return self._variables

    def add(self, clause: Sequence[int]) -> None:
        self._solver.add_clause(clause)

    def solve(self, assumptions: Sequence[int]) -> bool:
        self._model = None
        answer = self._ask(assumptions)
        begun = monotonic()
        while answer is None:
            if monotonic() - begun > SECONDS_A_QUERY:
                raise GaveUpError("it took too long")
            self._look()
            answer = self._ask(assumptions)
        return answer

    def _ask(self, assumptions: Sequence[int]) -> bool | None:
        """The answer, or none after so many conflicts; what was learnt from them stays."""
        self._solver.conf_budget(CONFLICTS)
        # Asked so, it leaves the handling of Ctrl-C alone, which would break it off in the middle.
        answer: bool | None = self._solver.solve_limited(assumptions, expect_interrupt=True)
        return answer

    def values(self, variables: Sequence[int]) -> list[bool]:
        if self._model is None:
            self._model = self._solver.get_model()
        known, model = len(self._model), self._model
        # A variable that is in no clause is in no model.
        return [v <= known and model[v - 1] > 0 for v in variables]

    def core(self) -> set[int]:
        return set(self._solver.get_core() or ())
