"""How the checks and scenarios of specs/memfd_seal.mmc end."""

from __future__ import annotations

from pins.pin import Pin

SPEC = "specs/memfd_seal.mmc"
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

PINS = [
    Pin(
        SPEC,
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
    Pin(SPEC, "merged", 6880, 15, LIMITS_OF_SEALS, SEALED | EBUSY),
    Pin(
        SPEC,
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
        SPEC,
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
    Pin(SPEC, "waits_for_pins_that_last", 704, 11, LIMITS_OF_SEALS | NEVER_EBUSY | NEVER_ENDS, SEALED),
    Pin(SPEC, "waits_for_pins_that_end", 352, 10, LIMITS_OF_SEALS | NEVER_EBUSY, SEALED),
    Pin(SPEC, "waits_for_readers_as_well", 704, 11, LIMITS_OF_SEALS | NEVER_EBUSY | NEVER_ENDS, SEALED),
    Pin(SPEC, "page_left_the_file", 3008, 15, LIMITS_OF_SEALS | NEVER_EBUSY, SEALED),
]

SCENARIOS = {
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
}
