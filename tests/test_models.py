"""The shipped models and specs: every verdict, state count, depth and counterexample length, pinned.

A change of any of these numbers is a change of what a model says. The numbers agree with those of searches
written by hand in Python for the same designs, without this project's language or engines.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from mmcheck.core.outcome import CheckOutcome, Ending, SpecOutcome
from mmcheck.core.verdict import Proved, Unknown, Violated, Witness
from mmcheck.engines.engine import Preferences
from mmcheck.session import Options, find_specs, load, verify_file

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Pin:
    """How a check ends. `violated` has the lengths of the counterexamples, None for what is unreachable;
    `shown` those of the witnesses. All other properties are proved by exhaustion."""

    file: str
    check: str
    states: int
    depth: int
    violated: dict[str, int | None] = field(default_factory=dict)
    shown: dict[str, int] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()


# --- models ----------------------------------------------------------------------------------------------

MODELS = [
    Pin("models/blocks.mmc", "default", 30, 2),
    Pin("models/data.mmc", "default", 1, 0),
    Pin("models/dax.mmc", "default", 408, 6),
    Pin("models/gup.mmc", "default", 800, 11),
    Pin("models/mappings.mmc", "default", 100, 4),
    Pin("models/page_cache.mmc", "default", 4, 2),
    Pin("models/seals.mmc", "default", 6880, 15),
]

# --- memfd_seal ------------------------------------------------------------------------------------------

SEAL = "specs/memfd_seal.mmc"
LIMITS_OF_SEALS: dict[str, int | None] = {
    "write_seal_alone_freezes_content": 4,
    "future_write_seal_freezes_content": 4,
}
NEVER_EBUSY: dict[str, int | None] = {"ebusy_although_nobody_can_write": None}
EBUSY = {"ebusy_although_nobody_can_write": 4}
SEALED = {
    "file_can_be_sealed": 2,
    "sealed_while_mapped_privately": 3,
    "old_mapping_writes_after_future_write": 2,
    "old_pin_writes_after_future_write": 4,
    "sealed_beside_a_pinned_page_that_left": 6,
}
LIVENESS = ("seal_ends",)

SEAL_PINS = [
    Pin(
        SEAL,
        "seal_ignores_pins",
        512,
        10,
        NEVER_EBUSY
        | {
            "sealed_pages_cannot_change": 5,
            "sealed_pages_are_not_pinned": 4,
            "write_and_shrink_seals_freeze_content": 6,
            "write_seal_alone_freezes_content": 3,
            "future_write_seal_freezes_content": 4,
        },
        SEALED
        | {
            "file_can_be_sealed": 1,
            "sealed_while_mapped_privately": 2,
            "sealed_beside_a_pinned_page_that_left": 5,
        },
        LIVENESS,
    ),
    Pin(SEAL, "merged", 6880, 15, LIMITS_OF_SEALS, SEALED | EBUSY, LIVENESS),
    Pin(
        SEAL,
        "checks_mappings_once",
        1256,
        11,
        LIMITS_OF_SEALS
        | {
            "sealed_pages_cannot_change": 4,
            "sealed_file_is_not_writably_mapped": 3,
            "sealed_pages_are_not_pinned": 4,
            "write_and_shrink_seals_freeze_content": 5,
        },
        SEALED | EBUSY | {"sealed_beside_a_pinned_page_that_left": 5},
        LIVENESS,
    ),
    Pin(
        SEAL,
        "counts_only_prot_write",
        1440,
        11,
        LIMITS_OF_SEALS
        | {
            "sealed_pages_cannot_change": 5,
            "sealed_file_is_not_writably_mapped": 3,
            "sealed_pages_are_not_pinned": 5,
            "write_and_shrink_seals_freeze_content": 6,
        },
        SEALED | EBUSY,
        LIVENESS,
    ),
    Pin(SEAL, "waits_for_pins_that_last", 704, 11, LIMITS_OF_SEALS | NEVER_EBUSY, SEALED, LIVENESS),
    Pin(SEAL, "waits_for_pins_that_end", 352, 10, LIMITS_OF_SEALS | NEVER_EBUSY, SEALED, LIVENESS),
    Pin(SEAL, "waits_for_readers_as_well", 704, 11, LIMITS_OF_SEALS | NEVER_EBUSY, SEALED, LIVENESS),
    Pin(SEAL, "page_left_the_file", 3008, 15, LIMITS_OF_SEALS | NEVER_EBUSY, SEALED, LIVENESS),
]

# --- dax_remap -------------------------------------------------------------------------------------------

REMAP = "specs/dax_remap.mmc"
MOVED = {
    "files_share_a_block": 0,
    "stores_to_flush_during_a_move": 3,
    "mapped_during_a_move": 2,
    "stores_while_another_file_is_moved": 2,
}

REMAP_PINS = [
    Pin(REMAP, "as_described", 3750, 10, {}, MOVED),
    Pin(REMAP, "as_described_two_tasks", 9648, 22, {}, MOVED),
    Pin(
        REMAP,
        "without_block_faults",
        13179,
        16,
        {
            "no_block_remapped_while_writably_mapped": 4,
            "mapped_blocks_are_the_files_own": 4,
            "no_dirty_data_lost": 5,
            "no_store_reaches_another_file": 7,
            "clean_files_are_on_the_media": 8,
        },
        MOVED,
    ),
    Pin(REMAP, "without_fdatasync", 1041, 12, {"no_dirty_data_lost": 5}, MOVED),
    Pin(REMAP, "without_fdatasync_copying_what_is_seen", 2931, 20, {}, MOVED),
    Pin(REMAP, "without_unmap", 2577, 16, {"mapped_blocks_are_the_files_own": 4}, MOVED),
    Pin(REMAP, "without_remap", 3198, 8, {}, MOVED),
    Pin(REMAP, "without_unblock_faults", 1062, 12, {"faults_are_unblocked_in_the_end": 4}, MOVED),
    Pin(REMAP, "fdatasync_before_block_faults", 6984, 18, {"no_dirty_data_lost": 6}, MOVED),
    Pin(REMAP, "unmap_before_fdatasync", 4272, 10, {}, MOVED),
    Pin(REMAP, "remap_before_unmap", 2667, 18, {"mapped_blocks_are_the_files_own": 4}, MOVED),
    Pin(
        REMAP,
        "unblock_faults_before_remap",
        4737,
        18,
        {
            "no_block_remapped_while_writably_mapped": 6,
            "mapped_blocks_are_the_files_own": 6,
            "no_dirty_data_lost": 7,
            "no_store_reaches_another_file": 11,
            "clean_files_are_on_the_media": 12,
        },
        MOVED,
    ),
]

# --- scenarios -------------------------------------------------------------------------------------------

SCENARIOS = {
    SEAL: {
        "pin_outlives_munmap": 11,
        "unpinned_during_the_wait": 8,
        "a_reader_fails_the_seal": 8,
        "readable_mapping_prevents_the_seal": 4,
        "mapping_of_readonly_descriptor_does_not_prevent_it": 3,
        "mapping_after_the_seal": 3,
        "fork_keeps_the_mapping": 5,
        "future_write_keeps_the_old_mapping": 9,
        "page_punched_while_pinned": 7,
        "truncated_after_write_seal": 4,
    },
    REMAP: {"a_reflink_is_broken": 8, "a_file_is_moved_under_a_task": 11, "a_clone_stops_the_stores": 3},
}

PINS = [*MODELS, *SEAL_PINS, *REMAP_PINS]

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
    """The lengths of the counterexamples, None where the violation is that nothing was found."""
    return {
        p.prop.name: None if p.verdict.trace is None else p.verdict.trace.length
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
            SEAL,
            "merged",
            "seals.mmc",
            "waited_for[p] = cached(p) && referenced(p);",
            "waited_for[p] = cached(p) && read_referenced[p];",
            "sealed_pages_cannot_change",
            6,
            id="the seal waits for readers only",
        ),
        pytest.param(
            REMAP,
            "as_described",
            "dax.mmc",
            "&& !pte_writable[t][f] && !is_shared(f);",
            "&& !pte_writable[t][f];",
            "no_store_reaches_another_file",
            1,
            id="a write fault does not look whether the block is shared",
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
    steps: int,
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
