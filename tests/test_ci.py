"""The workflow that users copy: its commands work, and it asks for no more than it needs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator
from report.published import workflow_schema

ROOT = Path(__file__).parent.parent
WORKFLOW = ROOT / "docs" / "github-workflow.yml"


@pytest.fixture(scope="module")
def workflow() -> Any:
    return yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))


def steps(workflow: Any) -> list[dict[str, Any]]:
    return list(workflow["jobs"]["verify"]["steps"])


def test_github_would_take_it(workflow: Any) -> None:
    # YAML takes `on` for a truth value.
    written = {"on" if key is True else key: value for key, value in workflow.items()}
    errors = Draft7Validator(workflow_schema()).iter_errors(written)
    assert [f"{error.json_path}: {error.message}" for error in errors] == []


def test_it_may_do_what_it_needs_and_no_more(workflow: Any) -> None:
    assert workflow["permissions"] == {"contents": "read", "security-events": "write"}
    assert set(workflow[True]) == {"pull_request", "push"}
    assert all("@v" in step["uses"] for step in steps(workflow) if "uses" in step)


def test_only_the_main_branch_fills_the_cache(workflow: Any) -> None:
    (save,) = [step for step in steps(workflow) if "cache/save" in step.get("uses", "")]
    assert "github.ref == 'refs/heads/main'" in save["if"]
    (restore,) = [step for step in steps(workflow) if "cache/restore" in step.get("uses", "")]
    assert save["with"]["path"] == restore["with"]["path"]
    assert workflow["env"]["MMCHECK_CACHE"].endswith(f"/{save['with']['path']}")


def test_its_commands_do_what_they_say(workflow: Any, tmp_path: Path) -> None:
    """All but the installation; `mmcheck` is the one that is tested. The second run remembers."""
    shutil.copy(ROOT / "docs" / "examples" / "seal.mmc", tmp_path / "seal.mmc")
    program = tmp_path / "bin" / "mmcheck"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mmcheck "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "SPECS": workflow["env"]["SPECS"],
        "MMCHECK_CACHE": str(tmp_path / ".mmcheck-cache"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
    }
    commands = [step["run"] for step in steps(workflow) if "run" in step]
    assert commands.pop(0) == 'pip install "$MMCHECK"'
    for told in ("3 of 3 checks ended as expected", "3 remembered"):
        said = ""
        for command in commands:
            done = subprocess.run(
                ["bash", "-e", "-o", "pipefail", "-c", command],
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            said += done.stderr
        assert told in said
    assert "Check waits" in (tmp_path / "summary.md").read_text(encoding="utf-8")
    (upload,) = [step for step in steps(workflow) if "upload-sarif" in step.get("uses", "")]
    sarif = json.loads((tmp_path / upload["with"]["sarif_file"]).read_text(encoding="utf-8"))
    assert sarif["version"] == "2.1.0"
    (keep,) = [step for step in steps(workflow) if "upload-artifact" in step.get("uses", "")]
    assert all((tmp_path / name).exists() for name in keep["with"]["path"].split())
