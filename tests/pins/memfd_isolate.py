"""How the checks and scenarios of specs/memfd_isolate.mmc end."""

from __future__ import annotations

from pins.pin import Pin

SPEC = "specs/memfd_isolate.mmc"

PINS = [
    Pin(
        SPEC,
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
        SPEC,
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
        SPEC,
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
    Pin(SPEC, "corrected_with_readers", 35424, 17, {}, {"sealed_while_referenced_by_a_reader": 5}),
    Pin(
        SPEC,
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
    Pin(SPEC, "two_pages", 865824, 22, {}, {"page_left_behind_without_a_seal": 7}),
]

SCENARIOS = {
    "sealing_fails_without_memory": 11,
    "read_in_time": 9,
    "locked_areas": 10,
    "a_reader_costs_a_copy": 4,
    "mappings_come_and_go": 14,
}
