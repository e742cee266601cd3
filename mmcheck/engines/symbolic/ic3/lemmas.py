"""Lemmas in the language's own words: a cube as a term, and as the text that a spec would have for it.

Every element that occurs in a cube becomes a variable, the variables of one sort pairwise different: the term
says of the whole orbit that it is not reached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import combinations

from mmcheck.core.instance import Instance
from mmcheck.core.system import PROGRAM_COUNTER
from mmcheck.core.terms import (
    And,
    Compare,
    Comparison,
    Literal,
    Local,
    Member,
    Not,
    Or,
    Place,
    Quantified,
    Quantifier,
    Read,
    SetLiteral,
    Term,
)
from mmcheck.core.types import (
    BoolType,
    Elem,
    EnumType,
    OptionalType,
    RangeType,
    SetType,
    SortType,
    Type,
    Value,
    show_value,
)
from mmcheck.engines.symbolic.ic3 import places
from mmcheck.engines.symbolic.ic3.cubes import Cube, Orbits

# --- cubes as terms --------------------------------------------------------------------------------------


def lemma(cube: Cube, orbits: Orbits) -> Term:
    """That no state of the cube's orbit is reached."""
    instance = orbits.places.instance
    names = dict(zip(elements := orbits.occurring(cube), _names(elements, instance), strict=True))
    literals = [_literal(orbits.places.all[number], mask, names, orbits) for number, mask in cube]
    inside = [part for term in literals for part in (term.args if isinstance(term, And) else (term,))]
    excluded = _negated(inside[0]) if len(inside) == 1 else Not(And(tuple(inside)))
    if not names:
        return excluded
    pairs = [
        Not(Compare(Comparison.EQ, a, b)) for a, b in combinations(names.values(), 2) if a.type == b.type
    ]
    where = None if not pairs else pairs[0] if len(pairs) == 1 else And(tuple(pairs))
    return Quantified(Quantifier.FORALL, tuple(names.values()), where, excluded)


def _negated(term: Term) -> Term:
    return term.arg if isinstance(term, Not) else Not(term)


def _names(elements: list[Elem], instance: Instance) -> Iterator[Local]:
    """A name for each element, that means nothing else in the system: `t` and `t2` for two of sort Task."""
    taken = _taken(instance)
    for element in elements:
        letter = element.sort[0].lower()
        candidates = (letter + (str(i) if i > 1 else "") for i in range(1, len(taken) + 2))
        name = next(candidate for candidate in candidates if candidate not in taken)
        taken.add(name)
        yield Local(name, SortType(element.sort))


def _taken(instance: Instance) -> set[str]:
    system = instance.system
    names = {v.name for v in system.variables} | {s.name for s in system.sorts}
    names |= {t.name for t in system.transitions} | {p.name for p in system.properties}
    for cell in instance.cells:
        base = cell.type.base if isinstance(cell.type, OptionalType) else cell.type
        for type in (
            base,
            base.element if isinstance(base, SetType) else base,
            *system.variable(cell.variable).indices,
        ):
            names |= set(type.values) if isinstance(type, EnumType) else set()
    return names


def _constant(value: Value, type: Type, names: Mapping[Elem, Local]) -> Term:
    return names[value] if isinstance(value, Elem) else Literal(value, type)


def _literal(place: places.Place, mask: int, names: Mapping[Elem, Local], orbits: Orbits) -> Term:
    """That a place has one of some values."""
    cell = place.cell
    types = orbits.places.instance.system.variable(cell.variable).indices
    indices = tuple(_constant(v, type, names) for v, type in zip(cell.indices, types, strict=True))
    read = Read(Place(cell.variable, indices, cell.path, cell.type))
    if isinstance(cell.type, SetType):
        inside = Member(_constant(place.member, cell.type.element, names), read)
        return inside if mask == 2 else Not(inside)
    if isinstance(cell.type, BoolType):
        return read if mask == 2 else Not(read)
    if place.sort is not None:
        return _some_element(place, mask, names, orbits, read)
    if isinstance(cell.type, RangeType) and mask.bit_count() > 1 and (end := _end(place, mask)) is not None:
        bound = Literal(place.value(end), cell.type)
        return Compare(Comparison.LE, read, bound) if mask & 1 else Compare(Comparison.LE, bound, read)
    if place.count < 2 * mask.bit_count():
        return Not(_one_of(place, place.full & ~mask, read))
    return _one_of(place, mask, read)


