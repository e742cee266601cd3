"""Shortest runs: IC3 finds that there is a run, unrolling the step relation finds the shortest.

The unrolling begins where IC3 has shown that no shorter run exists, and ends at the length of its own.
"""

from __future__ import annotations

from collections.abc import Callable

from mmcheck.engines.symbolic.ic3.problem import Problem
from mmcheck.engines.symbolic.ic3.relation import AnyInitial, Encoder, MakeSat, Relation, begin, unrolled
from mmcheck.engines.symbolic.ic3.search import Run


class Shortest:
    """Finds shortest runs to targets, all in one unrolling."""

    def __init__(
        self, problem: Problem, initial: AnyInitial, make: MakeSat, ask: Callable[[str], None]
    ) -> None:
        self.problem, self.ask = problem, ask
        self.sat = make()
        self.encoders = [Encoder(problem.circuit, self.sat)]
        self.sat.add((begin(self.sat, self.encoders[0], initial),))
        self.sat.add((self.encoders[0].node(problem.assumed),))
        self.steps: list[Relation] = []

    def run(self, found: Run) -> Run:
        """A run to the same target that is as short as can be, what the last state itself shows counting as
        shorter than what a step from it does."""
        for depth in range(found.least, len(found.moves) + 1):
            while len(self.steps) < depth:
                self.steps.append(unrolled(self.problem, self.sat, self.encoders))
                self.sat.add((self.steps[-1].stepping,))
            for node in dict.fromkeys((found.target.state, found.target.bad)):
                self.ask("shortest run")
                if self.sat.solve((self.encoders[depth].node(node),)):
                    return self._read(found, depth)
        raise RuntimeError(f"the run to `{found.target.name}` cannot be found again")

    def _read(self, found: Run, depth: int) -> Run:
        circuit = self.problem.circuit
        rows = tuple(circuit.row(self.sat.values(encoder.atoms)) for encoder in self.encoders[: depth + 1])
        moves = tuple(self.problem.moves[step.chosen()] for step in self.steps[:depth])
        return Run(found.target, rows, moves, depth)
