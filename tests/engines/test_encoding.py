"""The encoding means what the ground graph and the semantics mean, value by value and step by step."""

from __future__ import annotations

from itertools import islice

import pytest
import z3
from agreement import small_instance
from hypothesis import HealthCheck, Phase, given, settings
from strategies import specs

import mmcheck
from mmcheck.core.codes import encode
from mmcheck.core.dag import Dag, Op
from mmcheck.core.instance import Instance, State
from mmcheck.core.semantics import Dynamics, initial_states
from mmcheck.core.trace import Failure, Step
from mmcheck.engines.engine import Limits, Progress
from mmcheck.engines.limits import Watch
from mmcheck.engines.symbolic.decoding import code_of, state_of
from mmcheck.engines.symbolic.encoding import Encoding, Flags, Variables, Wide
from mmcheck.engines.symbolic.grounded import Grounded
from mmcheck.engines.symbolic.solver import Conduct, Formula, Result, Solver
from mmcheck.session import instantiate

MOST_STATES = 6
MOST_NODES = 250

WIDE = """
sort A = 3;
enum E { red, green, blue }
state { 0..1000 x = any; -70..70 y; E? e; set A s; A? a; set 0..7 t = any; 0..2 small; }
transition up() { require x < 999; x = x + 2; y = (y < 60 ? y + 3 : -70); small = (x > 500 ? 1 : small); }
transition mix(A b) { require !(b in s) && count(s) < 2; s = s | {b}; a = b; e = blue; x = x - y; }
transition shrink() { require y > small + 60; small = count(s & {}) + small; t = t - {small}; }
transition less() { require small - 1 > count(s) - 2 && small > 0; small = small - 1; }
invariant close: x + y < 1070 && x - small > -3;
"""


def nothing(progress: Progress) -> None:
    pass


def solver() -> Solver:
    return Solver(Conduct("test", Watch(Limits()), nothing))


def value_of(dag: Dag, cells: tuple[int, ...]) -> list[int]:
    """The values of all nodes over cells: the graph's meaning, written a second time."""
    found: list[int] = []
    for op, args, value in dag.nodes:
        a = [found[arg] for arg in args]
        match op:
            case Op.CONST:
                found.append(value)
            case Op.CELL:
                found.append(cells[value] if value < len(cells) else dag.cell_bounds[value][0])
            case Op.NOT:
                found.append(1 - a[0])
            case Op.AND:
                found.append(min(a))
            case Op.OR:
                found.append(max(a))
            case Op.EQ:
                found.append(int(a[0] == a[1]))
            case Op.LT:
                found.append(int(a[0] < a[1]))
            case Op.ADD:
                found.append(a[0] + a[1])
            case Op.SUB:
                found.append(a[0] - a[1])
            case Op.ITE:
                found.append(a[1] if a[0] else a[2])
            case Op.UNION:
                found.append(a[0] | a[1])
            case Op.INTERSECTION:
                found.append(a[0] & a[1])
            case Op.DIFFERENCE:
                found.append(a[0] & ~a[1])
            case Op.BIT:
                found.append(1 << max(a[0], 0))
            case Op.POPCOUNT:
                found.append(a[0].bit_count())
    return found


def fixed(cell: Variables, code: int, context: z3.Context) -> list[tuple[Formula, Formula]]:
    """What the variables of a cell are when it has a code."""
    if isinstance(cell, Wide):
        return [(cell.variable, z3.BitVecVal(code, cell.variable.size(), context))]
    flags = cell.variables
    if cell.is_set:
        truths = [bool(code >> i & 1) for i in range(len(flags))]
    elif cell.count <= 2:
        truths = [code > cell.low for _ in flags]
    else:
        truths = [code == cell.low + i for i in range(len(flags))]
    return [(flag, z3.BoolVal(truth, context)) for flag, truth in zip(flags, truths, strict=True)]


def codes(instance: Instance, state: State) -> tuple[int, ...]:
    return tuple(encode(value, cell.type) for value, cell in zip(state, instance.cells, strict=True))


