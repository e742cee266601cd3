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
from msgspec import Struct, field

from mmcheck.core.outcome import CheckOutcome, Ending, SpecOutcome
from mmcheck.core.verdict import Proved, Unknown, Violated, Witness
from mmcheck.engines.engine import Preferences
from mmcheck.session import Options, find_specs, load, verify_file

ROOT = Path(__file__).parent.parent


class Pin(Struct, frozen=True):
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
    Pin("models/extents.mmc", "default", 1_122_222, 17),
    Pin("models/file_pages.mmc", "default", 2149, 9),
    Pin("models/file_seals.mmc", "without_write_seal", 3200, 13),
    Pin("models/gup.mmc", "default", 800, 11),
    Pin("models/journal.mmc", "default", 314, 11),
    Pin("models/mappings.mmc", "default", 100, 4),
    Pin("models/overlay.mmc", "default", 10377, 19),
    Pin("models/memcg.mmc", "default", 4, 2),
    Pin("models/mlock.mmc", "default", 292, 5),
    Pin("models/page_cache.mmc", "default", 4, 2),
    Pin("models/replicas.mmc", "default", 52506, 24),
    Pin("models/seals.mmc", "default", 6880, 15),
    Pin("models/writeback.mmc", "default", 20, 7),
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
NEVER_ENDS: dict[str, int | None] = {"seal_ends": None}

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
    ),
    Pin(SEAL, "merged", 6880, 15, LIMITS_OF_SEALS, SEALED | EBUSY),
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
    ),
    Pin(SEAL, "waits_for_pins_that_last", 704, 11, LIMITS_OF_SEALS | NEVER_EBUSY | NEVER_ENDS, SEALED),
    Pin(SEAL, "waits_for_pins_that_end", 352, 10, LIMITS_OF_SEALS | NEVER_EBUSY, SEALED),
    Pin(SEAL, "waits_for_readers_as_well", 704, 11, LIMITS_OF_SEALS | NEVER_EBUSY | NEVER_ENDS, SEALED),
    Pin(SEAL, "page_left_the_file", 3008, 15, LIMITS_OF_SEALS | NEVER_EBUSY, SEALED),
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

# --- reflink_page_sharing --------------------------------------------------------------------------------

REFLINK = "specs/reflink_page_sharing.mmc"
SHARED = {
    "a_shared_page_is_mapped": 4,
    "files_differ_while_the_block_is_shared": 2,
    "private_beside_shared_pages": 0,
}

