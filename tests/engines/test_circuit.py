"""The bit-sliced circuit against the evaluation of nodes one by one, which it replaces in large searches."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

import mmcheck
from mmcheck import session
from mmcheck.core.dag import Dag
from mmcheck.core.ground import Grounder
from mmcheck.core.instance import Instance
from mmcheck.core.semantics import initial_states
from mmcheck.engines.explicit import bitslice
from mmcheck.engines.explicit.circuit import Circuit, Kind, number, number_width
from mmcheck.engines.explicit.engine import ExplicitEngine
from mmcheck.engines.explicit.expander import Expander
from mmcheck.engines.explicit.independence import needed_steps
from mmcheck.engines.explicit.levels import Rows
from mmcheck.engines.explicit.looking import Looks
from mmcheck.engines.explicit.program import Program
from mmcheck.engines.explicit.search import Tuning

TYPES = """
    sort Page = 3;
    enum Color { red, green, blue }
    state {
        bool b; bool c; 0..9 n; -3..4 m; 5..5 one; Color color; Color? maybe; Page page = any; Page? other;
        set Page pages; set 2..6 numbers; set Color colors;
    }
"""


def instance_of(text: str) -> Instance:
    spec = mmcheck.loads(text)
    return session.instantiate(spec, spec.checks[0])[1]


def random_rows(program: Program, random: Random, count: int) -> Rows:
    """Packed states with any codes."""
    rows = np.zeros((count, program.layout.words), np.uint64)
    for slot, (low, high) in zip(program.layout.slots, program.dag.cell_bounds, strict=False):
        codes = [random.randint(low, high) - slot.least for _ in range(count)]
        rows[:, slot.word] |= np.array(codes, np.uint64) << np.uint64(slot.shift)
    return rows


def random_nodes(dag: Dag, cells_of_state: int, random: Random, count: int) -> list[int]:
    """Nodes of every operator over nodes before them."""
    cells = [dag.cell(cell) for cell in range(cells_of_state)]
    numbers = [*cells, *(dag.const(n) for n in (-2, 0, 1, 3, 7))]
    truths = [node for node in cells if dag.bounds[node] == (0, 1)]
    sets = [node for node in cells if dag.bounds[node][0] == 0]
    for _ in range(count):
        a, b = random.choice(numbers), random.choice(numbers)
        p, q, r = (random.choice(truths) for _ in range(3))
        s, t = random.choice(sets), random.choice(sets)
        match random.randrange(12):
            case 0:
                truths.append(dag.eq(a, b))
            case 1:
                truths.append(dag.lt(a, b))
            case 2:
                truths.append(dag.conj(p, dag.invert(q), r))
            case 3:
                truths.append(dag.disj(p, q, dag.invert(r)))
            case 4:
                numbers.append(dag.ite(p, a, b))
            case 5 if max(map(abs, (*dag.bounds[a], *dag.bounds[b]))) < 1_000:
                numbers.append(dag.add(a, b))
            case 6 if max(map(abs, (*dag.bounds[a], *dag.bounds[b]))) < 1_000:
                numbers.append(dag.sub(a, b))
            case 7:
                sets.append(dag.union(s, t))
            case 8:
                sets.append(dag.intersection(s, t))
            case 9:
                sets.append(dag.difference(s, t))
            case 10 if dag.bounds[a][1] < 20:
                sets.append(dag.bit(a))
            case 11:
                numbers.append(dag.popcount(s))
            case _:
                pass
    return list(dict.fromkeys((*numbers, *truths, *sets)))


def evaluated(circuit: Circuit, rows: Rows, literals: list[int]) -> list[list[int]]:
    """The values of literals in every state, by the kernel."""
    registers = list(enumerate(circuit.registers, start=1))
    inputs = sorted(((r, k.left, k.right) for r, k in registers if k.kind is Kind.INPUT), key=lambda i: i[1])
    gates = [(r, k.kind is Kind.XOR, k.left, k.right) for r, k in registers if k.kind is not Kind.INPUT]
    planes = np.empty((len(registers) + 1, -(-len(rows) // 64)), np.uint64)
    counts = np.empty(len(literals), np.int64)
    bitslice.evaluate(
        rows,
        np.array(inputs, np.int32).reshape(-1, 3),
        np.array(gates, np.int32).reshape(-1, 4),
        np.array(literals, np.int32),
        planes,
        counts,
        np.empty(64, np.uint64),
    )
    values = [
        [int(planes[literal >> 1, i // 64]) >> i % 64 & 1 ^ literal & 1 for i in range(len(rows))]
        for literal in literals
    ]
    assert counts.tolist() == [sum(column) for column in values]
    return values


@pytest.mark.parametrize("seed", range(12))
def test_every_node_has_the_value_that_it_has_one_by_one(seed: int) -> None:
    random = Random(seed)
    program = Program(Grounder(instance_of(TYPES)), symmetry=False)
    nodes = random_nodes(program.dag, len(program.layout.slots), random, 120)
    rows = random_rows(program, random, random.choice((1, 63, 64, 65, 200)))
    circuit, block = Circuit(program.dag, program.layout.slots), program.block(rows)
    for node in nodes:
        bits = circuit.bits(node)
        columns = evaluated(circuit, rows, list(bits))
        weights = [*(1 << i for i in range(len(bits) - 1)), -(1 << len(bits) - 1)]
        values = [
            sum(w * column[i] for w, column in zip(weights, columns, strict=True)) for i in range(len(rows))
        ]
        expected = np.broadcast_to(block.column(node), (len(rows),)).astype(np.int64).tolist()
        assert values == expected, program.dag.show(node)


@pytest.mark.parametrize("value", [-9, -8, -1, 0, 1, 2, 7, 8])
def test_numbers_are_as_wide_as_they_need_to_be(value: int) -> None:
    bits = number(value)
    assert sum(bit << i for i, bit in enumerate(bits[:-1])) - (bits[-1] << len(bits) - 1) == value
    assert (
        len(bits) == number_width(value, value) == max(2, (value if value >= 0 else ~value).bit_length() + 1)
    )


WIDE = """
    sort Task = 3; sort Page = 4;
    enum Stage { idle, locked, done }
    state { 0..1000 n[Task][Page]; Stage stage[Task]; Page? held[Task]; set Page dirty; bool old[Page]; }
    transition more(Task t, Page p) { require n[t][p] < 1000; n[t][p] = n[t][p] + 1; stage[t] = idle; }
    transition hold(Task t) { choose Page p where !(p in dirty); held[t] = p; dirty = dirty | {p}; }
    transition copy(Task t, Page p) {
        if (held[t] == p) { old[p] = stage[t] == done; } else { stage[t] = done; }
    }
    transition move(Task t, Task u) { require t != u; held[t] = held[u]; }
