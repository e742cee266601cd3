"""The manual page is current and well formed; every command helps with examples and defaults."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from mmcheck.cli.group import COMMANDS, mmcheck
from mmcheck.cli.manual import manual

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "mmcheck.1"


def test_the_page_is_what_the_commands_say(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--regenerate"):
        PAGE.write_text(manual(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == manual(), "run pytest tests/test_manual.py --regenerate"


def test_it_has_every_command_with_its_options() -> None:
    text = manual().replace("\\-", "-")
    for name in COMMANDS:
        section = text.split(f".SS mmcheck {name}\n")[1].split("\n.S")[0]
        assert "Examples:" in section
        text_of_help = CliRunner().invoke(mmcheck, [name, "--help"]).stdout.split("Examples:")[0]
        offered = set(re.findall(r"--[a-z][a-z-]+", text_of_help))
        assert {option for option in offered if option not in section} == set()


@pytest.mark.skipif(shutil.which("groff") is None, reason="there is no groff here")
@pytest.mark.parametrize("device", ["utf8", "ascii"])
def test_groff_complains_of_nothing(device: str) -> None:
    done = subprocess.run(
        ["groff", "-man", f"-T{device}", "-ww", "-Wbreak", str(PAGE)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    shown = re.sub(r"\x1b\[[\d;]*m|.\x08", "", done.stdout)
    assert "mmcheck verify specs --timeout 5m --max-memory 4G --format json > result.json" in shown
    assert "130  interrupted" in shown


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_examples_and_every_default(name: str) -> None:
    text = CliRunner().invoke(mmcheck, [name, "--help"]).stdout
    assert "Examples:" in text and f"  mmcheck {name}" in text
    options = text.split("Options:")[1].split("Examples:")[0]
    for option in re.split(r"\n(?=  -)", options)[1:]:
        assert "default" in option.lower() or "--help" in option, option
    assert COMMANDS[name].endswith(".")


def test_the_group_names_every_command_and_an_example() -> None:
    text = CliRunner().invoke(mmcheck, ["--help"]).stdout
    assert all(f"\n  {name} " in text for name in COMMANDS) and "Example" in text
