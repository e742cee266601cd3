"""What places hold in a state over uninterpreted sorts, and after a write to one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mmcheck.core.terms import Place
from mmcheck.core.types import SetType, StructType, Type, Value
from mmcheck.engines.parametric.logic import FALSE, Logic
from mmcheck.engines.parametric.values import AnyValue, Element, Leaf, Members, Parts, choose, substituted
from mmcheck.engines.parametric.vocabulary import Content, Slot, Vocabulary, leaves

State = Mapping[Slot, Content]
"""What slots hold that differ from what they held before."""

Indices = tuple[tuple[Value, ...], tuple[int, ...]]
"""The indices of a place: values that are no elements, and the terms of those that are."""


def content(vocabulary: Vocabulary, state: State, slot: Slot) -> Content:
    """What a slot holds in a state."""
    known = state.get(slot)
    return vocabulary.before(slot) if known is None else known


def joined(vocabulary: Vocabulary, test: int, then: State, orelse: State) -> State:
    """The contents after one branch or the other."""
    found = dict(orelse)
    for slot in {**then, **orelse}:
        left, right = content(vocabulary, then, slot), content(vocabulary, orelse, slot)
        if left is not right:
            found[slot] = _either(vocabulary.logic, test, left, right)
    return found


def _either(logic: Logic, test: int, then: Content, orelse: Content) -> Content:
    return lambda at: choose(logic, test, then(at), orelse(at))


# --- reading ---------------------------------------------------------------------------------------------


def held(vocabulary: Vocabulary, state: State, place: Place, indices: Indices) -> AnyValue:
    """What a state holds at a place with given indices."""
    return _held(vocabulary, state, place, place.type, place.path, indices)


def _held(
    vocabulary: Vocabulary,
    state: State,
    place: Place,
    type: Type,
    path: tuple[str, ...],
    indices: Indices,
) -> AnyValue:
    fixed, args = indices

    def own(member: Value) -> Content:
        assert not isinstance(type, StructType)
        return content(vocabulary, state, vocabulary.slot(place.variable, path, fixed, type, member))

    match type:
        case StructType(_, fields):
            parts = {
                f.name: _held(vocabulary, state, place, f.type, (*path, f.name), indices) for f in fields
            }
            return Parts(parts)
        case SetType(element) if vocabulary.sort_of(element) is not None:
            has = own(None)
            return Members(lambda leaf: _element_in(has, args, leaf))
        case SetType():
            each = {member: own(member) for member in vocabulary.members(type)}
            return Members(lambda leaf: _value_in(each, args, leaf))
        case _:
            return own(None)(args)


def _element_in(content: Content, args: tuple[int, ...], leaf: Leaf) -> int:
    if not isinstance(leaf, Element):
        return FALSE
    truth = content((*args, leaf.term))
    assert isinstance(truth, int)
    return truth


def _value_in(each: Mapping[Value, Content], args: tuple[int, ...], leaf: Leaf) -> int:
    if isinstance(leaf, Element) or leaf not in each:
        return FALSE
    truth = each[leaf](args)
    assert isinstance(truth, int)
    return truth


# --- writing ---------------------------------------------------------------------------------------------


def write(
    vocabulary: Vocabulary,
    state: dict[Slot, Content],
    place: Place,
    indices: Indices,
    value: AnyValue,
    guard: int,
    bulk: frozenset[int],
) -> None:
    """Put a value at a place with given indices where the guard is true, `bulk` being the variables that are
    bound in the bulk update around."""
    fixed, args = indices
    for path, type in leaves(place.type):
        part = _part(value, path)
        for member in vocabulary.members(type):
            slot = vocabulary.slot(place.variable, (*place.path, *path), fixed, type, member)
            old = content(vocabulary, state, slot)
            state[slot] = _written(vocabulary.logic, old, guard, args, _at(part, type, member), bulk)


def _written(
    logic: Logic,
    old: Content,
    guard: int,
    args: tuple[int, ...],
    value: Callable[[tuple[int, ...]], AnyValue],
    bulk: frozenset[int],
) -> Content:
    """The content after a write. In a bulk update the elements for which it is asked say which bound elements
    are meant: each of these is an index of the place."""
    known: dict[tuple[int, ...], AnyValue] = {}

    def content(at: tuple[int, ...]) -> AnyValue:
        if at not in known:
            known[at] = made(at)
        return known[at]

    def made(at: tuple[int, ...]) -> AnyValue:
        images: dict[int, int] = {}
        for arg, given in zip(args, at, strict=False):
            if arg in bulk:
                images.setdefault(arg, given)
        same = (logic.eq(logic.substitute(arg, images), given) for arg, given in zip(args, at, strict=False))
        here = logic.conj(logic.substitute(guard, images), *same)
        if here == FALSE:
            return old(at)
        new = substituted(logic, value(at[len(args) :]), images)
        return choose(logic, here, new, old(at))

    return content


def _part(value: AnyValue, path: tuple[str, ...]) -> AnyValue:
    for name in path:
        assert isinstance(value, Parts)
        value = value.fields[name]
    return value


def _at(value: AnyValue, type: Type, member: Value) -> Callable[[tuple[int, ...]], AnyValue]:
    """What is written to one slot: of a set whether it has the member, or the element that is asked for."""
    if not isinstance(type, SetType):
        return lambda extra: value
    assert isinstance(value, Members)
    contains = value.contains
    return lambda extra: contains(Element(extra[0]) if extra else member)
