"""The ic3 engine beside another implementation of property-directed reachability: berkeley-abc's `pdr`.

Both get the same circuit and the same safety properties (those that hold); abc reads it as BLIF, one latch
for each atom of a state, and knows nothing of symmetry. Times are of one processor: of the engine with the
grounding of the spec, without certification; of abc with reading the circuit. To be run from the root of the
repository:

    python -m benchmarks.pdr [SPEC CHECK [NAME=VALUE...]]
"""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

import click
from msgspec import Struct, field

import mmcheck
from mmcheck.core.dag import Op
from mmcheck.core.instance import Instance
from mmcheck.core.system import Liveness, Property, Reachable, Scenario
from mmcheck.core.verdict import Proved
from mmcheck.engines.engine import Limits
from mmcheck.engines.symbolic.ic3.engine import Ic3Engine
from mmcheck.engines.symbolic.ic3.initial import Initial
from mmcheck.engines.symbolic.ic3.places import Place
from mmcheck.engines.symbolic.ic3.problem import Problem, Target
from mmcheck.session import instantiate

SECONDS = 120

MODELS = "benchmarks/models"
INSTANCES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (f"{MODELS}/memfd_pins.mmc", "small", ("Task=4", "Page=4")),
    (f"{MODELS}/memfd_pins.mmc", "small", ("Task=6", "Page=6")),
    (f"{MODELS}/page_faults.mmc", "tiny", ()),
    (f"{MODELS}/page_faults.mmc", "small", ("Task=3", "Page=3")),
    (f"{MODELS}/page_faults.mmc", "small", ("Task=4", "Page=4")),
    (f"{MODELS}/page_faults.mmc", "small", ("Task=6", "Page=4")),
    ("specs/dax_remap.mmc", "as_described", ()),
    ("specs/memfd_seal.mmc", "merged", ()),
    ("specs/overlay_copyup.mmc", "pages_shared", ()),
)


class Blif(Struct, dict=True):
    """The circuit of a problem in BLIF. Inputs choose the move (the binary code of its number), and once, in
    a first step of their own, the initial state."""

    problem: Problem
    initial: Initial
    targets: Sequence[Target]
    lines: list[str] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    known: dict[int, str] = field(default_factory=dict)
    made: int = 0

    def text(self) -> str:
        moves = self._moves()
        latches = [latch for place in self.problem.places.all for latch in self._latches(place, moves)]
        self._gate("begun_next", [], [""])
        bad = self._any([self._node(target.bad) for target in self.targets])
        self._gate("bad", ["begun", bad], ["11"])
        head = [".model mmcheck", f".inputs {' '.join(self.inputs)}", ".outputs bad"]
        return "\n".join([*head, ".latch begun_next begun 0", *latches, *self.lines, ".end", ""])

    def _input(self) -> str:
        self.inputs.append(f"i{len(self.inputs)}")
        return self.inputs[-1]

    def _gate(self, name: str, args: Sequence[str], rows: Sequence[str]) -> str:
        """A wire that is true where the arguments match one of the rows."""
        self.lines.append(f".names {' '.join([*args, name])}")
        self.lines += [f"{row} 1" if args else "1" for row in rows]
        return name

    def _wire(self, args: Sequence[str], rows: Sequence[str]) -> str:
        self.made += 1
        return self._gate(f"w{self.made}", args, rows)

    def _any(self, args: Sequence[str]) -> str:
        return self._wire(args, [one_of(i, len(args)) for i in range(len(args))])

    def _node(self, node: int) -> str:
        if node not in self.known:
            op, args, number = self.problem.circuit.dag.nodes[node]
            parts = [self._node(arg) for arg in args]
            match op:
                case Op.CELL:
                    self.known[node] = f"l{number}"
                case Op.CONST:
                    self.known[node] = self._wire([], [""] * number)
                case Op.NOT:
                    self.known[node] = self._wire(parts, ["0"])
                case Op.AND:
                    self.known[node] = self._wire(parts, ["1" * len(parts)])
                case _:
                    self.known[node] = self._any(parts)
        return self.known[node]

    def _moves(self) -> list[str]:
        """For each move the wire that says that it is taken."""
        code = [self._input() for _ in range(max(1, (len(self.problem.moves) - 1).bit_length()))]
        return [
            self._wire(
                [*code, self._node(move.enabled)],
                ["".join("1" if number >> i & 1 else "0" for i in range(len(code))) + "1"],
            )
            for number, move in enumerate(self.problem.moves)
        ]

    def _latches(self, place: Place, moves: Sequence[str]) -> Iterator[str]:
        circuit = self.problem.circuit
        numbers = (move.writes.get(place.number) for move in self.problem.moves)
        writers = [(taken, node) for taken, node in zip(moves, numbers, strict=True) if node is not None]
        first = self._first_values(place)
        values = () if place.count == 1 else (1,) if place.count == 2 else range(place.count)
        for value in values:
            atom = f"l{circuit.starts[place.number] + (value if place.count > 2 else 0)}"
            written = [
                self._wire([taken, self._node(circuit.becomes(place, node, 1 << value))], ["11"])
                for taken, node in writers
            ]
            kept = self._wire([atom, *(taken for taken, _ in writers)], ["1" + "0" * len(writers)])
            after = self._any([*written, kept])
            following = self._wire(["begun", after, first[value]], ["11-", "0-1"])
            yield f".latch {following} {atom} 0"

    def _first_values(self, place: Place) -> list[str]:
        """For each value of a place the wire that says that it is the initial one."""
        if place.number in self.initial.tied:
            position = self.initial.tied.index(place.number)
            rows = self._choice("together", len(self.initial.together))
            chosen = [
                [w for w, row in zip(rows, self.initial.together, strict=True) if row[position] == value]
                for value in range(place.count)
            ]
            return [self._any(wires) if wires else self._wire([], []) for wires in chosen]
        allowed = [v for v in range(place.count) if self.initial.masks[place.number] >> v & 1]
        wires = dict(zip(allowed, self._choice(f"place {place.number}", len(allowed)), strict=True))
        return [wires[v] if v in wires else self._wire([], []) for v in range(place.count)]

    def _choice(self, name: str, count: int) -> list[str]:
        """Wires of which exactly one is true: the first whose input is, or the last."""
        if name not in self._choices:
            own = [self._input() for _ in range(count - 1)]
            rows = ["0" * i + "1" + "-" * (count - 2 - i) for i in range(count - 1)] + ["0" * (count - 1)]
            self._choices[name] = [self._wire(own, [row]) for row in rows]
        return self._choices[name]

    def __post_init__(self) -> None:
        self._choices: dict[str, list[str]] = {}


