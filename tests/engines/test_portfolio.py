"""The portfolio: who decides, that nobody is left behind, and what becomes of engines that misbehave."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from agreement import small_instance
from hypothesis import HealthCheck, Phase, given, settings
from msgspec import Struct, field
from msgspec.structs import replace
from oracle import truth
from strategies import specs

import mmcheck
from engines import rivals
from engines.test_solver_engines import wrong_verdicts
from mmcheck.core.certify import CertificationError
from mmcheck.core.instance import Instance
from mmcheck.core.outcome import CheckOutcome, Ending
from mmcheck.core.verdict import EverySize, Exhaustive, Proved, Unknown, Verdict, Violated
from mmcheck.engines.engine import Answer, EnoughError, Limits, Observe, Preferences, Progress
from mmcheck.engines.portfolio.engine import DisagreementError, Portfolio
from mmcheck.engines.portfolio.outlook import Outlook, room
from mmcheck.engines.portfolio.work import Turn
from mmcheck.engines.registry import ENGINES
from mmcheck.session import Options, instantiate, judging, verifying

LOCK = """
sort Task = 2;
state { bool held[Task]; 0..3 free = 1; }
transition lock(Task t) { require free > 0; free = free - 1; held[t] = true; }
transition unlock(Task t) { require held[t]; held[t] = false; free = free + 1; }
invariant exclusive: forall Task t, Task u: held[t] && held[u] => t == u;
invariant counted: free + (count Task t: held[t]) == 1;
invariant never_held: forall Task t: !held[t];
reachable locked: exists Task t: held[t];
liveness unlocked: always eventually free == 1;
check two { }
"""
SAFE = ("no model error", "exclusive", "counted")
ALL = (*SAFE, "never_held", "locked")


def instance_of(text: str = LOCK) -> Instance:
    spec = mmcheck.loads(text)
    return instantiate(spec, spec.checks[0])[1]


def ignore(progress: Progress) -> None:
    pass


class Search(Struct):
    """A search that finds what it is told to find, and then goes on for some seconds, or until it is told
    that it is enough."""

    verdicts: dict[str, Verdict] = field(default_factory=dict)
    seconds: float = 30.0
    decided: frozenset[str] = frozenset()
    name: str = "fake"

    def check(
        self, instance: Instance, properties: tuple[str, ...], limits: Limits, observe: Observe
    ) -> Answer:
        end = time.monotonic() + min(self.seconds, limits.timeout or self.seconds)
        interrupted = False
        try:
            while time.monotonic() < end:
                observe(replace(rivals.progress("search"), decided=self.decided))
                time.sleep(0.01)
        except EnoughError:
            pass
        except KeyboardInterrupt:
            interrupted = True
        found = dict.fromkeys(properties, Unknown("it took too long")) | self.verdicts
        return replace(rivals.answer(instance, found), interrupted=interrupted)


def portfolio(*makers: object, search: Search | None = None, **options: object) -> Portfolio:
    """A portfolio that begins at once, with a lane for each engine."""
    lanes = tuple((Turn(make),) for make in makers)  # type: ignore[arg-type]
    given = {"head_start": 0.0, **options}
    return Portfolio(search or Search(), lanes, rivals.reproof, **given)  # type: ignore[arg-type]


def kinds(answer: Answer) -> dict[str, str]:
    return {name: type(verdict).__name__ for name, verdict in answer.verdicts.items()}


@pytest.fixture
def marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(rivals.MARK, str(tmp_path))
    return tmp_path


def process_of(mark: Path) -> int:
    """The process of a fake that has begun."""
    end = time.monotonic() + 60
    while not (mark.exists() and mark.read_text().strip()):
        assert time.monotonic() < end, "it has not begun"
        time.sleep(0.02)
    return int(mark.read_text().split("\n")[0])


def is_gone(process: int) -> bool:
    """Whether a process ends within some seconds."""
    for _ in range(500):
        try:
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


# --- who decides -----------------------------------------------------------------------------------------


def test_a_helper_decides_and_the_search_is_stopped() -> None:
    begun = time.monotonic()
    answer = portfolio(rivals.kinduction).check(instance_of(), ALL, Limits(), ignore)
    assert kinds(answer) == dict.fromkeys(SAFE, "Proved") | {"never_held": "Violated", "locked": "Proved"}
    assert set(answer.deciders.values()) == {"kinduction"} and set(answer.deciders) == set(ALL)
    assert set(SAFE) <= answer.reproved and "locked" not in answer.reproved
    assert time.monotonic() - begun < 25, "the search went on"


def test_what_the_search_has_decided_needs_no_helper() -> None:
    violated = ENGINES["explicit"]().check(instance_of(), ALL, Limits(), ignore).verdicts["never_held"]
    search = Search({"never_held": violated}, decided=frozenset({"never_held", "locked"}))
    answer = portfolio(rivals.kinduction, search=search).check(instance_of(), ALL, Limits(), ignore)
    assert isinstance(answer.verdicts["never_held"], Violated) and answer.deciders.keys() >= set(SAFE)


def test_liveness_is_left_to_the_search() -> None:
    search = Search({"unlocked": Proved(Exhaustive(3, 4, 1))}, seconds=0.5)
    asked = (*SAFE, "unlocked")
    answer = portfolio(rivals.kinduction, search=search).check(instance_of(), asked, Limits(), ignore)
    assert set(answer.deciders) == set(SAFE)
    assert isinstance(answer.verdicts["unlocked"], Proved)


def test_a_short_search_starts_nobody(marks: Path) -> None:
    found: dict[str, Verdict] = dict.fromkeys(SAFE, Proved(Exhaustive(3, 4, 1)))
    race = portfolio(rivals.undecided, search=Search(found, seconds=0.2), head_start=60.0)
    assert kinds(race.check(instance_of(), SAFE, Limits(), ignore)) == dict.fromkeys(SAFE, "Proved")
    assert list(marks.iterdir()) == []


def test_without_helpers_the_search_is_alone(marks: Path) -> None:
    race = portfolio(rivals.undecided, search=Search(seconds=0.2), helpers=0)
    answer = race.check(instance_of(), SAFE, Limits(), ignore)
    assert all(v == Unknown("it took too long") for v in answer.verdicts.values())
    assert list(marks.iterdir()) == []


def test_helpers_go_on_when_the_search_ends_undecided(marks: Path) -> None:
    seen: list[Progress] = []
    race = portfolio(rivals.undecided, rivals.kinduction, search=Search(seconds=0.1))
    answer = race.check(instance_of(), SAFE, Limits(), seen.append)
    assert kinds(answer) == dict.fromkeys(SAFE, "Proved")
    assert (marks / "Undecided").exists()
    assert any(p.phase == "stopped" and p.beside for p in seen)


@pytest.mark.parametrize("limits", [Limits(max_states=0), Limits(max_depth=0)])
def test_a_limit_of_the_search_ends_all(limits: Limits, marks: Path) -> None:
    race = portfolio(rivals.undecided, search=Search(seconds=0.0))
    assert kinds(race.check(instance_of(), SAFE, limits, ignore)) == dict.fromkeys(SAFE, "Unknown")
    assert list(marks.iterdir()) == []


def test_no_helper_without_its_share_of_memory(marks: Path) -> None:
    race = portfolio(rivals.undecided, search=Search(seconds=0.1))
    race.check(instance_of(), SAFE, Limits(max_memory=400 * 2**20), ignore)
    assert list(marks.iterdir()) == []


def test_what_helpers_do_is_told() -> None:
    seen: list[Progress] = []
    portfolio(rivals.kinduction).check(instance_of(), ALL, Limits(), seen.append)
    assert ("starting",) in [p.beside for p in seen]
    assert any("kinduction: " in text for p in seen for text in p.beside)


def test_all_properties_are_asked_about_while_model_errors_are_open(marks: Path) -> None:
    search = Search(seconds=0.3, decided=frozenset({"never_held"}))
    portfolio(rivals.undecided, search=search).check(instance_of(), (*ALL, "unlocked"), Limits(), ignore)
    asked = set((marks / "Undecided").read_text().split("\n")[1:])
    assert asked == {*ALL, "unlocked"}, "a model error may be in any of them"


# --- stronger evidence -----------------------------------------------------------------------------------

HOLDERS = """
sort Task = 2; sort Lock = 1;
state { Task? owner[Lock]; bool holds[Task][Lock]; bool used[Lock]; }
transition take(Task t, Lock l) { require owner[l] == null; owner[l] = t; holds[t][l] = true; }
transition drop(Task t, Lock l) { require holds[t][l]; owner[l] = null; holds[t][l] = false; }
transition use(Task t, Lock l) { require holds[t][l]; used[l] = true; }
invariant exclusive: forall Task t, Task u, Lock l: holds[t][l] && holds[u][l] => t == u;
invariant all_alike: forall Lock l, Lock k: used[l] == used[k];
invariant unused: forall Lock l: !used[l];
reachable taken: exists Task t, Lock l: holds[t][l];
"""
HOLD = ("no model error", "exclusive", "all_alike", "unused", "taken")
STRONGER = Turn(rivals.for_every_size, again=True)


def with_evidence(**options: object) -> Answer:
    """The answer about the locks of a race that asks for stronger evidence than that of a search."""
    given = {"search": ENGINES["explicit"](), "stronger": STRONGER, "head_start": 60.0, **options}
    limits = given.pop("limits", Limits())
    properties = given.pop("properties", HOLD)
    return portfolio(**given).check(instance_of(HOLDERS), properties, limits, ignore)  # type: ignore[arg-type]


def for_every_size(answer: Answer) -> set[str]:
    return {
        name
        for name, verdict in answer.verdicts.items()
        if isinstance(verdict, Proved) and isinstance(verdict.evidence, EverySize)
    }


@pytest.mark.parametrize("helpers", [0, 1])
def test_proofs_for_every_size_are_waited_for(helpers: int) -> None:
    answer = with_evidence(helpers=helpers)
    assert kinds(answer) == dict.fromkeys(HOLD, "Proved") | {"unused": "Violated"}
    assert (
        for_every_size(answer) == set(answer.deciders) == answer.reproved == {"no model error", "exclusive"}
    )
    assert set(answer.deciders.values()) == {"parametric"}
    assert answer.statistics.complete, "what only a whole search can say is said, too"
    assert answer.notes == {"all_alike": "it is violated with Task = 2, Lock = 2"}


def test_why_there_is_no_stronger_evidence_is_told() -> None:
    text = HOLDERS.replace("bool used[Lock];", "bool used[Lock]; 0..99 n;")
    race = portfolio(search=ENGINES["explicit"](), stronger=STRONGER, head_start=60.0)  # type: ignore[arg-type]
    answer = race.check(instance_of(text), HOLD, Limits(), ignore)
    why = "it is outside of what can be proved for every size (the range 0..99)"
    assert answer.notes == dict.fromkeys(
        ("no model error", "exclusive", "all_alike"), f"for this size: {why}"
    )
    assert [warning.code for warning in answer.warnings] == ["W607"]
    assert for_every_size(answer) == set() and answer.deciders == {}


def test_nothing_is_stronger_than_a_run(marks: Path) -> None:
    begun = time.monotonic()
    sleeper = Turn(rivals.sleeper, again=True)
    answer = with_evidence(stronger=sleeper, properties=("unused", "taken"))
    assert kinds(answer) == {"unused": "Violated", "taken": "Proved"}
    assert time.monotonic() - begun < 30, "it was waited for what says nothing more"


def test_a_time_limit_ends_the_wait_for_stronger_evidence(marks: Path) -> None:
    answer = with_evidence(stronger=Turn(rivals.sleeper, again=True), limits=Limits(timeout=1.5))
    assert kinds(answer) == dict.fromkeys(HOLD, "Proved") | {"unused": "Violated"}
    assert answer.statistics.seconds < 15 and is_gone(process_of(marks / "Sleeper"))


def test_an_engine_that_finds_no_stronger_evidence_is_not_missed() -> None:
    answer = with_evidence(stronger=Turn(rivals.crasher, again=True))
    assert kinds(answer) == dict.fromkeys(HOLD, "Proved") | {"unused": "Violated"}
    assert answer.deciders == {}


# --- places ----------------------------------------------------------------------------------------------


class Places(Struct):
    """A number of places, and how many were taken at most."""

    free: int
    taken: int = 0
    most: int = 0

    def take(self) -> bool:
        if self.taken == self.free:
            return False
        self.taken += 1
        self.most = max(self.most, self.taken)
        return True

    def leave(self) -> None:
        self.taken -= 1


def test_helpers_have_no_more_than_their_places() -> None:
    places = Places(1)
    race = portfolio(rivals.undecided, rivals.kinduction, helpers=2, places=places)
    assert kinds(race.check(instance_of(), SAFE, Limits(), ignore)) == dict.fromkeys(SAFE, "Proved")
    assert (places.most, places.taken) == (1, 0)


def test_the_place_of_a_search_is_free_when_it_has_ended() -> None:
    places = Places(0)
    race = portfolio(rivals.kinduction, search=Search(seconds=0.3), places=places)
    assert kinds(race.check(instance_of(), SAFE, Limits(), ignore)) == dict.fromkeys(SAFE, "Proved")
    assert (places.most, places.taken) == (0, 0)
    assert for_every_size(with_evidence(places=places)) == {"no model error", "exclusive"}


# --- engines that misbehave ------------------------------------------------------------------------------


def test_an_engine_that_crashes_is_named_and_the_others_go_on() -> None:
    race = portfolio(rivals.crasher, rivals.kinduction, search=Search(seconds=0.1))
    assert kinds(race.check(instance_of(), SAFE, Limits(), ignore)) == dict.fromkeys(SAFE, "Proved")
    alone = portfolio(rivals.crasher, search=Search(seconds=0.1)).check(instance_of(), SAFE, Limits(), ignore)
    for verdict in alone.verdicts.values():
        assert isinstance(verdict, Unknown) and verdict.reason.startswith("it took too long; fake: a bug in")
        assert "ValueError: a mistake of ours" in verdict.reason


def test_a_process_that_dies_is_told() -> None:
    answer = portfolio(rivals.killed, search=Search(seconds=0.1)).check(instance_of(), SAFE, Limits(), ignore)
    for verdict in answer.verdicts.values():
        assert isinstance(verdict, Unknown) and "its process ended with status -6" in verdict.reason


def test_a_wrong_certificate_is_a_bug_and_no_verdict() -> None:
    with pytest.raises(CertificationError, match="fake: the proof of"):
        portfolio(rivals.liar).check(instance_of(), ALL, Limits(), ignore)


def test_engines_that_conclude_differently_are_a_bug() -> None:
    search = Search({"exclusive": Violated(None, reason="invented")}, seconds=0.2)
    with pytest.raises(
        DisagreementError, match="`exclusive` is violated by one engine, and proved by another"
    ):
        portfolio(rivals.kinduction, search=search).check(instance_of(), SAFE, Limits(), ignore)


def test_an_engine_that_ignores_the_time_is_ended(marks: Path) -> None:
    begun = time.monotonic()
    answer = portfolio(rivals.sleeper).check(instance_of(), SAFE, Limits(timeout=2.0), ignore)
    assert time.monotonic() - begun < 15
    for verdict in answer.verdicts.values():
        assert isinstance(verdict, Unknown) and "it was still at work" in verdict.reason
    assert is_gone(process_of(marks / "Sleeper"))


def test_an_engine_that_ignores_its_share_of_memory_is_ended() -> None:
    limits = Limits(max_memory=1_100 * 2**20)
    answer = portfolio(rivals.greedy, search=Search(seconds=0.1)).check(instance_of(), SAFE, limits, ignore)
    for verdict in answer.verdicts.values():
        assert isinstance(verdict, Unknown) and "more memory than its share" in verdict.reason


def test_ctrl_c_ends_all(marks: Path) -> None:
    def interrupt(progress: Progress) -> None:
        if (marks / "Sleeper").exists():
            raise KeyboardInterrupt

    answer = portfolio(rivals.sleeper).check(instance_of(), SAFE, Limits(), interrupt)
    assert answer.interrupted and kinds(answer) == dict.fromkeys(SAFE, "Unknown")
    assert is_gone(process_of(marks / "Sleeper"))


def test_ctrl_c_after_the_search_ends_all(marks: Path) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.phase == "stopped" and (marks / "Sleeper").exists():
            raise KeyboardInterrupt

    race = portfolio(rivals.sleeper, search=Search(seconds=0.1))
    answer = race.check(instance_of(), SAFE, Limits(), interrupt)
    assert answer.interrupted and is_gone(process_of(marks / "Sleeper"))


ORPHAN = """
from engines.test_portfolio import *
portfolio(rivals.sleeper, search=Search(seconds=600)).check(instance_of(), SAFE, Limits(), ignore)
"""


def test_helpers_do_not_outlive_who_started_them(marks: Path) -> None:
    path = os.pathsep.join(sys.path)
    parent = subprocess.Popen([sys.executable, "-c", ORPHAN], env={**os.environ, "PYTHONPATH": path})
    try:
        helper = process_of(marks / "Sleeper")
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    assert is_gone(helper)


# --- through the session ---------------------------------------------------------------------------------

CASES = sorted((Path(__file__).parents[1] / "cases" / "verdict").glob("*.mmc"))
AT_ONCE = Preferences(head_start=0.0)


def verified(spec: mmcheck.Spec, **options: object) -> list[CheckOutcome]:
    chosen = Options(engine="auto", preferences=AT_ONCE, **options)  # type: ignore[arg-type]
    return list(mmcheck.verify(spec, chosen).checks)


def check_case(case: Path) -> None:
    for check in verified(mmcheck.load(case)):
        assert check.ending is Ending.AS_EXPECTED
        assert wrong_verdicts(check, truth(check.instance)) == []


@pytest.mark.parametrize("case", CASES[::12], ids=lambda case: case.stem)
def test_case(case: Path) -> None:
    check_case(case)


@pytest.mark.slow
@pytest.mark.timeout(3_600)
def test_every_case() -> None:
    for case in CASES:
        check_case(case)


def check_random(text: str) -> None:
    """The solver engines are waited for, since the search gives up at once."""
    spec = mmcheck.loads(text)
    instance, expected = small_instance(spec, spec.checks[0])
    if not expected.depths and expected.judgements["no model error"].holds:
        return
    names = tuple(p.name for p in instance.system.properties if p.name in expected.judgements)
    race = ENGINES["auto"](AT_ONCE)
    assert isinstance(race, Portfolio)
    race.search = Search(seconds=0.0)
    answer = race.check(instance, names, Limits(timeout=30), ignore)
    wrong = {
        name: (verdict, expected.judgements[name])
        for name, verdict in answer.verdicts.items()
        if not isinstance(verdict, Unknown) and isinstance(verdict, Proved) != expected.judgements[name].holds
    }
    assert wrong == {}, text


RANDOM = settings(
    max_examples=2,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)


def test_random_specs() -> None:
    RANDOM(given(specs())(check_random))()


@pytest.mark.slow
@pytest.mark.timeout(7_200)
def test_many_random_specs() -> None:
    settings(RANDOM, max_examples=150)(given(specs())(check_random))()


def test_who_decided_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    race = portfolio(rivals.kinduction)
    monkeypatch.setattr(verifying, "ENGINES", {"auto": lambda _: race})
    # A helper has proved again what it claims.
    monkeypatch.setattr(judging, "reproof", lambda *_: pytest.fail)
    spec = mmcheck.loads(LOCK)
    (check,) = mmcheck.verify(spec, Options(properties=(*SAFE[1:], "locked"))).checks
    assert {p.prop.name: p.engine for p in check.properties} == dict.fromkeys((*SAFE, "locked"), "kinduction")
    text = mmcheck.render_report([mmcheck.SpecOutcome("lock.mmc", "lock", (check,))], "markdown")
    assert "| `counted`        | proved by induction, by kinduction |" in text
    assert "reached in 1 step, by kinduction" in text
    assert "fake and kinduction engines." in text
    document = json.loads(mmcheck.render_report([mmcheck.SpecOutcome("lock.mmc", "lock", (check,))], "json"))
    (told,) = document["specs"][0]["checks"]
    assert {p["engine"] for p in told["properties"]} == {"kinduction"} and told["statistics"][
        "engine"
    ] == "fake"


def test_the_first_violation_of_a_helper_may_end_all() -> None:
    race = portfolio(rivals.bmc, stop_at=frozenset({"never_held"}))
    answer = race.check(instance_of(), ALL, Limits(), ignore)
    assert isinstance(answer.verdicts["never_held"], Violated)
    verdict = answer.verdicts["exclusive"]
    assert isinstance(verdict, Unknown) and answer.statistics.seconds < 25


SMALL = """
import sys
import mmcheck
outcome = mmcheck.verify(mmcheck.loads(sys.argv[1]))
assert outcome.checks[0].properties[0].engine == ""
heavy = [name for name in ("z3", "subprocess", "multiprocessing.connection") if name in sys.modules]
sys.exit(", ".join(heavy) or 0)
"""


def test_a_small_check_pays_for_nothing() -> None:
    text = "state { 0..3 x; } transition up() { require x < 3; x = x + 1; } invariant fine: x <= 3;"
    done = subprocess.run([sys.executable, "-c", SMALL, text], capture_output=True, text=True, check=False)
    assert (done.stderr, done.returncode) == ("", 0)


# --- the outlook -----------------------------------------------------------------------------------------


def outlook(sizes: list[int], room: float = 30.0) -> Outlook:
    found, states = Outlook(room), 0
    for depth, size in enumerate(sizes):
        states += size
        found.see(replace(rivals.progress("search"), depth=depth, states=states))
    found.see(replace(rivals.progress("search"), depth=len(sizes), states=states))
    return found


def test_levels_that_keep_growing_have_no_end_in_sight() -> None:
    assert outlook([10**i for i in range(7)]).power > 9
    assert outlook([10**i for i in range(7)], room=8.0).power == 8.0


def test_levels_that_grow_less_and_less_end() -> None:
    bell = [1, 30, 300, 2_000, 8_000, 20_000, 32_000, 38_000, 35_000]
    assert 5 < outlook(bell).power < 6


def test_a_few_small_levels_say_nothing() -> None:
    assert outlook([1, 10, 100, 1_000]).power == 0.0
    assert outlook([1, 2, 4, 8, 16, 32, 64]).power == 0.0


def test_room_is_what_the_cells_can_hold() -> None:
    text = "sort S = 3; state { 0..9 a[S]; }"
    assert room(instance_of(text)) == pytest.approx(3 - 0.7782, abs=0.001)
