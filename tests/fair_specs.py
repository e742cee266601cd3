"""Random specs about fairness: few states, many ways to go round in them, properties that may well hold.

The general strategy seldom writes a spec in which fairness decides. Here nothing can go wrong in any other
way: guards and assignments are of the simplest kind, most transitions are fair, and loops are common."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st

FAIR = ("", "fair ", "fair ", "strong fair ")
ATOMS = ("n == 0", "n == 1", "n != 2", "b", "!b", "a[t]", "!a[t]", "c == x", "c != x", "walk[t] at one")
GLOBAL = ("n == 0", "n == 2", "b", "!b", "exists T u: a[u]", "forall T u: a[u]", "c == y", "n == 1")
CHANGES = (
    "n = 0;",
    "n = 1;",
    "n = 2;",
    "b = !b;",
    "b = true;",
    "a[t] = !a[t];",
    "a[t] = true;",
    "forall T u { a[u] = false; }",
    "c = any;",
    "if (n < 2) { choose E e where e != c; c = e; }",
    "if (b) { n = 2; } else { c = x; }",
    "",
)


class Writer:
    def __init__(self, draw: Any) -> None:
        self.draw = draw

    def pick(self, options: tuple[str, ...]) -> str:
        return options[self.draw(st.integers(0, len(options) - 1))]

    def below(self, n: int) -> int:
        return int(self.draw(st.integers(0, n - 1)))

    def guard(self, atoms: tuple[str, ...]) -> str:
        parts = [self.pick(atoms) for _ in range(1 + self.below(2))]
        return f" {self.pick(('&&', '||'))} ".join(f"({part})" for part in parts)

    def body(self) -> str:
        require = f"require {self.guard(ATOMS)}; " if self.below(4) else ""
        return require + " ".join(self.pick(CHANGES) for _ in range(1 + self.below(2)))

    def prop(self, number: int) -> str:
        params, atoms = ("(T t)", ATOMS) if self.below(2) else ("", GLOBAL)
        kind = self.pick(("eventually", "always eventually", "eventually always", "~>", "~>"))
        goal = self.guard(atoms)
        body = f"{self.guard(atoms)} ~> {goal}" if kind == "~>" else f"{kind} {goal}"
        return f"liveness l{number}{params}: {body};"

    def spec(self) -> str:
        lines = [
            "sort T = 2; enum E { x, y }",
            f"state {{ 0..2 n{self.pick(('', ' = any'))}; bool b; bool a[T]; E c; }}",
        ]
        jump = self.pick(("", "goto one;", "goto two;", "exit;"))
        steps = [
            f"{self.pick(FAIR)}step {s} {{ {self.body()} {e} }}" for s, e in (("one", ""), ("two", jump))
        ]
        lines.append(f"{self.pick(FAIR)}process walk(T t) {{ {' '.join(steps)} }}")
        for i in range(1 + self.below(4)):
            lines.append(f"{self.pick(FAIR)}transition t{i}(T t) {{ {self.body()} }}")
        if not self.below(4):
            lines.append("transition crash(T t) { require b; reset walk; }")
        if not self.below(4):
            lines.append(f"assume u: {self.guard(GLOBAL)};")
        return "\n".join([*lines, *(self.prop(i) for i in range(4))]) + "\n"


@st.composite
def fair_specs(draw: Any) -> str:
    """The text of a spec."""
    return Writer(draw).spec()
