"""The door to a SAT solver: clauses of numbered literals, and questions under assumptions.

IC3 asks thousands of small questions, each about a few clauses more than the last. `MiniSat` asks the solver
of that name, which was made for this. `PlainSat` does the same through z3: slower, and what it is tested
against. What is concluded from the answers is proved again by z3, from the spec anew.

Reference: N. Eén and N. Sörensson, An extensible SAT-solver, SAT 2003 (questions under assumptions).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any, Protocol

import z3
from pysat.solvers import Minisat22

SECONDS_A_QUERY = 30.0

CONFLICTS = 2_000
"""How many conflicts the solver may meet, which takes well less than a second, before `look` is called."""


class GaveUpError(Exception):
    """The solver did not answer a question in time."""


class Sat(Protocol):
    """Clauses over variables 1, 2, ...; a literal is a variable, or minus one where it is false."""

    def new(self) -> int:
        """A new variable."""
        ...

    def add(self, clause: Sequence[int]) -> None:
        """One of these literals is true, from now on."""
        ...

    def solve(self, assumptions: Sequence[int]) -> bool:
        """Whether all clauses and assumptions can be true. Raises GaveUpError after a while."""
        ...

    def values(self, variables: Sequence[int]) -> list[bool]:
        """The values of variables, after `solve` said yes."""
        ...

    def core(self) -> set[int]:
        """Assumptions that suffice for the answer, after `solve` said no."""
        ...


def nothing() -> None:
    """Look at nothing."""


class PlainSat:
    """Through z3's Python classes."""

    def __init__(self, look: Callable[[], None] = nothing) -> None:
        self._context = z3.Context()
        self._solver = z3.SolverFor("QF_FD", ctx=self._context)
        self._solver.set("timeout", int(1_000 * SECONDS_A_QUERY))
        self._literals: list[tuple[Any, Any]] = [(None, None)]
        self._numbers: dict[int, int] = {}
        self._model: Any = None

    def new(self) -> int:
        number = len(self._literals)
        variable = z3.Bool(f"v{number}", self._context)
        negated = z3.Not(variable)
        self._literals.append((variable, negated))
        self._numbers[variable.get_id()] = number
        self._numbers[negated.get_id()] = -number
        return number

    def _literal(self, literal: int) -> Any:
        return self._literals[abs(literal)][literal < 0]

    def add(self, clause: Sequence[int]) -> None:
        self._solver.add(z3.Or([self._literal(i) for i in clause]))

    def solve(self, assumptions: Sequence[int]) -> bool:
        answer = self._solver.check([self._literal(i) for i in assumptions])
        if answer == z3.unknown:
            raise GaveUpError(self._solver.reason_unknown())
        self._model = self._solver.model() if answer == z3.sat else None
        return bool(answer == z3.sat)

    def values(self, variables: Sequence[int]) -> list[bool]:
        return [z3.is_true(self._model.eval(self._literals[v][0])) for v in variables]

    def core(self) -> set[int]:
        return {self._numbers[e.get_id()] for e in self._solver.unsat_core()}


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