"""


def test_steps_lead_where_actions_lead_one_by_one() -> None:
    """In states of several words."""
    program = Program(Grounder(instance_of(WIDE)), symmetry=False)
    assert program.layout.words > 1
    expander = Expander(program, Looks(program, []), None, block=256)
    rows = random_rows(program, Random(1), 200)
    block = program.block(rows)
    steps = expander.expand(rows)
    mask = np.uint64(program.layout.state_mask)
    expected: list[tuple[int, ...]] = []
    for place, action in enumerate(program.actions):
        chosen = np.flatnonzero(block.truth(action.ground.guard))
        assert steps.fired[place] == len(chosen)
        expected += map(tuple, action.targets(block, chosen).tolist())
    found = steps.targets.copy()
    found[:, 0] &= mask
    assert sorted(map(tuple, found.tolist())) == sorted(expected)
    assert len(expected) > 1_000


PINS = """
    sort Page = 2;
    state { bool mapped; bool pinned[Page]; bool sealed; }
    transition map() { require !mapped; mapped = true; }
    transition pin(Page p) { require mapped && !pinned[p]; pinned[p] = true; }
    transition unpin(Page p) { require pinned[p]; pinned[p] = false; }
    transition seal() { require !mapped && (forall Page p: !pinned[p]); sealed = true; }
    transition reset_all() { mapped = false; forall Page p { pinned[p] = false; } }
"""


def needed(first: str, second: str) -> bool:
    """Whether the second action has to be taken from states that the first found."""
    program = Program(Grounder(instance_of(PINS)), symmetry=False)
    actions = [action.ground for action in program.actions]
    names = [f"{a.action.transition.name}{''.join(str(v.ordinal) for v in a.action.args)}" for a in actions]
    return bool(needed_steps(program.dag, actions)[names.index(second), names.index(first) + 1])


def test_what_undoes_the_last_step_is_not_needed() -> None:
    assert not needed("pin0", "unpin0")
    assert not needed("unpin1", "pin1")
    assert needed("pin0", "seal")


def test_of_two_orders_of_steps_that_commute_one_is_needed() -> None:
    assert needed("pin0", "pin1") != needed("pin1", "pin0")
    assert needed("map", "pin0") and needed("map", "pin1")


def test_what_a_single_step_does_as_well_is_not_needed() -> None:
    assert not needed("unpin0", "reset_all")


def test_a_search_that_leaves_steps_out_finds_every_state_at_its_depth() -> None:
    """By a search of its own over the same actions."""
    program = Program(Grounder(instance_of(PINS)), symmetry=False)
    rows = program.layout.pack([s for s in initial_states(program.instance) if isinstance(s, tuple)])
    seen, frontier = {int(rows[0, 0])}, rows
    while len(frontier):
        block = program.block(frontier)
        targets = {
            int(word)
            for action in program.actions
            for word in action.targets(block, np.flatnonzero(block.truth(action.ground.guard)))[:, 0]
        }
        frontier = np.array([[word] for word in sorted(targets - seen)], np.uint64).reshape(-1, 1)
        seen |= targets
    engine = ExplicitEngine(Tuning(symmetry=False, prune=0))
    answer = engine.check(program.instance, ("no model error",), mmcheck.Limits(), session.ignore)
    assert answer.statistics.states == len(seen)
