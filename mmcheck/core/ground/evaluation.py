"""Symbolic evaluation: the value of a term over the nodes of a state, and where it has none."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, assert_never

from msgspec import Struct, field

from mmcheck.core import terms
from mmcheck.core.codes import code_bounds, least
from mmcheck.core.ground.cells import Cells
from mmcheck.core.ground.nodes import Nodes, base_type, common_type, convert, width
from mmcheck.core.instance import bindings
from mmcheck.core.terms import ArithmeticOp, Comparison, Local, Place, Quantifier, SetOp, Term
from mmcheck.core.types import OptionalType, RangeType, SetType, StructType, Type

Join: TypeAlias = Callable[[int, int], int]
Known: TypeAlias = Callable[[int], int]


class Evaluation(Struct, dict=True):
    """Terms over a state. `reads` holds the node of each cell that a term sees.

    `path` is the condition under which what is at hand is reached; `alive` that no requirement was false and
    no error met so far; `stopped` that a body has ended early; `fails` that an error was met."""

    cells: Cells
    locals: dict[str, Nodes]
    after: list[int] = field(default_factory=list)
    """The nodes of the cells after the step that a term is about, if it is about one."""
    by: str = ""
    """The transition that makes the step."""

    def __post_init__(self) -> None:
        self.dag = self.cells.dag
        self.instance = self.cells.instance
        self.reads = list(self.cells.unchanged)
        self.path = self.alive = self.dag.true
        self.stopped = self.fails = self.dag.false

    # --- conditions --------------------------------------------------------------------------------------

    @property
    def reached(self) -> int:
        """Whether the statement at hand is executed."""
        return self.dag.conj(self.path, self.alive, self.dag.invert(self.stopped))

    def fail(self, condition: int) -> None:
        """An error where the condition is true."""
        error = self.dag.conj(self.reached, condition)
        self.fails = self.dag.disj(self.fails, error)
        self.alive = self.dag.conj(self.alive, self.dag.invert(error))

    def under(self, condition: int, term: Term) -> Nodes:
        """The value of a term that is evaluated only where the condition is true."""
        outer = self.path
        self.path = self.dag.conj(self.path, condition)
        nodes = self.value(term)
        self.path = outer
        return nodes

    # --- places ------------------------------------------------------------------------------------------

    def locate(self, place: Place) -> list[tuple[int, slice]]:
        """The cells that a place may be, each with the condition under which it is."""
        slices = self.cells.slices(place.variable, place.path)
        indices = [self.value(index)[0] for index in place.indices]
        constants = tuple(self.dag.constant(index) for index in indices)
        if None not in constants:
            return [(self.dag.true, slices[constants])] if constants in slices else []
        found = []
        for codes, cells in slices.items():
            pairs = zip(indices, codes, strict=True)
            equal = [self.dag.eq(i, self.dag.const(c)) for i, c in pairs if c is not None]
            condition = self.dag.conj(*equal)
            if condition != self.dag.false:
                found.append((condition, cells))
        return found

    def some_cells(self, place: Place) -> slice:
        return next(iter(self.instance.slices(place.variable, place.path).values()))

    def read(self, place: Place, primed: bool) -> Nodes:
        state = self.after if primed else self.reads
        # Where no cell can be meant, the place has no value (an index is null, say), and any will do.
        found = self.locate(place) or [(self.dag.false, self.some_cells(place))]
        # One of the conditions is true wherever the place has a value at all, so the last needs no test.
        nodes = state[found[-1][1]]
        for condition, cells in found[:-1]:
            nodes = [self.dag.ite(condition, a, b) for a, b in zip(state[cells], nodes, strict=True)]
        return tuple(nodes)

    # --- terms -------------------------------------------------------------------------------------------

    def truth(self, term: Term) -> int:
        return self.value(term)[0]

    def value(self, term: Term) -> Nodes:
        """The value of a term where it is reached and has one; where it has none, `fails` says so."""
        dag = self.dag
        match term:
            case terms.Literal(value, type):
                return self.cells.constant(value, type)
            case terms.Local(name):
                return self.locals[name]
            case terms.Read(place, primed):
                return self.read(place, primed)
            case terms.FieldOf(record, name):
                return self.field(record, name)
            case terms.Not(arg):
                return (dag.invert(self.truth(arg)),)
            case terms.And(args):
                return (self.junction(args, dag.true, dag.conj, lambda known: known),)
            case terms.Or(args):
                return (self.junction(args, dag.false, dag.disj, dag.invert),)
            case terms.Implies(left, right):
                premise = self.truth(left)
                if premise == dag.false:
                    return (dag.true,)
                return (dag.disj(dag.invert(premise), self.under(premise, right)[0]),)
            case terms.Compare():
                return (self.compare(term),)
            case terms.Arithmetic(operator, left, right):
                first, second = self.truth(left), self.truth(right)
                add = operator is ArithmeticOp.ADD
                return (dag.add(first, second) if add else dag.sub(first, second),)
            case terms.Conditional(condition, then, orelse, type):
                return self.conditional(condition, then, orelse, type)
            case terms.Quantified(quantifier, binders, where, body):
                forall = quantifier is Quantifier.FORALL
                parts = self.each(binders, where, body)
                if forall:
                    return (dag.conj(*(dag.disj(dag.invert(w), b) for w, b in parts)),)
                return (dag.disj(*(dag.conj(w, b) for w, b in parts)),)
            case terms.Count(binders, where, body):
                total = dag.const(0)
                for matching, counted in self.each(binders, where, body):
                    total = dag.add(total, dag.conj(matching, counted))
                return (total,)
            case terms.SetLiteral(items, type):
                return (self.set(items, type),)
            case terms.SetOperation(operation, left, right, type):
                return (self.combine(operation, left, right, type),)
            case terms.Member(element, container):
                return (self.member(element, container),)
            case terms.Cardinality(container):
                return (dag.popcount(self.truth(container)),)
            case terms.Coerce():
                return self.coerce(term)
            case terms.Let(local, bound, body):
                given = convert(dag, self.value(bound), bound.type, local.type)
                outer = self.locals
                self.locals = {**outer, local.name: given}
                nodes = self.value(body)
                self.locals = outer
                return nodes
            case terms.By(transitions):
                return (dag.true if self.by in transitions else dag.false,)
            case _:
                assert_never(term)

    def junction(self, args: tuple[Term, ...], neutral: int, join: Join, go_on: Known) -> int:
        """A conjunction or disjunction, each part evaluated only where those before do not decide."""
        known = neutral
        for arg in args:
            further = go_on(known)
            if further == self.dag.false:
                break
            known = join(known, self.under(further, arg)[0])
        return known

    def conditional(self, condition: Term, then: Term, orelse: Term, type: Type) -> Nodes:
        test = self.truth(condition)
        if self.dag.constant(test) is not None:
            chosen = then if test == self.dag.true else orelse
            return convert(self.dag, self.value(chosen), chosen.type, type)
        taken = convert(self.dag, self.under(test, then), then.type, type)
        other = convert(self.dag, self.under(self.dag.invert(test), orelse), orelse.type, type)
        return tuple(self.dag.ite(test, a, b) for a, b in zip(taken, other, strict=True))

    def each(self, binders: tuple[Local, ...], where: Term | None, body: Term) -> list[tuple[int, int]]:
        """For every binding that may count, whether it does, and the truth of the body."""
        found = []
        outer = dict(self.locals)
        for values in self.instance.values(binders):
            self.locals |= self.cells.named(binders, bindings(binders, values))
            condition = self.dag.true if where is None else self.truth(where)
            if condition != self.dag.false:
                found.append((condition, self.under(condition, body)[0]))
        self.locals = outer
        return found

    def field(self, record: Term, name: str) -> Nodes:
        nodes = iter(self.value(record))
        assert isinstance(record.type, StructType)
        for inner in record.type.fields:
            part = tuple(next(nodes) for _ in range(width(inner.type)))
            if inner.name == name:
                return part
        raise KeyError(name)

    def compare(self, term: terms.Compare) -> int:
        dag = self.dag
        common = common_type(term.left.type, term.right.type)
        left = convert(dag, self.value(term.left), term.left.type, common)
        right = convert(dag, self.value(term.right), term.right.type, common)
        match term.op:
            case Comparison.EQ:
                return dag.conj(*(dag.eq(a, b) for a, b in zip(left, right, strict=True)))
            case Comparison.LT:
                return dag.lt(left[0], right[0])
            case Comparison.LE:
                return dag.le(left[0], right[0])
            case _:
                assert_never(term.op)

    def set(self, items: tuple[Term, ...], type: Type) -> int:
        assert isinstance(type, SetType)
        mask = self.dag.const(0)
        for item in items:
            mask = self.dag.union(mask, self.singleton(self.truth(item), type))
        return mask

    def singleton(self, element: int, type: SetType) -> int:
        return self.dag.bit(self.dag.sub(element, self.dag.const(least(type.element))))

    def combine(self, operation: SetOp, left: Term, right: Term, type: Type) -> int:
        a = convert(self.dag, self.value(left), left.type, type)[0]
        b = convert(self.dag, self.value(right), right.type, type)[0]
        match operation:
            case SetOp.UNION:
                return self.dag.union(a, b)
            case SetOp.INTERSECTION:
                return self.dag.intersection(a, b)
            case SetOp.DIFFERENCE:
                return self.dag.difference(a, b)
            case _:
                assert_never(operation)

    def member(self, element: Term, container: Term) -> int:
        dag = self.dag
        assert isinstance(container.type, SetType)
        code, mask = self.truth(element), self.truth(container)
        low, high = code_bounds(container.type.element, self.instance.sizes)
        inside = (
            dag.conj(
                dag.eq(code, dag.const(value)),
                dag.eq(dag.intersection(mask, dag.const(1 << (value - low))), dag.const(1 << (value - low))),
            )
            for value in range(low, high + 1)
        )
        return dag.disj(*inside)

    def coerce(self, term: terms.Coerce) -> Nodes:
        """The value as one of the type; an error where it is none."""
        nodes, actual, wanted = self.value(term.arg), term.arg.type, term.type
        if isinstance(actual, OptionalType) and not isinstance(wanted, OptionalType):
            null = self.dag.eq(nodes[0], self.dag.const(least(actual)))
            self.fail(null)
        self.fail(self.outside(nodes[0], actual, wanted))
        return convert(self.dag, nodes, actual, wanted)

    def outside(self, node: int, actual: Type, wanted: Type) -> int:
        """Whether a number, or an element of a set of numbers, lies outside of the wanted range."""
        dag = self.dag
        match base_type(actual), base_type(wanted):
            case RangeType() as own, RangeType(lo, hi):
                assert lo is not None and hi is not None
                out = dag.disj(dag.lt(node, dag.const(lo)), dag.lt(dag.const(hi), node))
                null = dag.const(least(OptionalType(own)))
                return dag.conj(out, dag.invert(dag.eq(node, null))) if own != actual else out
            case SetType(RangeType(first, last)), SetType(RangeType(lo, hi)):
                assert first is not None and last is not None and lo is not None and hi is not None
                mask = sum(1 << (v - first) for v in range(first, last + 1) if not lo <= v <= hi)
                return dag.invert(dag.eq(dag.intersection(node, dag.const(mask)), dag.const(0)))
            case _:
                return dag.false