REFLINK_PINS = [
    Pin(
        REFLINK,
        "separate_pages",
        158_934,
        15,
        {},
        {
            "a_shared_page_is_mapped": 0,
            "files_differ_while_the_block_is_shared": 2,
            "private_beside_shared_pages": 0,
        },
    ),
    Pin(REFLINK, "both_broken", 1_122_222, 17, {}, SHARED),
    Pin(
        REFLINK,
        "both_broken_mixed",
        1_013_742,
        19,
        {},
        {
            "a_shared_page_is_mapped": 4,
            "files_differ_while_the_block_is_shared": 2,
            "private_beside_shared_pages": 4,
        },
    ),
    Pin(
        REFLINK,
        "page_but_not_block",
        110_352,
        26,
        {
            "reads_return_the_last_write": 4,
            "loads_return_the_last_write": 6,
            "a_write_is_never_seen_through_another_file": 4,
            "clean_pages_are_on_the_media": 5,
            "dirty_places_have_a_block_of_their_own": 2,
        },
        SHARED,
    ),
    Pin(
        REFLINK,
        "block_but_not_page_by_write",
        921_108,
        23,
        {
            "reads_return_the_last_write": 3,
            "loads_return_the_last_write": 4,
            "a_write_is_never_seen_through_another_file": 3,
            "pages_are_shared_only_while_blocks_are": 5,
            "clean_pages_are_on_the_media": 4,
            "dirty_places_have_a_block_of_their_own": 3,
            "blocks_are_set_aside_for_dirty_pages": 4,
        },
        SHARED,
    ),
    Pin(
        REFLINK,
        "block_but_not_page_by_fault",
        1_003_860,
        34,
        {
            "reads_return_the_last_write": 4,
            "loads_return_the_last_write": 5,
            "a_write_is_never_seen_through_another_file": 4,
            "shared_pages_cannot_be_stored_to": 3,
            "pages_are_shared_only_while_blocks_are": 5,
            "clean_pages_are_on_the_media": 5,
            "dirty_places_have_a_block_of_their_own": 3,
            "blocks_are_set_aside_for_dirty_pages": 4,
        },
        SHARED,
    ),
    Pin(
        REFLINK,
        "shares_dirty_pages",
        829_836,
        33,
        {
            "reads_return_the_last_write": 3,
            "loads_return_the_last_write": 4,
            "a_write_is_never_seen_through_another_file": 3,
            "shared_pages_cannot_be_stored_to": 3,
            "pages_are_shared_only_while_blocks_are": 5,
            "clean_pages_are_on_the_media": 4,
            "dirty_places_have_a_block_of_their_own": 3,
            "blocks_are_set_aside_for_dirty_pages": 4,
        },
        SHARED,
    ),
    Pin(
        REFLINK,
        "shares_pages_under_writeback",
        783_756,
        35,
        {
            "reads_return_the_last_write": 4,
            "loads_return_the_last_write": 5,
            "a_write_is_never_seen_through_another_file": 4,
            "pages_are_shared_only_while_blocks_are": 5,
            "clean_pages_are_on_the_media": 5,
            "dirty_places_have_a_block_of_their_own": 4,
            "blocks_are_set_aside_for_dirty_pages": 5,
        },
        SHARED,
    ),
    Pin(
        REFLINK,
        "keeps_old_mappings",
        1_656_768,
        22,
        {"loads_return_the_last_write": 5, "dirty_places_have_a_block_of_their_own": 11},
        SHARED,
    ),
    Pin(
        REFLINK,
        "clone_without_flush",
        732_360,
        27,
        {
            "reads_return_the_last_write": 3,
            "loads_return_the_last_write": 5,
            "a_write_is_never_seen_through_another_file": 5,
            "clean_pages_are_on_the_media": 6,
            "dirty_places_have_a_block_of_their_own": 3,
        },
        SHARED,
    ),
]

# --- ksm_file_pages --------------------------------------------------------------------------------------

KSM = "specs/ksm_file_pages.mmc"
MERGED = {"a_merged_page_is_mapped": 4, "a_reference_outlives_its_mapping": 4}
COPIED = {
    "a_merged_page_is_mapped": 0,
    "a_reference_outlives_its_mapping": 6,
    "every_task_has_a_copy": 3,
    "a_task_stores_while_it_alone_may": 0,
}

