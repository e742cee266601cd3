"""How the checks and scenarios of specs/gup_writeback.mmc end."""

from __future__ import annotations

from pins.pin import Pin

SPEC = "specs/gup_writeback.mmc"
PINNED = {
    "pinned_and_write_protected": 3,
    "written_back_while_pinned": 4,
    "pinned_for_as_long_as_one_likes": 2,
    "io_into_a_page_that_left_the_file": 4,
}


def pinned_but(*unreachable: str) -> dict[str, int]:
    return {name: steps for name, steps in PINNED.items() if name not in unreachable}


PINS = [
    Pin(
        SPEC,
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
        SPEC,
        "block_until_unpinned",
        3916,
        14,
        {"writeback_ends": None, "pins_end": None, "written_back_while_pinned": None},
        pinned_but("written_back_while_pinned"),
    ),
    Pin(
        SPEC,
        "block_until_unpinned_short_pins",
        100,
        10,
        {"written_back_while_pinned": None, "pinned_for_as_long_as_one_likes": None},
        pinned_but("pinned_for_as_long_as_one_likes", "written_back_while_pinned"),
    ),
    Pin(
        SPEC,
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
        SPEC,
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
        SPEC,
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
        SPEC,
        "refuse_longterm_and_block",
        1260,
        14,
        {"written_back_while_pinned": None, "pinned_for_as_long_as_one_likes": None},
        pinned_but("pinned_for_as_long_as_one_likes", "written_back_while_pinned"),
    ),
    Pin(
        SPEC,
        "revoke",
        5040,
        15,
        {"no_io_is_cut_off": 4, "pins_end": None, "written_back_while_pinned": None},
        pinned_but("written_back_while_pinned"),
    ),
    Pin(
        SPEC,
        "bounce_for_writeback",
        128,
        11,
        {"no_dirty_without_notice": 5, "stable_pages": 5, "clean_pages_are_on_the_disk": 6, "pins_end": None},
        PINNED,
    ),
    Pin(SPEC, "bounce_for_writeback_staying_dirty", 6572, 16, {"stable_pages": 5, "pins_end": None}, PINNED),
    Pin(
        SPEC,
        "bounce_for_gup",
        1292,
        13,
        {"dma_is_seen_in_the_file": 3, "no_store_is_undone": 4, "pins_end": None},
        PINNED,
    ),
    Pin(
        SPEC,
        "bounce_for_gup_short_pins",
        684,
        13,
        {"dma_is_seen_in_the_file": 3, "no_store_is_undone": 4, "pinned_for_as_long_as_one_likes": None},
        pinned_but("pinned_for_as_long_as_one_likes"),
    ),
    Pin(
        SPEC,
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

SCENARIOS = {
    "written_behind_the_file_systems_back": 10,
    "truncated_under_a_pin": 5,
    "a_pin_that_lasts": 5,
    "truncation_waits_for_writeback": 5,
}
