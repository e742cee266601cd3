"""The search for lemmas that hold for every size: found on tiny instances, lifted, and checked for all.

IC3 with symmetry proves a property of an instance by lemmas that speak of a few elements each. Taken for all
elements, they are candidates for every size; what is inductive of them either proves the property, or there
is a counterexample to induction, with few elements, that says which sorts must grow.

References: A. Goel and K. Sakallah, On symmetry and quantification: a new approach to verify distributed
protocols, NFM 2021 (whose lemmas come from growing instances, too).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from mmcheck.core.instance import Instance
from mmcheck.core.system import Assumption, Invariant, System
from mmcheck.core.verdict import Inductive, Proved, Verdict, Violated
from mmcheck.engines.parametric.induction import Cti, Induction, Proof
from mmcheck.engines.parametric.lifted import Candidate, Goal, Lifted, candidate_of, quantified
from mmcheck.engines.parametric.variants import variants
from mmcheck.engines.symbolic.ic3.lemmas import text

MOST = 5
"""How many elements of a sort an instance has at most."""

Sizes = Mapping[str, int]

Prove = Callable[[Instance, tuple[str, ...]], Mapping[str, Verdict]]
"""What proves the named properties of an instance by lemmas."""


class Search(Struct, dict=True):
    """The search about some properties of one system."""

    lifted: Lifted
    goals: dict[str, Goal]
    prove: Prove
    look: Callable[[], None]
    tell: Callable[[Sizes, int], None]
    proofs: dict[str, Proof] = field(default_factory=dict)
    refuted: dict[str, Sizes] = field(default_factory=dict)
    """The sizes at which a property was found violated."""
    tried: list[Sizes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.induction = Induction(self.lifted, self.look)
        system = self.lifted.system
        self.invariants = {p.name: candidate_of(p) for p in system.properties if isinstance(p, Invariant)}

    def run(self) -> None:
        """Prove what can be proved. The limits are the caller's, who hears of each round."""
        self.tell({}, 0)
        self.induction.add(self.invariants[name] for name in self.goals if name in self.invariants)
        self._prove()
        sizes: Sizes | None = dict.fromkeys(self.lifted.vocabulary.sorts, 1)
        while self.open and sizes is not None:
            self.tried.append(sizes)
            self.tell(sizes, len(self.induction.kept))
            self._learn_and_prove(sizes)
            sizes = self._next(sizes) if self.open else None

    @property
    def open(self) -> list[str]:
        """The properties that are not decided."""
        return [name for name in self.goals if name not in self.proofs and name not in self.refuted]

    def _prove(self) -> None:
        for name in self.open:
            proof = self.induction.proof(self.goals[name])
            if proof is not None:
                self.proofs[name] = proof

    def _learn_and_prove(self, sizes: Sizes) -> None:
        """Take what is learnt at one size, and prove what follows. What is left of the candidates is assumed,
        so that nothing is learnt twice; but some of these may be false at larger sizes, and hide what is to
        be learnt there. So where nothing comes of it, nothing is assumed."""
        for system in (self._known(), self.lifted.system):
            before = set(self.induction.kept)
            self.induction.add(self._learn(system, sizes))
            self._prove()
            if not self.open or not before or not before >= self.induction.kept.keys():
                return

    def _learn(self, system: System, sizes: Sizes) -> list[Candidate]:
        """The lemmas by which the open properties are proved at one size, and these themselves."""
        instance = Instance(system, {**self.lifted.vocabulary.sizes, **sizes})
        found: dict[str, Candidate] = {}
        for name, verdict in self.prove(instance, tuple(self.open)).items():
            match verdict:
                case Proved(Inductive(lemmas, texts)):
                    others = (other for lemma in lemmas for other in variants(lemma, instance.sizes))
                    pairs = [*zip(texts, lemmas, strict=True), *((text(o), o) for o in others)]
                    found |= {written: Candidate(written, (), lemma) for written, lemma in pairs}
                case Violated():
                    self.refuted[name] = sizes
                case _:
                    pass
        own = [self.invariants[name] for name in self.open if name in self.invariants]
        return [*own, *found.values()]

    def _known(self) -> System:
        """The system with the candidates that are left as assumptions. A run that is found is one all the
        same, and of what is learnt nothing is believed."""
        system = self.lifted.system
        lemmas = tuple(
            Assumption(f"lemma {number}", quantified(lemma))
            for number, lemma in enumerate(self.induction.kept.values())
        )
        return replace(system, assumptions=(*system.assumptions, *lemmas))

    # --- growing -----------------------------------------------------------------------------------------

    def _next(self, sizes: Sizes) -> Sizes | None:
        """The sizes to learn from next, as a counterexample to induction says; else one sort grows."""
        wanted = [self._wanted(sizes, cti) for cti in self._ctis()]
        new = [s for s in wanted if s not in self.tried and max(s.values(), default=0) <= MOST]
        if new:
            return min(new, key=lambda s: (sum(s.values()), sorted(s.items())))
        largest = {sort: max(s[sort] for s in self.tried) for sort in sizes}
        for sort in sorted(largest, key=lambda sort: largest[sort]):
            grown = {**largest, sort: largest[sort] + 1}
            if grown[sort] <= MOST:
                return grown
        return None

    def _wanted(self, sizes: Sizes, cti: Cti) -> Sizes:
        """A size at which a counterexample fits: this one grown, or its own if it fits already."""
        own = cti.structure.sizes
        grown = {sort: max(size, own[sort]) for sort, size in sizes.items()}
        return dict(own) if grown == sizes else grown

    def _ctis(self) -> list[Cti]:
        found: list[Cti] = []
        for name in self.open:
            found += self.induction.ctis(self.goals[name], self.invariants.get(name))
        return found

    def example(self) -> Sizes | None:
        """Sizes at which there is an initial state."""
        return self.induction.example()