KSM_PINS = [
    Pin(
        KSM,
        "all_together",
        535_218,
        26,
        {},
        {
            "a_merged_page_is_mapped": 4,
            "a_reference_outlives_its_mapping": 6,
            "every_task_has_a_copy": 3,
            "a_task_stores_while_it_alone_may": 5,
        },
    ),
    Pin(KSM, "merged", 16178, 14, {}, MERGED),
    Pin(
        KSM,
        "merged_fault_does_not_break",
        6769,
        16,
        {
            "reads_return_the_last_write": 5,
            "a_write_is_never_seen_through_another_file": 5,
            "no_write_to_a_shared_page": 5,
        },
        {},
    ),
    Pin(
        KSM,
        "merged_write_does_not_break",
        2737,
        15,
        {
            "reads_return_the_last_write": 4,
            "a_write_is_never_seen_through_another_file": 4,
            "no_write_to_a_shared_page": 4,
        },
        {},
    ),
    Pin(
        KSM,
        "merged_splice_does_not_break",
        2737,
        15,
        {
            "reads_return_the_last_write": 4,
            "a_write_is_never_seen_through_another_file": 4,
            "no_write_to_a_shared_page": 4,
        },
        {},
    ),
    Pin(
        KSM,
        "merged_device_does_not_break",
        6769,
        16,
        {
            "reads_return_the_last_write": 5,
            "a_write_is_never_seen_through_another_file": 5,
            "no_write_to_a_shared_page": 5,
        },
        {},
    ),
    Pin(
        KSM,
        "merged_device_not_told",
        92317,
        23,
        {
            "reads_return_the_last_write": 5,
            "a_write_is_never_seen_through_another_file": 5,
            "no_write_to_a_shared_page": 5,
            "merging_unmaps": 4,
            "breaking_unmaps": 5,
        },
        {},
    ),
    Pin(
        KSM,
        "merged_while_referenced",
        22105,
        20,
        {
            "reads_return_the_last_write": 6,
            "a_write_is_never_seen_through_another_file": 6,
            "no_write_to_a_shared_page": 6,
            "references_lead_to_their_place": 5,
        },
        {},
    ),
    Pin(KSM, "special_entries", 37874, 17, {}, MERGED),
    Pin(
        KSM,
        "special_entries_while_referenced",
        32569,
        22,
        {
            "reads_return_the_last_write": 6,
            "a_write_is_never_seen_through_another_file": 6,
            "no_write_to_a_shared_page": 6,
            "references_lead_to_their_place": 5,
        },
        {},
    ),
    Pin(
        KSM,
        "copies_walk",
        1422,
        18,
        {"loads_return_the_last_write": 7, "copies_are_equal": 9, "copies_are_gone_before_a_write": 6},
        {
            "a_merged_page_is_mapped": 0,
            "a_reference_outlives_its_mapping": 8,
            "every_task_has_a_copy": 3,
            "a_task_stores_while_it_alone_may": 0,
        },
    ),
    Pin(
        KSM,
        "copies_locked_walk",
        402,
        12,
        {},
        {
            "a_merged_page_is_mapped": 0,
            "a_reference_outlives_its_mapping": 8,
            "every_task_has_a_copy": 3,
            "a_task_stores_while_it_alone_may": 0,
        },
    ),
    Pin(
        KSM,
        "copies_locked_walk_and_device",
        1424,
        15,
        {"loads_return_the_last_write": 6, "copies_are_equal": 8, "copies_are_gone_before_a_write": 5},
        {
            "a_merged_page_is_mapped": 0,
            "a_reference_outlives_its_mapping": 7,
            "every_task_has_a_copy": 3,
            "a_task_stores_while_it_alone_may": 0,
        },
    ),
    Pin(KSM, "copies_list", 558, 9, {"collecting_ends": None}, COPIED),
    Pin(KSM, "copies_closed_list", 558, 9, {}, COPIED),
    Pin(
        KSM,
        "copies_while_referenced",
        1566,
        13,
        {"loads_return_the_last_write": 8, "copies_are_equal": 8},
        COPIED,
    ),
    Pin(
        KSM,
        "exclusive",
        506,
        8,
        {},
        {"a_reference_outlives_its_mapping": 4, "a_task_stores_while_it_alone_may": 3},
    ),
    Pin(KSM, "exclusive_fault_does_not_break", 578, 8, {"exclusive_access_keeps_others_out": 3}, {}),
    Pin(KSM, "exclusive_write_does_not_break", 506, 8, {"exclusive_access_stops_system_calls": 3}, {}),
    Pin(KSM, "exclusive_splice_does_not_break", 506, 8, {"exclusive_access_stops_system_calls": 3}, {}),
    Pin(KSM, "exclusive_device_does_not_break", 578, 8, {"exclusive_access_keeps_others_out": 3}, {}),
    Pin(KSM, "exclusive_while_referenced", 506, 7, {"exclusive_access_begins_without_references": 4}, {}),
]

# --- dax_sync_fault --------------------------------------------------------------------------------------

SYNC = "specs/dax_sync_fault.mmc"
NOT_SYNC: dict[str, int | None] = {
    "writably_mapped_blocks_are_durable": 1,
    "flushed_stores_survive_a_crash": 4,
}
NEVER_WAITS: dict[str, int | None] = {"a_fault_waits_beside_a_commit_that_does_not_cover_it": None}
CRASHES = {
    "a_crash_loses_a_block": 1,
    "ordinary_mapping_of_what_a_crash_loses": 2,
    "sync_mapping_is_writable": 5,
    "unflushed_store": 5,
    "a_freed_block_waits": 3,
    "a_truncated_file_may_come_back": 4,
}
WAITS = {"a_fault_waits_beside_a_commit_that_does_not_cover_it": 3}
WAITS_LONGER = {"a_fault_waits_beside_a_commit_that_does_not_cover_it": 4}
AT_ONCE = {"sync_mapping_is_writable": 2, "unflushed_store": 2}

