"""k-induction with simple paths, strengthened by the invariants that a spec declares.

Everything that is not violated within k steps is a candidate. A candidate that some path of k states can lead
out of, although all candidates hold along the path, is no longer one; what remains is proved together. So an
invariant that is inductive itself helps to prove the others, and two that need each other are both found.

References: M. Sheeran, S. Singh, G. Stålmarck, Checking safety properties using induction and a SAT-solver,
FMCAD 2000; for the candidates, C. Flanagan and K. R. M. Leino, Houdini, FME 2001.
"""

from __future__ import annotations

from msgspec import Struct, field

from mmcheck.core.instance import Instance
from mmcheck.core.system import Invariant, Property, Reachable, Scenario
from mmcheck.core.terms import Quantified, Quantifier, Term
from mmcheck.core.verdict import Inductive, Proved, Verdict, Violated
from mmcheck.engines.engine import Answer, Limits, Observe
from mmcheck.engines.limits import Watch
from mmcheck.engines.symbolic.grounded import Goal
from mmcheck.engines.symbolic.search import Search
from mmcheck.engines.symbolic.solver import Conduct, Formula, LimitError, Result, Solver
from mmcheck.engines.symbolic.unroll import Unrolling

NAME = "kinduction"

DEPTH = 12
"""How long paths get when no limit is given: what is not proved early is seldom proved late."""


class KInductionEngine:
    """Proves what is inductive, or nearly; finds shortest counterexamples on the way."""

    name = NAME

    def check(
        self, instance: Instance, properties: tuple[str, ...], limits: Limits, observe: Observe
    ) -> Answer:
        """Judge the named properties by paths up to the greatest depth."""
        chosen = tuple(p for p in instance.system.properties if p.name in properties)
        helpers = tuple(p for p in instance.system.properties if isinstance(p, Invariant) and p not in chosen)
        search = Search(instance, chosen, Conduct(self.name, Watch(limits), observe), helpers)
        induction = Induction(search)
        most = DEPTH if limits.max_depth is None else limits.max_depth
        try:
            search.begin()
            if search.has_states and not all(isinstance(p, Scenario) for p in chosen):
                induction.run(most)
        except LimitError as limit:
            search.stopped = str(limit)
        except KeyboardInterrupt:
            search.stopped = "it was interrupted"
            search.interrupted = True
        verdicts = {prop.name: induction.verdict(prop) for prop in chosen}
        return Answer(verdicts, search.statistics(self.name), {}, interrupted=search.interrupted)


