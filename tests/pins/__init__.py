"""What checks and scenarios of the shipped files say: a module for each spec, one for all models."""

from __future__ import annotations

from pins import (
    dax_remap,
    dax_sync_fault,
    gup_writeback,
    ksm_file_pages,
    memfd_isolate,
    memfd_seal,
    overlay_copyup,
    reflink_page_sharing,
    shipped_models,
)
from pins.pin import Pin

SPECS = (
    memfd_seal,
    dax_remap,
    reflink_page_sharing,
    ksm_file_pages,
    dax_sync_fault,
    overlay_copyup,
    gup_writeback,
    memfd_isolate,
)

PINS: tuple[Pin, ...] = (*shipped_models.PINS, *(pin for spec in SPECS for pin in spec.PINS))

SCENARIOS = {spec.SPEC: spec.SCENARIOS for spec in SPECS}
"""The length of each scenario's run, by the file."""