SYNC_PINS = [
    Pin(SYNC, "not_mapped_before_the_flush", 12_917, 19, {}, CRASHES | WAITS),
    Pin(SYNC, "not_mapped_before_the_flush_two_tasks", 2787, 13, {}, CRASHES | WAITS_LONGER),
    Pin(SYNC, "read_only_before_the_flush", 11_875, 19, {}, CRASHES | WAITS),
    Pin(SYNC, "read_only_before_the_flush_two_tasks", 2231, 12, {}, CRASHES | WAITS_LONGER),
    Pin(SYNC, "enabled_before_the_flush", 491, 12, NOT_SYNC, CRASHES | WAITS_LONGER | AT_ONCE),
    Pin(SYNC, "never_flushed", 504, 12, NOT_SYNC | NEVER_WAITS, CRASHES | AT_ONCE),
    Pin(SYNC, "flushed_before_allocating", 449, 12, NOT_SYNC | NEVER_WAITS, CRASHES | AT_ONCE),
    Pin(
        SYNC,
        "joins_the_running_commit",
        18_785,
        22,
        {"writably_mapped_blocks_are_durable": 6, "flushed_stores_survive_a_crash": 9},
        CRASHES | WAITS,
    ),
    Pin(
        SYNC,
        "only_the_allocator_flushes",
        4112,
        13,
        {"writably_mapped_blocks_are_durable": 2, "flushed_stores_survive_a_crash": 5},
        CRASHES | WAITS_LONGER | {"sync_mapping_is_writable": 3, "unflushed_store": 3},
    ),
    Pin(
        SYNC,
        "lock_dropped",
        5045,
        22,
        {
            "writably_mapped_blocks_are_durable": 6,
            "flushed_stores_survive_a_crash": 9,
            "mapped_blocks_are_the_files_own": 6,
            "no_store_reaches_another_file_after_a_crash": 7,
        },
        CRASHES | WAITS,
    ),
    Pin(
        SYNC,
        "lock_dropped_entry_rechecked",
        2253,
        22,
        {"writably_mapped_blocks_are_durable": 8, "flushed_stores_survive_a_crash": 11},
        CRASHES | WAITS,
    ),
    Pin(
        SYNC,
        "freed_blocks_reused_at_once",
        1193,
        15,
        {
            "freed_blocks_wait_for_the_commit": 5,
            "no_store_reaches_another_file_after_a_crash": 5,
            "a_freed_block_waits": None,
        },
        {name: length for name, length in (CRASHES | WAITS_LONGER).items() if name != "a_freed_block_waits"},
    ),
]

# --- overlay_copyup --------------------------------------------------------------------------------------

OVERLAY = "specs/overlay_copyup.mmc"
OLD = {
    "an_old_descriptor_of_a_changed_file": 3,
    "an_old_descriptor_is_mapped_when_the_file_changes": 4,
    "the_lower_page_is_shared": 6,
    "reads_see_the_write": 3,
}
OLD_IN_STEPS = {
    "an_old_descriptor_of_a_changed_file": 6,
    "an_old_descriptor_is_mapped_when_the_file_changes": 7,
    "the_lower_page_is_shared": 6,
    "reads_see_the_write": 6,
}
ONE_OVERLAY = {"overlays_differ": 0}
TWO_OVERLAYS = {"overlays_differ": 2}
STALE_LOAD: dict[str, int | None] = {"a_load_returns_the_last_write": 5}
STALE_READ: dict[str, int | None] = {"a_read_returns_the_last_write": 4}
MAPPED: dict[str, int | None] = {"mapped_before": 6, "mapped_after": 5}

