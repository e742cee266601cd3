"""Steps that are left out as alike, against what they lead to; and candidates left out as repeated."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from agreement import possible_instance
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from strategies import specs
from test_agreement import LONG, SHORT, load

from engines.test_canonical import TEXTS, instance_of, states_of
from mmcheck.core.ground import Grounder
from mmcheck.core.instance import Instance
from mmcheck.engines.explicit.alike import superfluous
from mmcheck.engines.explicit.canonical import COMPILE, Canonical
from mmcheck.engines.explicit.program import Program

ACTIONS = {
    "pins": """
        sort Task = 3; sort Page = 3;
        state { bool pinned[Task][Page]; bool mapped[Task]; set Page free; bool sealed; }
        transition map(Task t) { require !sealed; mapped[t] = true; }
        transition pin(Task t, Page p) { require mapped[t] && !pinned[t][p]; pinned[t][p] = true; }
        transition unpin(Task t, Page p) { require pinned[t][p]; pinned[t][p] = false; }
    """,
    "values": """
        sort Task = 2; sort Page = 3;
        state { Task? owner[Page]; Page? last[Task]; Page root = any; 0..2 n[Page]; }
        transition take(Task t, Page p) { require owner[p] == null; owner[p] = t; last[t] = p; }
        transition drop(Page p) { require owner[p] != null; owner[p] = null; n[p] = 2 - n[p]; }
        transition pick(Task t) { choose Page p where owner[p] != t; last[t] = p; root = p; }
        transition swap(Task t, Task u) { last[t] = last[u]; }
    """,
}


def check_alike(instance: Instance, random: Random) -> int:
    """From every state, a step that is left out leads to an orbit that another leads to as well. Gives how
    many are left out."""
    program = Program(Grounder(instance))
    if program.canonical is None:
        return 0
    actions = [action.ground for action in program.actions]
    nodes = superfluous(program.dag, instance, program.canonical.sorts, actions)
    rows = program.layout.pack(states_of(instance, random, 60))
    block = program.block(rows)
    taken: list[set[tuple[int, ...]]] = [set() for _ in rows]
    left_out: list[tuple[int, int, tuple[int, ...]]] = []
    for number, (action, node) in enumerate(zip(program.actions, nodes, strict=True)):
        chosen = np.flatnonzero(block.truth(action.ground.guard))
        if not len(chosen):
            continue
        targets = program.canonical_rows(action.targets(block, chosen)).tolist()
        alike = block.truth(node)
        for state, target in zip(chosen.tolist(), map(tuple, targets), strict=True):
            if alike[state]:
                left_out.append((state, number, target))
            else:
                taken[state].add(target)
    for state, number, target in left_out:
        assert target in taken[state], (actions[number].action, block.row(state))
    return len(left_out)


@pytest.mark.parametrize("text", ACTIONS.values(), ids=ACTIONS)
def test_what_is_left_out_is_reached_by_another(text: str) -> None:
    assert check_alike(instance_of(text), Random(1)) > (0 if "set Page" in text else 20)


def test_elements_of_sets_are_not_compared() -> None:
    """Nothing is known of pages that a set may tell apart, but of tasks."""
    instance = instance_of(ACTIONS["pins"])
    program = Program(Grounder(instance))
    actions = [action.ground for action in program.actions]
    pages, tasks = (superfluous(program.dag, instance, (sort,), actions) for sort in ("Page", "Task"))
    assert set(pages) == {program.dag.false} != set(tasks)


def check_spec(text: str, random: Random) -> None:
    spec = load(text)
    instance = possible_instance(spec, spec.checks[0])
    if instance is not None:
        check_alike(instance, random)


def test_what_is_left_out_in_random_specs() -> None:
    SHORT(given(specs(), st.randoms())(check_spec))()


@pytest.mark.slow
@pytest.mark.timeout(3_600)
def test_what_is_left_out_in_many_random_specs() -> None:
    LONG(given(specs(), st.randoms())(check_spec))()


@pytest.mark.parametrize("text", TEXTS)
def test_candidates_that_come_again(text: str) -> None:
    """Few are left of many that are the same; the others stay, in the order in which they first came."""
    instance = instance_of(text)
    program = Program(Grounder(instance))
    canonical = program.canonical
    assert isinstance(canonical, Canonical)
    random = Random(2)
    states = states_of(instance, random, 40)
    rows = program.layout.pack([random.choice(states) for _ in range(5_000)])
    every = list(dict.fromkeys(map(tuple, canonical.rows(rows).tolist())))
    found = [tuple(row) for row in replace(canonical, work=COMPILE).distinct(rows.copy()).tolist()]
    assert list(dict.fromkeys(found)) == every
    assert len(found) < 1_000
