"""Where an execution is within branches and bulk updates, where it is enabled, and where it went wrong."""

from __future__ import annotations

from msgspec import Struct

from mmcheck.engines.parametric.logic import FALSE, TRUE, Logic


class Flow(Struct):
    """The conditions of one execution. `path` says where the statement or the part of a term at hand is
    reached within the branches around it, `alive` where all went well so far, `local` the same for the
    elements that are bound in the bulk update around."""

    logic: Logic
    path: int = TRUE
    alive: int = TRUE
    local: int = TRUE
    fails: int = FALSE
    stopped: int = FALSE
    bulk: tuple[int, ...] | None = None
    """The variables that are bound in the bulk update around, if there is one."""
    quantified: tuple[int, ...] = ()
    """The variables that are bound in the term around."""

    @property
    def reached(self) -> int:
        """Where the statement or the part of a term at hand is reached."""
        return self.logic.conj(self.path, self.alive, self.local, self.logic.neg(self.stopped))

    @property
    def running(self) -> int:
        """Where the branches lead here, and no `stop` came before."""
        return self.logic.conj(self.path, self.logic.neg(self.stopped))

    def stop(self) -> None:
        """Nothing more is done where this is reached."""
        self.stopped = self.logic.disj(self.stopped, self.running)

    def fail(self, condition: int) -> None:
        """An error where the condition is true."""
        logic = self.logic
        error = logic.exists(self.quantified, logic.conj(self.reached, condition))
        if self.bulk is None:
            self.alive = logic.conj(self.alive, logic.neg(error))
        else:
            self.local = logic.conj(self.local, logic.neg(error))
        self.fails = logic.disj(self.fails, logic.exists(self.bulk or (), error))

    def demand(self, condition: int) -> None:
        """Not enabled where the condition is false."""
        demanded = self.logic.implies(self.reached, condition)
        if self.bulk is None:
            self.alive = self.logic.conj(self.alive, demanded)
        else:
            self.local = self.logic.conj(self.local, demanded)
