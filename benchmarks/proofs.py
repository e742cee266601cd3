"""What an engine that proves proves of specs at some size, and how long that takes, certification included.

Every check is a process of its own with a limit; all sorts have the same number of elements. Asked for are
the safety properties that the check expects to hold. A line tells, in seconds of one processor, the search
(with grounding) and the certification by a fresh solver, how many properties were proved, violated (a larger
size may violate what a smaller one does not) or left open, and the number of states that the cells could
make, which is what a search without proofs has to face at worst. To be run from the root of the repository:

    python -m benchmarks.proofs [--engine NAME] [--size N] [--seconds S] [SPEC [CHECK]...]
"""

from __future__ import annotations

import resource
import subprocess
import sys
from collections import Counter
from math import log10
from pathlib import Path
from time import process_time

import click

import mmcheck
from mmcheck.core.check import Check, Expectation
from mmcheck.core.codes import code_bounds
from mmcheck.core.instance import Instance
from mmcheck.core.system import Liveness, Property, Reachable, Scenario
from mmcheck.core.types import SetType
from mmcheck.core.verdict import EverySize, Inductive, Proved, Unknown
from mmcheck.engines.engine import Limits
from mmcheck.engines.registry import ENGINES, reproof
from mmcheck.session import Spec, instantiate

PROVERS = ("ic3", "kinduction", "parametric")
SIZE = 4
SECONDS = 60


def sized(path: str, size: int) -> Spec:
    """A spec with so many elements in every sort."""
    sorts = mmcheck.load(path).declared.sizes
    return mmcheck.load(path, tuple(f"{sort}={size}" for sort in sorts))


def wanted(instance: Instance, check: Check) -> tuple[Property, ...]:
    """The safety properties that a check expects to hold."""
    return tuple(
        prop
        for prop in instance.system.properties
        if prop.name in check.properties
        and not isinstance(prop, Liveness | Scenario | Reachable)
        and check.expectation(prop.name).expectation is Expectation.HOLDS
    )


def possible_states(instance: Instance) -> float:
    """The decimal logarithm of the number of states that the cells could make."""
    total = 0.0
    for cell in instance.cells:
        if isinstance(cell.type, SetType):
            low, high = code_bounds(cell.type.element, instance.sizes)
            total += (high - low + 1) * log10(2)
        else:
            low, high = code_bounds(cell.type, instance.sizes)
            total += log10(high - low + 1)
    return total


def prove(engine: str, path: str, name: str, size: int, seconds: float) -> None:
    """Prove one check, and say what it took."""
    begun = process_time()
    spec = sized(path, size)
    check, instance = instantiate(spec, next(c for c in spec.checks if c.name == name), engine)
    properties = wanted(instance, check)
    loaded = process_time()
    names = tuple(prop.name for prop in properties)
    answer = ENGINES[engine]().check(instance, names, Limits(timeout=seconds), lambda progress: None)
    searched = process_time()
    reprove = reproof(instance, names, answer.verdicts)
    said: Counter[str] = Counter()
    lemmas: set[str] = set()
    for prop in properties:
        verdict = answer.verdicts[prop.name]
        match verdict:
            case Proved(Inductive() as evidence):
                reprove(prop, (), evidence)
                lemmas.update(evidence.texts)
                said["proved"] += 1
            case Proved(EverySize() as evidence):
                reprove(prop, (), evidence)
                lemmas.update(evidence.texts)
                said["proved for every size"] += 1
            case Unknown():
                said["open"] += 1
            case _:
                said["violated"] += 1
    certified = process_time()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    click.echo(
        f"load {loaded - begun:5.1f}  search {searched - loaded:6.1f}  certify {certified - searched:6.1f}  "
        f"{memory:5} MiB  10^{possible_states(instance):<4.0f} {len(lemmas):3} lemmas  "
        + ", ".join(f"{count} {word}" for word, count in sorted(said.items()))
    )


def one(engine: str, path: str, name: str, size: int, seconds: float) -> str:
    """What the process for one check says."""
    command = [sys.executable, "-m", "benchmarks.proofs", "--one", "--engine", engine, "--size", str(size)]
    command += ["--seconds", str(seconds), path, name]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=8 * seconds, check=False)
    except subprocess.TimeoutExpired:
        return f"nothing after {8 * seconds:.0f} s"
    return (run.stdout or run.stderr).strip().rpartition("\n")[2]


@click.command()
@click.option(
    "--engine", type=click.Choice(PROVERS), default=PROVERS[0], show_default=True, help="What proves."
)
@click.option("--size", default=SIZE, show_default=True, help="Elements of each sort.")
@click.option("--seconds", default=float(SECONDS), show_default=True, help="Limit of a search.")
@click.option("--one", "alone", is_flag=True, hidden=True)
@click.argument("spec", required=False)
@click.argument("checks", nargs=-1)
def main(
    engine: str, size: int, seconds: float, alone: bool, spec: str | None, checks: tuple[str, ...]
) -> None:
    """Prove what holds in SPEC (all of specs/, if none is named), or in some of its checks."""
    if alone and spec is not None:
        prove(engine, spec, checks[0], size, seconds)
        return
    for path in [spec] if spec is not None else sorted(map(str, Path("specs").glob("*.mmc"))):
        for check in mmcheck.load(path).checks:
            if not checks or check.name in checks:
                said = one(engine, path, check.name, size, seconds)
                click.echo(f"{Path(path).stem:22} {check.name:40} {said}")


if __name__ == "__main__":
    main()
