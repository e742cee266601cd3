"""Which steps need not be taken from a state, as what they lead to is reached in another way.

A breadth-first search that knows one action by which it found a state s, from a state p of the level before,
can leave out a step b from s, without missing a state or finding it later than it should:

- Two actions *commute* if neither writes what the other reads or writes. If a found s and b commutes with a,
  then b was enabled in p too, and a is enabled in b(p) and leads to b(s). One of the two ways is enough, so b
  is left out of s if b comes before a in an order of the actions. What is left out in favour of a later
  action may be left out there in favour of a still later one, and so on; as actions are finitely many, the
  last of them is taken.
- A step that leads where a single step c from p leads as well (or back to p: unpin after pin), finds nothing
  that is not found from p.

Both are decided from the texts of the actions alone. All steps are still counted, and all are looked at by
the properties of steps: only their targets are not looked up.

References: the first rule is that of sleep sets (P. Godefroid, Partial-order methods for the verification of
concurrent systems, 1996), for one step back and without their price, as every state is still visited.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from mmcheck.core.dag import Dag, Op
from mmcheck.core.ground import GroundAction

MOST_PAIRS = 250_000
"""With more pairs of actions than this, none is compared but for commuting."""

Effect = frozenset[tuple[int, int]]
"""What an action does if it only writes constants: cells, with their values (as nodes)."""


def needed_steps(dag: Dag, actions: Sequence[GroundAction]) -> NDArray[np.bool_]:
    """[b, t]: whether action b has to be taken from states with tag t: those that action t - 1 found, and for
    t = 0 those of which no such action is known."""
    count = len(actions)
    needed = np.ones((count, count + 1), np.bool_)
    before = np.arange(count)[:, None] < np.arange(count)[None, :]
    needed[:, 1:] = ~(commuting(dag, actions) & before)
    if count * count <= MOST_PAIRS:
        shortcuts = _Shortcuts(dag, actions)
        for b, t in np.argwhere(needed).tolist():
            needed[b, t] = not (t and shortcuts.has(t - 1, b))
    return needed


def commuting(dag: Dag, actions: Sequence[GroundAction]) -> NDArray[np.bool_]:
    """[a, b]: whether neither of two actions writes what the other reads or writes."""
    cells = len(dag.cell_bounds)
    reads, writes = (np.zeros((len(actions), cells), np.float32) for _ in range(2))
    for number, action in enumerate(actions):
        reads[number, list(_read(dag, action))] = 1
        writes[number, list(_written(dag, action))] = 1
    disturbs = writes @ np.maximum(reads, writes).T > 0
    return np.asarray(~(disturbs | disturbs.T))


def _written(dag: Dag, action: GroundAction) -> frozenset[int]:
    return frozenset(cell for cell, node in action.updates.items() if node != dag.cell(cell))


def _read(dag: Dag, action: GroundAction) -> frozenset[int]:
    """The cells that decide whether an action is enabled, and what it writes."""
    values = (dag.support(action.updates[cell]) for cell in _written(dag, action))
    return dag.support(action.guard).union(*values)


class _Shortcuts(Struct, dict=True):
    """Pairs of actions that do together what one of them all does alone, or nothing."""

    dag: Dag
    actions: Sequence[GroundAction]

    def __post_init__(self) -> None:
        self.effects = [self._effect(action) for action in self.actions]
        self.conditions = [self._conjuncts(action.guard) for action in self.actions]
        self.by_effect: dict[Effect, list[int]] = {}
        for number, effect in enumerate(self.effects):
            if effect is not None:
                self.by_effect.setdefault(effect, []).append(number)

    def has(self, first: int, second: int) -> bool:
        """Whether the second action after the first leads where a single one leads, or back."""
        one, two = self.effects[first], self.effects[second]
        if one is None or two is None:
            return False
        values = {**dict(one), **dict(two)}
        known = self._known(first, dict(one), second)
        facts = dict(fact for node in known for fact in self._facts(node))
        whole = frozenset((cell, value) for cell, value in values.items() if facts.get(cell) != value)
        return not whole or any(
            all(self._holds(condition, known, facts) for condition in self.conditions[third])
            for third in self._with_effect(whole, values)
        )

    def _with_effect(self, whole: Effect, values: Mapping[int, int]) -> list[int]:
        """The actions that write what is to be written, and perhaps what is there already."""
        full = frozenset(values.items())
        return [*self.by_effect.get(whole, ()), *(self.by_effect.get(full, ()) if full != whole else ())]

    def _effect(self, action: GroundAction) -> Effect | None:
        written = {cell: action.updates[cell] for cell in _written(self.dag, action)}
        if any(self.dag.constant(node) is None for node in written.values()):
            return None
        return frozenset(written.items())

    def _known(self, first: int, effect: dict[int, int], second: int) -> frozenset[int]:
        """Conditions that are true in every state in which the first action and then the second is taken."""
        memo: dict[int, int] = {}
        after = (self.dag.substitute(node, effect, memo) for node in self.conditions[second])
        later = (part for node in after for part in self._conjuncts(node))
        return frozenset((*self.conditions[first], *later))

    def _conjuncts(self, node: int) -> tuple[int, ...]:
        op, args, _ = self.dag.nodes[node]
        return args if op is Op.AND else (node,)

    def _facts(self, node: int) -> Iterator[tuple[int, int]]:
        """The cell whose value a true condition tells, with that value (as a node)."""
        op, args, value = self.dag.nodes[node]
        if op is Op.CELL:
            yield value, self.dag.true
        elif op is Op.NOT and self.dag.nodes[args[0]].op is Op.CELL:
            yield self.dag.nodes[args[0]].value, self.dag.false
        elif op is Op.EQ and self.dag.constant(args[0]) is not None and self.dag.nodes[args[1]].op is Op.CELL:
            yield self.dag.nodes[args[1]].value, args[0]

    def _holds(self, condition: int, known: frozenset[int], facts: Mapping[int, int]) -> bool:
        """Whether a condition follows from those that are known, as far as one can see."""
        if condition == self.dag.true or condition in known:
            return True
        op, args, _ = self.dag.nodes[condition]
        excluded = self._facts(args[0]) if op is Op.NOT else ()
        return any(facts.get(cell, value) != value for cell, value in excluded)
