"""Which checks and properties a run is about, and whether the folders that it names can be used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec.structs import replace

from mmcheck.core.check import Check
from mmcheck.core.system import NoModelError
from mmcheck.diagnostics import Collector, Diagnostic, SpecError
from mmcheck.elaborate.modules import load_program
from mmcheck.elaborate.scope import did_you_mean
from mmcheck.engines.scratch import foreign_file
from mmcheck.session.loading import Spec
from mmcheck.session.options import Options


def chosen(spec: Spec, options: Options) -> tuple[Check, ...]:
    """The checks to run, each with the properties to verify. Raises SpecError where the options name what the
    spec does not have, or a folder that cannot be used."""
    spill, certificates = options.preferences.spill, options.certificates
    if spill is not None and (problem := spill_folder_problem(spill)) is not None:
        raise SpecError((problem,))
    if certificates is not None and (problem := certificate_folder_problem(certificates)) is not None:
        raise SpecError((problem,))
    return tuple(_select(spec, options))


def selected_checks(spec: Spec, options: Options = Options()) -> tuple[Check, ...]:
    """The checks that the options select, each with the properties that are left. Raises SpecError."""
    return tuple(_select(spec, options))


def _select(spec: Spec, options: Options) -> Iterator[Check]:
    collector = Collector()
    names = [check.name for check in spec.checks]
    properties = [p.name for p in spec.declared.system.properties]
    for what, wanted, known in (
        ("check", options.checks, names),
        ("property", options.properties, properties),
    ):
        for name in wanted:
            if name not in known:
                remedy = did_you_mean(name, known, f"there are: {', '.join(known)}")
                collector.add("E507", f"`{spec.program.path}` has no {what} `{name}`", None, remedy)
    collector.raise_if_errors()
    for check in spec.checks:
        if options.checks and check.name not in options.checks:
            continue
        if not options.properties:
            yield check
        elif chosen := [p for p in check.properties if p in options.properties]:
            always = tuple(p for p in check.properties if p == NoModelError().name)
            yield replace(check, properties=tuple(dict.fromkeys((*always, *chosen))))


def certificate_folder_problem(folder: Path) -> Diagnostic | None:
    """Why certificates cannot be written to a folder, if they cannot."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".mmcheck").touch()
        (folder / ".mmcheck").unlink(missing_ok=True)  # another process may ask the same now
    except OSError as error:
        return unwritable(folder, error)
    return None


def one_folder_problem(paths: Iterable[str]) -> Diagnostic | None:
    """Why the specs of some files cannot have their certificates written to one folder, if they cannot: it
    has a folder for each name of a spec."""
    paths_of: dict[str, str] = {}
    for path in paths:
        program = load_program(path, Collector())
        if program is not None and (other := paths_of.setdefault(program.name, path)) != path:
            both = f"`{other}` and `{path}` are both called `{program.name}`"
            message = f"{both}, so their certificates would mix"
            return Diagnostic("E508", message, None, "verify them one by one, with a folder for each")
    return None


def unwritable(folder: Path, error: OSError) -> Diagnostic:
    """That certificates cannot be written to a folder."""
    message = f"no certificate can be written to `{folder}`: {error.strerror}"
    return Diagnostic("E508", message, None, "name a folder that can be written to")


def spill_folder_problem(folder: Path) -> Diagnostic | None:
    """Why a folder cannot be used to spill into, if it cannot."""
    foreign = foreign_file(folder)
    if foreign is None:
        return None
    if foreign == folder:
        message, remedy = f"`{folder}` is no folder", "name a folder, which is made where there is none"
    else:
        message = f"`{folder}` has other files in it, such as `{foreign.name}`"
        remedy = "name a folder of its own, so that no file of yours is ever removed"
    return Diagnostic("E508", f"{message}, so nothing can be spilled there", None, remedy)
