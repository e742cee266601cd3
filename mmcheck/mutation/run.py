"""A run over the mutants of a spec: the baseline, the mutants by several processes, excuses."""

from __future__ import annotations

import signal
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from mmcheck import session
from mmcheck.core.mutation import Fate, Mutant, MutantOutcome, MutationOutcome
from mmcheck.core.outcome import CheckOutcome, Ending, SpecOutcome
from mmcheck.diagnostics import Diagnostic, Note, SpecError
from mmcheck.engines.engine import Observe
from mmcheck.mutation.excuses import Excuse, excuses
from mmcheck.mutation.judge import Baseline, Judge
from mmcheck.mutation.mutants import Candidate, candidates
from mmcheck.session import Options, Spec, ignore
from mmcheck.source import Span

ORDINARY = Options(engine="explicit")


class UnknownMutantError(ValueError):
    """A mutant was asked for that the spec does not have."""


class Standing(Struct, frozen=True):
    """A sign of life: how far a run is."""

    done: int
    total: int
    survived: int


Watch: TypeAlias = Callable[[Standing], None]
Results: TypeAlias = Generator[tuple[MutantOutcome, CheckOutcome | None], None, None]


def unwatched(standing: Standing) -> None:
    """Watch nothing."""


def listed(path: str | Path, settings: Sequence[str] = (), imports: bool = True) -> MutationOutcome:
    """The mutants of a spec, none of them looked at. Raises SpecError."""
    program = session.load(path, settings).program
    mutants = tuple(candidate.mutant for candidate in candidates(program, imports))
    return MutationOutcome(str(path), program.name, mutants)


def mutate(
    path: str | Path,
    options: Options = ORDINARY,
    *,
    jobs: int = 1,
    imports: bool = True,
    ids: Sequence[str] = (),
    watch: Watch = unwatched,
    observe: Observe = ignore,
) -> MutationOutcome:
    """Verify the mutants of a spec (those of `ids`, or all), and say which of them no check notices.

    `jobs` are the processes that do so; with more than one, a script that calls this must be importable.
    Never raises for bad input. Ctrl-C ends the run with what is known. Raises UnknownMutantError."""
    name = str(path)
    try:
        spec = session.load(path, options.settings)
    except SpecError as error:
        return MutationOutcome(name, Path(name).stem, diagnostics=error.diagnostics)
    chosen = _chosen(candidates(spec.program, imports), ids)
    found = MutationOutcome(name, spec.program.name, tuple(c.mutant for c in chosen))
    before = session.verify(spec, options, observe)
    if any(check.interrupted for check in before.checks):
        return replace(found, interrupted=True)
    if problems := tuple(_problems(before)):
        return replace(found, diagnostics=problems)
    runner = _Runner(spec, Baseline.of(before), options, imports)
    outcomes: list[MutantOutcome] = []
    shown: CheckOutcome | None = None
    interrupted = False
    try:
        if jobs > 1 and len(chosen) > 1:
            results = runner.parallel(chosen, jobs)
        else:
            results = runner.alone(chosen, observe)
        with closing(results):
            for outcome, check in results:
                outcomes.append(outcome)
                shown = check if len(chosen) == 1 else None
                survived = sum(o.fate is Fate.SURVIVED for o in outcomes)
                watch(Standing(len(outcomes), len(chosen), survived))
    except KeyboardInterrupt:
        interrupted = True
    order = {mutant.id: place for place, mutant in enumerate(found.mutants)}
    outcomes.sort(key=lambda outcome: order[outcome.mutant.id])
    excused, warnings = _excused(spec, tuple(outcomes))
    whole = not (ids or options.checks or options.settings or interrupted)
    return replace(
        found,
        outcomes=excused,
        warnings=warnings if whole else (),
        interrupted=interrupted,
        shown=shown,
    )


def _chosen(all: tuple[Candidate, ...], ids: Sequence[str]) -> tuple[Candidate, ...]:
    known = [candidate.mutant.id for candidate in all]
    for id in ids:
        if id not in known:
            raise UnknownMutantError(f"there is no mutant {id!r}; --list shows all")
    return tuple(c for c in all if not ids or c.mutant.id in ids)


