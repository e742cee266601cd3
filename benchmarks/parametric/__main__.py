"""A row for each protocol: what is proved for every size, with how many lemmas, in how much time."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import mmcheck
from mmcheck.core.system import Invariant, StepInvariant
from mmcheck.core.verdict import EverySize, Proved
from mmcheck.session import Options

FOLDER = Path(__file__).parent


def row(path: Path) -> str:
    """What came of one protocol; time is that of the processor, the second look at each proof included."""
    began = time.process_time()
    check = mmcheck.verify(mmcheck.load(path), Options(engine="parametric")).checks[0]
    seconds = time.process_time() - began
    own = [p for p in check.properties if isinstance(p.prop, Invariant | StepInvariant)]
    proofs = [
        p.verdict.evidence
        for p in check.properties
        if isinstance(p.verdict, Proved) and isinstance(p.verdict.evidence, EverySize)
    ]
    solved = len(proofs) == len(check.properties)
    lemmas = {text for proof in proofs for text in proof.texts}
    found = sum(not text.isidentifier() for text in lemmas)
    sorts = ", ".join(check.instance.sizes)
    word = "yes" if solved else f"{len(proofs)} of {len(check.properties)}"
    return f"| {path.stem} | {sorts} | {len(own)} | {word} | {found} | {seconds:.1f} |"


def main() -> None:
    """Write the table, for the protocols that are named, or for all."""
    sys.stdout.write("| protocol | sorts | invariants | proved | lemmas found | seconds |\n")
    sys.stdout.write("| --- | --- | --- | --- | --- | --- |\n")
    for path in sorted(FOLDER.glob("*.mmc")):
        if len(sys.argv) < 2 or path.stem in sys.argv[1:]:
            sys.stdout.write(f"{row(path)}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
