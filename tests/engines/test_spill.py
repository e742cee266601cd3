"""Memory: a search stays below its limit, or goes on on disk with the same result."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

import mmcheck
from mmcheck.core.instance import Instance
from mmcheck.core.verdict import Unknown, Violated
from mmcheck.engines import limits as limits_module
from mmcheck.engines.engine import Answer, Limits, Progress
from mmcheck.engines.explicit import levels as levels_module
from mmcheck.engines.explicit.engine import ExplicitEngine
from mmcheck.engines.explicit.layout import Layout
from mmcheck.engines.explicit.levels import Level, unload
from mmcheck.engines.explicit.search import Tuning
from mmcheck.engines.explicit.spill import MOST_RUNS, Runs, sorted_rows
from mmcheck.engines.limits import Watch, private_memory
from mmcheck.session import instantiate

WIDE = """
sort Task = 2;
state { bool mapped[Task]; 0..7 a; 0..7 b; 0..3 c; bool dirty[Task][0..39]; }
transition map(Task t) { require !mapped[t]; mapped[t] = true; }
transition unmap(Task t) { require mapped[t]; mapped[t] = false; dirty[t][a] = true; }
transition clean(Task t) { require dirty[t][b]; dirty[t][b] = false; }
transition up() { require a < 7; a = a + 1; }
transition across() { require b < 7; b = b + 1; }
transition round() { if (c == 3) { c = 0; } else { c = c + 1; } }
invariant rarely: !(a == 3 && b == 2 && c == 1 && exists Task t: mapped[t]);
reachable far(0..7 n): a == 7 && b == n && c == 3;
deadlock free;
check two { Task = 2; }
"""

NARROW = """
state { 0..30 x; 0..30 y; 0..30 z; }
transition right() { require x < 30; x = x + 1; }
transition up() { require y < 30; y = y + 1; }
transition deep() { require z < 30 && x + y > 20; z = z + 1; }
transition back() { require x == 30 && y == 30; x = 0; y = 0; }
invariant never: !(x == 17 && z == 9);
step invariant slow: z' <= z + 1;
reachable corner: x == 30 && y == 30 && z == 30;
"""


UNLIMITED = Limits()


def nothing(progress: Progress) -> None:
    pass


def instance_of(text: str) -> Instance:
    spec = mmcheck.loads(text)
    return instantiate(spec, spec.checks[0])[1]


def run(instance: Instance, tuning: Tuning, limits: Limits = UNLIMITED) -> Answer:
    names = tuple(p.name for p in instance.system.properties)
    return ExplicitEngine(tuning).check(instance, names, limits, nothing)


def comparable(answer: Answer) -> Answer:
    """An answer without what may differ from run to run."""
    return replace(answer, statistics=replace(answer.statistics, seconds=0, memory=0))


SMALL = Tuning(block=64, batch=500, switch=0, first_capacity=8, symmetry=False)


@pytest.mark.parametrize(
    ("text", "words", "symmetry"), [(NARROW, 1, False), (WIDE, 2, False), (WIDE, 2, True)]
)
@pytest.mark.parametrize("spill_after", [0, 300, 5_000])
def test_on_disk_everything_is_the_same(
    text: str, words: int, symmetry: bool, spill_after: int, tmp_path: Path
) -> None:
    instance = instance_of(text)
    assert Layout.of(instance).words == words
    limits = Limits(max_states=20_000)
    tuning = replace(SMALL, symmetry=symmetry)
    in_memory = run(instance, tuning, limits)
    folder = tmp_path / "spill"
    written: list[str] = []

    def look(progress: Progress) -> None:
        written.extend(path.name for path in folder.glob("*/*"))

    names = tuple(p.name for p in instance.system.properties)
    spilling = replace(tuning, spill=folder, spill_after=spill_after, threads=3)
    on_disk = ExplicitEngine(spilling).check(instance, names, limits, look)
    assert comparable(on_disk) == comparable(in_memory)
    assert any(isinstance(verdict, Violated) for verdict in in_memory.verdicts.values())
    assert any(name.startswith("run-") for name in written)
    assert any(name.startswith("levels-") for name in written)
    assert not folder.exists()


def test_files_are_removed_after_ctrl_c_and_errors(tmp_path: Path) -> None:
    instance = instance_of(NARROW)
    tuning = replace(SMALL, spill=tmp_path, spill_after=10)
    names = tuple(p.name for p in instance.system.properties)

    def stop(error: type[BaseException]) -> Callable[[Progress], None]:
        def observe(progress: Progress) -> None:
            if progress.states > 2_000:
                assert list(tmp_path.glob("*/run-*"))
                raise error

        return observe

    answer = ExplicitEngine(tuning).check(instance, names, Limits(), stop(KeyboardInterrupt))
    assert answer.interrupted and not list(tmp_path.iterdir())
    with pytest.raises(ZeroDivisionError):
        ExplicitEngine(tuning).check(instance, names, Limits(), stop(ZeroDivisionError))
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, chunks: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(levels_module, "write_rows", full)
    answer = run(instance_of(NARROW), replace(SMALL, spill=tmp_path, spill_after=2_000))
    assert answer.verdicts["corner"] == Unknown("the disk is full")
    assert answer.statistics.states > 2_000 and not list(tmp_path.iterdir())


def test_a_killed_runs_files_are_removed_by_the_next(tmp_path: Path) -> None:
    left = tmp_path / "mmcheck-spill-old"
    left.mkdir()
    (left / "lock").touch()
    (left / "run-00000").touch()
    run(instance_of(NARROW), replace(SMALL, spill=tmp_path, spill_after=2_000))
    assert not left.exists()


def test_a_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    options = mmcheck.Options()
    options = replace(options, preferences=replace(options.preferences, spill=tmp_path))
    outcome = mmcheck.verify(mmcheck.loads(NARROW), options)
    assert [d.code for d in outcome.diagnostics] == ["E508"] and not outcome.checks
    assert "thesis.tex" in outcome.diagnostics[0].message


def test_memory_is_refused_before_it_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is just above what the process has, so nothing large may be inserted any more."""
    taken = private_memory()
    monkeypatch.setattr(limits_module, "private_memory", lambda: taken)
    limit = taken + 60_000
    answer = run(instance_of(NARROW), replace(SMALL, batch=200), Limits(max_memory=limit))
    assert answer.verdicts["corner"] == Unknown(f"the memory limit of {limit / 2**20:,.0f} MiB was reached")
    assert 0 < answer.statistics.states < 30_000 and not answer.statistics.complete


