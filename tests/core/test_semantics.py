"""Model errors: which there are, and what exactly is said about them."""

from __future__ import annotations

import pytest

import mmcheck
from mmcheck.core.trace import FailedStep, Failure
from mmcheck.core.verdict import Violated
from mmcheck.engines.registry import EXHAUSTIVE
from mmcheck.session import Options

WORLD = """
sort P = 2;
state { 0..2 n; 0..2? o; P? p; bool a[0..1]; bool m[P]; set 0..1 s; set P t; }
def id(0..1 k) = k;
"""


def failure_of(text: str, engine: str) -> Failure:
    outcome = mmcheck.verify(mmcheck.loads(WORLD + text), Options(engine=engine))
    verdict = outcome.checks[0].properties[0].verdict
    assert isinstance(verdict, Violated) and verdict.trace is not None, verdict
    end = verdict.trace.end
    assert end is not None
    return end.failure if isinstance(end, FailedStep) else end


@pytest.mark.parametrize("engine", EXHAUSTIVE)
@pytest.mark.parametrize(
    ("statements", "kind", "message"),
    [
        ("n = n - 1;", "range overflow", "`n - 1` is -1, outside of 0..2"),
        ("n = n + 3;", "range overflow", "`n + 3` is 3, outside of 0..2"),
        ("a[n + 2] = true;", "index out of range", "`n + 2` is 2, outside of 0..1"),
        ("require a[n - 1];", "index out of range", "`n - 1` is -1, outside of 0..1"),
        ("require m[p];", "null dereference", "`p` is null"),
        ("m[p] = true;", "null dereference", "`p` is null"),
        ("n = o;", "null dereference", "`o` is null"),
        ("require o < 2;", "null dereference", "`o` is null"),
        ("t = {p};", "null dereference", "`p` is null"),
        ("s = {n + 2};", "range overflow", "`{n + 2}` is {2}, outside of 0..1"),
        ("require id(n + 2) == 1;", "range overflow", "`n + 2` is 2, outside of 0..1"),
        ("assert n == 1;", "failed assert", "`assert n == 1;` is false"),
        ("choose 0..3 k where a[k];", "index out of range", "`k` is 2, outside of 0..1"),
        ("forall P q where m[p] { m[q] = true; }", "null dereference", "`p` is null"),
    ],
)
def test_messages(engine: str, statements: str, kind: str, message: str) -> None:
    failure = failure_of(f"transition it() {{ {statements} }}", engine)
    assert (failure.kind, failure.message) == (kind, message)
    assert failure.span is not None and failure.span.text in message
