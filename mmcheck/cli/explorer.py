"""The full-screen explorer: a walk through a check, drawn with textual. Nothing else imports textual."""

from __future__ import annotations

from asyncio import to_thread
from pathlib import Path
from random import Random
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Footer, Header, Input, Label, OptionList, Static
from textual.widgets.option_list import Option

from mmcheck.core.system import Reachable
from mmcheck.core.trace import FailedStep, Step, as_written
from mmcheck.core.types import show_value
from mmcheck.diagnostics import SpecError
from mmcheck.elaborate.places import SUFFIX
from mmcheck.exploring.walk import Status, Walk, traces
from mmcheck.report.formats import write_whole
from mmcheck.report.quantity import count
from mmcheck.report.styles import BAD, CHANGED, GOOD, QUIET, TITLE

WANDER = 10
"""How many steps a random walk takes at a time."""


KEYS = (
    ("u,left", "undo", "Undo", "undo the last step"),
    ("r,right", "redo", "Redo", "take the step again that was undone"),
    ("w", "wander", "Walk", f"take {WANDER} random steps"),
    ("v", "verify", "Runs", "verify the check, and go to a counterexample or a witness"),
    ("g", "go", "Go", "go to a step of the way, by its number"),
    ("i", "initial", "Init", "begin again, in another initial state"),
    ("b", "blocked", "Blocked", "show or hide what cannot happen"),
    ("s", "save", "Save", "save the way here as a scenario"),
)
"""Each key with its action, its name on the line of keys, and what it does."""


class Choice(ModalScreen[int | None]):
    """One of several things, or none."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss(None)", "Back")]
    CSS = """
    Choice { align: center middle; }
    #choices { width: 80%; min-width: 20; max-height: 80%; border: round $accent; }
    """

    def __init__(self, title: str, options: list[str]) -> None:
        super().__init__()
        self.options = options
        self.heading = title

    def compose(self) -> ComposeResult:
        chosen = OptionList(*[Text(option) for option in self.options], id="choices")
        chosen.border_title = self.heading
        yield chosen

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_index)


class Question(ModalScreen[str | None]):
    """A line to be typed, or nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss(None)", "Back")]
    CSS = """
    Question { align: center middle; }
    #box { width: 80%; min-width: 20; height: auto; border: round $accent; }
    """

    def __init__(self, title: str, value: str) -> None:
        super().__init__()
        self.heading, self.value = title, value

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield Label(self.heading)
            yield Input(self.value, id="answer")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip() or None)


