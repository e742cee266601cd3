"""The door to a SAT solver: clauses of numbered literals, and questions under assumptions.

IC3 asks thousands of small questions, and nearly all its time went into making expressions. Here a variable
is a number, each of its two literals is made once, and a clause is one call of the solver's C interface with
the pointers at hand. `PlainSat` does the same through z3's Python classes: slower, and what this is tested
against.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import z3
from z3 import z3core

SECONDS_A_QUERY = 30.0

AT_ONCE = 0.5
"""Seconds after which a question is asked again in a thread, so that limits and Ctrl-C are heard."""

LOOK_EVERY = 0.1


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


def _solver(context: z3.Context, seconds: float) -> z3.Solver:
    solver = z3.SolverFor("QF_FD", ctx=context)
    solver.set("timeout", int(1_000 * seconds))
    # Python sees Ctrl-C as soon as the question is answered.
    solver.set("ctrl_c", False)
    return solver


def nothing() -> None:
    """Look at nothing."""


class PlainSat:
    """Through z3's Python classes."""

    def __init__(self, look: Callable[[], None] = nothing) -> None:
        self._context = z3.Context()
        self._solver = _solver(self._context, SECONDS_A_QUERY)
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


_POINTER = ctypes.c_void_p
_COUNT = ctypes.c_uint


def _raw(wrapper: Any, result: Any, *arguments: Any) -> Any:
    """The C function behind one of z3's wrappers, taking plain pointers, which Python passes fastest.

    It is made anew from the address, so that the types that the wrapper relies on stay as they are."""
    address: Any = ctypes.cast(wrapper.__defaults__[0].f, ctypes.c_void_p).value
    return ctypes.CFUNCTYPE(result, *arguments)(address)


_mk_symbol = _raw(z3core.Z3_mk_int_symbol, _POINTER, _POINTER, ctypes.c_int)
_mk_const = _raw(z3core.Z3_mk_const, _POINTER, _POINTER, _POINTER, _POINTER)
_mk_not = _raw(z3core.Z3_mk_not, _POINTER, _POINTER, _POINTER)
_get_declaration = _raw(z3core.Z3_get_app_decl, _POINTER, _POINTER, _POINTER)
_mk_or = _raw(z3core.Z3_mk_or, _POINTER, _POINTER, _COUNT, _POINTER)
_inc_ref = _raw(z3core.Z3_inc_ref, None, _POINTER, _POINTER)
_dec_ref = _raw(z3core.Z3_dec_ref, None, _POINTER, _POINTER)
_assert = _raw(z3core.Z3_solver_assert, None, _POINTER, _POINTER, _POINTER)
_check = _raw(z3core.Z3_solver_check_assumptions, ctypes.c_int, _POINTER, _POINTER, _COUNT, _POINTER)
_get_model = _raw(z3core.Z3_solver_get_model, _POINTER, _POINTER, _POINTER)
_model_inc_ref = _raw(z3core.Z3_model_inc_ref, None, _POINTER, _POINTER)
_model_dec_ref = _raw(z3core.Z3_model_dec_ref, None, _POINTER, _POINTER)
_interpretation = _raw(z3core.Z3_model_get_const_interp, _POINTER, _POINTER, _POINTER, _POINTER)
_get_core = _raw(z3core.Z3_solver_get_unsat_core, _POINTER, _POINTER, _POINTER)
_vector_inc_ref = _raw(z3core.Z3_ast_vector_inc_ref, None, _POINTER, _POINTER)
_vector_dec_ref = _raw(z3core.Z3_ast_vector_dec_ref, None, _POINTER, _POINTER)
_vector_size = _raw(z3core.Z3_ast_vector_size, _COUNT, _POINTER, _POINTER)
_vector_get = _raw(z3core.Z3_ast_vector_get, _POINTER, _POINTER, _POINTER, _COUNT)


class FastSat:
    """Through z3's C interface, with the pointers of all literals at hand.

    The calls go without the checks for errors that z3's wrappers make: what they are given was made here.
    During a question that takes long `look` is called now and then, and may raise."""

    def __init__(self, look: Callable[[], None] = nothing) -> None:
        self._look = look
        self._z3_context = z3.Context()
        self._z3_solver = _solver(self._z3_context, AT_ONCE)
        self._context: int = self._z3_context.ref().value
        self._solver: int = self._z3_solver.solver.value
        self._positive = [0]
        self._negative = [0]
        self._declarations = [0]
        self._numbers: dict[int, int] = {}
        self._true = self._kept(z3.BoolVal(True, self._z3_context).as_ast().value)
        self._sort = self._kept(z3.BoolSort(self._z3_context).as_ast().value)

    def _kept(self, made: int) -> int:
        """A pointer to something that z3 shall not free before the context goes."""
        _inc_ref(self._context, made)
        return made

    def new(self) -> int:
        number, context = len(self._positive), self._context
        variable = self._kept(_mk_const(context, _mk_symbol(context, number), self._sort))
        negated = self._kept(_mk_not(context, variable))
        self._positive.append(variable)
        self._negative.append(negated)
        self._declarations.append(self._kept(_get_declaration(context, variable)))
        self._numbers[variable] = number
        self._numbers[negated] = -number
        return number

    def _array(self, literals: Sequence[int]) -> Any:
        positive, negative = self._positive, self._negative
        found = [positive[i] if i > 0 else negative[-i] for i in literals]
        return (_POINTER * len(found))(*found)

    def add(self, clause: Sequence[int]) -> None:
        context = self._context
        made = _mk_or(context, len(clause), self._array(clause))
        _inc_ref(context, made)
        _assert(context, self._solver, made)
        _dec_ref(context, made)

    def solve(self, assumptions: Sequence[int]) -> bool:
        answer = self._ask(assumptions)
        if answer == 0:
            answer = self._ask_patiently(assumptions)
        if answer == 0:
            raise GaveUpError(self._z3_solver.reason_unknown())
        return answer == 1

    def _ask(self, assumptions: Sequence[int]) -> int:
        """1 for yes, -1 for no, 0 for none of these."""
        found = self._array(assumptions)
        answer: int = _check(self._context, self._solver, len(assumptions), found)
        return answer

    def _ask_patiently(self, assumptions: Sequence[int]) -> int:
        """The same with more time, in another thread, while this one looks around."""
        answers: list[int] = []
        self._z3_solver.set("timeout", int(1_000 * SECONDS_A_QUERY))
        thread = threading.Thread(target=lambda: answers.append(self._ask(assumptions)), daemon=True)
        thread.start()
        try:
            while thread.is_alive():
                self._look()
                thread.join(LOOK_EVERY)
        finally:
            while thread.is_alive():
                # An interrupt that comes before z3 listens is lost, so it is repeated.
                self._z3_context.interrupt()
                thread.join(LOOK_EVERY)
            self._z3_solver.set("timeout", int(1_000 * AT_ONCE))
        return answers[0]

    def values(self, variables: Sequence[int]) -> list[bool]:
        context, true, declarations = self._context, self._true, self._declarations
        model = _get_model(context, self._solver)
        _model_inc_ref(context, model)
        found = [_interpretation(context, model, declarations[v]) == true for v in variables]
        _model_dec_ref(context, model)
        return found

    def core(self) -> set[int]:
        context = self._context
        vector = _get_core(context, self._solver)
        _vector_inc_ref(context, vector)
        size = _vector_size(context, vector)
        found = {self._numbers[_vector_get(context, vector, i)] for i in range(size)}
        _vector_dec_ref(context, vector)
        return found