def wrong_values(grounded: Grounded, state: State) -> list[str]:
    """The expressions over the state that the encoding gives another value."""
    context = z3.Context()
    encoding, dag = Encoding(grounded, context), grounded.dag
    own = codes(grounded.instance, state)
    values = value_of(dag, own)
    pairs = [pair for number, code in enumerate(own) for pair in fixed(encoding.cell(number), code, context)]
    wrong: list[str] = []
    # An element may have no value at all where the expression means nothing; then any will do.
    for node in range(2, len(dag.nodes)):
        if max(dag.support(node), default=0) >= grounded.count or len(wrong) > 3:
            continue
        low, high = dag.bounds[node]
        if not low <= values[node] <= high:
            continue
        if encoding.is_set(node):
            members = [z3.is_true(z3.simplify(z3.substitute(m, *pairs))) for m in encoding.members(node)]
            found = sum(1 << i for i, member in enumerate(members) if member)
        elif high - low >= 64:
            found = z3.simplify(z3.substitute(encoding.vector(node), *pairs)).as_signed_long()
        else:
            table = encoding.table(node)
            found = [v for v, c in table.items() if z3.is_true(z3.simplify(z3.substitute(c, *pairs)))]
            found = found[0] if len(found) == 1 else found
        if found != values[node]:
            wrong.append(
                f"{dag.show(node)} is {found}, not {values[node]}, in {grounded.instance.show(state)}"
            )
    return wrong


def solutions(
    asked: Solver, encoding: Encoding, cells: tuple[Variables, ...], instance: Instance
) -> set[State]:
    """All states that can be the value of some variables."""
    found: set[State] = set()
    while asked.ask("another") is Result.POSSIBLE:
        model = asked.model()
        found.add(state_of(model, cells, instance))
        values = [pair for c in cells for pair in fixed(c, code_of(model, c), asked.context)]
        asked.add(z3.Not(z3.And(*(variable == value for variable, value in values))))
    return found


def wrong_steps(grounded: Grounded, state: State) -> list[str]:
    """Where the step relation does not lead where the semantics does."""
    instance, asked = grounded.instance, solver()
    encoding = Encoding(grounded, asked.context)
    pairs = [
        pair
        for number, code in enumerate(codes(instance, state))
        for pair in fixed(encoding.cell(number), code, asked.context)
    ]
    asked.add(encoding.step(), *(variable == value for variable, value in pairs))
    found = solutions(asked, encoding, encoding.primed, instance)
    right = {s.target for s in Dynamics.of(instance).successors(state) if isinstance(s, Step)}
    return (
        [f"from {instance.show(state)}: {sorted(map(instance.show, found ^ right))}"]
        if found != right
        else []
    )


def check_encoding(text: str) -> None:
    spec = mmcheck.loads(text)
    instance, truth = small_instance(spec, spec.checks[0])
    grounded = Grounded(instance)
    list(grounded.goals(instance.system.properties))
    if len(grounded.dag.nodes) > 4_000:
        return
    asked = solver()
    encoding = Encoding(grounded, asked.context)
    asked.add(encoding.beginning())
    begins = {s for s in initial_states(instance) if not isinstance(s, Failure)}
    assert solutions(asked, encoding, encoding.state, instance) == begins, text
    states = list(truth.depths)[:: max(1, len(truth.depths) // MOST_STATES)][:MOST_STATES]
    for state in states:
        assert wrong_values(grounded, state) == [], text
        assert wrong_steps(grounded, state) == [], text


SHORT = settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)


def test_random_specs() -> None:
    SHORT(given(specs())(check_encoding))()


@pytest.mark.slow
@pytest.mark.timeout(3_600)
def test_many_random_specs() -> None:
    settings(SHORT, max_examples=500)(given(specs())(check_encoding))()


def test_wide_numbers_and_sets() -> None:
    spec = mmcheck.loads(WIDE)
    instance = instantiate(spec, spec.checks[0])[1]
    grounded = Grounded(instance)
    list(grounded.goals(instance.system.properties))
    cells = Encoding(grounded, z3.Context()).state
    assert [isinstance(cell, Wide) for cell in cells] == [True, True, False, False, False, False, False]
    assert isinstance(cells[3], Flags) and cells[3].is_set
    dynamics = Dynamics.of(instance)
    states = [s for s in islice(initial_states(instance), 0, 256_000, 40_009) if not isinstance(s, Failure)]
    for _ in range(2):
        states += [
            s.target for state in states for s in dynamics.successors(state)[:2] if isinstance(s, Step)
        ]
    for state in states[::3]:
        assert wrong_values(grounded, state) == []
        assert wrong_steps(grounded, state) == []
