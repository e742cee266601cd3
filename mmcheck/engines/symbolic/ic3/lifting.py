"""Lemmas found for few elements, tried where there are more.

A lemma says the same of more elements: nothing in it but how many there are. What proves a property for two
elements of each sort mostly proves it for more, and to see whether it does is far less work than to search
again: no frames are needed, and of the actions that differ by a permutation one is enough.

References: A. Goel and K. Sakallah, On symmetry and quantification: a new approach to verify distributed
protocols, NFM 2021 (whose lemmas are quantified to hold for more elements).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice, product

from msgspec import Struct, field

from mmcheck.core.instance import Instance
from mmcheck.core.system import Invariant, NoModelError, Property
from mmcheck.engines.symbolic.ic3.beginning import Beginning
from mmcheck.engines.symbolic.ic3.cubes import Cube, Orbits
from mmcheck.engines.symbolic.ic3.frames import INDUCTIVE, Lemma
from mmcheck.engines.symbolic.ic3.minimise import Minimiser
from mmcheck.engines.symbolic.ic3.places import Place, Places
from mmcheck.engines.symbolic.ic3.problem import Problem, Target
from mmcheck.engines.symbolic.ic3.relation import MakeSat
from mmcheck.engines.symbolic.ic3.sat import GaveUpError

MOST_IMAGES = 20_000
"""A lemma that becomes more than this by permutations is left out."""


MOST_READINGS = 4
"""How many ways to read a lemma are tried."""


def smaller(instance: Instance, size: int) -> Instance:
    """The instance with at most so many elements in each sort."""
    return Instance(instance.system, {sort: min(n, size) for sort, n in instance.sizes.items()})


def lifted(cube: Cube, small: Orbits, large: Places) -> tuple[Cube, ...]:
    """The cubes that say of more elements what a cube says, the likeliest first; none where a place is not
    what it was.

    Of two elements, "it is this one" and "it is not that one" say the same, of more they do not."""
    ways: list[list[tuple[int, int]]] = []
    for number, mask in cube:
        place = small.places.all[number]
        other = large.all[large.numbered(place)]
        ways.append([(other.number, wider) for wider in _masks(place, mask, other)])
    return tuple(dict.fromkeys(tuple(sorted(way)) for way in islice(product(*ways), MOST_READINGS)))


def _masks(place: Place, mask: int, large: Place) -> Iterator[int]:
    """What a set of values may be where there are more elements."""
    if place.sort is None:
        yield from (mask,) if place.count == large.count else ()
        return
    offset = place.first_element
    elements = large.full & ~((1 << offset) - 1)
    inside, outside = mask >> offset << offset, place.full & ~mask >> offset << offset
    null = mask & ((1 << offset) - 1)
    if not outside:
        yield null | elements
    elif not inside:
        yield null
    else:
        if inside.bit_count() <= outside.bit_count():
            yield null | inside
        if outside.bit_count() <= inside.bit_count():
            yield null | elements & ~outside


class Lifting(Struct, dict=True):
    """The larger instance, and the lemmas that may hold in it."""

    instance: Instance
    properties: tuple[Property, ...]
    make: MakeSat
    ask: Callable[[str], None]
    look: Callable[[], None]
    cubes: list[Cube] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.problem = Problem(self.instance, representative=True, look=self.look)
        self.beginning = Beginning(self.problem, self.make)
        self.has_states = self.beginning.meets(())

    def take(self, cubes: Iterable[Cube], small: Orbits) -> None:
        """Add lemmas of a smaller instance."""
        candidates = dict.fromkeys(larger for cube in cubes for larger in self.readings(cube, small))
        for larger in candidates:
            if larger in self.cubes or self.problem.orbits.orbit_size(larger) > MOST_IMAGES:
                continue
            if not self.beginning.meets(larger):
                self.cubes.append(larger)

    def readings(self, cube: Cube, small: Orbits) -> tuple[Cube, ...]:
        """What a lemma of a smaller instance may say in this one."""
        return lifted(cube, small, self.problem.places)

    def inductive(self) -> list[Lemma]:
        """The lemmas that hold in every reachable state."""
        minimiser = self._minimiser()
        return [Lemma(self.cubes[i], INDUCTIVE) for i in minimiser.inductive()]

    def proved(self, own: Mapping[Property, Sequence[Cube]], small: Orbits) -> dict[Property, list[Cube]]:
        """Which properties the lemmas prove, each with those that it needs; `own` are the lemmas of a smaller
        instance that prove them there."""
        minimiser = self._minimiser()
        found: dict[Property, list[Cube]] = {}
        for target in self.problem.targets(self.properties):
            if target.goal.prop not in own or self._begins_badly(target):
                continue
            few = {cube for lemma in own[target.goal.prop] for cube in self.readings(lemma, small)[:1]}
            with suppress(GaveUpError):
                needed = self._needed(minimiser, target, few)
                if needed is not None:
                    found[target.goal.prop] = [self.cubes[i] for i in needed]
        return found

    def _needed(self, minimiser: Minimiser, target: Target, few: Container[Cube]) -> list[int] | None:
        """The lemmas that a property needs: some of a few, or else of all that are inductive."""
        needed = None
        with suppress(GaveUpError):
            needed = minimiser.closed(target, [i for i, cube in enumerate(self.cubes) if cube in few])
        return minimiser.closed(target, minimiser.inductive()) if needed is None else needed

    def _minimiser(self) -> Minimiser:
        return Minimiser(self.problem, self.cubes, self.make, self.ask)

    def _begins_badly(self, target: Target) -> bool:
        """Whether an initial state is bad, or the way to it is."""
        if isinstance(target.goal.prop, NoModelError):
            senseless = self.problem.circuit.truth(self.problem.grounded.senseless)
            if self.beginning.may_fail() or self.beginning.satisfying(senseless) is not None:
                return True
        bad = target.bad if isinstance(target.goal.prop, Invariant) else target.state
        return self.beginning.satisfying(bad) is not None
