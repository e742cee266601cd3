"""Canonical forms against their definition: the same for all states of an orbit, and one of these."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from random import Random
from typing import TypeAlias

import numpy as np
import pytest
from agreement import possible_instance
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from strategies import specs
from test_agreement import LONG, SHORT, load

import mmcheck
from mmcheck import session
from mmcheck.core.instance import Instance, State
from mmcheck.core.symmetry import Permutation, group, permute_state
from mmcheck.core.types import domain
from mmcheck.engines.explicit import small_orbits
from mmcheck.engines.explicit.canonical import AT_ONCE, COMPILE, Canonical, canonical_form
from mmcheck.engines.explicit.layout import Layout
from mmcheck.engines.explicit.moves import BATCH

Row: TypeAlias = tuple[int, ...]

POINTERS = """
sort Page = 3; sort Task = 2; sort File = 2;
enum Kind { none, clean, dirty }
struct Slot { Kind kind; Task? owner; }
state {
    Page? next[Page]; Kind kind[Page]; bool mapped[Task][Page]; Slot slot[File]; set Page held[Task];
    Task last = any; 0..2 n; set Task waiting; Page? map[Task][File];
}
process fault(Task t) { local Page? page; step lookup { choose Page p; page = p; } step map { n = 1; } }
"""
EDGES = "sort Node = 4; state { bool edge[Node][Node]; Node? root; }"
TIES = "sort Node = 6; state { bool edge[Node][Node]; bool mark[Node]; }"
RECORDS = "sort Page = 7; state { 0..5 n[Page]; bool dirty[Page]; 0..3 total; }"
MATRIX = "sort Row = 4; sort Column = 5; state { bool bit[Row][Column]; bool mark[Row]; }"
PAIRS = """
sort Task = 2; sort Page = 3; sort Block = 3;
state { bool pinned[Task][Page]; Block? block[Page]; set Block free; bool seen[Task][Block]; Page? p[Block]; }
"""
WIDE = """
sort Task = 3; sort Page = 5;
state { 0..1000 used[Page]; 0..9 held[Task][Page]; 0..9999 clock[Task]; Task? owner[Page]; set Page own; }
"""
WIDE_RECORDS = """
sort Page = 5; sort Task = 3;
state { 0..99999 a[Page]; bool b[Page][Task]; 0..999 c[Task][Page]; Task? t[Page]; 0..9 d[Task]; bool e; }
"""
TEXTS = [POINTERS, EDGES, TIES, RECORDS, MATRIX, PAIRS, WIDE, WIDE_RECORDS]


def instance_of(text: str) -> Instance:
    spec = mmcheck.loads(text)
    return session.instantiate(spec, spec.checks[0])[1]


def form_of(instance: Instance) -> Canonical:
    canonical, _ = canonical_form(instance)
    assert canonical is not None
    return canonical


def states_of(instance: Instance, random: Random, count: int) -> list[State]:
    """Any states. Half of them have few different values, and so are like many of their permutations."""
    values = [list(domain(cell.type, instance.sizes)) for cell in instance.cells]

    def state(few: bool) -> State:
        return tuple(random.choice(v[:2] if few and random.random() < 0.9 else v) for v in values)

    return [state(few=number % 2 == 0) for number in range(count)]


def permutation(instance: Instance, sorts: tuple[str, ...], random: Random) -> Permutation:
    return {sort: tuple(random.sample(range(instance.sizes[sort]), instance.sizes[sort])) for sort in sorts}


def forms(canonical: Canonical, states: list[State]) -> list[Row]:
    """The canonical forms of states. The kernel and NumPy have to find the same."""
    rows = canonical.layout.pack(states)
    compiled = replace(canonical, work=COMPILE).rows(rows)
    assert np.array_equal(compiled, small_orbits.canonicalise(rows, canonical.moves))
    return [tuple(row) for row in compiled.tolist()]


# --- what a canonical form is ----------------------------------------------------------------------------


def check_permuted(instance: Instance, random: Random) -> None:
    """Permuted states have the same canonical form."""
    canonical = form_of(instance)
    orbits = [
        [
            state,
            *(
                permute_state(instance, state, permutation(instance, canonical.sorts, random))
                for _ in range(4)
            ),
        ]
        for state in states_of(instance, random, 40)
    ]
    found = forms(canonical, [state for orbit in orbits for state in orbit])
    for number, orbit in enumerate(orbits):
        assert len(set(found[5 * number : 5 * number + 5])) == 1, instance.show(orbit[0])


def check_orbit(instance: Instance, random: Random) -> None:
    """The canonical form of a state is one of its orbit, so that of another orbit is another."""
    canonical = form_of(instance)
    permutations = group({sort: instance.sizes[sort] for sort in canonical.sorts})
    states = states_of(instance, random, min(20, 3_000 // len(permutations)))
    for state, row in zip(states, forms(canonical, states), strict=True):
        found = canonical.layout.unpack(np.array(row, np.uint64))
        assert any(permute_state(instance, state, p) == found for p in permutations), instance.show(state)


Check: TypeAlias = Callable[[Instance, Random], None]
CHECKS = pytest.mark.parametrize("check", [check_permuted, check_orbit])


@CHECKS
@pytest.mark.parametrize("text", TEXTS)
def test_permutations_of_random_states(text: str, check: Check) -> None:
    check(instance_of(text), Random(1))


def check_spec(text: str, check: Check, random: Random) -> None:
    spec = load(text)
    instance = possible_instance(spec, spec.checks[0])
    if instance is not None and canonical_form(instance)[0] is not None:
        check(instance, random)


@CHECKS
def test_permutations_in_random_specs(check: Check) -> None:
    SHORT(given(specs(), st.randoms())(lambda text, random: check_spec(text, check, random)))()


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@CHECKS
def test_permutations_in_many_random_specs(check: Check) -> None:
    LONG(given(specs(), st.randoms())(lambda text, random: check_spec(text, check, random)))()


@pytest.mark.parametrize(
    ("text", "orbits"),
    [
        # Directed graphs with loops on 3 nodes; partial maps of a set of 4 into itself.
        ("sort Node = 3; state { bool edge[Node][Node]; }", 104),
        ("sort Node = 4; state { Node? next[Node]; }", 45),
        # Matrices of bits up to permutations of rows and columns; multisets of 4 numbers out of 5.
        ("sort Row = 3; sort Column = 4; state { bool bit[Row][Column]; }", 87),
        ("sort Row = 4; sort Column = 4; state { bool bit[Row][Column]; }", 317),
        ("sort Page = 4; state { 0..4 n[Page]; }", 70),
        ("sort A = 3; state { set A one; set A two; }", 20),
    ],
)
def test_the_orbits_of_all_states(text: str, orbits: int) -> None:
    """As many as combinatorics says there are."""
    instance = instance_of(text)
    every = list(product(*(list(domain(cell.type, instance.sizes)) for cell in instance.cells)))
    assert len(set(forms(form_of(instance), every))) == orbits


# --- large groups ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("nodes", [7, 8])
def test_many_equal_elements_take_no_time(nodes: int) -> None:
    """Of elements that can be exchanged without a change only one order is tried, however many there are."""
    instance = instance_of(f"sort Node = {nodes}; state {{ bool edge[Node][Node]; }}")
    canonical, dropped = canonical_form(instance)
    assert canonical is not None and not dropped and canonical.sorts == ("Node",)
    empty: State = (False,) * nodes**2
    one = tuple(number == 3 for number in range(nodes**2))
    moved = permute_state(instance, one, {"Node": tuple(range(nodes))[::-1]})
    rows = canonical.layout.pack([empty, one, moved] * 3_000)
    found = replace(canonical, work=COMPILE).rows(rows).tolist()
    assert found[0] != found[1] == found[2]


def test_sorts_with_too_many_permutations_stay() -> None:
    instance = instance_of(
        "sort A = 3; sort Node = 12; state { bool edge[Node][Node]; set Node some; A? a[A]; }"
    )
    canonical, dropped = canonical_form(instance)
    assert canonical is not None and canonical.sorts == ("A",) and dropped == ("Node",)
    state = tuple(False for _ in range(144)) + (frozenset(),) + (None,) * 3
    forms(canonical, [state])


# --- batches ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [POINTERS, RECORDS, WIDE_RECORDS])
def test_batches_of_any_size(text: str) -> None:
    """Whatever the size of the last batch; what comes twice may be left out, and nothing else."""
    instance = instance_of(text)
    canonical = form_of(instance)
    states = states_of(instance, Random(2), 2 * BATCH + 3)
    expected = forms(canonical, states)
    for count in (0, 1, 2, BATCH - 1, BATCH, BATCH + 1, len(states)):
        for work in (0, COMPILE):
            chosen = replace(canonical, work=work)
            rows = chosen.layout.pack(states[:count] * 2)
            assert [tuple(row) for row in chosen.rows(rows).tolist()] == expected[:count] * 2
            assert {tuple(row) for row in chosen.distinct(rows).tolist()} == set(expected[:count])


@pytest.mark.parametrize("text", TEXTS)
def test_the_layout_takes_no_more_words(text: str) -> None:
    instance = instance_of(text)
    assert form_of(instance).layout.words <= Layout.of(instance).words + (text == WIDE_RECORDS)


def test_there_is_a_look_around_between_parts_of_many_states() -> None:
    canonical, _ = canonical_form(instance_of(TIES))
    assert canonical is not None
    looks: list[int] = []
    canonical.look, canonical.work = lambda: looks.append(1), COMPILE
    rows = np.zeros((2 * AT_ONCE + 1, canonical.layout.words), np.uint64)
    assert (canonical.rows(rows) == canonical.rows(rows[:1])).all()
    assert len(looks) == 4
