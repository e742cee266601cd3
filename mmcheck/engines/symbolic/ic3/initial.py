"""The initial states: which values each place may have, and how those of some places go together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from mmcheck.engines.symbolic.ic3.cubes import Cube
from mmcheck.engines.symbolic.ic3.places import Row


class Initial(Struct, frozen=True):
    """A set of states: `masks` says which values each place may have, one independent of another, but for
    those in `tied`, which together have one of the rows `together`."""

    masks: tuple[int, ...]
    tied: tuple[int, ...]
    together: tuple[Row, ...]

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Initial:
        """The description of some states, at least one."""
        masks = tuple(_mask(row[place] for row in rows) for place in range(len(rows[0])))
        tied = [place for place, mask in enumerate(masks) if mask.bit_count() > 1]
        together = dict.fromkeys(tuple(row[place] for place in tied) for row in rows)
        for place in list(tied):
            # A place is independent of the others when each of their rows goes with each of its values.
            position = tied.index(place)
            without = dict.fromkeys(row[:position] + row[position + 1 :] for row in together)
            if len(without) * masks[place].bit_count() == len(together):
                tied.remove(place)
                together = without
        return cls(masks, tuple(tied), tuple(together))

    def meets(self, cube: Cube) -> bool:
        """Whether an initial state is in a cube."""
        return self.some(cube) is not None

    def some(self, cube: Cube) -> Row | None:
        """An initial state in a cube."""
        masks = list(self.masks)
        for place, mask in cube:
            masks[place] &= mask
            if not masks[place]:
                return None
        fitting = next((row for row in self.together if self._fits(row, masks)), None)
        if fitting is None:
            return None
        found = [(mask & -mask).bit_length() - 1 for mask in masks]
        for place, value in zip(self.tied, fitting, strict=True):
            found[place] = value
        return tuple(found)

    def _fits(self, row: Row, masks: Sequence[int]) -> bool:
        return all(masks[place] >> value & 1 for place, value in zip(self.tied, row, strict=True))

    def shut_out(self, cube: Cube, whole: Cube) -> Cube:
        """The cube with as few more literals of the whole one as keep every initial state out, which the
        whole does."""
        if not self.meets(cube):
            return cube
        grown = dict(cube)
        alone = next((lit for lit in whole if not self.masks[lit[0]] & lit[1]), None)
        if alone is not None:
            grown[alone[0]] = alone[1]
        for number, mask in whole:
            if not self.meets(tuple(grown.items())):
                break
            grown[number] = mask
        return tuple(sorted(grown.items()))


def _mask(values: Iterable[int]) -> int:
    mask = 0
    for value in values:
        mask |= 1 << value
    return mask
