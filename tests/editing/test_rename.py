"""Renaming: everywhere, in the right places only, and never into another meaning."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmcheck.editing.analysis import Analysis, analyse
from mmcheck.editing.rename import RenameError, rename

from .test_index import ROOT, TEXT, read


def renamed(analysis: Analysis, offset: int, name: str) -> str:
    return rename(analysis, offset, name).text(analysis.path, analysis.source.text)


@pytest.mark.parametrize(
    ("place", "shift", "changed"),
    [
        ("value = one; goto", 0, 3),  # the local of the process, not the variable or the field
        ("table[t].value = d", 9, 5),
        ("value = d; }\n    reset", 0, 3),
        ("t) { table[t].value = d", 0, 3),
        ("remap[t]", 0, 6),
        ("second; }", 0, 3),
    ],
)
def test_only_what_means_the_same_is_renamed(place: str, shift: int, changed: int) -> None:
    text = renamed(read(TEXT), TEXT.index(place) + shift, "fresh")
    assert text.count("fresh") == changed
    assert read(text).diagnostics == ()
    again = rename(
        read(text),
        text.index("fresh"),
        TEXT[TEXT.index(place) + shift :].split("[")[0].split(" ")[0].strip(";)"),
    )
    assert again.text(read(text).path, text) == TEXT


@pytest.mark.parametrize(
    ("place", "name", "reason"),
    [
        ("u != t", "t", "would not mean the same"),
        ("e.dirty", "table", "would not mean the same"),
        ("owners;", "fast", "would not mean the same"),
        ("owners;", "if", "is a word of the language"),
        ("owners;", "2nd", "is no name"),
        (" 2;", "x", "there is no name here"),
    ],
)
def test_what_would_change_a_meaning_is_refused(place: str, name: str, reason: str) -> None:
    analysis = read(TEXT)
    with pytest.raises(RenameError, match=reason):
        rename(analysis, TEXT.index(place) + (place[0] == " "), name)


def test_others_that_import_it_are_kept_from_clashes(tmp_path: Path) -> None:
    (tmp_path / "base.mmc").write_text("spec base;\nstate { bool x; }\n")
    base = analyse(tmp_path / "base.mmc", "spec base;\nstate { bool x; }\n")
    other = analyse(tmp_path / "top.mmc", "spec top;\nimport base;\nstate { bool y; }\ninvariant i: !x;\n")
    found = rename(base, base.source.text.index("x;"), "z", [other])
    assert {path.name: len(starts) for path, starts in found.starts.items()} == {"base.mmc": 1, "top.mmc": 1}
    with pytest.raises(RenameError, match=r"in top\.mmc"):
        rename(base, base.source.text.index("x;"), "y", [other])


def test_shipped_models_stay_as_they_are(tmp_path: Path) -> None:
    text = "spec mine;\nimport data;\nstate { Data d; }\n"
    analysis = analyse(tmp_path / "mine.mmc", text)
    with pytest.raises(RenameError, match="ships with mmcheck"):
        rename(analysis, text.index("Data d"), "Content")


@pytest.mark.parametrize("name", ["memfd_seal", "dax_remap"])
def test_real_specs(name: str) -> None:
    path = ROOT / "specs" / f"{name}.mmc"
    analysis = analyse(path, path.read_text())
    own = [o for o in analysis.index.places[analysis.path] if o.definition.span.file is analysis.source]
    for place in {id(o.definition): o for o in own}.values():
        text = renamed(analysis, place.span.start, "quite_another_name")
        assert text.count("quite_another_name") >= 1
        if place is own[0]:
            assert analyse(path, text).diagnostics == ()
