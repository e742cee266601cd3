"""The folder of entries: any doubt about one, and it is none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mmcheck.cache import store
from mmcheck.cache.store import Store, default_folder

KEY, OTHER = "a" * 64, "b" * 64


@pytest.fixture
def entries(tmp_path: Path) -> Store:
    return Store(tmp_path / "cache")


def test_what_was_put_is_got(entries: Store) -> None:
    assert entries.get(KEY) is None
    assert entries.put(KEY, b"something") and entries.get(KEY) == b"something"
    assert entries.get(OTHER) is None
    assert entries.put(KEY, b"else") and entries.get(KEY) == b"else"
    assert len(entries.entries()) == 1 and entries.size() > 0
    assert entries.folder.stat().st_mode & 0o077 == 0


def test_a_single_wrong_byte_makes_it_none(entries: Store) -> None:
    entries.put(KEY, b"something")
    (path,) = entries.entries()
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert entries.get(KEY) is None, place
        path.write_bytes(whole[:place])
        assert entries.get(KEY) is None, place
    path.write_bytes(whole + b"x")
    assert entries.get(KEY) is None


def test_an_entry_under_another_name_is_none(entries: Store) -> None:
    entries.put(KEY, b"something")
    (path,) = entries.entries()
    path.rename(path.with_name(f"{OTHER}{store.SUFFIX}"))
    assert entries.get(OTHER) is None


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_a_folder_that_others_can_write_to_is_not_believed(entries: Store, mode: int) -> None:
    entries.put(KEY, b"something")
    entries.folder.chmod(mode)
    assert entries.get(KEY) is None
    assert not entries.put(KEY, b"else")
    entries.folder.chmod(0o700)
    assert entries.get(KEY) == b"something"


def test_a_place_that_is_no_folder_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    blocked = Store(tmp_path / "file" / "cache")
    assert not blocked.put(KEY, b"something")
    assert blocked.get(KEY) is None


def test_clearing_leaves_other_files_alone(entries: Store) -> None:
    entries.put(KEY, b"something")
    mine = entries.folder / "letter.entry"
    mine.write_text("dear", encoding="utf-8")
    assert entries.clear() == 1 and entries.entries() == []
    assert mine.exists()
    mine.unlink()
    assert entries.clear() == 0 and not entries.folder.exists()


def test_what_was_asked_for_last_stays(entries: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [f"{number:064x}" for number in range(10)]
    for number, key in enumerate(keys):
        entries.put(key, b"x")
        os.utime(entries.folder / f"{key}{store.SUFFIX}", (number, number))
    assert entries.get(keys[0]) is not None
    monkeypatch.setattr(store, "MOST_BYTES", entries.size())
    entries.put(OTHER, b"y")
    left = {path.stem for path in entries.entries()}
    assert keys[0] in left and OTHER in left and keys[1] not in left


def test_the_environment_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert default_folder() is None
    monkeypatch.setenv("MMCHECK_CACHE", str(tmp_path))
    assert default_folder() == tmp_path
    monkeypatch.delenv("MMCHECK_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "own"))
    assert default_folder() == tmp_path / "own" / "mmcheck"
