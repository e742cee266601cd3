"""Certificates on disk, for those who know no solver: written for a proof, and asked again later."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mmcheck.core.instance import Instance
from mmcheck.core.system import Property
from mmcheck.core.types import show_value
from mmcheck.core.verdict import Binding, EverySize, Inductive

if TYPE_CHECKING:
    from mmcheck.engines.symbolic.recheck import Recheck

# z3 is loaded where it is used.


def write_certificate(
    folder: Path,
    instance: Instance,
    properties: tuple[str, ...],
    prop: Property,
    binding: Binding,
    evidence: Inductive | EverySize,
) -> None:
    """Write a proof by induction to a folder, as scripts for solvers. Raises OSError."""
    from mmcheck.engines.parametric import certificate as parametric
    from mmcheck.engines.symbolic.certificate import Prover
    from mmcheck.engines.symbolic.recheck import write

    if isinstance(evidence, EverySize):
        whole = parametric.Prover(instance.system, properties).obligations(prop, evidence)
        write(folder, prop.name, "", evidence, whole)
        return
    shown = ", ".join(f"{name} = {show_value(value)}" for name, value in binding)
    obligations = Prover(instance, properties).obligations(prop, binding, evidence)
    write(folder, prop.name, shown, evidence, obligations)


def remove_certificate(folder: Path) -> None:
    """Remove what an earlier run wrote of a proof. Raises OSError."""
    from mmcheck.engines.symbolic.recheck import remove

    remove(folder)


def recheck_certificates(folder: Path) -> Iterator[Recheck]:
    """Ask every certificate below a folder again."""
    from mmcheck.engines.symbolic.recheck import recheck

    return recheck(folder)


def certificate_solvers() -> tuple[str, ...]:
    """The solvers that certificates are asked with."""
    from mmcheck.engines.symbolic.recheck import solvers

    return tuple(solvers())