OVERLAY_PINS = [
    Pin(
        OVERLAY,
        "as_it_was_in_2016",
        462,
        11,
        STALE_READ | STALE_LOAD | MAPPED | {"four_lines": 4},
        OLD | ONE_OVERLAY | {"opened_again": 8},
    ),
    Pin(OVERLAY, "as_it_is_in_6_18", 448, 12, STALE_LOAD | MAPPED, OLD | ONE_OVERLAY | {"four_lines": 4}),
    Pin(OVERLAY, "pages_shared", 375, 9, {}, OLD | ONE_OVERLAY),
    Pin(OVERLAY, "pages_shared_in_steps", 502, 12, {}, OLD_IN_STEPS | ONE_OVERLAY),
    Pin(OVERLAY, "pages_shared_two_overlays", 7434, 13, {}, OLD | TWO_OVERLAYS),
    Pin(
        OVERLAY,
        "mappings_stay",
        500,
        13,
        {"a_load_returns_the_last_write": 6, "mapped_before": 6},
        OLD | ONE_OVERLAY | {"mapped_after": 7},
    ),
    Pin(
        OVERLAY,
        "unmapped_before_switch",
        570,
        16,
        {"a_load_returns_the_last_write": 9},
        OLD_IN_STEPS | ONE_OVERLAY,
    ),
    Pin(
        OVERLAY,
        "writers_do_not_wait",
        943,
        15,
        {"a_load_returns_the_last_write": 8},
        {
            "an_old_descriptor_of_a_changed_file": 5,
            "an_old_descriptor_is_mapped_when_the_file_changes": 6,
            "the_lower_page_is_shared": 6,
            "reads_see_the_write": 5,
        }
        | ONE_OVERLAY,
    ),
    Pin(
        OVERLAY,
        "reflinked_copy_up",
        598,
        11,
        STALE_READ | STALE_LOAD | {"four_lines": 4},
        OLD | ONE_OVERLAY,
    ),
    Pin(OVERLAY, "pages_shared_and_reflinked", 13_662, 13, {}, OLD | TWO_OVERLAYS),
    Pin(
        OVERLAY,
        "shared_downwards",
        375,
        9,
        {"the_lower_file_never_changes": 2},
        OLD | ONE_OVERLAY | {"four_lines": 4, "mapped_before": 6, "mapped_after": 7},
    ),
    Pin(
        OVERLAY,
        "shared_downwards_two_overlays",
        15_602,
        18,
        STALE_READ
        | STALE_LOAD
        | {
            "the_lower_file_never_changes": 2,
            "a_write_is_seen_in_one_overlay_only": 2,
            "the_content_is_the_last_write": 2,
            "overlays_differ": None,
            "another_overlay": 6,
        },
        OLD,
    ),
]

# --- gup_writeback ---------------------------------------------------------------------------------------

GUP = "specs/gup_writeback.mmc"
PINNED = {
    "pinned_and_write_protected": 3,
    "written_back_while_pinned": 4,
    "pinned_for_as_long_as_one_likes": 2,
    "io_into_a_page_that_left_the_file": 4,
}


def pinned_but(*unreachable: str) -> dict[str, int]:
    return {name: steps for name, steps in PINNED.items() if name not in unreachable}


