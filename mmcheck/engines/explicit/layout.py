"""Bit packing: where each cell lies in the words of a packed state.

A cell takes just the bits that its codes need, counted from the least code, and never lies across two words.
A state that fits into one word is the common case; wider ones take as many words as they need, exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmcheck.core.codes import code_bounds, decode, encode
from mmcheck.core.instance import Instance, State

ALL = 0xFFFFFFFFFFFFFFFF
WORD = 63
"""Bits used of a word. The last is always 0, so that a word of all ones can mark an empty slot of a table."""


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of one cell: its word, the position of its lowest bit, its mask, and the code stored as 0."""

    word: int
    shift: int
    mask: int
    least: int


@dataclass(frozen=True)
class Layout:
    instance: Instance
    slots: tuple[Slot, ...]
    words: int
    tag_bits: int = 0
    """How many of the lowest bits of word 0 do not belong to the state, but say how it was found (see
    `independence`). They are 0 where nothing is said."""

    @classmethod
    def of(cls, instance: Instance, tag_bits: int = 0) -> Layout:
        """First fit, in the order of the cells."""
        slots: list[Slot] = []
        used: list[int] = [tag_bits]
        for cell in instance.cells:
            low, high = code_bounds(cell.type, instance.sizes)
            bits = (high - low).bit_length()
            if bits > WORD:
                raise OverflowError(f"{cell!r} needs {bits} bits")
            word = next((w for w, n in enumerate(used) if n + bits <= WORD), len(used))
            if word == len(used):
                used.append(0)
            slots.append(Slot(word, used[word], (1 << bits) - 1, low))
            used[word] += bits
        return cls(instance, tuple(slots), len(used), tag_bits)

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
