"""What else a lemma of an instance may mean for every size.

Where the variables of a lemma name all elements of a sort, "it is null or the one" and "it is not the other"
are the same, and only one of them may hold where there are more elements. The lemma itself rather says what
something is; a variant says what it is not, where that takes fewer words, or as many. And what is excluded
together is excluded case by case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations, product
from math import prod

from msgspec import Struct

from mmcheck.core.terms import (
    And,
    Compare,
    Comparison,
    Literal,
    Local,
    Not,
    Or,
    Quantified,
    Quantifier,
    Read,
    Term,
    children,
)
from mmcheck.core.types import OptionalType, SortType

MOST_CASES = 8
"""The most cases that a lemma is taken apart into."""


def variants(lemma: Term, sizes: Mapping[str, int]) -> Iterator[Term]:
    """Other readings of a lemma of an instance with these sizes."""
    if not isinstance(lemma, Quantified):
        return
    whole = [
        names
        for sort, size in sizes.items()
        if len(names := [b for b in lemma.binders if b.type == SortType(sort)]) == size > 1
    ]
    parts = _conjuncts(lemma.body)
    yield from _split(parts, lemma.binders)
    turned = [_turned(part, whole) for part in parts]
    shorter = [new if gain > 0 else [part] for part, (new, gain) in zip(parts, turned, strict=True)]
    if any(gain > 0 for _, gain in turned):
        yield _excluding([new for own in shorter for new in own], lemma.binders)
    for i, (new, gain) in enumerate(turned):
        if gain == 0:
            mixed = [*shorter[:i], new, *shorter[i + 1 :]]
            yield _excluding([part for own in mixed for part in own], lemma.binders)


def _split(parts: list[Term], binders: tuple[Local, ...]) -> Iterator[Term]:
    """A lemma that excludes several cases, case by case: where one is possible the others may not be."""
    cases = [part.args if isinstance(part, Or) and _choice(part) is not None else (part,) for part in parts]
    if 1 < prod(map(len, cases)) <= MOST_CASES:
        for chosen in product(*cases):
            yield _excluding(list(chosen), binders)


def _conjuncts(excluded: Term) -> list[Term]:
    """What a lemma says not to be, part by part."""
    match excluded:
        case Not(And(args)):
            return list(args)
        case Not(arg):
            return [arg]
        case _:
            return [Not(excluded)]


def _excluding(parts: list[Term], binders: tuple[Local, ...]) -> Term:
    """The lemma that some parts are never true together, for different elements."""
    used = {name for part in parts for name in _names(part)}
    names = tuple(binder for binder in binders if binder.name in used)
    pairs = tuple(Not(Compare(Comparison.EQ, a, b)) for a, b in combinations(names, 2) if a.type == b.type)
    first = parts[0]
    single = first.arg if isinstance(first, Not) else Not(first)
    body = single if len(parts) == 1 else Not(And(tuple(parts)))
    if not names:
        return body
    where = None if not pairs else pairs[0] if len(pairs) == 1 else And(pairs)
    return Quantified(Quantifier.FORALL, names, where, body)


def _names(term: Term) -> Iterator[str]:
    if isinstance(term, Local):
        yield term.name
    for child in children(term):
        yield from _names(child)


class _Choice(Struct, frozen=True):
    """That a place has one of some elements, or is null."""

    read: Read
    names: tuple[Local, ...]
    null: bool


def _choice(part: Term) -> _Choice | None:
    equalities = part.args if isinstance(part, Or) else (part,)
    read: Read | None = None
    names: list[Local] = []
    null = False
    for equality in equalities:
        match equality:
            case Compare(Comparison.EQ, Read() as place, Local() as name) if read in (None, place):
                read = place
                names.append(name)
            case Compare(Comparison.EQ, Read() as place, Literal(None)) if read in (None, place):
                read, null = place, True
            case _:
                return None
    return _Choice(read, tuple(names), null) if read is not None and names else None


def _turned(part: Term, whole: list[list[Local]]) -> tuple[list[Term], int]:
    """A part that says what a place has, as one that says what it has not; and by how many things that is
    shorter to say."""
    choice = _choice(part)
    own = next((names for names in whole if choice is not None and choice.names[0] in names), None)
    if choice is None or own is None:
        return [part], -1
    others: list[Term] = [name for name in own if name not in choice.names]
    if isinstance(choice.read.type, OptionalType) and not choice.null:
        others.insert(0, Literal(None, choice.read.type))
    excluded: list[Term] = [Not(Compare(Comparison.EQ, choice.read, other)) for other in others]
    return excluded or [part], len(choice.names) + choice.null - len(others) if excluded else -1