GUP_PINS = [
    Pin(
        GUP,
        "as_is",
        128,
        11,
        {
            "no_dirty_without_notice": 5,
            "stable_pages": 5,
            "checksum_matches": 5,
            "clean_pages_are_on_the_disk": 6,
            "pins_end": None,
        },
        PINNED,
    ),
    Pin(
        GUP,
        "block_until_unpinned",
        3916,
        14,
        {"writeback_ends": None, "pins_end": None, "written_back_while_pinned": None},
        pinned_but("written_back_while_pinned"),
    ),
    Pin(
        GUP,
        "block_until_unpinned_short_pins",
        100,
        10,
        {"written_back_while_pinned": None, "pinned_for_as_long_as_one_likes": None},
        pinned_but("pinned_for_as_long_as_one_likes", "written_back_while_pinned"),
    ),
    Pin(
        GUP,
        "block_before_write_protecting",
        104,
        10,
        {
            "writeback_ends": None,
            "pinned_and_write_protected": None,
            "written_back_while_pinned": None,
            "pinned_for_as_long_as_one_likes": None,
        },
        pinned_but(
            "pinned_and_write_protected", "pinned_for_as_long_as_one_likes", "written_back_while_pinned"
        ),
    ),
    Pin(
        GUP,
        "block_with_page_lock",
        40,
        8,
        {
            "writeback_ends": None,
            "pins_end": None,
            "written_back_while_pinned": None,
            "pinned_for_as_long_as_one_likes": None,
        },
        pinned_but("pinned_for_as_long_as_one_likes", "written_back_while_pinned"),
    ),
    Pin(
        GUP,
        "refuse_longterm",
        82,
        11,
        {
            "no_dirty_without_notice": 5,
            "stable_pages": 5,
            "checksum_matches": 5,
            "clean_pages_are_on_the_disk": 6,
            "pinned_for_as_long_as_one_likes": None,
        },
        pinned_but("pinned_for_as_long_as_one_likes"),
    ),
    Pin(
        GUP,
        "refuse_longterm_and_block",
        1260,
        14,
        {"written_back_while_pinned": None, "pinned_for_as_long_as_one_likes": None},
        pinned_but("pinned_for_as_long_as_one_likes", "written_back_while_pinned"),
    ),
    Pin(
        GUP,
        "revoke",
        5040,
        15,
        {"no_io_is_cut_off": 4, "pins_end": None, "written_back_while_pinned": None},
        pinned_but("written_back_while_pinned"),
    ),
    Pin(
        GUP,
        "bounce_for_writeback",
        128,
        11,
        {"no_dirty_without_notice": 5, "stable_pages": 5, "clean_pages_are_on_the_disk": 6, "pins_end": None},
        PINNED,
    ),
    Pin(GUP, "bounce_for_writeback_staying_dirty", 6572, 16, {"stable_pages": 5, "pins_end": None}, PINNED),
    Pin(
        GUP,
        "bounce_for_gup",
        1292,
        13,
        {"dma_is_seen_in_the_file": 3, "no_store_is_undone": 4, "pins_end": None},
        PINNED,
    ),
    Pin(
        GUP,
        "bounce_for_gup_short_pins",
        684,
        13,
        {"dma_is_seen_in_the_file": 3, "no_store_is_undone": 4, "pinned_for_as_long_as_one_likes": None},
        pinned_but("pinned_for_as_long_as_one_likes"),
    ),
    Pin(
        GUP,
        "bounce_for_gup_by_offset",
        1292,
        13,
        {
            "dma_is_seen_in_the_file": 3,
            "no_store_is_undone": 4,
            "truncated_data_stays_away": 6,
            "pins_end": None,
        },
        PINNED,
    ),
]

# --- memfd_isolate ---------------------------------------------------------------------------------------

ISOLATE = "specs/memfd_isolate.mmc"

