"""Verdicts that were reached before: asked for first, and kept when they are conclusive."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from mmcheck import session
from mmcheck.cache.codec import CodecError, decode, encode
from mmcheck.cache.question import Question, question
from mmcheck.cache.store import Store, default_folder
from mmcheck.core.outcome import SpecOutcome
from mmcheck.core.verdict import Unknown
from mmcheck.engines.engine import Observe
from mmcheck.jobs.standing import Result
from mmcheck.jobs.verify import results

ORDINARY = session.Options()


class Cache(Struct, frozen=True):
    """Outcomes of specs in a folder. Whenever anything is in doubt, a spec is verified again."""

    store: Store

    @staticmethod
    def at(folder: str | Path) -> Cache:
        """The cache in a folder, which is made when something is first kept."""
        return Cache(Store(Path(folder)))

    def verify_file(
        self, path: str, options: session.Options = ORDINARY, observe: Observe = session.ignore
    ) -> SpecOutcome:
        """As `session.verify_file`, but for a verdict that is remembered."""
        asked = question(path, options)
        if asked is not None and (known := self.recall(asked)) is not None:
            return known
        outcome = session.verify_file(path, options, observe)
        if asked is not None:
            self.keep(asked, outcome)
        return outcome

    def results(
        self,
        files: Sequence[str],
        options: session.Options = ORDINARY,
        observe: Observe = session.ignore,
        jobs: int | None = 1,
    ) -> Generator[Result, None, None]:
        """As `mmcheck.jobs.verify.results`, but for verdicts that are remembered."""
        asked = {file: question(file, options) for file in files}
        known = {file: self.recall(q) for file, q in asked.items() if q is not None}
        with closing(results([f for f in files if known.get(f) is None], options, observe, jobs)) as found:
            for file in files:
                remembered = known.get(file)
                if remembered is not None:
                    yield remembered
                    continue
                result = next(found, None)
                if result is None:
                    return
                # After Ctrl-C some files have no result, so that it need not be that of this one.
                of_it = asked.get(result.file)
                if isinstance(result, SpecOutcome) and of_it is not None:
                    self.keep(of_it, result)
                yield result
            # Nothing more comes but Ctrl-C, which is raised when all that there was has been given.
            yield from found

    def recall(self, asked: Question) -> SpecOutcome | None:
        """The outcome under a key, if there is one that can be read."""
        text = self.store.get(asked.key)
        if text is None:
            return None
        try:
            found = decode(text)
        except CodecError:
            return None
        if not isinstance(found, SpecOutcome) or not found.remembered or not rests_on(found, asked.files):
            return None
        return found

    def keep(self, asked: Question, outcome: SpecOutcome) -> bool:
        """Remember an outcome that is conclusive and of the very files that were asked about."""
        if not is_conclusive(outcome) or not rests_on(outcome, asked.files):
            return False
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        try:
            text = encode(replace(outcome, remembered=now))
        except CodecError:
            return False
        return self.store.put(asked.key, text)


def cache_in_use() -> Cache | None:
    """The cache of this user, unless the environment switches it off."""
    folder = default_folder()
    return None if folder is None else Cache.at(folder)


def is_conclusive(outcome: SpecOutcome) -> bool:
    """Whether every question about a spec was answered: no error in it, no limit, no interruption."""
    if outcome.diagnostics or not outcome.checks:
        return False
    return not any(
        check.interrupted or any(isinstance(p.verdict, Unknown) for p in check.properties)
        for check in outcome.checks
    )


def rests_on(outcome: SpecOutcome, files: Mapping[str, str]) -> bool:
    """Whether what was parsed is what is in these files, each given with its hash. One may have changed in
    between; and when several processes share the checks, each of them reads the files for itself."""
    return all(
        check.files and all(files.get(path) == read for path, read in check.files) for check in outcome.checks
    )
