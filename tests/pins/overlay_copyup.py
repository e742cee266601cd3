"""How the checks and scenarios of specs/overlay_copyup.mmc end."""

from __future__ import annotations

from pins.pin import Pin

SPEC = "specs/overlay_copyup.mmc"
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

PINS = [
    Pin(
        SPEC,
        "as_it_was_in_2016",
        462,
        11,
        STALE_READ | STALE_LOAD | MAPPED | {"four_lines": 4},
        OLD | ONE_OVERLAY | {"opened_again": 8},
    ),
    Pin(SPEC, "as_it_is_in_6_18", 448, 12, STALE_LOAD | MAPPED, OLD | ONE_OVERLAY | {"four_lines": 4}),
    Pin(SPEC, "pages_shared", 375, 9, {}, OLD | ONE_OVERLAY),
    Pin(SPEC, "pages_shared_in_steps", 502, 12, {}, OLD_IN_STEPS | ONE_OVERLAY),
    Pin(SPEC, "pages_shared_two_overlays", 7434, 13, {}, OLD | TWO_OVERLAYS),
    Pin(
        SPEC,
        "mappings_stay",
        500,
        13,
        {"a_load_returns_the_last_write": 6, "mapped_before": 6},
        OLD | ONE_OVERLAY | {"mapped_after": 7},
    ),
    Pin(
        SPEC,
        "unmapped_before_switch",
        570,
        16,
        {"a_load_returns_the_last_write": 9},
        OLD_IN_STEPS | ONE_OVERLAY,
    ),
    Pin(
        SPEC,
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
        SPEC,
        "reflinked_copy_up",
        598,
        11,
        STALE_READ | STALE_LOAD | {"four_lines": 4},
        OLD | ONE_OVERLAY,
    ),
    Pin(SPEC, "pages_shared_and_reflinked", 13_662, 13, {}, OLD | TWO_OVERLAYS),
    Pin(
        SPEC,
        "shared_downwards",
        375,
        9,
        {"the_lower_file_never_changes": 2},
        OLD | ONE_OVERLAY | {"four_lines": 4, "mapped_before": 6, "mapped_after": 7},
    ),
    Pin(
        SPEC,
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

SCENARIOS = {
    "four_lines": 4,
    "mapped_before": 6,
    "mapped_after": 7,
    "opened_again": 8,
    "another_overlay": 7,
}