ISOLATE_PINS = [
    Pin(
        ISOLATE,
        "ignores_pins",
        8896,
        15,
        {
            "sealed_pages_cannot_change": 7,
            "sealed_pages_are_not_pinned": 6,
            "write_and_shrink_seals_freeze_content": 8,
            "sealed_mappings_cannot_change": 9,
            "read_succeeds_and_its_data_is_not_in_the_file": None,
            "sealed_while_referenced_by_a_reader": None,
            "page_left_behind_without_a_seal": None,
        },
        {"sealed_while_pinned": 6, "sealed_while_locked": 5},
    ),
    Pin(
        ISOLATE,
        "as_posted",
        11220,
        17,
        {
            "pages_of_the_file_are_charged": 5,
            "locked_pages_are_mapped": 7,
            "sealed_while_referenced_by_a_reader": None,
            "page_left_behind_without_a_seal": None,
        },
        {
            "read_succeeds_and_its_data_is_not_in_the_file": 9,
            "sealed_while_pinned": 7,
            "sealed_while_locked": 5,
        },
    ),
    Pin(
        ISOLATE,
        "corrected",
        9736,
        15,
        {"sealed_while_referenced_by_a_reader": None, "page_left_behind_without_a_seal": None},
        {
            "read_succeeds_and_its_data_is_not_in_the_file": 9,
            "sealed_while_pinned": 7,
            "sealed_while_locked": 5,
        },
    ),
    Pin(ISOLATE, "corrected_with_readers", 35424, 17, {}, {"sealed_while_referenced_by_a_reader": 5}),
    Pin(
        ISOLATE,
        "keeps_old_mappings",
        10360,
        15,
        {
            "mapped_pages_are_the_files_own": 7,
            "sealed_mappings_cannot_change": 10,
            "sealed_while_referenced_by_a_reader": None,
            "page_left_behind_without_a_seal": None,
        },
        {
            "read_succeeds_and_its_data_is_not_in_the_file": 9,
            "sealed_while_pinned": 7,
            "sealed_while_locked": 5,
        },
    ),
    Pin(ISOLATE, "two_pages", 865824, 22, {}, {"page_left_behind_without_a_seal": 7}),
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
        "protection_comes_and_goes": 4,
        "a_hole_is_filled_again": 4,
        "fork_keeps_the_mapping": 5,
        "future_write_keeps_the_old_mapping": 9,
        "page_punched_while_pinned": 7,
        "truncated_after_write_seal": 4,
    },
    REMAP: {
        "a_reflink_is_broken": 8,
        "a_file_is_moved_under_a_task": 11,
        "a_clone_stops_the_stores": 7,
        "fdatasync_cleans": 4,
    },
    REFLINK: {
        "a_write_breaks_both": 11,
        "a_page_is_shared_again_after_a_clone": 6,
        "a_clone_into_a_mapped_file": 8,
        "a_page_is_written_back_twice": 12,
    },
    KSM: {
        "merged_until_written": 11,
        "a_referenced_page_is_not_merged": 11,
        "copies_are_collected": 11,
        "exclusive_access_is_ended": 14,
    },
    SYNC: {
        "stored_flushed_and_crashed": 8,
        "without_map_sync": 4,
        "second_fault_is_fast": 8,
        "two_faults_on_one_block": 9,
        "allocated_while_a_commit_runs": 7,
        "freed_and_allocated_again": 14,
    },
    OVERLAY: {
        "four_lines": 4,
        "mapped_before": 6,
        "mapped_after": 7,
        "opened_again": 8,
        "another_overlay": 7,
    },
    GUP: {
        "written_behind_the_file_systems_back": 10,
        "truncated_under_a_pin": 5,
        "a_pin_that_lasts": 5,
        "truncation_waits_for_writeback": 5,
    },
    ISOLATE: {
        "sealing_fails_without_memory": 11,
        "read_in_time": 9,
        "locked_areas": 10,
        "a_reader_costs_a_copy": 4,
        "mappings_come_and_go": 14,
    },
}

PINS = [
    *MODELS,
    *SEAL_PINS,
    *REMAP_PINS,
    *REFLINK_PINS,
    *KSM_PINS,
    *SYNC_PINS,
    *OVERLAY_PINS,
    *GUP_PINS,
    *ISOLATE_PINS,
]

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
        pytest.param(
            GUP,
            "bounce_for_gup",
            "gup_writeback.mmc",
            "require !is_busy(to);",
            "",
            "checksum_matches",
            6,
            id="what is copied back does not wait for the disk",
        ),
        pytest.param(
            GUP,
            "block_until_unpinned_short_pins",
            "writeback.mmc",
            "if (protects_first) { writable[cache[o]] = false; }",
            "",
            "writeback_ends",
            None,
            id="the page is not protected before the wait",
        ),
        pytest.param(
            ISOLATE,
            "corrected",
            "memfd_isolate.mmc",
            "if (referenced(old)) {",
            "if (read_referenced[old]) {",
            "sealed_pages_cannot_change",
            8,
            id="only pages that are being read are replaced",
        ),
        pytest.param(
            SYNC,
            "not_mapped_before_the_flush",
            "journal.mmc",
            "durable[f] == b || (commit_runs && committing[f] == b)",
            "durable[f] == b",
            "no_store_reaches_another_file_after_a_crash",
            5,
            id="a freed block does not wait for the commit that runs",
        ),
        pytest.param(
            OVERLAY,
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
