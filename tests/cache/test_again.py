"""The command line with a cache: what a second run says, and when it must not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mmcheck import session
from mmcheck.cli import again
from mmcheck.cli.group import mmcheck

ROOT = Path(__file__).parent.parent.parent

MODEL = "sort Page = 2;\nstate { bool dirty[Page]; }\ntransition write(Page p) { dirty[p] = true; }\n"
SPEC = "spec toy;\nimport pages;\ninvariant clean: forall Page p: !dirty[p];\n"
BROKEN = SPEC + "check broken { expect violated clean in 1 step; }\n"
OK, FAIL = (
    "mmcheck: OK: 1 of 1 check ended as expected",
    "mmcheck: FAIL: 1 of 1 check did not end as expected",
)

Verify = Callable[..., Result]


@pytest.fixture
def verify(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Verify:
    """`mmcheck verify` in a folder of its own, with a cache of its own."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("MMCHECK_CACHE", str(tmp_path / "cache"))
    write(pages=MODEL, toy=BROKEN)
    return lambda *words: CliRunner().invoke(mmcheck, ["verify", *words])


def write(**texts: str) -> None:
    for name, text in texts.items():
        Path(f"{name}.mmc").write_text(text, encoding="utf-8")


def last(result: Result) -> str:
    return result.stderr.splitlines()[-1]


