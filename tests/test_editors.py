"""The files for editors: current, complete, and colouring what they should."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EDITORS = ROOT / "editors"
VIM = shutil.which("vim")
NODE = shutil.which("node")


def test_the_highlighting_is_current() -> None:
    command = [sys.executable, str(EDITORS / "highlighting.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def scopes(line: str) -> list[tuple[str, str]]:
    """The coloured parts of a line, by the rules of TextMate: the first match counts, then the order."""
    grammar = json.loads((EDITORS / "vscode" / "syntaxes" / "mmcheck.tmLanguage.json").read_text())
    patterns = [(re.compile(p["match"]), p) for p in grammar["patterns"]]
    found, at = [], 0
    while at < len(line):
        matches = [
            (m.start(), i, m) for i, (regex, _) in enumerate(patterns) if (m := regex.search(line, at))
        ]
        if not matches:
            break
        _, i, match = min(matches, key=lambda candidate: candidate[:2])
        pattern = patterns[i][1]
        if "name" in pattern:
            found.append((match[0], pattern["name"]))
        found += [(match[int(g)], c["name"]) for g, c in pattern.get("captures", {}).items()]
        at = max(match.end(), at + 1)
    return found


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("transition map(Task t) {", [("transition", "storage.type"), ("map", "entity.name.function")]),
        ("    require forall Task t: !x;", [("require", "keyword.control"), ("forall", "keyword.operator")]),
        ("/// Says require.", [("/// Says require.", "comment.line.documentation")]),
        ("x = null; // sort", [("=", "keyword"), ("null", "constant.language"), ("// sort", "comment.line")]),
        (
            "check a { Task = 2; expect violated p in 5 steps; }",
            [("check", "keyword.other.property"), ("a", "entity.name.tag"), ("violated", "support.constant")],
        ),
        ("bool free[Block];", [("bool", "support.type")]),
        ("step invariant p: x;", [("invariant", "keyword.other.property"), ("p", "entity.name.tag")]),
        ("    step unmap {", [("step", "storage.type"), ("unmap", "entity.name.function")]),
    ],
)
def test_textmate_scopes(line: str, expected: list[tuple[str, str]]) -> None:
    found = scopes(line)
    for text, scope in expected:
        assert any(t == text and s.startswith(scope) for t, s in found), found
    if "free" in line:
        assert all(text != "free" for text, _ in found), "a name here"


def test_the_vscode_extension_is_whole() -> None:
    folder = EDITORS / "vscode"
    package = json.loads((folder / "package.json").read_text())
    contributed = package["contributes"]
    named = [package["main"]]
    named += [language["configuration"] for language in contributed["languages"]]
    named += [grammar["path"] for grammar in contributed["grammars"]]
    assert [name for name in named if not (folder / name).is_file()] == []
    json.loads((folder / "language-configuration.json").read_text())
    default = contributed["configuration"]["properties"]["mmcheck.command"]["default"]
    assert default == ["mmcheck", "lsp"]


STUBS = """
const Module = require("module");
const load = Module._load;
Module._load = (name, ...rest) => ({
  "vscode": { workspace: {
    getConfiguration: () => ({ get: () => ["mmcheck", "lsp"] }),
    createFileSystemWatcher: (glob) => glob,
  }, window: { showErrorMessage: async (text) => console.log(text) } },
  "vscode-languageclient/node": { LanguageClient: class {
    constructor(...given) { console.log(JSON.stringify(given)); }
    async start() {
      console.log("started");
      if (process.argv[2] === "lost") throw new Error("no connection");
    }
    stop() { console.log("stopped"); }
  } },
}[name] ?? load(name, ...rest));
const extension = require(process.argv[1]);
extension.activate().then(extension.deactivate);
"""


@pytest.mark.skipif(NODE is None, reason="there is no Node.js on this machine")
def test_the_vscode_extension_starts_the_server() -> None:
    assert NODE is not None
    command = [NODE, "-e", STUBS, str(EDITORS / "vscode" / "extension.js")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    client, *later = done.stdout.splitlines()
    assert json.loads(client)[2] == {"command": "mmcheck", "args": ["lsp"]}
    assert json.loads(client)[3]["documentSelector"] == [{"scheme": "file", "language": "mmcheck"}]
    assert later == ["started", "stopped"]


@pytest.mark.skipif(NODE is None, reason="there is no Node.js on this machine")
def test_the_vscode_extension_says_how_to_find_the_server() -> None:
    """The client itself says only that it could not create a connection."""
    assert NODE is not None
    command = [NODE, "-e", STUBS, str(EDITORS / "vscode" / "extension.js"), "lost"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert 'mmcheck cannot be started as "mmcheck lsp"' in told and "mmcheck.command" in told


LOOK = r"""
set nocompatible
execute "set runtimepath^=" . $VIM_FOLDER
filetype plugin on
syntax on
edit $SPEC
function! Group(pattern)
  call cursor(1, 1)
  call search(a:pattern, "cW")
  return synIDattr(synID(line("."), col("."), 1), "name")
endfunction
let g:found = [&filetype, &commentstring, Group('transition'), Group('map(Task')]
let g:found += [Group('require'), Group('///')]
let g:found += [Group('violated p'), Group('deadlock free')]
let &g:errorformat = &l:errorformat
cgetexpr ["a.mmc:3:14: error[E200]: there is no name `y`", "  3 | invariant q: y;", "mmcheck: ERROR: 1 error"]
let g:found += [json_encode(map(getqflist(), {_, e -> [e.lnum, e.col, e.type, e.text]}))]
call writefile(g:found, $OUT)
qall!
"""


@pytest.mark.skipif(VIM is None, reason="there is no Vim on this machine")
def test_vim(tmp_path: Path) -> None:
    assert VIM is not None
    spec, script, out = tmp_path / "a.mmc", tmp_path / "look.vim", tmp_path / "out"
    spec.write_text(
        "/// Doc.\ntransition map(Task t) { require x; }\ndeadlock free;\ncheck a { expect violated p; }\n"
    )
    script.write_text(LOOK)
    names = {"VIM_FOLDER": str(EDITORS / "vim"), "SPEC": str(spec), "OUT": str(out), "HOME": str(tmp_path)}
    if "+syntax" not in subprocess.run([VIM, "--version"], capture_output=True, text=True, check=True).stdout:
        pytest.skip("this Vim is too small to colour anything")
    command = [VIM, "-N", "-u", str(script), "-es", "-i", "NONE"]
    subprocess.run(command, env=names, timeout=30, check=False, stdin=subprocess.DEVNULL)
    assert out.read_text().splitlines() == [
        "mmcheck",
        "// %s",
        "mmcheckDeclaration",
        "mmcheckName",
        "mmcheckStatement",
        "mmcheckDocumentation",
        "mmcheckVerdict",
        "mmcheckProperty",
        '[[3,14,"e","there is no name `y`"]]',
    ]
