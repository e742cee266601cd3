"""How the checks and scenarios of specs/dax_sync_fault.mmc end."""

from __future__ import annotations

from pins.pin import Pin

SPEC = "specs/dax_sync_fault.mmc"
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

PINS = [
    Pin(SPEC, "not_mapped_before_the_flush", 12_917, 19, {}, CRASHES | WAITS),
    Pin(SPEC, "not_mapped_before_the_flush_two_tasks", 2787, 13, {}, CRASHES | WAITS_LONGER),
    Pin(SPEC, "read_only_before_the_flush", 11_875, 19, {}, CRASHES | WAITS),
    Pin(SPEC, "read_only_before_the_flush_two_tasks", 2231, 12, {}, CRASHES | WAITS_LONGER),
    Pin(SPEC, "enabled_before_the_flush", 491, 12, NOT_SYNC, CRASHES | WAITS_LONGER | AT_ONCE),
    Pin(SPEC, "never_flushed", 504, 12, NOT_SYNC | NEVER_WAITS, CRASHES | AT_ONCE),
    Pin(SPEC, "flushed_before_allocating", 449, 12, NOT_SYNC | NEVER_WAITS, CRASHES | AT_ONCE),
    Pin(
        SPEC,
        "joins_the_running_commit",
        18_785,
        22,
        {"writably_mapped_blocks_are_durable": 6, "flushed_stores_survive_a_crash": 9},
        CRASHES | WAITS,
    ),
    Pin(
        SPEC,
        "only_the_allocator_flushes",
        4112,
        13,
        {"writably_mapped_blocks_are_durable": 2, "flushed_stores_survive_a_crash": 5},
        CRASHES | WAITS_LONGER | {"sync_mapping_is_writable": 3, "unflushed_store": 3},
    ),
    Pin(
        SPEC,
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
        SPEC,
        "lock_dropped_entry_rechecked",
        2253,
        22,
        {"writably_mapped_blocks_are_durable": 8, "flushed_stores_survive_a_crash": 11},
        CRASHES | WAITS,
    ),
    Pin(
        SPEC,
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

SCENARIOS = {
    "stored_flushed_and_crashed": 8,
    "without_map_sync": 4,
    "second_fault_is_fast": 8,
    "two_faults_on_one_block": 9,
    "allocated_while_a_commit_runs": 7,
    "freed_and_allocated_again": 14,
}
