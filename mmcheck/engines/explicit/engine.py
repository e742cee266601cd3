"""The explicit engine: verdicts from a packed, vectorised breadth-first search."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from mmcheck.core.fairness import demands
from mmcheck.core.ground import Grounder
from mmcheck.core.instance import Instance
from mmcheck.core.outcome import Statistics
from mmcheck.core.symmetry import between, permute_trace
from mmcheck.core.system import (
    DeadlockFree,
    Invariant,
    Liveness,
    NoModelError,
    Property,
    Reachable,
    Scenario,
    StepInvariant,
)
from mmcheck.core.trace import Trace
from mmcheck.core.verdict import Binding, Exhaustive, Proved, Unknown, Verdict, Violated, Witness, given
from mmcheck.engines.engine import Answer, EnoughError, Limits, Observe, Progress
from mmcheck.engines.explicit.looking import DEADLOCK, ERROR, Found, Key
from mmcheck.engines.explicit.search import NAME, LateError, Search, Tuning
from mmcheck.engines.explicit.traces import Tracer
from mmcheck.engines.limits import Watch, resident_memory
from mmcheck.engines.scenario import play

if TYPE_CHECKING:
    from mmcheck.engines.explicit.liveness import LivenessJudge

TELL_EVERY = 0.1
"""Seconds between two signs of life before the search begins."""


class ExplicitEngine:
    """Packed states, vectorised evaluation, exact storage."""

    name = NAME

    def __init__(self, tuning: Tuning | None = None) -> None:
        self.tuning = tuning or Tuning()

    def check(
        self, instance: Instance, properties: tuple[str, ...], limits: Limits, observe: Observe
    ) -> Answer:
        """Judge the named properties by visiting every reachable state, until all are decided."""
        chosen = [p for p in instance.system.properties if p.name in properties]
        watch = Watch(limits)
        try:
            grounder = _grounder(instance, watch, observe)
            search = Search(instance, chosen, limits, observe, self.tuning, grounder=grounder)
        except LateError as late:
            return _not_begun(instance, chosen, str(late), watch.seconds)
        interrupted = False
        try:
            try:
                search.run()
            except KeyboardInterrupt:
                search.stopped = "it was interrupted"
                interrupted = True
            except EnoughError as enough:
                search.stopped = str(enough)
            search.save()
            liveness = _liveness_judge(search)
            if liveness is not None:
                try:
                    liveness.run()
                except KeyboardInterrupt:
                    liveness.unjudged = "it was interrupted"
                    interrupted = True
                except EnoughError as enough:
                    liveness.unjudged = str(enough)
            return _Judge(search, liveness).answer(interrupted)
        finally:
            search.close()


def _grounder(instance: Instance, watch: Watch, observe: Observe) -> Grounder:
    """What grounds an instance, tells progress, and raises LateError when the time is up."""
    told = 0.0

    def look() -> None:
        nonlocal told
        if watch.seconds - told >= TELL_EVERY:
            told = watch.seconds
            observe(Progress(NAME, "preparing", 0, 0, 0, 0, told, resident_memory()))
            if (reason := watch.late()) is not None:
                raise LateError(reason)

    return Grounder(instance, look)


def _not_begun(instance: Instance, properties: list[Property], why: str, seconds: float) -> Answer:
    """The answer where even what a search begins with took too long."""
    fired = {transition.name: 0 for transition in instance.system.transitions}
    statistics = Statistics(NAME, 0, 0, 0, seconds, resident_memory(), False, fired)
    return Answer({prop.name: Unknown(why) for prop in properties}, statistics, {})


def _liveness_judge(search: Search) -> LivenessJudge | None:
    """What judges the liveness properties, if there are any: most specs do not need it, nor its graphs."""
    if not any(isinstance(prop, Liveness) for prop in search.properties):
        return None
    from mmcheck.engines.explicit.liveness import LivenessJudge

    return LivenessJudge(search)


class _Judge:
    """Reads verdicts off a search that has ended."""

    def __init__(self, search: Search, liveness: LivenessJudge | None) -> None:
        self.search = search
        self.liveness = liveness
        self.tracer = Tracer(search.program, search.levels)
        canonical = search.program.canonical
        self.symmetry = () if canonical is None else canonical.sorts
        self.complete = search.searching and search.stopped is None and not search.decided_early

    def answer(self, interrupted: bool) -> Answer:
        search = self.search
        verdicts = {prop.name: self.verdict(prop) for prop in search.properties}
        names = [a.name for a in search.instance.system.assumptions]
        idle = tuple(n for n in names if n not in search.excluding) if self.complete else ()
        return Answer(verdicts, self.statistics(), self.unmet(), idle, interrupted, search.branches())

    def statistics(self) -> Statistics:
        search = self.search
        fired: Counter[str] = Counter({t.name: 0 for t in search.instance.system.transitions})
        for action, count in zip(search.program.actions, search.fired, strict=True):
            fired[action.ground.action.transition.name] += count
        return Statistics(
            engine=NAME,
            states=search.visited.size,
            transitions=search.transitions,
            depth=search.depth,
            seconds=search.seconds,
            memory=resident_memory(),
            complete=self.complete,
            fired=dict(fired),
            symmetry=self.symmetry,
            not_permuted=search.program.not_permuted,
            bytes_per_state=search.bytes_per_state,
        )

    def unmet(self) -> dict[str, tuple[str, ...]]:
        """For each invariant and step invariant, its premises that were never true."""
        unmet: dict[str, tuple[str, ...]] = {}
        for premise in self.search.looks.premises if self.complete else ():
            if premise.key not in self.search.met and premise.text:
                unmet[premise.key[0]] = (*unmet.get(premise.key[0], ()), premise.text)
        return {n: texts for n, texts in unmet.items() if (n, 0) not in self.search.found}

    def verdict(self, prop: Property) -> Verdict:
        search = self.search
        match prop:
            case NoModelError():
                if search.initial_failure is not None:
                    return Violated(None, reason=f"in the initial states: {search.initial_failure.message}")
                return self.judge(search.found.get(ERROR), prop)
            case DeadlockFree():
                return self.judge(search.found.get(DEADLOCK), prop)
            case Invariant() | StepInvariant():
                return self.judge(search.found.get((prop.name, 0)), prop)
            case Reachable():
                return self.judge_reachable(prop)
            case Scenario():
                return play(prop, search.instance, self.tracer.dynamics)
            case Liveness():
                verdict = self.judge(search.found.get((prop.name, 0)), prop)
                judged = None if self.liveness is None else self.liveness.verdict(prop)
                return judged or given(demands(search.instance.system), verdict)

    def judge(self, found: Found | None, prop: Property) -> Verdict:
        if found is None:
            return self.exhaustive()
        binding, trace = self.tracer.trace(found, prop)
        return Violated(trace, binding)

    def exhaustive(self) -> Proved | Unknown:
        search = self.search
        if search.stopped is not None:
            return Unknown(search.stopped)
        if not search.visited.size and (search.initial_failure or ERROR in search.found):
            return Unknown("there is no initial state without a model error", limit=False)
        return Proved(Exhaustive(search.visited.size, search.transitions, search.depth, self.symmetry))

    def judge_reachable(self, prop: Reachable) -> Verdict:
        """Whether every instance was reached, itself or another of its orbit."""
        claims = list(self.search.instance.claims(prop))
        runs: dict[Key, tuple[Binding, Trace]] = {}
        witnesses: list[tuple[Binding, Trace]] = []
        for number, claim in enumerate(claims):
            mates = sorted(self.search.same_orbit((prop.name, number)) & self.search.found.keys())
            if not mates:
                return self.unreached(tuple(claim.items()))
            # Of one orbit it is chance which instance is seen, and when: the first of them was the nearest.
            nearest = min(mates, key=lambda mate: self.search.found[mate].level)
            if nearest not in runs:
                orbit = {tuple(claims[i].items()) for _, i in self.search.same_orbit(nearest)}
                runs[nearest] = self.tracer.trace(self.search.found[nearest], prop, orbit)
            witnesses.append(self.moved(runs[nearest], tuple(claim.items())))
        return Proved(Witness(tuple(witnesses)))

    def unreached(self, binding: Binding) -> Verdict:
        exhaustive = self.exhaustive()
        if isinstance(exhaustive, Unknown):
            return exhaustive
        evidence = exhaustive.evidence
        assert isinstance(evidence, Exhaustive)
        return Violated(None, binding, "no reachable state satisfies it", evidence)

    def moved(self, run: tuple[Binding, Trace], wanted: Binding) -> tuple[Binding, Trace]:
        """The run for another instance of the property, by permuting elements."""
        binding, trace = run
        if binding == wanted:
            return run
        values = tuple(v for _, v in binding), tuple(v for _, v in wanted)
        permutation = between(*values, self.search.instance.sizes)
        if permutation is None:
            raise RuntimeError("two instances of one orbit have no permutation between them")
        return wanted, permute_trace(self.search.instance, trace, permutation)
