"""What statements and expressions of the language become in the core."""

from __future__ import annotations

import pytest

import mmcheck
from mmcheck.core.system import Invariant, StepInvariant, System

WORLD = """
sort P = 2; enum E { a, b } struct S { bool f; 0..3 g; } const bool yes = true; const 0..9 N = 3;
state { bool x; 0..3 n; bool m[P]; P? p; set P s; S r[P]; E e; }
def is_set(P q) = m[q]; def some() = exists P t: is_set(t); def all(P t, P u) = is_set(t) && is_set(u);
"""


def system(text: str) -> System:
    return mmcheck.loads(WORLD + text).declared.system


def body(statements: str, params: str = "P q, P t") -> str:
    return repr(system(f"transition it({params}) {{ {statements} }}").transition("it").body)[1:-1].rstrip(",")


def invariant(expr: str, word: str = "invariant") -> str:
    prop = system(f"transition t(P q) {{ m[q] = true; }} {word} it: {expr};").properties[1]
    assert isinstance(prop, Invariant | StepInvariant)
    return repr(prop.body)


@pytest.mark.parametrize(
    ("written", "lowered"),
    [
        ("x && m[q] && n < 2", None),
        ("n > 2", "(< 2 n)"),
        ("n >= 2", "(<= 2 n)"),
        ("n != 2", "(not (= n 2))"),
        ("x <=> n == N", "(= x (= n 3))"),
        ("n + 1 - N == 0", "(= (- (+ n 1) 3) 0)"),
        ("-n < 0", "(< (- 0 n) 0)"),
        ("p != null && m[p]", "(and (not (= p null)) (m (as P p)))"),
        ("p in s", "(member p s)"),
        ("s - {} == s", "(= (difference s {}) s)"),
        ("count(s) == 0", "(= (card s) 0)"),
        ("(count P t: m[t]) == 0", "(= (count ((t P)) (m t)) 0)"),
        ("exists P t: r[t].f", "(exists ((t P)) (r t .f))"),
        ("forall P t, u where t != u: m[t]", "(forall ((t P) (u P)) :where (not (= t u)) (m t))"),
        ("forall P t: exists P t: m[t]", "(forall ((t P)) (exists ((t$2 P)) (m t$2)))"),
        ("yes && x", "x"),
        ("(yes ? x : n == 7)", "x"),
        ("x => yes", "(=> x true)"),
        ("some()", "(exists ((some.t P)) (let ((is_set.q some.t)) (m is_set.q)))"),
        ("exists P t: is_set(t)", "(exists ((t P)) (let ((is_set.q t)) (m is_set.q)))"),
        ("e == b", "(= e b)"),
    ],
)
def test_expressions(written: str, lowered: str | None) -> None:
    if lowered is None:
        with pytest.raises(mmcheck.SpecError, match="E200"):
            invariant(written)
    else:
        assert invariant(written) == lowered


@pytest.mark.parametrize(
    ("written", "lowered"),
    [
        ("x' => x", "(=> x' x)"),
        (
            "forall P t: m'[t] => is_set(t)'",
            "(forall ((t P)) (=> (m t)' (let ((is_set.q t)) (m is_set.q)')))",
        ),
        ("by(t)", "(by t)"),
        ("n' == n + 1", "(= n' (+ n 1))"),
    ],
)
def test_step_expressions(written: str, lowered: str) -> None:
    assert invariant(written, "step invariant") == lowered


@pytest.mark.parametrize(
    ("written", "lowered"),
    [
        ("require x;", "(require x)"),
        ("n = n + 1;", "(set n (as 0..3 (+ n 1)))"),
        ("n = 2;", "(set n 2)"),
        ("p = q;", "(set p q)"),
        ("p = null;", "(set p null)"),
        ("m[p] = any;", "(havoc (m (as P p)))"),
        ("r[q].g = N;", "(set (r q .g) 3)"),
        ("let k = n; n = k;", "(let k n), (set n k)"),
        ("choose P c where !m[c]; m[c] = true;", "(choose ((c P)) :where (not (m c))), (set (m c) true)"),
        ("if (x) { n = 0; } else if (m[q]) { n = 1; }", "(if x [(set n 0)] [(if (m q) [(set n 1)] [])])"),
        ("if (yes) { n = 0; } else { n = 1; }", "(set n 0)"),
        ("forall P u where u != q { m[u] = x; }", "(forall ((u P)) :where (not (= u q)) [(set (m u) x)])"),
        ("assert x || m[t];", "(assert (or x (m t)))"),
        ("reset x, m;", "(set x false), (forall ((m.i0 P)) [(set (m m.i0) false)])"),
        (
            "let q2 = q; if (x) { let q2 = t; m[q2] = x; }",
            "(let q2 q), (if x [(let q2$2 t) (set (m q2$2) x)] [])",
        ),
    ],
)
def test_statements(written: str, lowered: str) -> None:
    assert body(written) == lowered


def test_processes() -> None:
    lowered = system(
        "process w(P q) { local bool k = x; step one { k = !x; goto two; } step two { if (k) { exit; } } }"
    )
    assert {t.name: repr(t.body) for t in lowered.transitions} == {
        "w.one": "((require (= (w q .at) one)), (set (w q .k) (not x)), (set (w q .at) two), (stop))",
        "w.two": "((require (= (w q .at) two)), (if (w q .k) [(set (w q .at) exited) (stop)] []), "
        "(set (w q .at) one), (set (w q .k) x))",
    }
    assert repr(lowered.init[-1]) == "(forall ((w.q P)) [(set (w w.q .at) one) (set (w w.q .k) x)])"
    variable = lowered.variable("w")
    assert variable.volatile and variable.process and repr(variable.indices) == "(P,)"


def test_what_constants_forbid_is_impossible() -> None:
    lowered = system("transition no() { require !yes; } transition maybe() { if (x) { require !yes; } }")
    assert [t.impossible for t in lowered.transitions] == [True, False]


BULK = [
    ("forall P u { m[u] = true; }", False),
    ("forall P u { x = true; }", True),
    ("forall P u { m[q] = true; }", True),
    ("forall P u { m[u] = true; m[u] = false; }", True),
    ("forall P u { if (x) { m[u] = true; } else { m[u] = false; } }", False),
    ("forall P u { if (x) { m[u] = true; } m[u] = false; }", True),
    ("forall P u { r[u].f = true; r[u].g = 1; }", False),
    ("forall P u { r[u].f = true; r[u] = r[q]; }", True),
    ("forall P u { forall P v { m[u] = true; } }", True),
    ("forall P u { forall P v { mm[u][v] = true; } }", False),
    ("forall P u, v { mm[u][v] = mm[v][u]; }", False),
    ("forall P u { mm[u][u] = true; }", False),
    ("forall P u { mm[u][q] = true; mm[u][t] = false; }", True),
    ("forall P u { mm[u][q] = true; mm[q][u] = false; }", True),
    ("forall P u { n = 1; }", True),
    ("forall P? u where u != null { m[u] = true; }", False),
    ("forall 0..5 i where i < 2 { small[i] = true; }", False),
    ("forall P u { forall P u { mm[u][u] = true; } }", True),
]


@pytest.mark.parametrize(("written", "twice"), BULK)
def test_bulk_updates_write_cells_of_their_own(written: str, twice: bool) -> None:
    text = f"{WORLD} state {{ bool mm[P][P]; bool small[0..1]; }} transition it(P q, P t) {{ {written} }}"
    if twice:
        with pytest.raises(mmcheck.SpecError, match="E401"):
            mmcheck.loads(text)
    else:
        assert mmcheck.loads(text).declared.system.transitions
