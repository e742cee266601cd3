"""The HTML report: whole without anything else, and in a real browser light, dark, steppable and silent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

import mmcheck
from mmcheck.diagnostics import Diagnostic
from mmcheck.report.html import render
from mmcheck.report.run import Run, run_of

from . import browser, examples
from .test_itf import LOOP

ROOT = Path(__file__).parents[2]
VOID = {"meta", "input", "br", "link", "img", "hr"}


class Reader(HTMLParser):
    """Reads a page strictly: every element is closed in its turn."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, (tag, self.getpos())

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self.open):
            self.text.append(data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


def words(page: str) -> str:
    return " ".join(" ".join(read(page).text).split())


def everything() -> Run:
    error = Diagnostic("E300", "`x` is <b>not</b> a number", examples.span("refs <= 2"), "write a number")
    by_hand = examples.spec(examples.naive(), examples.merged(), examples.limited(), diagnostics=(error,))
    real = [
        mmcheck.verify_file(str(ROOT / "docs" / "examples" / name), mmcheck.Options(graphs=60))
        for name in ("memfd.mmc", "branches.mmc")
    ]
    lasso = mmcheck.verify(mmcheck.loads(LOOP, "turns.mmc"))
    specs = (by_hand, *real, lasso)
    return Run(specs, "1.2.3", 4, "bad", (Diagnostic("E004", "none"),), ("x.mmc",), folder=str(ROOT))


@pytest.fixture(scope="module")
def report() -> str:
    return render(everything())


# --- as text ---------------------------------------------------------------------------------------------


def test_it_needs_nothing_else(report: str) -> None:
    reader = read(report)
    for tag, attributes in reader.elements:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base", "form"}
        assert "src" not in attributes and not any(name.startswith("on") for name in attributes)
        assert attributes.get("href", "#").startswith("#")
    assert not re.search(
        r"https?:|url\(|@import|//[a-z]+\.", re.sub(r"<pre>.*?</pre>", "", report, flags=re.S)
    )
    policy = next(
        a["content"] for _, a in reader.elements if "content" in a and "default-src" in a["content"]
    )
    assert "default-src 'none'" in policy


def test_ids_are_unique_and_links_lead_somewhere(report: str) -> None:
    elements = read(report).elements
    ids = [attributes["id"] for _, attributes in elements if "id" in attributes]
    assert len(set(ids)) == len(ids)
    assert {a["href"][1:] for _, a in elements if "href" in a} <= set(ids)


def test_specs_cannot_add_markup() -> None:
    doc = "</script><script>alert(1)</script> {{ 7 * 7 }} <b>&amp;"
    page = render(run_of([replace(examples.spec(examples.naive()), doc=doc, name="<i>x</i>")], "1"))
    assert [tag for tag, _ in read(page).elements].count("script") == 1
    assert doc in words(page)


def test_without_scripts_everything_is_there(report: str) -> None:
    """Every step of every trace, and nothing hidden but what needs the script."""
    elements = read(report).elements
    hidden = [attributes.get("class") for _, attributes in elements if "hidden" in attributes]
    assert set(hidden) == {"controls"}
    text = words(report)
    assert "Step 5: dma(Task#0, Page#0, new) by Task#0" in text
    assert "This step fails: range overflow: 4 is not in 0..3" in text
    assert "This part is false for p = Page#0" in text
    assert "Who holds which Page" in text


def test_overview_and_verdicts(report: str) -> None:
    text = words(report)
    assert "FAIL no model error range overflow in 2 steps UNEXPECTED: expected to hold" in text
    assert "???? few_refs" in text
    assert "a bug in mmcheck kept x.mmc from being verified" in text
    assert "warning W603" in text and "error E300" in text


def test_a_loop_is_told(report: str) -> None:
    assert "are repeated for ever" in words(report)


def test_lemmas_are_told() -> None:
    text = words(render(run_of([examples.spec(examples.by_induction())], "1")))
    assert "proved by induction, 1 lemma lemmas refs <= 2 => !sealed" in text


def test_coverage_by_line(report: str) -> None:
    rows = re.findall(
        r'<tr class="(\w+)"><td class="count">([^<]*)</td><td class="number">(\d+)</td>', report
    )
    assert ("never", "#####", "17") in rows
    assert ("taken", "20", "12") in rows


def test_a_small_state_graph_is_drawn(report: str) -> None:
    pictures = [attributes for tag, attributes in read(report).elements if tag == "svg"]
    assert [picture["class"] for picture in pictures] == ["state-graph"]
    assert "State graph: branches, check default: 27 states, " in words(report)


def test_a_run_of_nothing() -> None:
    assert "0 of 0 checks ended as expected" in words(render(run_of((), "1")))


# --- in a browser ----------------------------------------------------------------------------------------

needs_browser = pytest.mark.skipif(browser.CHROMIUM is None, reason="there is no Chromium on this machine")
TRACE = "document.querySelector('.trace[id^=\"spec-2\"]')"


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[browser.Page]:
    with browser.page(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture
def shown(report: str, opened: browser.Page, tmp_path: Path) -> browser.Page:
    """The report in a page that nobody has touched: the tests may run in any order."""
    path = tmp_path / "report.html"
    path.write_text(report, encoding="utf-8")
    opened.attach()
    opened.resize(1200)
    opened.open(path)
    return opened


def step(page: browser.Page) -> Any:
    """The numbers of the steps that are seen of the trace."""
    return page.evaluate(
        f"[...{TRACE}.querySelectorAll('.step')].filter(s => s.offsetParent).map(s => s.dataset.step).join()"
    )


@needs_browser
def test_stepping(shown: browser.Page) -> None:
    """By buttons, keys, the slider, the head of the table and the links from what was read."""
    assert step(shown) == "5", "a trace opens at its end, where it fails"
    shown.evaluate(f"{TRACE}.querySelector('[data-move=\"-1\"]').click()")
    assert step(shown) == "4"
    shown.evaluate(f"{TRACE}.focus()")
    shown.press("ArrowLeft")
    assert step(shown) == "3"
    for _ in range(9):
        shown.press("ArrowRight")
    assert step(shown) == "5"
    shown.evaluate(f"{TRACE}.querySelector('input').value = 0")
    shown.evaluate(f"{TRACE}.querySelector('input').dispatchEvent(new Event('input'))")
    assert step(shown) == "0"
    shown.evaluate(f"{TRACE}.querySelector('thead [data-goto=\"2\"]').click()")
    assert step(shown) == "2"
    assert shown.evaluate(f"{TRACE}.querySelector('th.current').innerText").split() == [
        "2",
        "pin(Task#0,",
        "Page#0)",
    ]
    shown.evaluate(f"{TRACE}.querySelector('.why a').click()")
    assert step(shown) == "4"


@needs_browser
def test_who_holds_what_is_shown_with_what_the_step_did(shown: browser.Page) -> None:
    shown.evaluate(f"{TRACE}.querySelector('thead [data-goto=\"2\"]').click()")
    matrix = f"{TRACE}.querySelector('.step:not([hidden]) .matrix')"
    text = " ".join(shown.evaluate(f"{matrix}.innerText").split())
    assert text == "Who holds which Page Page#0 data = false Page#1 data = false Task#0 pinned"
    assert shown.evaluate(f"{matrix}.querySelector('tbody .fact').className") == "fact new"


def luminance(colour: str) -> float:
    """Of `rgb(r, g, b)`, as WCAG has it."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(page: browser.Page, selector: str) -> float:
    """Between the text of an element and the ground that it stands on."""
    element = f"document.querySelector('{selector}')"
    colour = page.evaluate(f"getComputedStyle({element}).color")
    ground = page.evaluate(
        f"(() => {{ for (let e = {element}; e; e = e.parentElement) {{"
        " const c = getComputedStyle(e).backgroundColor; if (c !== 'rgba(0, 0, 0, 0)') return c; } })()"
    )
    light, dark = sorted((luminance(colour), luminance(ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


SEEN = [
    "body",
    ".quiet",
    ".badge.bad",
    ".badge.good",
    ".badge.unsure",
    ".states .changed",
    "mark",
    "a",
    ".fact.gone",
]


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark(shown: browser.Page, scheme: str) -> None:
    """Each with a ground of its own, and text that can be read (WCAG AA)."""
    shown.prefer(scheme)
    ground = luminance(shown.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert (ground > 0.5) == (scheme == "light")
    assert {selector: contrast(shown, selector) >= 4.5 for selector in SEEN} == dict.fromkeys(SEEN, True)


@needs_browser
@pytest.mark.parametrize("width", [1200, 400])
def test_nothing_sticks_out(shown: browser.Page, width: int) -> None:
    """What is wide scrolls in its own place, on a telephone too."""
    shown.resize(width)
    assert shown.evaluate("document.documentElement.scrollWidth") <= width


@needs_browser
def test_a_link_unfolds_what_it_leads_to(shown: browser.Page) -> None:
    folded = "[...document.querySelectorAll('details:not([open]) .trace')][0]"
    id = shown.evaluate(f"{folded}.id")
    shown.evaluate(f"location.hash = '#{id}'")
    shown.evaluate("new Promise(done => setTimeout(done, 100))")
    assert shown.evaluate(f"document.getElementById('{id}').closest('details').open") is True


@needs_browser
def test_it_asks_for_nothing_and_complains_of_nothing(shown: browser.Page) -> None:
    asked = [event["request"]["url"] for event in shown.named("Network.requestWillBeSent")]
    assert [url.rpartition("/")[2] for url in asked] == ["report.html"]
    assert shown.named("Log.entryAdded") == []
    assert shown.named("Runtime.exceptionThrown") == []
    assert shown.named("Runtime.consoleAPICalled") == []
    shown.evaluate("fetch('http://127.0.0.1:9/').catch(() => 0); 0")
    refused = [event["entry"]["text"] for event in shown.named("Log.entryAdded")]
    shown.evaluate("0")
    refused += [event["entry"]["text"] for event in shown.named("Log.entryAdded")]
    assert any("Content Security Policy" in text for text in refused)
