"""How the checks and scenarios of specs/ksm_file_pages.mmc end."""

from __future__ import annotations

from pins.pin import Pin

SPEC = "specs/ksm_file_pages.mmc"
MERGED = {"a_merged_page_is_mapped": 4, "a_reference_outlives_its_mapping": 4}
COPIED = {
    "a_merged_page_is_mapped": 0,
    "a_reference_outlives_its_mapping": 6,
    "every_task_has_a_copy": 3,
    "a_task_stores_while_it_alone_may": 0,
}

PINS = [
    Pin(
        SPEC,
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
    Pin(SPEC, "merged", 16178, 14, {}, MERGED),
    Pin(
        SPEC,
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
        SPEC,
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
        SPEC,
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
        SPEC,
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
        SPEC,
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
        SPEC,
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
    Pin(SPEC, "special_entries", 37874, 17, {}, MERGED),
    Pin(
        SPEC,
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
        SPEC,
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
        SPEC,
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
        SPEC,
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
    Pin(SPEC, "copies_list", 558, 9, {"collecting_ends": None}, COPIED),
    Pin(SPEC, "copies_closed_list", 558, 9, {}, COPIED),
    Pin(
        SPEC,
        "copies_while_referenced",
        1566,
        13,
        {"loads_return_the_last_write": 8, "copies_are_equal": 8},
        COPIED,
    ),
    Pin(
        SPEC,
        "exclusive",
        506,
        8,
        {},
        {"a_reference_outlives_its_mapping": 4, "a_task_stores_while_it_alone_may": 3},
    ),
    Pin(SPEC, "exclusive_fault_does_not_break", 578, 8, {"exclusive_access_keeps_others_out": 3}, {}),
    Pin(SPEC, "exclusive_write_does_not_break", 506, 8, {"exclusive_access_stops_system_calls": 3}, {}),
    Pin(SPEC, "exclusive_splice_does_not_break", 506, 8, {"exclusive_access_stops_system_calls": 3}, {}),
    Pin(SPEC, "exclusive_device_does_not_break", 578, 8, {"exclusive_access_keeps_others_out": 3}, {}),
    Pin(SPEC, "exclusive_while_referenced", 506, 7, {"exclusive_access_begins_without_references": 4}, {}),
]

SCENARIOS = {
    "merged_until_written": 11,
    "a_referenced_page_is_not_merged": 11,
    "copies_are_collected": 11,
    "exclusive_access_is_ended": 14,
}
