"""Random specs: engines agree with the oracle, the meaning with a second interpreter, print with parse."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from agreement import blame_is_true, differences, semantic_differences, small_instance, verify
from hypothesis import HealthCheck, Phase, given, settings
from strategies import specs

import mmcheck
from mmcheck.core.certify import replay
from mmcheck.core.verdict import Proved, Violated, Witness
from mmcheck.diagnostics import Collector
from mmcheck.engines.registry import EXHAUSTIVE
from mmcheck.source import SourceFile
from mmcheck.syntax.parser import parse
from mmcheck.syntax.printer import show

SHORT = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    # Shrinking a spec takes minutes; the spec that fails is printed whole, and is small.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
LONG = settings(SHORT, max_examples=1_500)


def load(text: str) -> mmcheck.Spec:
    """The spec of a generated text, which must not have errors."""
    try:
        return mmcheck.loads(text)
    except mmcheck.SpecError as error:
        pytest.fail(f"the strategy wrote a spec with errors: {error}\n{text}")


def check_engines(text: str) -> None:
    """Every engine finds what the oracle finds; what it shows can be replayed, and explains itself truly."""
    spec = load(text)
    instance, expected = small_instance(spec, spec.checks[0])
    if not expected.depths and expected.judgements["no model error"].holds:
        with pytest.raises(mmcheck.SpecError, match="E504"):
            verify(spec, spec.checks[0], "reference")
        return
    for engine in EXHAUSTIVE:
        outcome = verify(spec, spec.checks[0], engine)
        assert differences(outcome, expected) == [], f"{engine}\n{text}"
        assert blame_is_true(outcome) == [], f"{engine}\n{text}"
        for each in outcome.properties:
            match each.verdict:
                case Violated(trace) if trace is not None:
                    replay(instance, trace)
                case Proved(Witness(runs)):
                    for _, trace in runs:
                        replay(instance, trace)
                case _:
                    pass


def check_semantics(text: str) -> None:
    """The core and the naive interpreter take the same steps, from up to 40 reachable states."""
    spec = load(text)
    instance, expected = small_instance(spec, spec.checks[0])
    assert semantic_differences(text, instance, list(expected.depths)[:40]) == [], text


def check_printing(text: str) -> None:
    """What is printed is parsed to the same tree, and printed the same again."""
    collector = Collector()
    tree = parse(SourceFile("<text>", text), collector)
    printed = show(tree)
    again = parse(SourceFile("<printed>", printed), collector)
    assert collector.diagnostics == []
    assert again == tree, printed
    assert show(again) == printed


CHECKS = pytest.mark.parametrize("check", [check_engines, check_semantics, check_printing])


@CHECKS
def test_random_specs(check: Callable[[str], None]) -> None:
    SHORT(given(specs())(check))()


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@CHECKS
def test_many_random_specs(check: Callable[[str], None]) -> None:
    LONG(given(specs())(check))()
