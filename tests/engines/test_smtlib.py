"""Scripts for solvers: their size follows that of the graph, not that of the formulas written out."""

from __future__ import annotations

import mmcheck
from mmcheck import session
from mmcheck.engines.symbolic.grounded import Grounded
from mmcheck.engines.symbolic.smtlib import Script


def test_what_expressions_share_is_written_once() -> None:
    spec = mmcheck.loads("state { bool a; bool b; }")
    grounded = Grounded(session.instantiate(spec, spec.checks[0])[1])
    dag = grounded.dag
    node, other = dag.cell(0), dag.cell(1)
    for _ in range(60):
        either, both = dag.disj(node, other), dag.conj(node, other)
        node, other = dag.conj(either, dag.invert(both)), dag.disj(both, dag.invert(node))
    script = Script(grounded, "a title")
    script.say(node)
    assert len(script.lines) < 1_000