def test_a_state_costs_what_is_said() -> None:
    answer = run(instance_of(NARROW), SMALL)
    assert answer.statistics.bytes_per_state == 20
    assert run(instance_of(WIDE), SMALL, Limits(max_states=100)).statistics.bytes_per_state == 40


@pytest.mark.parametrize("words", [1, 3])
def test_runs_know_what_was_added(words: int, tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    runs = Runs(tmp_path, words)
    known: set[tuple[int, ...]] = set()
    for _ in range(2 * MOST_RUNS + 3):
        rows = random.integers(0, 12, (40, words), np.uint64)
        fresh = runs.fresh(1, rows)
        assert fresh.tolist() == [row for row in rows.tolist() if tuple(row) not in known]
        new = np.unique(fresh, axis=0)
        runs.add([np.empty((0, words), np.uint64), new[::-1]])
        known |= {tuple(row) for row in new.tolist()}
        assert len(runs.runs) <= MOST_RUNS
    assert len(runs.fresh(0, rows)) == len(rows)
    runs.close()
    assert not list(tmp_path.iterdir())


def test_rows_are_sorted_by_their_words() -> None:
    rows = np.array([[2, 1], [1, 9], [2, 0]], np.uint64)
    assert sorted_rows(rows).tolist() == [[1, 9], [2, 0], [2, 1]]


def test_blocks_do_not_depend_on_chunks_nor_on_where_they_lie(tmp_path: Path) -> None:
    rows = np.arange(100, dtype=np.uint64).reshape(-1, 1)
    level = Level(1)
    for start, end in ((0, 3), (3, 3), (3, 50), (50, 57), (57, 100)):
        level.append(rows[start:end])
    wanted = [rows[i : i + 16].tolist() for i in range(0, 100, 16)]
    assert [block.tolist() for block in level.blocks(16)] == wanted
    unload([Level(1), level], tmp_path / "level.npy")
    assert level.on_disk == len(level.chunks) == 1
    level.append(rows)
    assert [block.tolist() for block in level.blocks(16)][:6] == wanted[:6]
    assert len(level) == 200


def test_the_control_group_counts(tmp_path: Path) -> None:
    groups = tmp_path / "cgroup"
    groups.write_text("0::/user/run\n")
    (tmp_path / "user" / "run").mkdir(parents=True)
    (tmp_path / "user" / "memory.max").write_text("5000\n")
    (tmp_path / "user" / "run" / "memory.max").write_text("max\n")
    assert list(limits_module._group_limits(groups, tmp_path)) == [5000]
    assert list(limits_module._group_limits(tmp_path / "none", tmp_path)) == []
    assert 2**20 < limits_module.ordinary_memory_limit() < limits_module.machine_memory()


def test_what_does_not_fit_is_told() -> None:
    watch = Watch(Limits(max_memory=private_memory() + 2**30))
    assert watch.exceeded_by(0) is None
    assert "memory limit" in str(watch.exceeded_by(2**30 + 2**20))