class Induction(Struct, dict=True):
    """Paths from anywhere, beside the runs of a search."""

    search: Search
    proofs: dict[str, Inductive] = field(default_factory=dict)
    """By the name of the goal."""
    needs: dict[str, set[str]] = field(default_factory=dict)
    """For each goal that is proved, the invariants that its proof rests on."""
    depths: dict[str, int] = field(default_factory=dict)

    def run(self, most: int) -> None:
        """Runs and paths of 0, 1, 2, ... steps, until everything that was asked for is decided."""
        search = self.search
        self.paths = Unrolling(search.grounded, Solver(search.conduct))
        self.paths.begin_anywhere()
        self.states = Unrolling(search.grounded, Solver(search.conduct))
        self.states.begin_anywhere()
        self._marks: dict[tuple[str, int], Formula] = {}
        for length in range(1, most + 1):
            # Paths of so many states need runs of so many, the steps from the last of them included.
            goes_on = self.search.deepen(most) or self.search.is_exhausted
            if not goes_on or not self._is_open():
                return
            self._extend()
            self._prove(length)
        if self._is_open():
            search.deepen(most)

    def _is_open(self) -> bool:
        """Whether something that was asked for is neither found nor proved."""
        asked = self.search.properties
        return any(goal.prop in asked for goal in self._candidates())

    def _candidates(self) -> list[Goal]:
        """What is neither found nor proved, and was looked for as far as the runs go."""
        return [
            goal
            for goal in self.search.open()
            if goal.name not in self.proofs and goal.name not in self.search.skipped
        ]

    def _good(self, goal: Goal, frame: int) -> Formula:
        """A literal for that a frame does not show the goal."""
        key = goal.name, frame
        if key not in self._marks:
            dag = self.search.grounded.dag
            node = dag.invert(dag.disj(goal.state, goal.step))
            self._marks[key] = self.paths.solver.mark(self.paths.truth(node, frame))
        return self._marks[key]

    def _extend(self) -> None:
        """One more step, to a state that was not on the path before."""
        self.paths.extend()
        last = self.paths.steps
        if last > 1:
            if last == 2:
                self.paths.solver.add(self.paths.different(0, 1))
            self.paths.solver.add(*(self.paths.different(i, last) for i in range(last)))

    def _prove(self, length: int) -> None:
        """Prove the greatest set of invariants that hold after every path along which they all hold; then,
        one by one, what follows from these."""
        candidates = self._candidates()
        invariants = [goal for goal in candidates if isinstance(goal.prop, Invariant)]
        self._keep(self._stable(invariants), length)
        for goal in candidates:
            if not isinstance(goal.prop, Invariant):
                if (core := self._safe(goal)) is not None:
                    self._keep({goal.name: core}, 1)
                elif length > 1 and (core := self._core(goal, [])) is not None:
                    self._keep({goal.name: core}, length)

    def _proved(self) -> list[Goal]:
        """The invariants that are proved."""
        return [g for g in self.search.goals if isinstance(g.prop, Invariant) and g.name in self.proofs]

    def _safe(self, goal: Goal) -> set[str] | None:
        """The invariants that exclude what a goal looks for, in any state; None where all of them do not."""
        dag = self.search.grounded.dag
        solver = self.states.solver
        marks = [
            (other.name, solver.mark(self.states.truth(dag.invert(other.state), 0)))
            for other in self._proved()
        ]
        bad = self.states.solver.mark(self.states.truth(dag.disj(goal.state, goal.step), 0))
        question = f"{goal.name}, all states"
        return self._needed(solver, question, marks, bad)

    def _needed(
        self, solver: Solver, question: str, marks: list[tuple[str, Formula]], bad: Formula
    ) -> set[str] | None:
        """A set of names, none of which can be left out, whose literals exclude something; None where all of
        them do not."""

        def core(names: set[str]) -> set[str] | None:
            assuming = [mark for name, mark in marks if name in names]
            if solver.ask(question, [*assuming, bad]) is not Result.IMPOSSIBLE:
                return None
            found = solver.core()
            return {name for name, mark in marks if mark.get_id() in found}

        needed = core({name for name, _ in marks})
        for name in sorted(needed or ()):
            if needed is not None and name in needed:
                smaller = core(needed - {name})
                needed = needed if smaller is None else smaller
        return needed

    def _stable(self, candidates: list[Goal]) -> dict[str, set[str]]:
        """Those of the candidates that help each other, each with those that it rests on."""
        cores: dict[str, set[str]] = {}
        pending = list(candidates)
        while pending:
            goal = pending.pop(0)
            core = self._core(goal, candidates)
            if core is None:
                candidates = [other for other in candidates if other is not goal]
                # What rests on it has to be looked at again.
                again = [other for other in candidates if goal.name in cores.get(other.name, set())]
                pending += [other for other in again if other not in pending]
                cores.pop(goal.name, None)
            else:
                cores[goal.name] = core
        return cores

    def _keep(self, cores: dict[str, set[str]], length: int) -> None:
        for name, core in cores.items():
            self.needs[name] = core - {name}
            self.depths[name] = length
        for goal in self.search.goals:
            if goal.name in cores:
                self.proofs[goal.name] = self._evidence(goal)

    def _core(self, goal: Goal, candidates: list[Goal]) -> set[str] | None:
        """The goals that the induction step of one rests on; None where it fails. It may rest on itself and
        the candidates along the path, and on what is proved in its last state, too."""
        paths, dag = self.paths, self.search.grounded.dag
        last = paths.steps
        proved = self._proved()
        along = [*proved, goal, *(other for other in candidates if other is not goal)]
        pairs = [(other, frame) for other in along for frame in range(last)]
        pairs += [(other, last) for other in proved]
        marks = [(other.name, self._good(other, frame)) for other, frame in pairs]
        bad = paths.solver.mark(paths.truth(dag.disj(goal.state, goal.step), last))
        question = f"{goal.name}, paths of {last} steps"
        return self._needed(paths.solver, question, marks, bad)

    # --- evidence ----------------------------------------------------------------------------------------

    def _evidence(self, goal: Goal) -> Inductive:
        """The proof of a goal: with the invariants that it rests on, and that these rest on."""
        closure: set[str] = set()
        pending = [goal.name]
        while pending:
            name = pending.pop()
            for needed in self.needs.get(name, set()) - closure - {goal.name}:
                closure.add(needed)
                pending.append(needed)
        invariants = [
            g.prop for g in self.search.goals if g.name in closure and isinstance(g.prop, Invariant)
        ]
        depth = max(self.depths[name] for name in (goal.name, *closure))
        return Inductive(tuple(map(term, invariants)), tuple(i.name for i in invariants), depth)

    def verdict(self, prop: Property) -> Verdict:
        """What runs and paths say about a property."""
        search = self.search
        if isinstance(prop, Reachable):
            for goal in search.claims(prop):
                proof = self.proofs.get(search.mates[goal.name])
                if proof is not None:
                    return Violated(None, goal.binding, "no reachable state satisfies it", proof)
        elif prop.name in self.proofs and search.initial_failure is None:
            return Proved(self.proofs[prop.name])
        return search.verdict(prop, NAME)


def term(invariant: Invariant) -> Term:
    """An invariant as one predicate, for all values of its parameters."""
    if not invariant.params:
        return invariant.body
    return Quantified(Quantifier.FORALL, invariant.params, None, invariant.body)