@pytest.fixture
def only_pages(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From now on nothing is loaded but pages."""

    def forbid() -> None:
        def refuse(*_: object, **__: object) -> None:
            raise AssertionError("this was to be answered from a page")

        monkeypatch.setattr(session, "find_specs", refuse)

    return forbid


@pytest.mark.parametrize(
    "words", [[], ["--traces", "all"], ["--coverage"], ["--color", "always"], ["--width", "60"]]
)
def test_the_second_run_prints_the_same_and_says_that_it_remembers(
    verify: Verify, only_pages: Callable[[], None], words: list[str]
) -> None:
    first = verify("toy.mmc", *words)
    only_pages()
    second = verify("toy.mmc", *words)
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert (last(first), last(second)) == (OK, f"{OK}; 1 remembered")
    lines = second.stdout.splitlines()
    told = next(i for i, line in enumerate(lines) if "remembered: verified on" in line)
    until = next(i for i, line in enumerate(lines) if i > told and not line.strip())
    assert lines[:told] + lines[until:] == first.stdout.splitlines()
    assert second.stderr.splitlines()[:-1] == first.stderr.splitlines()[:-1]


def test_a_violation_is_remembered_with_its_trace(verify: Verify, only_pages: Callable[[], None]) -> None:
    write(toy=SPEC)
    first = verify("toy.mmc")
    only_pages()
    second = verify("toy.mmc")
    assert (first.exit_code, second.exit_code) == (1, 1)
    assert last(second) == f"{FAIL}; 1 remembered"
    assert "dirty[Page#0]  false *true" in second.stdout


def test_another_way_to_show_it_uses_the_verdict(verify: Verify) -> None:
    verify("toy.mmc")
    for words in (["--format", "json"], ["--traces", "all"], ["--strict"], ["--quiet"]):
        assert last(verify("toy.mmc", *words)) == f"{OK}; 1 remembered"


@pytest.mark.parametrize("name", ["toy", "pages"])
def test_a_change_is_verified(verify: Verify, name: str) -> None:
    verify(".")
    write(**{name: {"toy": SPEC, "pages": MODEL.replace("dirty[p] = true;", "")}[name]})
    result = verify(".")
    assert result.exit_code == 1
    assert "UNEXPECTED" in result.stdout


def test_a_new_spec_in_a_folder_is_verified(verify: Verify) -> None:
    assert verify(".").exit_code == 0
    write(other=SPEC.replace("toy", "other"))
    result = verify(".")
    assert result.exit_code == 1
    assert last(result) == "mmcheck: FAIL: 1 of 3 checks did not end as expected; 2 remembered"


def test_a_new_importer_is_verified(verify: Verify) -> None:
    assert last(verify("pages.mmc", "--importers")).startswith("mmcheck: OK: 2 of 2")
    write(other=SPEC.replace("toy", "other"))
    assert verify("pages.mmc", "--importers").exit_code == 1


def test_no_cache_verifies_anew_and_remembers_nothing(verify: Verify, tmp_path: Path) -> None:
    assert last(verify("toy.mmc", "--no-cache")) == OK
    assert not (tmp_path / "cache").exists()
    verify("toy.mmc")
    assert last(verify("toy.mmc", "--no-cache")) == OK


def test_the_environment_switches_it_off(verify: Verify, monkeypatch: pytest.MonkeyPatch) -> None:
    verify("toy.mmc")
    monkeypatch.setenv("MMCHECK_CACHE", "off")
    assert last(verify("toy.mmc")) == OK


@pytest.mark.parametrize(
    ("text", "words", "code"),
    [
        (SPEC + "invariant broken: nonsense;", [], 2),
        (BROKEN, ["--max-states", "1"], 3),
        (BROKEN, ["--check", "nothing"], 2),
        (BROKEN, ["nowhere.mmc"], 2),
    ],
)
def test_what_is_not_conclusive_is_not_remembered(
    verify: Verify, text: str, words: list[str], code: int
) -> None:
    write(toy=text)
    first, second = verify("toy.mmc", *words), verify("toy.mmc", *words)
    assert (first.exit_code, second.exit_code) == (code, code)
    if "nowhere.mmc" not in words:
        assert "remembered" not in second.output


def test_a_certificate_is_written_each_time(verify: Verify, tmp_path: Path) -> None:
    words = ("toy.mmc", "--engine", "bmc", "--max-depth", "2", "--certificate", str(tmp_path / "proofs"))
    verify(*words)
    assert "remembered" not in verify(*words).output


def test_a_page_under_which_a_file_changes_is_not_kept(
    verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is changed while it is verified, and changed back before the end."""
    before = session.load

    def load_another(path: str, settings: tuple[str, ...] = ()) -> session.Spec:
        write(toy=SPEC)
        found = before(path, settings)
        write(toy=BROKEN)
        return found

    monkeypatch.setattr(session, "load", load_another)
    assert verify("toy.mmc", "--jobs", "1").exit_code == 1
    monkeypatch.setattr(session, "load", before)
    assert last(verify("toy.mmc", "--jobs", "1")) == OK


def test_damage_is_no_answer(verify: Verify, tmp_path: Path) -> None:
    verify("toy.mmc")
    for entry in (tmp_path / "cache").iterdir():
        entry.write_bytes(entry.read_bytes()[:-2])
    assert last(verify("toy.mmc")) == OK


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"out": 1}'])
def test_a_page_that_holds_something_else_is_no_answer(
    verify: Verify, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    monkeypatch.setattr(again.Store, "get", lambda self, key: content)
    assert last(verify("toy.mmc")) == OK


def test_an_answer_that_is_remembered_loads_next_to_nothing(verify: Verify) -> None:
    """That is what makes it quick: no parser, no engine, nothing to lay text out with."""
    heavy = ("lark", "numpy", "numba", "z3", "rich", "mmcheck.session", "mmcheck.core", "mmcheck.cli.verify")
    program = (
        "import sys\n"
        "from mmcheck.__main__ import main\n"
        "try:\n    main()\n"
        f"finally:\n    print([m for m in {heavy} if m in sys.modules], file=sys.stderr)\n"
    )
    command = [sys.executable, "-c", program, "verify", "toy.mmc"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    told = [
        subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stderr
        for _ in range(2)
    ]
    assert f"{OK}\n" in told[0] and "rich" in told[0]
    assert told[1].endswith(f"{OK}; 1 remembered\n[]\n")


def test_the_command_shows_and_clears_it(verify: Verify, tmp_path: Path) -> None:
    def cache(*words: str) -> Result:
        return CliRunner().invoke(mmcheck, ["cache", *words])

    assert cache().stdout == f"{tmp_path / 'cache'}\n"
    assert "0 entries" in cache().stderr
    verify("toy.mmc")
    assert last(cache()).startswith("mmcheck: OK: 2 entries, 0.")
    assert last(cache("--clear")) == "mmcheck: OK: 2 entries removed"
    assert last(verify("toy.mmc")) == OK
    (tmp_path / "cache").chmod(0o777)
    refused = cache()
    assert refused.exit_code == 2 and "others can write to it" in refused.stderr
    assert last(verify("toy.mmc")) == OK


def test_a_file_is_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MMCHECK_CACHE", str(tmp_path / "file"))
    for options in ([], ["--clear"]):
        result = CliRunner().invoke(mmcheck, ["cache", *options])
        assert (result.exit_code, result.stderr.splitlines()[-1].split(":")[1]) == (2, " ERROR")
        assert "is no folder" in result.stderr


# --- budgets ---------------------------------------------------------------------------------------------


def test_a_budget_makes_what_has_no_verdict_no_failure(verify: Verify) -> None:
    words = ("toy.mmc", "--max-states", "1", "--no-cache")
    assert verify(*words).exit_code == 3
    result = verify(*words, "--budget", "20s")
    assert result.exit_code == 0
    assert last(result) == (
        "mmcheck: OK: 0 of 1 check ended as expected; NO VERDICT on 1 of 1 check, since a limit came first"
    )
    assert "????" in result.stdout
    quiet = verify(*words, "--budget", "20s", "--quiet")
    assert quiet.stdout == "" and "no verdict in time: 1 check of toy.mmc" in quiet.stderr


def test_a_budget_excuses_nothing_else(verify: Verify) -> None:
    write(toy=SPEC)
    assert verify("toy.mmc", "--budget", "20s", "--no-cache").exit_code == 1
    write(toy=SPEC + "invariant broken: nonsense;")
    assert verify("toy.mmc", "--budget", "20s").exit_code == 2


def test_a_budget_that_is_spent_leaves_every_check_without_a_verdict(
    verify: Verify,
) -> None:
    """Reading the spec takes longer than that."""
    result = verify("toy.mmc", "--budget", "1ms", "--no-cache")
    assert "the time for all checks was spent before" in " ".join(result.stdout.split())
    assert result.exit_code == 0 and "NO VERDICT on 1 of 1 check" in result.stderr


def test_what_is_remembered_costs_the_budget_nothing(verify: Verify) -> None:
    verify("toy.mmc", "--budget", "20s")
    assert last(verify("toy.mmc", "--budget", "1ms", "--format", "json")) == f"{OK}; 1 remembered"
