"""Cubes: conjunctions of literals (place, set of values), up to permutations of the sorts.

A cube stands for itself and for its orbit: all that it becomes when the elements which occur in it are
renamed. An element occurs in a literal when it is in the name of the place, or when its presence in the set
of values sets it apart from the other elements of its sort.

References: A. Goel and K. Sakallah, On symmetry and quantification: a new approach to verify distributed
protocols, NFM 2021 (whose boosting blocks the orbit of a cube at once).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import permutations, product
from typing import TypeAlias

from msgspec import Struct, field

from mmcheck.core.types import Elem
from mmcheck.engines.symbolic.ic3.places import Place, Places, Renaming, Row

Literal: TypeAlias = tuple[int, int]
"""The number of a place, and the mask of the values that it may have."""

Cube: TypeAlias = tuple[Literal, ...]
"""Literals of different places, in their order."""


class Orbits(Struct):
    """What cubes become under the permutations of the sorts."""

    places: Places
    _known: dict[Cube, tuple[Cube, ...]] = field(default_factory=dict)

    def distinguished(self, place: Place, mask: int) -> tuple[Elem, ...]:
        """The elements that a set of values sets apart: those in it, or those outside if these are fewer."""
        if place.sort is None:
            return ()
        offset = place.first_element
        inside = [i for i in range(offset, place.count) if mask >> i & 1]
        outside = [i for i in range(offset, place.count) if not mask >> i & 1]
        apart = inside if len(inside) <= len(outside) else outside
        return tuple(Elem(place.sort, i - offset) for i in apart)

    def elements(self, literal: Literal) -> tuple[Elem, ...]:
        """The elements that occur in a literal."""
        number, mask = literal
        return self.places.elements[number] + self.distinguished(self.places.all[number], mask)

    def occurring(self, cube: Cube) -> list[Elem]:
        """The elements that occur in a cube, in the order of their occurrence."""
        return list(dict.fromkeys(e for literal in cube for e in self.elements(literal)))

    def renamed(self, cube: Cube, renaming: Renaming) -> Cube:
        """What a cube becomes."""
        return tuple(
            sorted(
                (self.places.moved(number, renaming), self._mask(self.places.all[number], mask, renaming))
                for number, mask in cube
            )
        )

    def _mask(self, place: Place, mask: int, renaming: Renaming) -> int:
        apart = self.distinguished(place, mask)
        if not apart:
            return mask
        offset = place.first_element
        inside = bool(mask >> (apart[0].ordinal + offset) & 1)
        null = mask & ((1 << offset) - 1)
        images = sum(1 << (renaming.get(e, e).ordinal + offset) for e in apart)
        elements = place.full & ~((1 << offset) - 1)
        return null | (images if inside else elements & ~images)

    def orbit(self, cube: Cube) -> tuple[Cube, ...]:
        """All that a cube becomes, itself first."""
        known = self._known.get(cube)
        if known is None:
            found = dict.fromkeys((cube, *(self.renamed(cube, r) for r in self.renamings(cube))))
            known = tuple(found)
            if len(known) <= 5_000:
                self._known[cube] = known
        return known

    def renamings(self, cube: Cube) -> Iterator[Renaming]:
        """Every way to rename the elements that occur in a cube."""
        by_sort: dict[str, list[Elem]] = {}
        for element in self.occurring(cube):
            by_sort.setdefault(element.sort, []).append(element)
        each = [
            [
                {e: Elem(sort, i) for e, i in zip(own, images, strict=True)}
                for images in permutations(range(self.places.instance.sizes[sort]), len(own))
            ]
            for sort, own in by_sort.items()
        ]
        for parts in product(*each):
            yield {e: image for part in parts for e, image in part.items()}

    def apart_from(self, cube: Cube, fixed: Iterable[Elem]) -> Iterator[Cube]:
        """Of those that a cube becomes, one at least of all that differ by a permutation which leaves some
        elements alone."""
        elements, kept = self.occurring(cube), dict.fromkeys(fixed)

        def extended(renaming: Renaming) -> Iterator[Cube]:
            if len(renaming) == len(elements):
                yield self.renamed(cube, renaming)
                return
            element, taken = elements[len(renaming)], set(renaming.values())
            own = [e for e in kept if e.sort == element.sort and e not in taken]
            others = (Elem(element.sort, i) for i in range(self.places.instance.sizes[element.sort]))
            # The others are interchangeable, so that the first will do.
            other = next((e for e in others if e not in kept and e not in taken), None)
            for image in own if other is None else (*own, other):
                yield from extended({**renaming, element: image})

        return extended({})

    def orbit_size(self, cube: Cube) -> int:
        """How many renamings there are: at least as many as cubes in the orbit."""
        count, left = 1, dict(self.places.instance.sizes)
        for element in self.occurring(cube):
            count *= left[element.sort]
            left[element.sort] -= 1
        return count

    def signature(self, cube: Cube) -> frozenset[tuple[object, ...]]:
        """What does not change under renaming: the variables and fields that a cube speaks of."""
        cells = (self.places.all[number].cell for number, _ in cube)
        return frozenset((cell.variable, *cell.path) for cell in cells)


def contains(large: Cube, small: Cube) -> bool:
    """Whether every state of the small cube is in the large one, as their literals show."""
    masks = dict(small)
    return all(number in masks and not masks[number] & ~mask for number, mask in large)


def holds(cube: Cube, row: Row) -> bool:
    """Whether a state is in a cube."""
    return all(mask >> row[number] & 1 for number, mask in cube)
