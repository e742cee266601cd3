"""From a path, or a text, to a spec without errors, and from one of its checks to an instance."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from mmcheck.core.check import Check
from mmcheck.core.instance import Instance
from mmcheck.core.size import MOST, excesses
from mmcheck.core.types import Value
from mmcheck.diagnostics import Collector, Note, SpecError
from mmcheck.elaborate.checks import declared_checks, read_settings
from mmcheck.elaborate.lowering import Elaborated, elaborate
from mmcheck.elaborate.modules import Program, load_program, merge_program
from mmcheck.elaborate.scope import Symbols, declare
from mmcheck.engines.registry import DEFAULT, SYMBOLIC
from mmcheck.source import SourceFile


class Spec(Struct, frozen=True):
    """A spec without errors: its program, and its system and checks as they are declared (or as the settings
    have them)."""

    program: Program
    symbols: Symbols
    declared: Elaborated
    checks: tuple[Check, ...]
    settings: tuple[str, ...] = ()
    """Those that it was loaded with."""


def load(path: str | Path, settings: Sequence[str] = ()) -> Spec:
    """Read and elaborate a spec. Raises SpecError, with all diagnostics, when it has errors."""
    collector = Collector()
    program = load_program(str(path), collector)
    return _finish(program, settings, collector)


def loads(text: str, name: str = "<text>", settings: Sequence[str] = ()) -> Spec:
    """The spec of a text, as if it stood in a file of that name. Raises SpecError when it has errors."""
    collector = Collector()
    return _finish(merge_program(SourceFile(name, text), Path(name), collector), settings, collector)


def of_program(program: Program, settings: Sequence[str] = (), collector: Collector | None = None) -> Spec:
    """The spec of a program that was read before; `collector` has what was found then. Raises SpecError
    when it has errors."""
    return _finish(program, settings, Collector() if collector is None else collector)


def _finish(program: Program | None, settings: Sequence[str], collector: Collector) -> Spec:
    if program is None:
        raise SpecError(collector.in_order())
    symbols = declare(program, collector)
    declared = elaborate(program, symbols, {}, collector)
    extra = _settings(settings, symbols, declared, collector)
    checks = declared_checks(symbols, declared, extra, collector)
    collector.raise_if_errors()
    return Spec(program, symbols, declared, checks, tuple(settings))


_SETTING = re.compile(r"\s*[A-Za-z_]\w*\s*=[^=;{}][^;{}]*")


def _settings(
    texts: Sequence[str], symbols: Symbols, declared: Elaborated, collector: Collector
) -> Mapping[str, Value]:
    """The values of `NAME=VALUE` settings, the last one of a name counting."""
    settings: dict[str, Value] = {}
    for text in texts:
        if _SETTING.fullmatch(text) is None:
            collector.add("E500", f"`{text}` is no setting", None, "write it as NAME=VALUE, such as Page=3")
            continue
        source = SourceFile("--set", f"check command_line {{ {text.strip()}; }}")
        settings |= read_settings(source, symbols, declared, settings, collector)
    return settings


def instantiate(spec: Spec, check: Check, engine: str = DEFAULT) -> tuple[Check, Instance]:
    """The instance of a check, and the check with all its values. Raises SpecError where the check's settings
    make no sense together, or make the instance too large for the engine."""
    collector = Collector()
    elaborated = spec.declared
    if check.constants:
        elaborated = elaborate(spec.program, spec.symbols, check.constants, collector)
    _raise_in_check(check, collector)
    complete = replace(check, constants=elaborated.constants, sizes={**elaborated.sizes, **check.sizes})
    instance = Instance(elaborated.system, complete.sizes)
    # A variable with too many cells also has too many initial assignments: one place, one message.
    found = reversed(list(excesses(instance, beginnings=engine not in SYMBOLIC)))
    for excess in {excess.span: excess for excess in found}.values():
        collector.add(
            "E505",
            f"{excess.what} are {'more than ' if excess.count > MOST else ''}{min(excess.count, MOST):,}",
            excess.span,
            _remedy(instance),
        )
    _raise_in_check(check, collector)
    return complete, instance


def _remedy(instance: Instance) -> str:
    """What to do about an instance that is too large."""
    smaller = "make sorts and ranges smaller: two or three elements show most bugs"
    if any(excesses(instance, beginnings=False)):
        return smaller
    return f"{smaller}; or let a solver take all initial states at once, with `--engine parametric`"


def _raise_in_check(check: Check, collector: Collector) -> None:
    if collector.has_errors:
        note = Note(f"with the settings of check `{check.name}`", check.span)
        raise SpecError(tuple(replace(d, notes=(*d.notes, note)) for d in collector.in_order()))
