"""Ground expressions as SMT-LIB 2: sets as a Bool for each element, numbers as bit vectors.

This is a second way to say what expressions mean, apart from `symbolic.encoding` and from the circuits of
ic3, for readers and for other solvers: what an engine proved with the one is proved again with the other.

All numbers of a script have one width, in which the least and the greatest of them fit with a sign, so that
nothing that is added wraps around. (As integers they took solvers up to a hundred times longer.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct, field

from mmcheck.core.codes import decode, least
from mmcheck.core.dag import Op
from mmcheck.core.types import SetType, show_value
from mmcheck.engines.symbolic.grounded import Grounded

_WIDTH = "§"
"""Stands for the width of numbers as long as a script is not finished. It is in no name."""

_NUMBER = f"(_ BitVec {_WIDTH})"

_OPERATION = {Op.ADD: "bvadd", Op.SUB: "bvsub"}


class Script(Struct):
    """One script: declarations, definitions and assertions, in the order in which they are needed.

    The cells of a frame have the frame's number in their names, where there are several frames."""

    grounded: Grounded
    title: str
    is_possible: bool = False
    frames: bool = False
    lines: list[str] = field(default_factory=list)
    _declared: set[tuple[int, int]] = field(default_factory=set)
    _defined: dict[tuple[str, int, int], str] = field(default_factory=dict)
    _members: dict[tuple[int, int], list[str]] = field(default_factory=dict)
    _sets: dict[int, bool] = field(default_factory=dict)
    _low: int = 0
    _high: int = 1
    """All numbers so far are between these."""

    def text(self) -> str:
        """The whole script."""
        status = "sat" if self.is_possible else "unsat"
        head = [f"; {line}" for line in self.title.splitlines()]
        whole = [*head, "(set-logic QF_BV)", f"(set-info :status {status})", *self.lines, "(check-sat)", ""]
        width = max((-self._low - 1).bit_length(), self._high.bit_length()) + 1
        return "\n".join(whole).replace(_WIDTH, str(width))

    def _within(self, low: int, high: int) -> None:
        """Some number may be as small, and as great, as this."""
        self._low, self._high = min(self._low, low), max(self._high, high)

    def say(self, *nodes: int, frame: int = 0, why: str = "") -> None:
        """Assert that some of the predicates is true of a frame."""
        parts = []
        for node in nodes:
            self.grounded.look()
            parts.append(self.truth(node, frame))
        self.claim(junction("or", parts, "false"), why)

    def claim(self, formula: str, why: str = "") -> None:
        """Assert a formula."""
        self.lines += [f"; {line}" for line in why.splitlines()]
        self.lines.append(f"(assert {formula})")

    # --- cells -------------------------------------------------------------------------------------------

    def declare(self, frame: int = 0) -> None:
        """Declare all cells of a frame."""
        for number in range(self.grounded.count):
            self._declare(number, frame)

    def _declare(self, number: int, frame: int) -> None:
        if (number, frame) in self._declared:
            return
        self._declared.add((number, frame))
        low, high = self.grounded.dag.cell_bounds[number]
        if self._is_set_cell(number):
            self.lines += [f"(declare-const {name} Bool)" for name in self._element_names(number, frame)]
        elif (low, high) == (0, 1):
            self.lines.append(f"(declare-const {self._name(number, frame)} Bool)")
        else:
            name = self._name(number, frame)
            self._within(low, high)
            self.lines.append(f"(declare-const {name} {_NUMBER})")
            least, greatest = self._constant(low), self._constant(high)
            self.lines.append(f"(assert (and (bvsle {least} {name}) (bvsle {name} {greatest})))")

    def _is_set_cell(self, number: int) -> bool:
        cells = self.grounded.instance.cells
        return number < len(cells) and isinstance(cells[number].type, SetType)

    def _name(self, number: int, frame: int, element: str = "") -> str:
        if number >= self.grounded.count:
            return f"|input {number - 2 * self.grounded.count}|"
        at = f" @{frame}" if self.frames else ""
        return f"|{self.grounded.instance.cells[number]!r}{element}{at}|"

    def _element_names(self, number: int, frame: int) -> list[str]:
        type = self.grounded.instance.cells[number].type
        assert isinstance(type, SetType)
        codes = range(self.grounded.dag.cell_bounds[number][1].bit_length())
        names = (show_value(decode(code + least(type.element), type.element)) for code in codes)
        return [self._name(number, frame, f" has {name}") for name in names]

    def same(self, number: int, one: int, other: int) -> str:
        """That a cell has the same value in two frames."""
        if not self._is_set_cell(number):
            return f"(= {self._name(number, one)} {self._name(number, other)})"
        pairs = zip(self._element_names(number, one), self._element_names(number, other), strict=True)
        return junction("and", [f"(= {a} {b})" for a, b in pairs], "true")

    def equal(self, number: int, at: int, node: int, frame: int) -> str:
        """That a cell has, in one frame, the value that an expression has in another."""
        cell = self.grounded.dag.cell(number)
        if not self._is_set_cell(number):
            return f"(= {self.number(cell, at)} {self.number(node, frame)})"
        pairs = self._aligned((self.members(cell, at), self.members(node, frame)))
        return junction("and", [f"(= {a} {b})" for a, b in pairs], "true")

    # --- expressions -------------------------------------------------------------------------------------

    def truth(self, node: int, frame: int = 0) -> str:
        """A truth value."""
        # Asked before anything below is: what many expressions share is gone through once.
        if ("t", node, frame) in self._defined:
            return self._defined["t", node, frame]
        op, args, value = self.grounded.dag.nodes[node]
        match op:
            case Op.CONST:
                return "true" if value else "false"
            case Op.CELL if not self._is_set_cell(value) and self.grounded.dag.bounds[node] == (0, 1):
                self._declare(value, frame)
                return self._name(value, frame)
            case Op.NOT:
                return f"(not {self.truth(args[0], frame)})"
            case Op.AND | Op.OR:
                parts = " ".join(self.truth(arg, frame) for arg in args)
                return self._define("t", node, frame, "Bool", f"({op.value} {parts})")
            case Op.EQ:
                return self._define("t", node, frame, "Bool", self._equality(args, frame))
            case Op.LT:
                left, right = (self.number(arg, frame) for arg in args)
                return self._define("t", node, frame, "Bool", f"(bvslt {left} {right})")
            case _ if self.is_set(node):
                return self.members(node, frame)[0]
            case _:
                return f"(= {self.number(node, frame)} {self._constant(1)})"

    def _equality(self, args: Sequence[int], frame: int) -> str:
        if any(map(self.is_set, args)):
            pairs = self._aligned(self.members(arg, frame) for arg in args)
            return junction("and", [f"(= {a} {b})" for a, b in pairs], "true")
        return f"(= {self.number(args[0], frame)} {self.number(args[1], frame)})"

    def number(self, node: int, frame: int = 0) -> str:
        """A number."""
        if ("n", node, frame) in self._defined:
            return self._defined["n", node, frame]
        op, args, value = self.grounded.dag.nodes[node]
        if not self.is_set(node):
            self._within(*self.grounded.dag.bounds[node])
        match op:
            case Op.CONST:
                return self._constant(value)
            case Op.CELL if not self._is_set_cell(value) and self.grounded.dag.bounds[node] != (0, 1):
                self._declare(value, frame)
                return self._name(value, frame)
            case Op.ADD | Op.SUB:
                parts = " ".join(self.number(arg, frame) for arg in args)
                return self._define("n", node, frame, _NUMBER, f"({_OPERATION[op]} {parts})")
            case Op.ITE:
                then, orelse = self.number(args[1], frame), self.number(args[2], frame)
                made = f"(ite {self.truth(args[0], frame)} {then} {orelse})"
                return self._define("n", node, frame, _NUMBER, made)
            case Op.POPCOUNT:
                ones = " ".join(self._indicator(member) for member in self.members(args[0], frame))
                return self._define("n", node, frame, _NUMBER, f"(bvadd {self._constant(0)} {ones})")
            case _:
                return self._indicator(self.truth(node, frame))

    def _indicator(self, condition: str) -> str:
        """1 where a condition is true, else 0."""
        return f"(ite {condition} {self._constant(1)} {self._constant(0)})"

    def _constant(self, value: int) -> str:
        self._within(value, value)
        return f"(_ bv{value} {_WIDTH})" if value >= 0 else f"(bvneg (_ bv{-value} {_WIDTH}))"

    def is_set(self, node: int) -> bool:
        """Whether an expression is a set; a constant is what it is used with."""
        if node not in self._sets:
            op, args, value = self.grounded.dag.nodes[node]
            match op:
                case Op.CELL:
                    self._sets[node] = self._is_set_cell(value)
                case Op.UNION | Op.INTERSECTION | Op.DIFFERENCE | Op.BIT:
                    self._sets[node] = True
                case Op.ITE:
                    self._sets[node] = self.is_set(args[1]) or self.is_set(args[2])
                case _:
                    self._sets[node] = False
        return self._sets[node]

    def members(self, node: int, frame: int = 0) -> list[str]:
        """A set: for each element whether it is in."""
        if (node, frame) not in self._members:
            made = self._made_members(node, frame)
            named = (
                self._define(f"s{i}.", node, frame, "Bool", member) if member.startswith("(") else member
                for i, member in enumerate(made)
            )
            self._members[node, frame] = list(named)
        return self._members[node, frame]

    def _made_members(self, node: int, frame: int) -> Iterator[str]:
        op, args, value = self.grounded.dag.nodes[node]
        match op:
            case Op.CONST:
                yield from ("true" if value >> i & 1 else "false" for i in range(value.bit_length()))
            case Op.CELL if self._is_set_cell(value):
                self._declare(value, frame)
                yield from self._element_names(value, frame)
            case Op.BIT:
                number, high = self.number(args[0], frame), max(self.grounded.dag.bounds[args[0]][1], 0)
                yield f"(bvsle {number} {self._constant(0)})"
                yield from (f"(= {number} {self._constant(i)})" for i in range(1, high + 1))
            case Op.UNION | Op.INTERSECTION | Op.DIFFERENCE:
                form = {
                    Op.UNION: "(or {} {})",
                    Op.INTERSECTION: "(and {} {})",
                    Op.DIFFERENCE: "(and {} (not {}))",
                }
                yield from (
                    form[op].format(a, b) for a, b in self._aligned(self.members(x, frame) for x in args)
                )
            case Op.ITE:
                test = self.truth(args[0], frame)
                branches = self._aligned(self.members(arg, frame) for arg in args[1:])
                yield from (f"(ite {test} {a} {b})" for a, b in branches)
            case Op.NOT | Op.AND | Op.OR | Op.EQ | Op.LT:
                yield self.truth(node, frame)
            case _:
                # An input that stands for a set: its bits.
                number, high = self.number(node, frame), self.grounded.dag.bounds[node][1]
                for i in range(high.bit_length()):
                    yield f"(= ((_ extract {i} {i}) {number}) #b1)"

    def _aligned(self, rows: Iterable[list[str]]) -> list[tuple[str, ...]]:
        rows = list(rows)
        length = max(map(len, rows))
        return list(zip(*([*row, *["false"] * (length - len(row))] for row in rows), strict=True))

    def _define(self, kind: str, node: int, frame: int, sort: str, body: str) -> str:
        """A name for an expression, so that it is written once."""
        key = kind, node, frame
        if key not in self._defined:
            self._defined[key] = f"{kind}{node}" + (f"@{frame}" if self.frames else "")
            self.lines.append(f"(define-fun {self._defined[key]} () {sort} {body})")
        return self._defined[key]


def junction(word: str, parts: Sequence[str], neutral: str) -> str:
    """Formulas joined by a word."""
    if len(parts) <= 1:
        return parts[0] if parts else neutral
    return f"({word} {' '.join(parts)})"
