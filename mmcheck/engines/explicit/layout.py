"""Bit packing: where each cell lies in the words of a packed state.

A cell takes just the bits that its codes need, counted from the least code, and never lies across two words.
A state that fits into one word is the common case; wider ones take as many words as they need, exactly.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from mmcheck.core.codes import code_bounds, decode, encode
from mmcheck.core.instance import Instance, State

ALL = 0xFFFFFFFFFFFFFFFF
WORD = 63
"""Bits used of a word. The last is always 0, so that a word of all ones can mark an empty slot of a table."""


class Slot(Struct, frozen=True):
    """The place of one cell: its word, the position of its lowest bit, its mask, and the code stored as 0."""

    word: int
    shift: int
    mask: int
    least: int


class Layout(Struct, frozen=True):
    instance: Instance
    slots: tuple[Slot, ...]
    words: int
    tag_bits: int = 0
    """How many of the lowest bits of word 0 do not belong to the state, but say how it was found (see
    `independence`). They are 0 where nothing is said."""

    @classmethod
    def of(cls, instance: Instance, tag_bits: int = 0) -> Layout:
        """First fit, in the order of the cells."""
        return cls.arranged(instance, [[cell] for cell in range(len(instance.cells))], tag_bits)

    @classmethod
    def arranged(cls, instance: Instance, units: Sequence[Sequence[int]], tag_bits: int = 0) -> Layout:
        """First fit of units, which are cells (by number) side by side, every cell in one of them."""
        places: dict[int, Slot] = {}
        used: list[int] = [tag_bits]
        for unit in units:
            bounds = [code_bounds(instance.cells[cell].type, instance.sizes) for cell in unit]
            widths = [(high - low).bit_length() for low, high in bounds]
            if sum(widths) > WORD:
                raise OverflowError(f"{instance.cells[unit[0]]!r} needs {sum(widths)} bits")
            word = next((w for w, n in enumerate(used) if n + sum(widths) <= WORD), len(used))
            if word == len(used):
                used.append(0)
            for cell, (low, _), bits in zip(unit, bounds, widths, strict=True):
                places[cell] = Slot(word, used[word], (1 << bits) - 1, low)
                used[word] += bits
        slots = tuple(places[cell] for cell in range(len(instance.cells)))
        return cls(instance, slots, len(used), tag_bits)

    @classmethod
    def tagged(cls, instance: Instance, tags: int) -> Layout:
        """With room for a number below `tags` in word 0, if that takes no more words."""
        plain, tagged = cls.of(instance), cls.of(instance, (tags - 1).bit_length())
        return tagged if tagged.words == plain.words else plain

    @property
    def state_mask(self) -> int:
        """The bits of word 0 that belong to the state, and those that are always 0."""
        return ALL & ~((1 << self.tag_bits) - 1)

    @property
    def bits(self) -> int:
        """How many bits a state needs."""
        return sum(slot.mask.bit_length() for slot in self.slots)

    def pack(self, states: Sequence[State]) -> NDArray[np.uint64]:
        """States as rows of words."""
        packed = np.zeros((len(states), self.words), np.uint64)
        for row, state in enumerate(states):
            words = [0] * self.words
            for slot, cell, value in zip(self.slots, self.instance.cells, state, strict=True):
                words[slot.word] |= (encode(value, cell.type) - slot.least) << slot.shift
            packed[row] = words
        return packed

    def unpack(self, row: NDArray[np.uint64]) -> State:
        """The state of one row."""
        words = [int(word) for word in row]
        return tuple(
            decode((words[slot.word] >> slot.shift & slot.mask) + slot.least, cell.type)
            for slot, cell in zip(self.slots, self.instance.cells, strict=True)
        )