def _problems(before: SpecOutcome) -> Iterator[Diagnostic]:
    """Why the spec cannot be measured: a mutant is noticed by what changes, so that it must be as it expects
    before anything is changed."""
    yield from before.diagnostics
    for check in before.checks:
        wrong = [p.prop.name for p in check.properties if p.ending is Ending.UNEXPECTED]
        if wrong:
            yield Diagnostic(
                "E509",
                f"check `{check.check.name}` does not end as it expects: {', '.join(wrong)}",
                check.check.span,
                "mend that first; `mmcheck verify` shows what is wrong",
            )


# --- processes -------------------------------------------------------------------------------------------


class _Runner(Struct, frozen=True):
    spec: Spec
    baseline: Baseline
    options: Options
    imports: bool

    def alone(self, chosen: Sequence[Candidate], observe: Observe) -> Results:
        """One mutant after the other, in this process."""
        judge = Judge(self.spec, self.baseline, self.options, observe)
        for candidate in chosen:
            yield judge.judge(candidate), judge.last

    def parallel(self, chosen: Sequence[Candidate], jobs: int) -> Results:
        """As they are finished, by processes that each load the spec again: a tree is slower to hand over
        than to parse."""
        arguments = (str(self.spec.program.path), self.options, self.baseline, self.imports)
        # A process that is forked from one with threads may hang; a fresh one cannot.
        with _ignoring_interrupts():
            pool = get_context("spawn").Pool(min(jobs, len(chosen)), _prepare, arguments)
        with pool:
            for outcome in pool.imap_unordered(_judge, [c.mutant.id for c in chosen]):
                yield outcome, None


@contextmanager
def _ignoring_interrupts() -> Iterator[None]:
    """Processes started meanwhile ignore Ctrl-C: this one ends them."""
    try:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:  # only the main thread may; then Ctrl-C ends them all
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


_JUDGE: Judge | None = None
"""What a process of the pool works with: it is handed mutants only by their names."""
_CANDIDATES: dict[str, Candidate] = {}


def _prepare(path: str, options: Options, baseline: Baseline, imports: bool) -> None:
    global _JUDGE
    spec = session.load(path, options.settings)
    _JUDGE = Judge(spec, baseline, options)
    _CANDIDATES.update({c.mutant.id: c for c in candidates(spec.program, imports)})


def _judge(id: str) -> MutantOutcome:
    if _JUDGE is None:
        raise RuntimeError("a process of the pool was not prepared")
    return _JUDGE.judge(_CANDIDATES[id])


# --- excuses ---------------------------------------------------------------------------------------------


def _excused(
    spec: Spec, outcomes: tuple[MutantOutcome, ...]
) -> tuple[tuple[MutantOutcome, ...], tuple[Diagnostic, ...]]:
    """The outcomes with the survivors that have an excuse, and warnings of excuses that excuse nothing.

    An excuse in an imported file may be one for other specs, so that only those of the file itself are
    warned about."""
    sources = {o.mutant.span.file.name: o.mutant.span.file for o in outcomes}
    sources[spec.program.source.name] = spec.program.source
    found = {(name, e.line): e for name, source in sources.items() for e in excuses(source)}
    excused = tuple(_with_excuse(outcome, found) for outcome in outcomes)
    open_lines = {
        _line(o.mutant.span) for o in excused if o.fate in (Fate.EXCUSED, Fate.UNDECIDED, Fate.SURVIVED)
    }
    own = spec.program.source.name
    warnings = tuple(
        _idle(excuse, [o.mutant for o in excused if _line(o.mutant.span) == place])
        for place, excuse in found.items()
        if place[0] == own and (place not in open_lines or not excuse.reason)
    )
    return excused, warnings


def _line(span: Span) -> tuple[str, int]:
    return span.file.name, span.line


def _with_excuse(outcome: MutantOutcome, found: dict[tuple[str, int], Excuse]) -> MutantOutcome:
    excuse = found.get(_line(outcome.mutant.span))
    if outcome.fate is not Fate.SURVIVED or excuse is None or not excuse.reason:
        return outcome
    return replace(outcome, fate=Fate.EXCUSED, reason=excuse.reason)


def _idle(excuse: Excuse, here: list[Mutant]) -> Diagnostic:
    if not excuse.reason:
        return Diagnostic("W604", "an excuse without a reason", excuse.span, "say why the mutant may survive")
    message = "no mutant that this could excuse survives" if here else "there is no mutant for this excuse"
    remedy = "remove the comment, so that it does not hide one that survives later"
    notes = tuple(Note(f"{mutant.weakening.value} {mutant.change}", mutant.span) for mutant in here[:1])
    return Diagnostic("W604", message, excuse.span, remedy, notes)
