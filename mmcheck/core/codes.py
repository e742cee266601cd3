"""Values as integers: the codes that ground expressions and packed states are made of.

bool          0, 1
range         the number itself
enum          the position of the constant
sort          the number of the element
T?            the code of T; null is one less than the least code of T
set T         a bit mask: bit i stands for the element whose code is i above the least
"""

from __future__ import annotations

from typing import assert_never

from mmcheck.core.types import (
    BoolType,
    Elem,
    EnumType,
    OptionalType,
    RangeType,
    Scalar,
    SetType,
    Sizes,
    SortType,
    Value,
)


def code_bounds(type: Scalar, sizes: Sizes) -> tuple[int, int]:
    """The least and the greatest code of a type."""
    match type:
        case BoolType():
            return 0, 1
        case RangeType(lo, hi):
            if lo is None or hi is None:
                raise ValueError(f"{type!r} has no bounds")
            return lo, hi
        case EnumType(_, values):
            return 0, len(values) - 1
        case SortType(name):
            return 0, sizes[name] - 1
        case OptionalType(base):
            low, high = code_bounds(base, sizes)
            return low - 1, high
        case SetType(element):
            low, high = code_bounds(element, sizes)
            return 0, (1 << (high - low + 1)) - 1
        case _:
            assert_never(type)


def least(type: Scalar) -> int:
    """The least code of a type, which does not depend on sizes; of an optional, that of null."""
    match type:
        case RangeType(lo, _):
            return 0 if lo is None else lo
        case OptionalType(base):
            return least(base) - 1
        case _:
            return 0


def encode(value: Value, type: Scalar) -> int:
    """The code of a value of the type. Raises TypeError for a value of another."""
    match type, value:
        case OptionalType(base), None:
            return least(base) - 1
        case OptionalType(base), _:
            return encode(value, base)
        case BoolType(), bool():
            return int(value)
        case RangeType(), int():
            return value
        case EnumType(_, values), str():
            return values.index(value)
        case SortType(), Elem(_, ordinal):
            return ordinal
        case SetType(element), frozenset():
            return sum(1 << (encode(item, element) - least(element)) for item in value)
        case _:
            raise TypeError(f"{value!r} is no value of {type!r}")


def decode(code: int, type: Scalar) -> Value:
    """The value of a code: the inverse of `encode`."""
    match type:
        case BoolType():
            return bool(code)
        case RangeType():
            return code
        case EnumType(_, values):
            return values[code]
        case SortType(name):
            return Elem(name, code)
        case OptionalType(base):
            return None if code == least(base) - 1 else decode(code, base)
        case SetType(element):
            bits = (i for i in range(code.bit_length()) if code >> i & 1)
            return frozenset(decode(i + least(element), element) for i in bits)
        case _:
            assert_never(type)