class Explorer(App[None]):
    """The states of a check, one at a time."""

    TITLE = "mmcheck explore"
    ENABLE_COMMAND_PALETTE = False
    CSS = """
    /* What is too narrow for a letter cannot be laid out: it is cut instead. */
    #steps { width: 1fr; min-width: 20; border: round $primary; }
    #right { width: 1fr; min-width: 20; }
    .-narrow #panes { layout: vertical; }
    .-narrow #steps, .-narrow #right { width: 100%; height: 1fr; }
    #state-box { height: 1fr; border: round $primary; }
    #properties-box { height: 1fr; border: round $primary; }
    #message { height: auto; max-height: 4; padding: 0 1; }
    """
    # textual declares it as no class variable.
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (70, "-wide")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        # The line of keys is cut where the terminal ends: first comes what leads to the others.
        ("question_mark,f1", "keys", "Keys"),
        ("q", "quit", "Quit"),
        *((key, action, short) for key, action, short, _ in KEYS),
    ]

    def __init__(self, walk: Walk, seed: int = 0) -> None:
        super().__init__()
        self.walk = walk
        self.random = Random(seed)
        self.choices: list[Step | FailedStep] = []
        self.shows_blocked = True

    def compose(self) -> ComposeResult:
        yield Header(show_clock=False)
        with Horizontal(id="panes"):
            yield OptionList(id="steps")
            with Vertical(id="right"):
                with VerticalScroll(id="state-box"):
                    yield Static(id="state")
                with VerticalScroll(id="properties-box"):
                    yield Static(id="properties")
        yield Static(id="message")
        yield Footer()

    def on_mount(self) -> None:
        self.query_one("#steps").border_title = "what can happen"
        self.query_one("#state-box").border_title = "state"
        self.query_one("#properties-box").border_title = "properties"
        self.refresh_walk()
        self.query_one("#steps").focus()

    # --- drawing -----------------------------------------------------------------------------------------

    def refresh_walk(self, message: str = "") -> None:
        """Show where the walk stands now."""
        walk = self.walk
        undone = len(walk.steps) - walk.position
        behind = f", {undone} more to redo" if undone else ""
        self.sub_title = f"{walk.spec.program.name}, check {walk.check.name}: step {walk.position}{behind}"
        self._draw_steps()
        self.query_one("#state", Static).update(self._state())
        self.query_one("#properties", Static).update(_lines([_status(s) for s in walk.statuses()]))
        self.query_one("#message", Static).update(Text(message or self._last()))

    def _draw_steps(self) -> None:
        steps = self.query_one("#steps", OptionList)
        steps.clear_options()
        self.choices = self.walk.enabled()
        steps.add_options([Option(_step(step)) for step in self.choices])
        if self.shows_blocked:
            for action, reason in self.walk.blocked():
                text = Text.assemble((f"  {action!r}", QUIET), (f"\n    {reason.text()}", QUIET))
                steps.add_option(Option(text, disabled=True))
        if self.choices:
            steps.highlighted = 0

    def _state(self) -> Text:
        before = self.walk.before
        lines = []
        for i, (cell, value) in enumerate(zip(self.walk.instance.cells, self.walk.state, strict=True)):
            changed = before is not None and before[i] != value
            was = f"  (was {show_value(before[i])})" if changed and before is not None else ""
            style = CHANGED if changed else ""
            lines.append(
                Text.assemble((f"{'*' if changed else ' '} {cell!r} = {show_value(value)}{was}", style))
            )
        return _lines(lines)

    def _last(self) -> str:
        last = self.walk.last
        if self.walk.fails is not None and self.walk.position == len(self.walk.steps):
            failed = self.walk.fails
            return f"{failed.action!r} fails here: {failed.failure.kind}: {failed.failure.message}"
        return f"after {last.action!r}" if last else "an initial state"

    # --- what the keys do --------------------------------------------------------------------------------

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        if event.option_list.id != "steps":
            return
        step = self.choices[event.option_index]
        if isinstance(step, FailedStep):
            self.refresh_walk(f"{step.action!r} fails: {step.failure.kind}: {step.failure.message}")
            return
        self.walk.take(step)
        self.refresh_walk()

    def action_undo(self) -> None:
        self.walk.undo()
        self.refresh_walk()

    def action_redo(self) -> None:
        self.walk.redo()
        self.refresh_walk()

    def action_wander(self) -> None:
        taken = self.walk.wander(WANDER, self.random)
        self.refresh_walk(
            count(taken, "random step") + ("" if taken == WANDER else ", then nothing was possible")
        )

    def action_blocked(self) -> None:
        self.shows_blocked = not self.shows_blocked
        self.refresh_walk()

    @work
    async def action_keys(self) -> None:
        """Show every key, and do what is chosen."""
        shown = [f"{key.replace(',', ', '):<9} {long}" for key, _, _, long in KEYS]
        chosen = await self.push_screen_wait(
            Choice("keys (Enter takes the step)", [*shown, "q         leave"])
        )
        if chosen is not None:
            await self.run_action((*(action for _, action, _, _ in KEYS), "quit")[chosen])

    @work
    async def action_initial(self) -> None:
        states = self.walk.initials
        shown = [self.walk.instance.show(state) for state in states]
        chosen = await self.push_screen_wait(Choice(count(len(states), "initial state"), shown))
        if chosen is not None:
            self.walk.begin(states[chosen])
            self.refresh_walk()

    @work
    async def action_go(self) -> None:
        asked = f"Go to step (0 to {len(self.walk.steps)}):"
        answer = await self.push_screen_wait(Question(asked, str(self.walk.position)))
        if answer is not None and answer.isdecimal() and int(answer) <= len(self.walk.steps):
            self.walk.position = int(answer)
            self.refresh_walk()
        elif answer is not None:
            self.refresh_walk(f"there is no step {answer}")

    @work
    async def action_verify(self) -> None:
        """Verify the check, and stand at the end of a counterexample or a witness."""
        self.query_one("#message", Static).update("verifying ...")
        try:
            found = await to_thread(traces, self.walk.spec, self.walk.check)
        except SpecError as error:
            self.refresh_walk(str(error))
            return
        if not found:
            self.refresh_walk("no property of this check has a counterexample or a witness")
            return
        shown = [f"{what}, {count(trace.length, 'step')}" for what, trace in found]
        chosen = await self.push_screen_wait(Choice("go to the end of", shown))
        if chosen is not None:
            self.walk.jump(found[chosen][1])
        self.refresh_walk()

    @work
    async def action_save(self) -> None:
        asked = "Save the way here as a scenario, in the file:"
        answer = await self.push_screen_wait(Question(asked, "scenario.txt"))
        if answer is not None:
            self.refresh_walk(save(self.walk, Path(answer)))


def save(walk: Walk, path: Path) -> str:
    """Write the way to where the walk stands to a file, as a scenario of its name; says what was done. A file
    that exists is left as it is, and so is one that would be a spec."""
    name = "".join(c if c.isascii() and (c.isalnum() or c == "_") else "_" for c in path.stem)
    name = name if name and not name[0].isdigit() else f"way_{name}"
    if path.suffix == SUFFIX:
        return f"{path} would be a spec by its name; a scenario is a part of one: choose another name"
    if path.exists():
        return f"{path} exists, and is left as it is; choose another name"
    try:
        write_whole(path, walk.scenario(name))
    except OSError as error:
        return f"cannot write {path}: {error.strerror}"
    return f"wrote the scenario {name} to {path}"


def _step(step: Step | FailedStep) -> Text:
    picked = "".join(f"  {name}={show_value(value)}" for name, value in as_written(step.choices))
    if isinstance(step, FailedStep):
        return Text.assemble((f"! {step.action!r}{picked}  {step.failure.kind}", BAD))
    return Text.assemble((f"> {step.action!r}", TITLE), picked)


def _status(status: Status) -> Text:
    name = status.prop.name
    mark, style = _mark(status)
    bound = "".join(f" {name_}={show_value(value)}" for name_, value in status.binding)
    text = Text.assemble((f"{mark} ", style), name, bound)
    if status.note:
        text.append(f"  {status.note}", QUIET)
    if status.blame is not None:
        span = status.blame.part.span
        part = " ".join(span.text.split()) if span else ""
        read = ", ".join(f"{label} = {show_value(value)}" for label, value in status.blame.reads)
        text.append(f"\n       {part}: {read}", BAD)
    return text


def _mark(status: Status) -> tuple[str, str]:
    if isinstance(status.prop, Reachable):
        return ("here", GOOD) if status.holds else ("    ", QUIET)
    return {True: ("ok  ", GOOD), False: ("FAIL", BAD), None: ("    ", QUIET)}[status.holds]


def _lines(lines: list[Text]) -> Text:
    return Text("\n").join(lines)