def one_of(position: int, count: int) -> str:
    return "-" * position + "1" + "-" * (count - position - 1)


def instance_of(path: str, check: str, settings: Sequence[str]) -> tuple[Instance, tuple[Property, ...]]:
    """An instance, with the safety properties that hold."""
    spec = mmcheck.load(path, settings)
    chosen, instance = instantiate(spec, next(c for c in spec.checks if c.name == check))
    safety = [p for p in instance.system.properties if not isinstance(p, Liveness | Scenario | Reachable)]
    names = tuple(p.name for p in safety if p.name in chosen.properties)
    answer = Ic3Engine().check(instance, names, Limits(timeout=SECONDS), lambda progress: None)
    return instance, tuple(p for p in safety if isinstance(answer.verdicts.get(p.name), Proved))


def measure(path: str, check: str, settings: Sequence[str]) -> tuple[float, float]:
    """Seconds of the ic3 engine, and of abc; a line on the output says more."""
    instance, properties = instance_of(path, check, settings)
    begun = process_time()
    names = tuple(prop.name for prop in properties)
    Ic3Engine().check(instance, names, Limits(timeout=SECONDS), lambda progress: None)
    own = process_time() - begun
    problem = Problem(instance)
    initial = problem.initial()
    if initial is None:
        raise SystemExit(f"{path} has no initial state in {check}")
    other, said = abc(Blif(problem, initial, problem.targets(properties)).text())
    name = f"{Path(path).stem} {check} {' '.join(settings)}"
    click.echo(f"{name:50} ic3 {own:7.2f} s   abc {other:7.2f} s: {said}")
    return own, other


def abc(blif: str) -> tuple[float, str]:
    """The processor time that abc takes, and what it says in the end."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "instance.blif")
        path.write_text(blif)
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        command = f"read_blif {path}; strash; pdr -T {SECONDS}"
        run = subprocess.run(["berkeley-abc", "-c", command], capture_output=True, text=True, check=False)
        seconds = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    lines = run.stdout.strip().splitlines()
    return seconds, lines[-1].partition(".")[0] if lines else "nothing"


def main(words: Sequence[str]) -> None:
    chosen = ((words[0], words[1], tuple(words[2:])),) if len(words) > 1 else INSTANCES
    times = [measure(path, check, settings) for path, check, settings in chosen]
    own, other = (sum(column) for column in zip(*times, strict=True))
    click.echo(f"all together: ic3 {own:.2f} s, abc {other:.2f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
