"""The explicit engine with sizes so tiny that all of its machinery runs, against the oracle.

Tiny blocks, batches and tables force growth, collisions and spills in specs of a few states.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from agreement import differences, small_instance, verify
from hypothesis import given
from msgspec.structs import replace
from strategies import specs
from test_agreement import LONG, SHORT, load

import mmcheck
from mmcheck import session
from mmcheck.engines.engine import Preferences
from mmcheck.engines.explicit.engine import ExplicitEngine
from mmcheck.engines.explicit.search import Tuning
from mmcheck.session import verifying


def tunings(folder: Path) -> dict[str, Tuning]:
    """Sizes so small that everything which depends on them happens in a few states."""
    tiny = Tuning(block=3, batch=5, threads=2, prune=0, switch=0, first_capacity=2)
    return {
        "tiny": tiny,
        "tiny, one thread": replace(tiny, block=2, batch=1, threads=1, switch=4),
        "tiny, no symmetry": replace(tiny, symmetry=False),
        "never in tables": Tuning(block=5, batch=7, threads=1, switch=10**9),
        "never in tables, no symmetry": Tuning(block=5, batch=7, prune=0, switch=10**9, symmetry=False),
        "on disk": replace(tiny, spill=folder, spill_after=2),
        "on disk, no symmetry": replace(tiny, spill=folder, spill_after=2, symmetry=False),
    }


def check_tunings(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = load(text)
    _, expected = small_instance(spec, spec.checks[0])
    if not expected.depths:
        return
    for name, tuning in tunings(folder).items():

        def tuned(preferences: Preferences = Preferences(), tuning: Tuning = tuning) -> ExplicitEngine:  # noqa: B008
            return ExplicitEngine(tuning)

        monkeypatch.setitem(verifying.ENGINES, "tuned", tuned)  # type: ignore[arg-type]  # it is a dict
        outcome = verify(spec, spec.checks[0], "tuned")
        assert differences(outcome, expected) == [], f"{name}\n{text}"


def test_random_specs_with_tiny_sizes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    SHORT(given(specs())(lambda text: check_tunings(text, tmp_path / "spill", monkeypatch)))()


@pytest.mark.slow
@pytest.mark.timeout(3_600)
def test_many_random_specs_with_tiny_sizes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    LONG(given(specs())(lambda text: check_tunings(text, tmp_path / "spill", monkeypatch)))()


def test_the_tunings_do_what_they_are_for(tmp_path: Path) -> None:
    """A search of some hundred states goes through tables that grow, and to disk."""
    spec = mmcheck.loads(
        "sort Page = 3; state { 0..3 n[Page]; }\n"
        "transition more(Page p) { n[p] = (n[p] == 3 ? 0 : n[p] + 1); }"
    )
    _, instance = session.instantiate(spec, spec.checks[0])
    plain = ExplicitEngine().check(instance, ("no model error",), mmcheck.Limits(), session.ignore)
    for tuning in tunings(tmp_path / "spill").values():
        answer = ExplicitEngine(tuning).check(instance, ("no model error",), mmcheck.Limits(), session.ignore)
        expected = 20 if tuning.symmetry else 64
        assert answer.statistics.states == expected
        assert plain.statistics.states == 20
