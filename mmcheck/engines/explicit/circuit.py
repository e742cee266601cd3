"""A ground graph as a circuit: every node as bits, every bit a gate over earlier ones.

A literal is twice the number of a register, plus 1 where it stands for the opposite. Register 0 is false. A
number is a tuple of literals in two's complement, the lowest bit first and the sign last, just as wide as the
bounds of its node ask for. Gates are hash-consed and constants folded, as in and-inverter graphs, with
exclusive or as a second kind of gate.

References: A. Biere, AIGER (literals as numbers); A. Kuehlmann et al., Robust boolean reasoning for
equivalence checking and functional property verification, IEEE TCAD 2002 (structural hashing).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import IntEnum
from functools import reduce
from typing import NamedTuple, TypeAlias, assert_never

from msgspec import Struct, field

from mmcheck.core.dag import Dag, Op
from mmcheck.engines.explicit.layout import Slot

FALSE = 0
TRUE = 1

Bits: TypeAlias = tuple[int, ...]
_Gate: TypeAlias = Callable[[int, int], int]


class Kind(IntEnum):
    """What gives a register its value."""

    INPUT = 0
    AND = 1
    XOR = 2


class Register(NamedTuple):
    """For an input the word and the bit of the packed state, for a gate its literals."""

    kind: Kind
    left: int
    right: int


class Circuit(Struct):
    """The circuit of some nodes of one graph, over states of one layout."""

    dag: Dag
    slots: Sequence[Slot]
    registers: list[Register] = field(default_factory=list)
    """Register i + 1 at position i: register 0 is the constant."""
    _ids: dict[Register, int] = field(default_factory=dict)
    _bits: dict[int, Bits] = field(default_factory=dict)

    def truth(self, node: int) -> int:
        """The literal of a truth value."""
        return self.bits(node)[0]

    def code(self, node: int, slot: Slot) -> Bits:
        """The bits that a cell's slot has in a state in which the cell's value is that of a node. Where the
        value does not fit, they mean nothing."""
        width = slot.mask.bit_length()
        return self._add(self.bits(node), number(-slot.least), width + 1)[:width]

    def bits(self, node: int) -> Bits:
        """The value of a node."""
        known = self._bits.get(node)
        if known is None:
            known = self._bits[node] = self._lower(node)
        return known

    # --- gates -------------------------------------------------------------------------------------------

    def input(self, word: int, bit: int) -> int:
        return self._register(Register(Kind.INPUT, word, bit))

    def conj(self, left: int, right: int) -> int:
        if left > right:
            left, right = right, left
        if left == FALSE or left == right ^ 1:
            return FALSE
        if left in (TRUE, right):
            return right
        return self._register(Register(Kind.AND, left, right))

    def disj(self, left: int, right: int) -> int:
        return self.conj(left ^ 1, right ^ 1) ^ 1

    def xor(self, left: int, right: int) -> int:
        # The opposite of an argument is the opposite of the result: one gate for all four.
        opposite = (left ^ right) & 1
        left, right = sorted((left & ~1, right & ~1))
        if left == FALSE:
            return right ^ opposite
        return opposite if left == right else self._register(Register(Kind.XOR, left, right)) ^ opposite

    def choice(self, condition: int, then: int, orelse: int) -> int:
        if then == orelse or condition == TRUE:
            return then
        if condition == FALSE:
            return orelse
        if then in (FALSE, TRUE) or orelse in (FALSE, TRUE):
            return self.disj(self.conj(condition, then), self.conj(condition ^ 1, orelse))
        return self.xor(orelse, self.conj(condition, self.xor(then, orelse)))

    def all(self, literals: Sequence[int]) -> int:
        return _joined(self.conj, literals, TRUE)

    def any(self, literals: Sequence[int]) -> int:
        return _joined(self.disj, literals, FALSE)

    def _register(self, register: Register) -> int:
        known = self._ids.get(register)
        if known is None:
            self.registers.append(register)
            known = self._ids[register] = 2 * len(self.registers)
        return known

    # --- nodes -------------------------------------------------------------------------------------------

    def _lower(self, node: int) -> Bits:
        op, args, value = self.dag.nodes[node]
        width = number_width(*self.dag.bounds[node])
        match op:
            case Op.CONST:
                return number(value)
            case Op.CELL:
                return self._cell(value, width)
            case Op.NOT:
                return (self.truth(args[0]) ^ 1, FALSE)
            case Op.AND:
                return (self.all([self.truth(arg) for arg in args]), FALSE)
            case Op.OR:
                return (self.any([self.truth(arg) for arg in args]), FALSE)
            case Op.EQ:
                return (self._equal(args[0], args[1]), FALSE)
            case Op.LT:
                return (self._less(self.bits(args[0]), self.bits(args[1])), FALSE)
            case Op.ITE:
                return self._choose(self.truth(args[0]), self.bits(args[1]), self.bits(args[2]), width)
            case Op.ADD:
                return self._add(self.bits(args[0]), self.bits(args[1]), width)
            case Op.SUB:
                return self._add(self.bits(args[0]), _opposite(self.bits(args[1])), width, TRUE)
            case Op.UNION:
                return self._bitwise(self.disj, args, width)
            case Op.INTERSECTION:
                return self._bitwise(self.conj, args, width)
            case Op.DIFFERENCE:
                return self._bitwise(lambda a, b: self.conj(a, b ^ 1), args, width)
            case Op.BIT:
                return self._decoded(self.bits(args[0]), width)
            case Op.POPCOUNT:
                return self._count(self.bits(args[0])[:-1], width)
            case _:
                assert_never(op)

    def _stored(self, slot: Slot) -> Bits:
        """The bits of a cell as they are packed: how much its code is above the least."""
        return tuple(self.input(slot.word, slot.shift + i) for i in range(slot.mask.bit_length()))

    def _cell(self, cell: int, width: int) -> Bits:
        slot = self.slots[cell]
        return self._add((*self._stored(slot), FALSE), number(slot.least), width)

    def _equal(self, left: int, right: int) -> int:
        for one, other in ((left, right), (right, left)):
            value = self.dag.constant(one)
            op, _, cell = self.dag.nodes[other]
            if value is not None and op is Op.CELL:
                slot = self.slots[cell]
                return self._is((*self._stored(slot), FALSE), value - slot.least)
        a, b = self.bits(left), self.bits(right)
        width = max(len(a), len(b))
        return self.all([self.xor(x, y) ^ 1 for x, y in zip(_wide(a, width), _wide(b, width), strict=True)])

    def _is(self, bits: Bits, value: int) -> int:
        width = max(len(bits), number_width(value, value))
        pairs = zip(_wide(bits, width), _wide(number(value), width), strict=True)
        return self.all([bit if one == TRUE else bit ^ 1 for bit, one in pairs])

    def _less(self, left: Bits, right: Bits) -> int:
        """The sign of the difference, computed wide enough not to overflow."""
        return self._add(left, _opposite(right), max(len(left), len(right)) + 1, TRUE)[-1]

    def _choose(self, condition: int, then: Bits, orelse: Bits, width: int) -> Bits:
        pairs = zip(_wide(then, width), _wide(orelse, width), strict=True)
        return tuple(self.choice(condition, a, b) for a, b in pairs)

    def _add(self, left: Bits, right: Bits, width: int, carry: int = FALSE) -> Bits:
        """The sum in so many bits."""
        total: list[int] = []
        for a, b in zip(_wide(left, width), _wide(right, width), strict=True):
            half = self.xor(a, b)
            total.append(self.xor(half, carry))
            carry = self.choice(half, carry, a)
        return tuple(total)

    def _bitwise(self, gate: _Gate, args: Sequence[int], width: int) -> Bits:
        left, right = (_wide(self.bits(arg), width) for arg in args)
        return tuple(map(gate, left, right))

    def _decoded(self, element: Bits, width: int) -> Bits:
        """A set of one: bit i where the element is i; numbers below 0 count as 0."""
        places = [self._is(element, i) for i in range(width - 1)]
        return (self.disj(places[0], element[-1]), *places[1:], FALSE)

    def _count(self, bits: Bits, width: int) -> Bits:
        return reduce(lambda total, bit: self._add(total, (bit, FALSE), width), bits, number(0))


def number(value: int) -> Bits:
    """The bits of a number, as few as there can be."""
    return tuple(TRUE if value >> i & 1 else FALSE for i in range(number_width(value, value)))


def number_width(low: int, high: int) -> int:
    """The bits that every number from low to high fits into, with its sign; a truth value has two."""
    return max(2, *(max(n, ~n).bit_length() + 1 for n in (low, high)))


def _wide(bits: Bits, width: int) -> Bits:
    """The same number in so many bits, or its lowest ones."""
    return (*bits, *(bits[-1:] * (width - len(bits))))[:width]


def _opposite(bits: Bits) -> Bits:
    return tuple(bit ^ 1 for bit in bits)


def _joined(gate: _Gate, literals: Sequence[int], neutral: int) -> int:
    """All literals joined by a gate, in their order: neighbours with the same ones before share gates."""
    return reduce(gate, literals, neutral)
