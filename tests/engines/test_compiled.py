"""Kernels give the same from a file, without one, and by Numba; no file makes them give anything else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmcheck.engines.explicit import canonical, compiled, expander, spill, visited
from mmcheck.engines.explicit.compiled import Kernel
from mmcheck.engines.explicit.elf import RefusedError, link
from mmcheck.engines.explicit.kernels import EMPTY

ROOT = Path(__file__).parent.parent.parent
MACHINE_CODE = pytest.mark.skipif(not compiled._is_supported(), reason="machine code is kept on Linux only")

SEARCH = """
import sys
from mmcheck.__main__ import main
sys.argv = ['mmcheck', 'verify', 'benchmarks/models/page_faults.mmc', '--check', 'small', '--no-symmetry',
            '--format', 'json', '--quiet']
try:
    main()
finally:
    print([name for name in ('numba', 'llvmlite') if name in sys.modules], file=sys.stderr)
"""


def search(cache: Path) -> tuple[dict[str, Any], str]:
    """What a search of 57,000 candidates says, and which heavy libraries it loaded."""
    done = subprocess.run(
        [sys.executable, "-c", SEARCH],
        capture_output=True,
        cwd=ROOT,
        env=os.environ | {"XDG_CACHE_HOME": str(cache)},
        check=True,
        encoding="utf-8",
    )
    (check,) = json.loads(done.stdout)["specs"][0]["checks"]
    counted = {name: check["statistics"][name] for name in ("states", "transitions", "depth")}
    return {"properties": check["properties"], **counted}, done.stderr.splitlines()[-1]


@MACHINE_CODE
def test_a_search_is_the_same_whatever_the_cache_holds(tmp_path: Path) -> None:
    first, loaded = search(tmp_path)
    assert loaded == "['numba', 'llvmlite']"
    files = sorted((tmp_path / "mmcheck").glob("*.kernel"))
    assert len(files) >= 4
    again, loaded = search(tmp_path)
    assert (again, loaded) == (first, "[]")
    contents = [file.read_bytes() for file in files]
    for i, (file, content) in enumerate(zip(files, contents, strict=True)):
        cut, flipped = content[: len(content) // 2], content[:-9] + bytes([content[-9] ^ 1]) + content[-8:]
        file.write_bytes([cut, flipped, b""][i % 3])
    damaged, loaded = search(tmp_path)
    assert (damaged, loaded) == (first, "['numba', 'llvmlite']")
    assert [file.read_bytes() for file in files] == contents


KERNELS = [
    *(visited._partition_words, visited._insert_words, visited._rehash_words),
    *(visited._partition_rows, visited._insert_rows, visited._rehash_rows),
    *(expander._evaluate, expander._emit, spill._mark_known, canonical._canonicalise),
]


@MACHINE_CODE
@pytest.mark.slow
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
def test_every_kernel_can_be_kept(kernel: Kernel, tmp_path: Path) -> None:
    assert isinstance(kernel._loaded(tmp_path), compiled._Caller)
    assert len(list(tmp_path.iterdir())) == 1


# --- a kernel --------------------------------------------------------------------------------------------


def rehash() -> Kernel:
    return Kernel("kernels", "rehash_words", "u64*1 u64*1")


def rehashed(run: Any) -> list[int]:
    """What rehashing some words gives."""
    larger = np.full(64, EMPTY, np.uint64)
    run(np.arange(0, 4000, 101, dtype=np.uint64), larger)
    return larger.tolist()  # type: ignore[no-any-return]


EXPECTED = rehashed(rehash()._interpreted())


@MACHINE_CODE
def test_it_is_written_once_and_read(tmp_path: Path) -> None:
    assert rehashed(rehash()._loaded(tmp_path)) == EXPECTED
    (file,) = tmp_path.iterdir()
    written = file.stat().st_mtime_ns
    run = rehash()._loaded(tmp_path)
    assert isinstance(run, compiled._Caller)
    assert rehashed(run) == EXPECTED
    assert file.stat().st_mtime_ns == written


@MACHINE_CODE
@pytest.mark.parametrize("mode", [0o660, 0o602])
def test_what_others_could_have_written_is_not_run(tmp_path: Path, mode: int) -> None:
    rehash()._loaded(tmp_path)
    (file,) = tmp_path.iterdir()
    file.chmod(mode)
    assert compiled._read(file, rehash()._key()) is None
    file.chmod(0o600)
    assert compiled._read(file, rehash()._key()) is not None
    assert compiled._read(file, rehash()._key() + b"other") is None


@MACHINE_CODE
def test_without_a_folder_to_write_to_it_runs(tmp_path: Path) -> None:
    occupied = tmp_path / "file"
    occupied.write_text("no folder")
    assert rehashed(rehash()._loaded(occupied / "below")) == EXPECTED


def test_where_machine_code_cannot_run_numba_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "_is_supported", lambda: False)
    assert rehashed(rehash()._loaded(tmp_path)) == EXPECTED
    assert list(tmp_path.iterdir()) == []


@MACHINE_CODE
def test_where_memory_cannot_be_made_executable_numba_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rehash()._loaded(tmp_path)

    def refuse(code: bytes) -> None:
        raise PermissionError("no")

    monkeypatch.setattr(compiled, "_executable", refuse)
    run = rehash()._loaded(tmp_path)
    assert not isinstance(run, compiled._Caller)
    assert rehashed(run) == EXPECTED


@MACHINE_CODE
def test_other_arrays_are_refused(tmp_path: Path) -> None:
    run = rehash()._loaded(tmp_path)
    for words in (np.zeros(4, np.int64), np.zeros((4, 1), np.uint64), np.zeros(8, np.uint64)[::2]):
        with pytest.raises(TypeError):
            run(words, np.zeros(8, np.uint64))
    with pytest.raises(ValueError, match="zip"):
        run(np.zeros(4, np.uint64))


def test_what_is_no_object_is_refused() -> None:
    with pytest.raises(RefusedError):
        link(b"\x7fELF" + bytes(100), "f")


@MACHINE_CODE
def test_a_kernel_that_allocates_is_refused() -> None:
    import numba

    from mmcheck.engines.explicit.machine_code import compile_kernel

    @numba.njit
    def allocates(words: Any) -> None:
        words[0] = np.zeros(int(words[0]), np.uint64).sum()

    with pytest.raises(RefusedError, match="from outside"):
        compile_kernel(allocates, (("u64", 1),), 0)


@MACHINE_CODE
def test_a_folder_that_cannot_be_looked_into_has_no_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as the HOME of somebody else, which `sudo -u` leaves in the environment."""

    def refuse(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_file", refuse)
    kernel = Kernel("visited", "insert", "")
    assert not kernel.is_kept
