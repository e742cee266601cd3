"""The shipped models: how their checks end."""

from __future__ import annotations

from pins.pin import Pin

PINS = [
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
