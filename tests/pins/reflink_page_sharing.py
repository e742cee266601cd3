"""How the checks and scenarios of specs/reflink_page_sharing.mmc end."""

from __future__ import annotations

from pins.pin import Pin

SPEC = "specs/reflink_page_sharing.mmc"
SHARED = {
    "a_shared_page_is_mapped": 4,
    "files_differ_while_the_block_is_shared": 2,
    "private_beside_shared_pages": 0,
}

PINS = [
    Pin(
        SPEC,
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
    Pin(SPEC, "both_broken", 1_122_222, 17, {}, SHARED),
    Pin(
        SPEC,
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
        SPEC,
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
        SPEC,
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
            "pages_to_be_written_back_are_not_shared": 3,
        },
        SHARED,
    ),
    Pin(
        SPEC,
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
            "pages_to_be_written_back_are_not_shared": 3,
        },
        SHARED,
    ),
    Pin(
        SPEC,
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
            "pages_to_be_written_back_are_not_shared": 3,
        },
        SHARED,
    ),
    Pin(
        SPEC,
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
            "pages_to_be_written_back_are_not_shared": 4,
        },
        SHARED,
    ),
    Pin(
        SPEC,
        "keeps_old_mappings",
        1_656_768,
        22,
        {
            "loads_return_the_last_write": 5,
            "dirty_places_have_a_block_of_their_own": 11,
            "entries_lead_to_the_page_of_their_place": 4,
            "pages_to_be_written_back_have_a_place": 9,
        },
        SHARED,
    ),
    Pin(
        SPEC,
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

SCENARIOS = {
    "a_write_breaks_both": 11,
    "a_page_is_shared_again_after_a_clone": 6,
    "a_clone_into_a_mapped_file": 8,
    "a_page_is_written_back_twice": 12,
}
