"""How the checks and scenarios of specs/dax_remap.mmc end."""

from __future__ import annotations

from pins.pin import Pin

SPEC = "specs/dax_remap.mmc"
MOVED = {
    "files_share_a_block": 0,
    "stores_to_flush_during_a_move": 3,
    "mapped_during_a_move": 2,
    "stores_while_another_file_is_moved": 2,
}

PINS = [
    Pin(SPEC, "as_described", 3750, 10, {}, MOVED),
    Pin(SPEC, "as_described_two_tasks", 9648, 22, {}, MOVED),
    Pin(
        SPEC,
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
    Pin(SPEC, "without_fdatasync", 1041, 12, {"no_dirty_data_lost": 5}, MOVED),
    Pin(SPEC, "without_fdatasync_copying_what_is_seen", 2931, 20, {}, MOVED),
    Pin(SPEC, "without_unmap", 2577, 16, {"mapped_blocks_are_the_files_own": 4}, MOVED),
    Pin(SPEC, "without_remap", 3198, 8, {}, MOVED),
    Pin(SPEC, "without_unblock_faults", 1062, 12, {"faults_are_unblocked_in_the_end": 4}, MOVED),
    Pin(SPEC, "fdatasync_before_block_faults", 6984, 18, {"no_dirty_data_lost": 6}, MOVED),
    Pin(SPEC, "unmap_before_fdatasync", 4272, 10, {}, MOVED),
    Pin(SPEC, "remap_before_unmap", 2667, 18, {"mapped_blocks_are_the_files_own": 4}, MOVED),
    Pin(
        SPEC,
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

SCENARIOS = {
    "a_reflink_is_broken": 8,
    "a_file_is_moved_under_a_task": 11,
    "a_clone_stops_the_stores": 7,
    "fdatasync_cleans": 4,
}
