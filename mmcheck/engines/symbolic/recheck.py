"""Certificates on disk: written beside a manifest, and asked again later, by z3 and perhaps by cvc5.

A certificate is a folder with a script for each obligation, and `proof.json`, which says what is proved and
which answer each script is due. Asked again, a script must get that answer from every solver; where it says
that something is impossible, it must say so because of its last assertion, and not of the others. Digests in
`proof.json` tell a script that was exchanged for another which gets the same answer, or left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from msgspec import Struct

from mmcheck.core.verdict import EverySize, Inductive
from mmcheck.engines.symbolic.certificate import Obligation
from mmcheck.engines.symbolic.solver import Result, settle

MANIFEST = "proof.json"
OWN_DIGEST = "sha256_of_this"
SECONDS = 300.0

PATHS = ("base_", "paths")
"""The obligations about runs of a length; where there are none, that is fine."""


def write(
    folder: Path,
    prop: str,
    binding: str,
    evidence: Inductive | EverySize,
    obligations: Iterable[Obligation],
) -> None:
    """Write a certificate to a folder of its own. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    _empty(folder)
    answers: dict[str, str] = {}
    digests: dict[str, str] = {}
    for obligation in obligations:
        # The step of a process is told by its dot from a transition of the same letters.
        name = f"{re.sub(r'[^A-Za-z0-9_.-]', '_', obligation.name)}.smt2"
        (folder / name).write_text(obligation.text, encoding="utf-8")
        answers[name], digests[name] = obligation.expected.value, _digest(obligation.text)
    manifest: dict[str, object] = {
        "format": 2,
        "property": prop,
        "unreached": binding,
        "depth": 1 if isinstance(evidence, EverySize) else evidence.depth,
        "every_size_of": list(evidence.sorts) if isinstance(evidence, EverySize) else [],
        "lemmas": list(evidence.texts),
        "scripts": answers,
        "sha256": digests,
    }
    manifest[OWN_DIGEST] = _digest_of_manifest(manifest)
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def remove(folder: Path) -> None:
    """Remove the certificate that an earlier run wrote to a folder, if there is one. Raises OSError."""
    if (folder / MANIFEST).exists():
        _empty(folder)
        if not any(folder.iterdir()):
            folder.rmdir()


def _empty(folder: Path) -> None:
    """Remove the files of a certificate, first that without which it is none."""
    (folder / MANIFEST).unlink(missing_ok=True)
    for old in folder.glob("*.smt2"):
        old.unlink()


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _digest_of_manifest(manifest: Mapping[str, object]) -> str:
    said = {name: value for name, value in manifest.items() if name != OWN_DIGEST}
    return _digest(json.dumps(said, sort_keys=True))


class Recheck(Struct, frozen=True):
    """What became of one certificate: why it is refused, if it is."""

    folder: Path
    prop: str
    scripts: int
    problems: tuple[str, ...]


def solvers() -> dict[str, Callable[[str], Result]]:
    """The solvers that are there."""
    found: dict[str, Callable[[str], Result]] = {"z3": lambda script: settle(script, SECONDS)}
    if find_spec("cvc5") is not None:
        found["cvc5"] = _settle_by_cvc5
    return found


def recheck(folder: Path) -> Iterator[Recheck]:
    """Ask every certificate below a folder again."""
    for own in sorted({path.parent for name in (MANIFEST, "*.smt2") for path in folder.rglob(name)}):
        yield _recheck(own / MANIFEST)


def _recheck(manifest: Path) -> Recheck:
    folder = manifest.parent
    try:
        said = json.loads(manifest.read_text(encoding="utf-8"))
        prop, scripts = str(said["property"]), {str(n): Result(a) for n, a in said["scripts"].items()}
        digests = dict(said.get("sha256", {}))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return Recheck(folder, folder.name, 0, (f"{MANIFEST} cannot be read: {error}",))
    problems = [*_incomplete(folder, scripts)]
    if said.get(OWN_DIGEST) != _digest_of_manifest(said):
        problems.append(f"{MANIFEST} is not as it was written")
    for name, expected in scripts.items():
        try:
            text = (folder / name).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            problems.append(f"{name} cannot be read: {error}")
            continue
        if digests.get(name) != _digest(text):
            problems.append(f"{name}: it is not as it was written")
        problems += (f"{name}: {problem}" for problem in _wrong(name, text, expected))
    return Recheck(folder, prop, len(scripts), tuple(problems))


def _incomplete(folder: Path, scripts: dict[str, Result]) -> Iterator[str]:
    """What a proof by induction cannot do without."""
    names = {name.removesuffix(".smt2") for name in scripts}
    kinds = {"initial_states", "safety"}
    kinds |= {"paths", "base_0"} if "paths" in names else {"initiation"}
    yield from (f"there is no {kind}.smt2" for kind in sorted(kinds - names))
    for path in sorted(folder.glob("*.smt2")):
        if path.name not in scripts:
            yield f"{path.name} is not in {MANIFEST}"


def _wrong(name: str, text: str, expected: Result) -> Iterator[str]:
    """Why a script does not show what it should."""
    if text.count("(check-sat)") != 1 or not text.rstrip().endswith("(check-sat)"):
        yield "it does not end with its only question"
        return
    if (expected is Result.POSSIBLE) != name.startswith("initial_states"):
        yield f"the answer that it is due is not {expected.value}"
        return
    for solver, ask in solvers().items():
        answer = _asked(ask, text)
        if answer is not expected:
            yield f"{solver} says {_word(answer)}, not {expected.value}"
        elif expected is Result.IMPOSSIBLE and not name.startswith(PATHS):
            without = _asked(ask, _without_last(text))
            # That something is possible for sorts of any size is more than a solver always finds out.
            unknown = without is Result.GAVE_UP and "(forall " in text
            if without is not Result.POSSIBLE and not unknown:
                yield f"{solver} says {_word(without)} even without its last assertion"


def _without_last(text: str) -> str:
    """A script without its last assertion, which is one line."""
    # Some solvers take an answer for an error that is not the one which the script says it is due.
    lines = [line for line in text.splitlines() if not line.startswith("(set-info :status")]
    last = max((i for i, line in enumerate(lines) if line.startswith("(assert")), default=None)
    if last is not None:
        del lines[last]
    return "\n".join(lines)


def _word(answer: Result | str) -> str:
    return answer.value if isinstance(answer, Result) else answer


def _asked(ask: Callable[[str], Result], text: str) -> Result | str:
    """The answer, or what a solver says to a script that is none."""
    try:
        return ask(text)
    except KeyboardInterrupt:
        raise
    except Exception as error:  # each solver has its own kinds
        return f"error ({' '.join(str(error).split())})"


def _settle_by_cvc5(text: str) -> Result:
    answer = _ask_cvc5(text)
    if answer is Result.GAVE_UP and "(declare-sort" in text:
        # What is possible it finds where it builds small models of the sorts.
        return _ask_cvc5(text, ("finite-model-find", "true"))
    return answer


def _ask_cvc5(text: str, *options: tuple[str, str]) -> Result:
    import cvc5

    solver = cvc5.Solver(cvc5.TermManager())
    solver.setOption("tlimit-per", str(int(1_000 * SECONDS)))
    for name, value in options:
        solver.setOption(name, value)
    parser = cvc5.InputParser(solver)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "script")
    symbols = parser.getSymbolManager()
    said: list[str] = []
    while not (command := parser.nextCommand()).isNull():
        said += str(command.invoke(solver, symbols)).split()
    return Result(said[0]) if len(said) == 1 else Result.GAVE_UP
