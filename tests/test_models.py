"""The shipped models and specs: every verdict, state count, depth and counterexample length, pinned.

A change of any of these numbers is a change of what a model says. Those of `memfd_seal` and `dax_remap` agree
with those of searches written by hand in Python for the same designs, without this project's language or
engines.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet
from pins import (
    PINS,
    SCENARIOS,
    dax_remap,
    dax_sync_fault,
    gup_writeback,
    memfd_isolate,
    memfd_seal,
    overlay_copyup,
)
from pins.pin import Pin

from mmcheck.core.outcome import CheckOutcome, Ending, SpecOutcome
from mmcheck.core.verdict import Proved, Unknown, Violated, Witness
from mmcheck.engines.engine import Preferences
from mmcheck.session import Options, find_specs, load, verify_file

ROOT = Path(__file__).parent.parent

SLOW = 100_000
"""From how many states on a check is left to the nightly run."""


def verify(file: Path, check: str) -> tuple[SpecOutcome, CheckOutcome]:
    outcome = verify_file(
        str(file),
        Options(checks=(check,), preferences=Preferences(symmetry=False)),
        observe=lambda progress: None,
    )
    assert not outcome.diagnostics
    (only,) = outcome.checks
    return outcome, only


def violated(outcome: CheckOutcome) -> dict[str, int | None]:
    """The lengths of the counterexamples, None where nothing was found, or where the run never ends."""
    return {
        p.prop.name: None
        if p.verdict.trace is None or p.verdict.trace.loop is not None
        else p.verdict.trace.length
        for p in outcome.properties
        if isinstance(p.verdict, Violated)
    }


def shown(outcome: CheckOutcome) -> dict[str, int]:
    """The lengths of the witnesses."""
    return {
        p.prop.name: p.verdict.evidence.length
        for p in outcome.properties
        if isinstance(p.verdict, Proved) and isinstance(p.verdict.evidence, Witness)
    }


def pinned(pin: Pin) -> ParameterSet:
    marks = [pytest.mark.slow] if pin.states > SLOW else []
    return pytest.param(pin, id=f"{Path(pin.file).stem}-{pin.check}", marks=marks)


@pytest.mark.parametrize("pin", [pinned(pin) for pin in PINS])
def test_a_check_ends_as_it_always_did(pin: Pin) -> None:
    spec, check = verify(ROOT / pin.file, pin.check)
    assert (check.statistics.states, check.statistics.depth) == (pin.states, pin.depth)
    assert check.statistics.complete
    assert violated(check) == pin.violated
    assert shown(check) == pin.shown
    assert tuple(p.prop.name for p in check.properties if isinstance(p.verdict, Unknown)) == pin.unknown
    assert spec.ending is Ending.AS_EXPECTED
    assert [warning.message for warning in check.warnings] == []


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda file: Path(file).stem)
def test_every_scenario_works(file: str) -> None:
    spec, check = verify(ROOT / file, "scenarios")
    assert shown(check) == SCENARIOS[file]
    assert spec.ending is Ending.AS_EXPECTED


def test_every_shipped_check_is_pinned() -> None:
    files, _ = find_specs((str(ROOT / "models"), str(ROOT / "specs")))
    shipped = {(Path(file).name, check.name) for file in files for check in load(file).checks}
    known = {(Path(pin.file).name, pin.check) for pin in PINS}
    assert shipped == known | {(Path(file).name, "scenarios") for file in SCENARIOS}


@pytest.mark.parametrize(
    ("spec", "check", "mutated", "guard", "replacement", "broken", "steps"),
    [
        pytest.param(
            memfd_seal.SPEC,
            "merged",
            "seals.mmc",
            "waited_for[p] = cached(p) && referenced(p);",
            "waited_for[p] = cached(p) && read_referenced[p];",
            "sealed_pages_cannot_change",
            6,
            id="the seal waits for readers only",
        ),
        pytest.param(
            dax_remap.SPEC,
            "as_described",
            "dax.mmc",
            "&& !pte_writable[t][f] && !is_shared(f);",
            "&& !pte_writable[t][f];",
            "no_store_reaches_another_file",
            1,
            id="a write fault does not look whether the block is shared",
        ),
        pytest.param(
            gup_writeback.SPEC,
            "bounce_for_gup",
            "gup_writeback.mmc",
            "require !is_busy(to);",
            "",
            "checksum_matches",
            6,
            id="what is copied back does not wait for the disk",
        ),
        pytest.param(
            gup_writeback.SPEC,
            "block_until_unpinned_short_pins",
            "writeback.mmc",
            "if (protects_first) { writable[cache[o]] = false; }",
            "",
            "writeback_ends",
            None,
            id="the page is not protected before the wait",
        ),
        pytest.param(
            memfd_isolate.SPEC,
            "corrected",
            "memfd_isolate.mmc",
            "if (referenced(old)) {",
            "if (read_referenced[old]) {",
            "sealed_pages_cannot_change",
            8,
            id="only pages that are being read are replaced",
        ),
        pytest.param(
            dax_sync_fault.SPEC,
            "not_mapped_before_the_flush",
            "journal.mmc",
            "durable[f] == b || (commit_runs && committing[f] == b)",
            "durable[f] == b",
            "no_store_reaches_another_file_after_a_crash",
            5,
            id="a freed block does not wait for the commit that runs",
        ),
        pytest.param(
            overlay_copyup.SPEC,
            "pages_shared_two_overlays",
            "overlay.mmc",
            "== o { pte[g] = null; }\n        }\n    }\n",
            "!= o { pte[g] = null; }\n        }\n    }\n",
            "a_load_returns_the_last_write",
            6,
            id="copying up unmaps in the other overlay",
        ),
    ],
)
def test_a_broken_guard_is_found(
    tmp_path: Path,
    spec: str,
    check: str,
    mutated: str,
    guard: str,
    replacement: str,
    broken: str,
    steps: int | None,
) -> None:
    """The copy lies beside the models, so that it imports the broken one."""
    shutil.copytree(ROOT / "models", tmp_path, dirs_exist_ok=True)
    copy = Path(shutil.copy(ROOT / spec, tmp_path))
    text = (tmp_path / mutated).read_text(encoding="utf-8")
    assert text.count(guard) == 1
    (tmp_path / mutated).write_text(text.replace(guard, replacement), encoding="utf-8")
    outcome, found = verify(copy, check)
    assert outcome.ending is Ending.UNEXPECTED
    assert violated(found)[broken] == steps
