"""Induction for every size, invariant by invariant and transition by transition, for who looks for lemmas.

As `symbolic.induction` does for one size: all invariants are assumed before a step. A step that breaks one is
shown in a universe with as few elements as it takes.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from mmcheck.core.induction import Consecution, Cti, InductionOutcome
from mmcheck.core.instance import Cell, Instance, State
from mmcheck.core.semantics import at, denote, initial_states
from mmcheck.core.system import Invariant, Property, StepInvariant
from mmcheck.core.trace import Failure, Step, Trace
from mmcheck.core.types import Elem, SetType, Value, default
from mmcheck.core.verdict import Binding
from mmcheck.engines.parametric.anysize import AnySize, Translation
from mmcheck.engines.parametric.engine import Lifting, lift
from mmcheck.engines.parametric.induction import LARGER, SMALL
from mmcheck.engines.parametric.lifted import candidate_of
from mmcheck.engines.parametric.logic import FALSE
from mmcheck.engines.parametric.universe import Structure, Universe
from mmcheck.engines.parametric.vocabulary import Slot, Vocabulary
from mmcheck.engines.symbolic.decoding import DecodingError, Teller
from mmcheck.engines.symbolic.solver import Conduct


class Examiner(Struct, dict=True):
    """Examines the invariants of one system, `properties` being those of the check."""

    instance: Instance
    properties: tuple[Property, ...]
    conduct: Conduct
    lifting: Lifting | None = None

    def outcomes(self) -> Iterator[InductionOutcome]:
        """What induction says about each invariant and step invariant, in their order. Raises LimitError, and
        OutsideError for what cannot be lifted."""
        self.conduct.at("lifting", 0)
        self.conduct.look()
        self._prepare(lift(self.instance, self.properties))
        for prop in self.properties:
            if prop.name not in self.goals:
                continue
            match prop:
                case Invariant():
                    yield self._invariant(prop)
                case StepInvariant():
                    yield self._step_invariant(prop)
                case _:
                    pass

    def begins(self) -> bool:
        """Whether there is an initial state, with few elements: where there is none, everything is inductive.
        To be asked when the outcomes are known. Raises LimitError."""
        self.conduct.at("initial states", 0)
        self.conduct.look()
        return self._smallest([self.lifted.begins]) is not None

    def _prepare(self, lifting: Lifting) -> None:
        self.lifting = lifting
        self.lifted, self.goals = lifting.lifted, lifting.goals
        self.logic = self.lifted.logic
        translation = Translation(self.logic)
        self.first = AnySize(translation, self.lifted.begins)
        self.here = AnySize(translation, self.lifted.here)
        invariants = (p for p in self.properties if isinstance(p, Invariant) and p.name in self.goals)
        self.known = [self.lifted.now(candidate_of(p)) for p in invariants]
        self.universes: dict[int, Universe] = {}

    def _invariant(self, prop: Invariant) -> InductionOutcome:
        candidate = candidate_of(prop)
        found = []
        for name in self.lifted.transitions:
            wrong = self.logic.neg(self.lifted.then(name, candidate))
            found.append(self._consecution(prop, name, self.logic.conj(self.lifted.steps(name), wrong)))
        initiation = self._initiation(prop)
        if isinstance(initiation, Consecution):
            return InductionOutcome(prop, None, (initiation, *found))
        return InductionOutcome(prop, initiation, tuple(found))

    def _step_invariant(self, prop: StepInvariant) -> InductionOutcome:
        steps = self.goals[prop.name].steps
        return InductionOutcome(prop, None, tuple(self._consecution(prop, n, w) for n, w in steps.items()))

    def _consecution(self, prop: Property, transition: str, wrong: int) -> Consecution:
        self.conduct.at(f"{prop.name} after {transition}", 0)
        self.conduct.look()
        if wrong == FALSE or self.here.excludes(self.known, wrong):
            return Consecution(transition)
        structure = self._smallest([self.lifted.here, *self.known, wrong])
        if structure is None:
            return Consecution(transition, gave_up=True)
        instance = self._instance(structure)
        binding, trace = _breaking(
            instance, state_of(self.lifted.vocabulary, instance, structure), prop, transition
        )
        return Consecution(transition, Cti(binding, trace, instance=instance))

    def _initiation(self, prop: Invariant) -> Cti | Consecution | None:
        """An initial state in which an invariant is false; a word where nobody knows."""
        wrong = self.logic.neg(self.lifted.first(candidate_of(prop)))
        if wrong == FALSE or self.first.excludes((), wrong):
            return None
        structure = self._smallest([self.lifted.begins, wrong])
        if structure is None:
            return Consecution("init", gave_up=True)
        instance = self._instance(structure)
        for state in initial_states(instance):
            if not isinstance(state, Failure):
                for binding in _false(instance, prop, state):
                    return Cti(binding, Trace(state, (), None), instance=instance)
        raise DecodingError(f"no initial state breaks `{prop.name}`")

    def _smallest(self, formulas: list[int]) -> Structure | None:
        """A structure with few elements in which some formulas are true."""
        for count in (SMALL, LARGER):
            if count not in self.universes:
                sorts = dict.fromkeys(self.lifted.vocabulary.sorts, count)
                self.universes[count] = Universe(self.logic, sorts, self.conduct.look)
            universe = self.universes[count]
            structure = universe.smallest([universe.literal(formula) for formula in formulas])
            if structure is not None:
                return structure
        return None

    def _instance(self, structure: Structure) -> Instance:
        return Instance(self.instance.system, {**self.instance.sizes, **structure.sizes})


def state_of(vocabulary: Vocabulary, instance: Instance, structure: Structure) -> State:
    """The state that a structure describes; what it leaves open does not matter."""
    slots = {_key(slot): slot for slot in vocabulary.slots()}
    meaning = structure.meaning

    def is_free(value: Value) -> bool:
        return isinstance(value, Elem) and value.sort not in vocabulary.sizes

    def of_cell(cell: Cell) -> Value:
        own = tuple(i.ordinal for i in cell.indices if isinstance(i, Elem) and is_free(i))
        fixed = tuple(i for i in cell.indices if not is_free(i))

        def slot(member: Value) -> Slot:
            return slots[cell.variable, cell.path, fixed, member]

        if not isinstance(cell.type, SetType):
            return _value(vocabulary, structure, slot(None), own)
        sort = vocabulary.sort_of(cell.type.element)
        if sort is None:
            members = vocabulary.members(cell.type)
            return frozenset(m for m in members if meaning.get((slot(m).name, own)))
        inside = (i for i in range(structure.sizes[sort]) if meaning.get((slot(None).name, (*own, i))))
        return frozenset(Elem(sort, i) for i in inside)

    return tuple(map(of_cell, instance.cells))


def _key(slot: Slot) -> tuple[str, tuple[str, ...], tuple[Value, ...], Value]:
    return slot.variable, slot.path, slot.fixed, slot.member


def _value(vocabulary: Vocabulary, structure: Structure, slot: Slot, at_elements: tuple[int, ...]) -> Value:
    sort = vocabulary.sort_of(slot.type)
    if sort is None:
        return structure.meaning.get((slot.name, at_elements), default(slot.type))
    if structure.meaning.get((f"{slot.name} is null", at_elements)):
        return None
    number = structure.meaning.get((slot.name, at_elements), 0)
    assert isinstance(number, int)
    return Elem(sort, number)


def _breaking(instance: Instance, state: State, prop: Property, transition: str) -> tuple[Binding, Trace]:
    """A step of a transition from a state that breaks a property, by the reference semantics."""
    teller = Teller(instance)
    if isinstance(prop, StepInvariant):
        return teller.trace([state], [], prop, instance.system.properties, by=transition)
    for action in instance.actions:
        for step in teller.dynamics.steps(state, action) if action.transition.name == transition else ():
            if isinstance(step, Step):
                for binding in _false(instance, prop, step.target):
                    return binding, Trace(state, (step,), None)
    raise DecodingError(f"no step of {transition} breaks `{prop.name}`")


def _false(instance: Instance, prop: Property, state: State) -> Iterator[Binding]:
    """The instances of an invariant that are false in a state."""
    assert isinstance(prop, Invariant)
    meaning = denote(prop.body, instance)
    for claim in instance.claims(prop):
        if not meaning(at(state, claim)):
            yield tuple(claim.items())