def _one_of(place: places.Place, mask: int, read: Read) -> Term:
    """That a place of an enum or a range has one of some values."""
    values = [place.value(i) for i in range(place.count) if mask >> i & 1]
    base = read.type.base if isinstance(read.type, OptionalType) else read.type
    assert isinstance(base, EnumType | RangeType)
    equal = [Compare(Comparison.EQ, read, Literal(v, read.type if v is None else base)) for v in values]
    if len(values) <= 2 or None in values:
        return equal[0] if len(equal) == 1 else Or(tuple(equal))
    return Member(read, SetLiteral(tuple(Literal(v, base) for v in values), SetType(base)))


def _end(place: places.Place, mask: int) -> int | None:
    """The last of the least values, or the first of the greatest, if these are the values of a mask."""
    if mask & (mask + 1) == 0:
        return mask.bit_length() - 1
    above = place.full & ~mask
    return above.bit_length() if above & (above + 1) == 0 else None


def _some_element(
    place: places.Place, mask: int, names: Mapping[Elem, Local], orbits: Orbits, read: Read
) -> Term:
    """That a place of a sort is null or not, or has one of the elements set apart, or none of them."""
    offset = place.first_element
    apart = orbits.distinguished(place, mask)
    inside = bool(apart) and bool(mask >> (apart[0].ordinal + offset) & 1)
    equal = [Compare(Comparison.EQ, read, names[e]) for e in apart]
    null = [Compare(Comparison.EQ, read, Literal(None, read.type))] if offset else []
    with_null = bool(offset and mask & 1)
    if inside or not mask >> offset:
        return _joined(Or, [*(null if with_null else []), *equal])
    return _joined(And, [Not(part) for part in (*([] if with_null else null), *equal)])


def _joined(join: Callable[[tuple[Term, ...]], Term], parts: list[Term]) -> Term:
    return parts[0] if len(parts) == 1 else join(tuple(parts))


# --- terms as text ---------------------------------------------------------------------------------------


def text(term: Term) -> str:
    """A lemma as a spec would have it."""
    match term:
        case Quantified(quantifier, binders, where, body):
            bound = ", ".join(f"{b.type!r} {b.name}" for b in binders)
            condition = "" if where is None else f" where {_conjuncts(where)}"
            return f"{quantifier.value} {bound}{condition}: {text(body)}"
        case And(args):
            return " && ".join(map(_operand, args))
        case Or(args):
            return " || ".join(map(_operand, args))
        case Not(Compare(Comparison.EQ, left, right)) if not _is_counter(left):
            return f"{_value(left)} != {_value(right)}"
        case Not(arg):
            return f"!{_operand(arg)}" if isinstance(arg, Read) else f"!({text(arg)})"
        case Compare(Comparison.EQ, left, right):
            return f"{_value(left)} {'at' if _is_counter(left) else '=='} {_value(right)}"
        case Compare(_, left, right):
            return f"{_value(left)} <= {_value(right)}"
        case Member(element, container):
            if _is_counter(element) and isinstance(container, SetLiteral):
                return " || ".join(f"{_value(element)} at {_value(item)}" for item in container.items)
            return f"{_value(element)} in {_value(container)}"
        case _:
            return _value(term)


def _conjuncts(term: Term) -> str:
    return text(term)


def _operand(term: Term) -> str:
    """A part of a conjunction or disjunction."""
    compound = isinstance(term, And | Or) or (
        isinstance(term, Member) and _is_counter(term.element) and isinstance(term.set, SetLiteral)
    )
    return f"({text(term)})" if compound else text(term)


def _is_counter(term: Term) -> bool:
    """Whether a term is where a process instance stands."""
    return isinstance(term, Read) and term.place.path == (PROGRAM_COUNTER,)


def _value(term: Term) -> str:
    match term:
        case Read(Place(variable, indices, path)):
            fields = () if path == (PROGRAM_COUNTER,) else path
            return variable + "".join(f"[{_value(i)}]" for i in indices) + "".join(f".{f}" for f in fields)
        case Local(name):
            return name
        case Literal(value):
            return show_value(value)
        case SetLiteral(items):
            return "{" + ", ".join(map(_value, items)) + "}"
        case _:
            raise TypeError(f"{term!r} is no part of a lemma")
