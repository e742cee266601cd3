"""The door to z3: named questions to one solver, asked within limits.

A question runs in a thread of its own, while this one tells progress, looks at the limits and hears Ctrl-C;
each of these stops z3 at once. A question that takes too long is answered "gave up", and the engine goes on
with the next.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from time import monotonic
from typing import Any, TypeAlias

import z3
from msgspec import Struct, field

from mmcheck.engines.engine import Observe, Progress
from mmcheck.engines.limits import Watch, resident_memory

Formula: TypeAlias = Any
"""A Boolean expression of z3, whose Python package has no types."""

SECONDS_A_QUESTION = 60.0
"""How long a question may take when nothing else is said."""

LOOK_EVERY = 0.1
"""Seconds between two looks at the limits while a question runs."""


class Result(Enum):
    """The answer to a question."""

    POSSIBLE = "sat"
    IMPOSSIBLE = "unsat"
    GAVE_UP = "unknown"


class LimitError(Exception):
    """Raised where a limit of the run came first, with the reason."""


BETWEEN_GLANCES = 0.1
"""Seconds."""


class Conduct(Struct):
    """What all questions of one run have in common: its limits, and whom to tell how it goes."""

    engine: str
    watch: Watch
    observe: Observe
    seconds_a_question: float = SECONDS_A_QUESTION
    doing: str = ""
    depth: int = 0
    questions: int = 0
    looked: float = 0.0

    def glance(self) -> None:
        """Look, unless that was done a moment ago: for work that is done in many small parts."""
        if monotonic() - self.looked >= BETWEEN_GLANCES:
            self.looked = monotonic()
            self.look()

    def look(self) -> None:
        """Tell progress, and raise LimitError where a limit is reached."""
        self.observe(
            Progress(
                engine=self.engine,
                phase=self.doing,
                states=0,
                transitions=0,
                depth=self.depth,
                frontier=0,
                seconds=self.watch.seconds,
                memory=resident_memory(),
            )
        )
        reason = self.watch.exceeded(0)
        if reason is not None:
            raise LimitError(reason)

    def at(self, doing: str, depth: int) -> None:
        """Say what is done from now on."""
        self.doing, self.depth = doing, depth


class Solver(Struct, dict=True):
    """A solver for finite domains, with what it was told; `context` is where its expressions live."""

    conduct: Conduct
    context: z3.Context = field(default_factory=z3.Context)

    def __post_init__(self) -> None:
        self._solver = z3.SolverFor("QF_FD", ctx=self.context)
        # z3's own handler would swallow Ctrl-C.
        self._solver.set("ctrl_c", False)
        self._marks = 0

    def add(self, *formulas: Formula) -> None:
        """Take formulas to be true from now on."""
        self._solver.add(*formulas)

    def mark(self, formula: Formula) -> Formula:
        """A fresh literal that implies a formula: to be assumed in questions."""
        literal = z3.Bool(f"mark@{self._marks}", self.context)
        self._marks += 1
        self._solver.add(z3.Implies(literal, formula))
        return literal

    def forget(self, formula: Formula) -> None:
        """Take a formula, which was found to be impossible, to be false from now on."""
        self._solver.add(z3.Not(formula))

    def ask(self, question: str, assuming: Sequence[Formula] = ()) -> Result:
        """Whether all that was added can be true together with the assumptions.

        Raises LimitError and KeyboardInterrupt; the solver can be asked again afterwards."""
        self.conduct.doing = question
        self.conduct.questions += 1
        self.conduct.look()
        self._solver.set("timeout", int(1_000 * self.conduct.seconds_a_question))
        return _RESULTS[repr(self._apart(lambda: self._solver.check(*assuming)))]

    def model(self) -> Model:
        """What makes the last question possible."""
        return Model(self._solver.model())

    def core(self) -> set[int]:
        """The identities (`Formula.get_id()`) of assumptions that make the last question impossible."""
        return {literal.get_id() for literal in self._solver.unsat_core()}

    def _apart(self, work: Callable[[], Any]) -> Any:
        """Do some work of z3 in another thread, and look around meanwhile."""
        return _apart(work, self.context, self.conduct.look)


QUANTIFIED = "(set-logic ALL)"
"""What scripts with quantifiers say."""
FIRST_TRY = 1.0
"""Seconds for the first try at a script with quantifiers; each other has twice as long as the one before."""
TRIES = 10


def settle(script: str, seconds: float) -> Result:
    """The answer of a fresh solver to a script in SMT-LIB 2 with one question.

    With quantifiers it is a matter of luck which instances a solver looks at first: one finds none in a
    minute where another with other random numbers needs a second. So several are asked in turn."""
    if QUANTIFIED not in script:
        return _answer(script, seconds, z3.Solver, 0)
    ends = monotonic() + seconds
    for seed in range(TRIES):
        left = ends - monotonic()
        if seed and left <= 0:
            break
        answer = _answer(script, min(left, FIRST_TRY * 2**seed), z3.SimpleSolver if seed else z3.Solver, seed)
        if answer is not Result.GAVE_UP:
            return answer
    return Result.GAVE_UP


def _answer(script: str, seconds: float, make: Callable[..., Any], seed: int) -> Result:
    context = z3.Context()
    solver = make(ctx=context)
    solver.set("ctrl_c", False)
    solver.set("timeout", max(int(1_000 * seconds), 1))
    solver.set("random_seed", seed)
    solver.from_string(script)
    return _RESULTS[repr(_apart(solver.check, context, lambda: None))]


def _apart(work: Callable[[], Any], context: z3.Context, look: Callable[[], None]) -> Any:
    """Do some work of z3 in another thread, and look around meanwhile."""
    done: list[Any] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(work())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        thread.join(LOOK_EVERY)
        while thread.is_alive():
            look()
            thread.join(LOOK_EVERY)
    except BaseException:
        # An interrupt that comes before z3 listens is lost, so it is repeated.
        while thread.is_alive():
            context.interrupt()
            thread.join(LOOK_EVERY)
        raise
    if failed:
        raise failed[0]
    return done[0]


_RESULTS = {result.value: result for result in Result}


class Model(Struct, frozen=True):
    """Values that make a question possible."""

    values: Any

    def truth(self, variable: Formula) -> bool:
        """The value of a Boolean; false where it does not matter."""
        return bool(z3.is_true(self.values.eval(variable)))

    def number(self, variable: Formula) -> int:
        """The value of a bit vector; 0 where it does not matter."""
        value = self.values.eval(variable, model_completion=True)
        return int(value.as_signed_long())

    def chosen(self, variables: Iterable[Formula]) -> list[int]:
        """The positions of those Booleans that are true."""
        return [position for position, variable in enumerate(variables) if self.truth(variable)]
