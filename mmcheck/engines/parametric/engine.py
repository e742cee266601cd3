"""The parametric engine: safety properties proved for every number of elements of each sort.

Lemmas are found by `symbolic.ic3` on tiny instances; they are only candidates here, as would be those of any
other source. What is not proved for every size is judged by ic3 at the size of the check.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

from msgspec import Struct, field
from msgspec.structs import replace

from mmcheck.core.instance import Instance
from mmcheck.core.outcome import Statistics
from mmcheck.core.system import Invariant, NoModelError, Property, StepInvariant
from mmcheck.core.verdict import EverySize, FixedSort, Proved, Unknown, Verdict, Violated
from mmcheck.diagnostics import Diagnostic
from mmcheck.engines.engine import Answer, Limits, Observe, Progress
from mmcheck.engines.limits import Watch, resident_memory
from mmcheck.engines.parametric.induction import Proof
from mmcheck.engines.parametric.lifted import Goal, Lifted, quantified
from mmcheck.engines.parametric.search import Search, Sizes
from mmcheck.engines.parametric.values import OutsideError
from mmcheck.engines.parametric.vocabulary import Vocabulary
from mmcheck.engines.symbolic.ic3.engine import Ic3Engine
from mmcheck.engines.symbolic.ic3.sat import GaveUpError
from mmcheck.engines.symbolic.solver import Conduct, LimitError

NAME = "parametric"

SECONDS = 120.0
"""How long lemmas for every size are looked for; half of the time limit, if that is less."""


class ParametricEngine(Struct):
    """Proofs for every size. With `rest`, what is not proved so is judged for the size of the check."""

    rest: bool = True
    name: str = NAME

    def check(
        self, instance: Instance, properties: tuple[str, ...], limits: Limits, observe: Observe
    ) -> Answer:
        """Judge the named properties, for every size where that is possible."""
        chosen = tuple(p for p in instance.system.properties if p.name in properties)
        session = _Session(instance, chosen, limits, Conduct(NAME, Watch(limits), observe), self.rest)
        interrupted = False
        try:
            session.run()
        except LimitError as limit:
            session.stopped = str(limit)
        except KeyboardInterrupt:
            session.stopped, interrupted = "it was interrupted", True
        return session.answer(interrupted)


class Lifting(Struct, frozen=True):
    """A system as far as it can be lifted: with the sorts whose sizes had to be fixed, the goals of those
    properties that can be, and what is outside."""

    lifted: Lifted
    goals: dict[str, Goal]
    fixed: tuple[FixedSort, ...]
    outside: tuple[tuple[str, OutsideError], ...]
    """The names of properties, with why they cannot be lifted."""


def lift(instance: Instance, properties: tuple[Property, ...]) -> Lifting:
    """Lift a system. A sort whose elements are counted beyond what can be said keeps its size. Raises
    OutsideError where a transition cannot be lifted."""
    fixed: dict[str, FixedSort] = {}
    while True:
        try:
            lifting = _lifted(instance, properties, tuple(fixed.values()))
        except OutsideError as error:
            _fix(fixed, error, instance)
            continue
        countable = next((e for _, e in lifting.outside if e.sort is not None and e.sort not in fixed), None)
        if countable is None:
            return lifting
        _fix(fixed, countable, instance)


def liftings(instance: Instance, properties: tuple[Property, ...]) -> tuple[Lifting, ...]:
    """A system as far as it can be lifted for the properties that do not count elements, and once more with
    the sorts fixed that others count, where there are such. Raises OutsideError as `lift` does."""
    fixed: dict[str, FixedSort] = {}
    while True:
        try:
            free = _lifted(instance, properties, tuple(fixed.values()))
            break
        except OutsideError as error:
            _fix(fixed, error, instance)
    if free.goals and any(e.sort is not None and e.sort not in fixed for _, e in free.outside):
        return free, lift(instance, properties)
    return (lift(instance, properties),)


def _fix(fixed: dict[str, FixedSort], error: OutsideError, instance: Instance) -> None:
    if error.sort is None or error.sort in fixed:
        raise error
    fixed[error.sort] = FixedSort(error.sort, instance.sizes[error.sort], "its elements are counted")


def _lifted(instance: Instance, properties: tuple[Property, ...], fixed: tuple[FixedSort, ...]) -> Lifting:
    lifted = Lifted(Vocabulary(instance.system, {f.sort: f.size for f in fixed}))
    goals: dict[str, Goal] = {}
    outside: list[tuple[str, OutsideError]] = []
    for prop in properties:
        try:
            goal = lifted.goal(prop, properties)
        except OutsideError as error:
            outside.append((prop.name, error))
            continue
        if goal is not None:
            goals[prop.name] = goal
    return Lifting(lifted, goals, fixed, tuple(outside))


def diagnostics(error: OutsideError) -> tuple[Diagnostic, ...]:
    """What is outside of what can be proved for every size."""
    return tuple(
        Diagnostic("W607", f"no proof for every size: {e.what}", e.span, e.remedy)
        for e in (error, *error.others)
    )


class _Session(Struct):
    """What is found out about one system."""

    instance: Instance
    properties: tuple[Property, ...]
    limits: Limits
    conduct: Conduct
    judges_rest: bool = True
    stopped: str = ""
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    open: dict[str, str] = field(default_factory=dict)
    """Why a property is not proved for every size."""
    refuted: dict[str, Sizes] = field(default_factory=dict)
    """The sizes at which a property was found violated."""
    lifting: Lifting | None = None
    outside: OutsideError | None = None
    rest: Answer | None = None
    """What ic3 says about what is not proved for every size."""
    largest: int = 0
    begun: float = 0.0

    def run(self) -> None:
        self.conduct.at("lifting", 0)
        self.conduct.look()
        self.begun = self.conduct.watch.seconds
        try:
            lifted = liftings(self.instance, self.properties)
        except OutsideError as error:
            self.outside = error
            self.open |= {p.name: _outside(error) for p in self.properties if _is_safety(p)}
        else:
            self.lifting = lifted[-1]
            for number, lifting in enumerate(lifted, start=1):
                self._search(lifting, number / len(lifted))
        if self.judges_rest:
            self._judge_rest()

    # --- for every size ----------------------------------------------------------------------------------

    def _search(self, lifting: Lifting, share: float) -> None:
        """Look for proofs until some share of the time is over."""
        self.open |= {name: _outside(error) for name, error in lifting.outside}
        timeout = SECONDS if self.limits.timeout is None else self.limits.timeout
        # What is left open then has the other half of the time.
        until = self.begun + share * min(SECONDS, timeout / 2 if self.judges_rest else timeout)

        def look() -> None:
            self.conduct.look()
            if self.conduct.watch.seconds > until:
                raise _EnoughError

        search = Search(lifting.lifted, lifting.goals, partial(self._learn, until), look, self._tell)
        why = "no lemmas were found that prove it for every size"
        try:
            search.run()
        except (_EnoughError, GaveUpError):
            why = "it took too long to look for a proof for every size"
        except LimitError:
            if self.judges_rest:
                raise
            why = "it took too long to look for a proof for every size"
        example = search.example()
        if example is not None:
            self._keep_proofs(lifting, search.proofs, example)
        self.refuted |= search.refuted
        self.open |= dict.fromkeys(search.goals, why)
        self.open = {name: reason for name, reason in self.open.items() if name not in self.verdicts}

    def _tell(self, sizes: Sizes, lemmas: int) -> None:
        self.largest = max([self.largest, *sizes.values()])
        about = f"learning at {_shown(sizes)}; " if sizes else ""
        self.conduct.at(f"{about}{lemmas} lemmas hold for every size", self.largest)
        self.conduct.look()

    def _learn(self, until: float, instance: Instance, properties: tuple[str, ...]) -> Mapping[str, Verdict]:
        """What ic3 says about a tiny instance."""
        left = max(until - self.conduct.watch.seconds, 0.01)
        return self._ic3(
            instance, properties, replace(self.limits, timeout=left, reserve=0.0, max_depth=None)
        ).verdicts

    def _keep_proofs(self, lifting: Lifting, proofs: dict[str, Proof], example: Sizes) -> None:
        for name, proof in proofs.items():
            # A bug at another size is more to know than a proof for this one.
            if name in self.verdicts or name in self.refuted:
                continue
            evidence = EverySize(
                lemmas=tuple(map(quantified, proof.lemmas)),
                texts=tuple(lemma.text for lemma in proof.lemmas),
                sorts=lifting.lifted.vocabulary.sorts,
                fixed=lifting.fixed,
                example=tuple(example.items()),
                reasons=proof.reasons,
            )
            self.verdicts[name] = Proved(evidence)

    # --- for the size of the check -----------------------------------------------------------------------

    def _judge_rest(self) -> None:
        rest = tuple(p.name for p in self.properties if p.name not in self.verdicts)
        if rest:
            self.rest = self._ic3(self.instance, rest, self.conduct.watch.left())

    def _ic3(self, instance: Instance, properties: tuple[str, ...], limits: Limits) -> Answer:
        def observe(progress: Progress) -> None:
            self.conduct.observe(replace(progress, engine=NAME, seconds=self.conduct.watch.seconds))

        answer = Ic3Engine().check(instance, properties, limits, observe)
        if answer.interrupted:
            raise KeyboardInterrupt
        return answer

    # --- telling -----------------------------------------------------------------------------------------

    def answer(self, interrupted: bool) -> Answer:
        verdicts = {p.name: self._missing(p.name) for p in self.properties} | self.verdicts
        if self.rest is not None:
            verdicts |= self.rest.verdicts
        statistics = Statistics(
            engine=NAME,
            states=0,
            transitions=0,
            depth=self.largest if self.rest is None else self.rest.statistics.depth,
            seconds=self.conduct.watch.seconds,
            memory=resident_memory(),
            complete=self.rest is not None and self.rest.statistics.complete,
            fired={t.name: 0 for t in self.instance.system.transitions},
        )
        return Answer(
            verdicts,
            statistics,
            {},
            interrupted=interrupted,
            warnings=tuple(self._warnings()),
            notes={n: note for n in self.open if (note := self._note(n, verdicts[n]))},
        )

    def _missing(self, name: str) -> Verdict:
        """What is said of a property that nobody has judged."""
        if self.stopped or self.judges_rest:
            return Unknown(self.stopped or "it was not decided")
        why = self.open.get(name, "only safety properties are proved for every size")
        return Unknown(self._refutation(name) or why)

    def _note(self, name: str, verdict: Verdict) -> str:
        """What to know about a verdict for the size of the check."""
        if isinstance(verdict, Violated):
            return ""
        return self._refutation(name) or (f"for this size: {self.open[name]}" if self.judges_rest else "")

    def _refutation(self, name: str) -> str:
        return f"it is violated with {_shown(self.refuted[name])}" if name in self.refuted else ""

    def _warnings(self) -> list[Diagnostic]:
        outside = () if self.lifting is None else (error for _, error in self.lifting.outside)
        errors = outside if self.outside is None else (self.outside,)
        # What is outside in a property is outside for `no model error` as well.
        return unique(found for error in errors for found in diagnostics(error))


def unique(found: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Each of these once."""
    once: list[Diagnostic] = []
    once.extend(d for d in found if d not in once)
    return once


class _EnoughError(Exception):
    """The time that the search may take is spent."""


def _is_safety(prop: Property) -> bool:
    return isinstance(prop, Invariant | StepInvariant | NoModelError)


def _outside(error: OutsideError) -> str:
    return f"it is outside of what can be proved for every size ({error.what})"


def _shown(sizes: Sizes) -> str:
    return ", ".join(f"{sort} = {size}" for sort, size in sizes.items())
