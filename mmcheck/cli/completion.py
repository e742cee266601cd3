"""What a shell offers for the names of a spec: its checks, its properties, and what can be set."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mmcheck.session import Spec

Complete = Callable[[click.Context, click.Parameter, str], list[str]]


def _completes(names: Callable[[Spec], Iterator[str]]) -> Complete:
    """Offer names of the specs that the command line has by then; none of a spec that has errors."""

    def complete(context: click.Context, parameter: click.Parameter, start: str) -> list[str]:
        found = (name for spec in _specs(context) for name in names(spec))
        # What holds a space, such as `no model error`, would be several words to the shell.
        return [name for name in dict.fromkeys(found) if name.startswith(start) and " " not in name]

    return complete


def _specs(context: click.Context) -> Iterator[Spec]:
    # Every command declares these options, and only a shell that completes them needs to read a spec.
    from mmcheck import session
    from mmcheck.diagnostics import SpecError

    # click assigns no words to parameters here: the last option has no value yet.
    files, _ = session.find_specs([word for word in context.args if Path(word).exists()])
    for file in files:
        try:
            yield session.load(file)
        except SpecError:
            continue


@_completes
def complete_check(spec: Spec) -> Iterator[str]:
    """The checks."""
    yield from (check.name for check in spec.checks)


@_completes
def complete_property(spec: Spec) -> Iterator[str]:
    """The properties."""
    yield from (prop.name for prop in spec.declared.system.properties)


@_completes
def complete_setting(spec: Spec) -> Iterator[str]:
    """The sorts and constants, up to the value."""
    from mmcheck.syntax import ast

    for name, declared in spec.symbols.globals.items():
        if isinstance(declared, ast.SortDecl | ast.ConstDecl):
            yield f"{name}="
