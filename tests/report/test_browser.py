"""The page in headless Chromium: nothing of a trace runs or asks for anything, and everybody can read it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from personae.people.archives.rows import RowError, Tally
from personae.people.attributes import Attribute
from personae.people.records import Claim, Evidence, Guess, Item, Person, Trace
from personae.report import Bin, Quality, Report, Subject, write

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra `dev`)")
CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None, reason="Chromium is not installed (Debian: apt-get install chromium)"
    ),
]
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
RUN = "window.owned=1;document.title='owned';console.error('owned')"
PAYLOADS = {
    "script": f"<script>{RUN}</script>",
    "closing": f"</style></title></textarea></svg><script>{RUN}</script>",
    "image": f"<img src=x onerror=\"{RUN}\">",
    "attribute": f"\" onmouseover=\"{RUN}\" autofocus onfocus=\"{RUN}\" x=\"",
    "single quote": f"' onclick='{RUN}' style='position:fixed;inset:0' '",
    "backtick": f"` onload=`{RUN}` `",
    "svg": f"<svg onload=\"{RUN}\"><animate onbegin=\"{RUN}\" attributeName=x dur=1s></svg>",
    "foreign": f"<svg><foreignObject><iframe srcdoc=\"<script>parent.{RUN}</script>\"></iframe></foreignObject></svg>",
    "link": f"<a id=told href=\"javascript:{RUN}\">javascript:{RUN}</a>",
    "style": "<style>body{display:none}@import 'https://evil.example/x.css';</style>",
    "remote": "<link rel=stylesheet href=https://evil.example/a.css><img src=https://evil.example/b.png><video src=//evil.example/c>",
    "refresh": "<meta http-equiv=refresh content='0;url=https://evil.example/'><base href=https://evil.example/>",
    "form": f"<form action=https://evil.example/><button autofocus onfocus=\"{RUN}\">x</button></form>",
    "template": "{{ 7*7 }}{% raw %}{{ ''.__class__.__mro__ }}{% endraw %}{# gone #}${7*7}<%= 7*7 %>",
    "comment": f"--><!--><script>{RUN}</script><![CDATA[<script>{RUN}</script>]]>",
    "entity": f"&lt;script&gt;{RUN}&lt;/script&gt;&#60;script&#62;",
    "direction": f"\u202e\u2066gpj.exe\u2069\u200f\u061c<script>{RUN}</script>",
    "controls": f"<scr\x00ipt>{RUN}</scr\x00ipt>\x1b[2J\x08\ud800\ufeff\u2028",
}  # fmt: skip
WIDE = "W" * 3000 + " " + "\u0300" * 50
KNOWN = ("city_country", "age", "income_level", "religion", "education", "occupation")
TAGS = frozenset(
    "a article b blockquote body br caption circle code dd details div dl dt figcaption figure footer g h1 h2 h3 "  # noqa: SIM905
    "head header html i li link main mark meta nav ol p path rect section span style summary svg table tbody td "
    "text th thead title tr ul".split()
)  # fmt: skip


@dataclass
class Visit:
    """A loaded page, and what it did beyond showing itself."""

    page: playwright.Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[playwright.Browser]:
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS), headless=True)
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser):
    contexts = []

    def go(path: Path, **context) -> Visit:
        contexts.append(browser.new_context(**context))
        seen = Visit(contexts[-1].new_page())
        seen.page.on("request", lambda request: seen.requests.append(request.url))
        seen.page.on("console", lambda message: seen.complaints.append(message.text))
        seen.page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        seen.page.on("dialog", lambda dialog: (seen.complaints.append(dialog.message), dialog.dismiss()))
        seen.page.goto(path.as_uri())
        return seen

    yield go
    for context in contexts:
        context.close()


def victim(evil: str, k: int) -> Subject:
    """Return a person in whose every text field the payload stands."""
    when, item = datetime(2024, 5, 1, tzinfo=UTC), Item(evil, evil, evil)
    traces = tuple(
        Trace(evil, evil, f"{evil}{k}{n}", when, kind, "self", evil, text, item, None, evil)
        for n, (kind, text) in enumerate(
            [("message", evil), ("listen", ""), ("message", f"{evil} and {evil}")]
        )
    )
    spans = (0, 3), (5, 9), (len(evil) // 2, len(evil))
    ways = (*(Evidence(trace.id, evil, spans, 0.4) for trace in traces), Evidence("lost", evil, spans, 0.1))
    guesses = (Guess(evil, 0.6), Guess(f"{evil}2", 0.3))
    claims = [
        Claim(evil, name, guesses, status, name[-1] == "?", evil, ways, evil, when, when, when, evil, evil)
        for name in (evil, f"{evil}?", KNOWN[k % len(KNOWN)])
        for status in ("stated", "inferred", "given")
    ]
    claims.append(
        Claim(evil, evil, (Guess(f"old {evil}", 0.5),), "stated", False, evil, ways, superseded_by=evil)
    )
    return Subject.of(Person(evil, traces), claims)


def hostile(*payloads: str, alone: bool = True) -> Report:
    """Return a report in whose every text field the payloads stand, about one person or one for each payload."""
    subjects = [victim(evil, k) for k, evil in enumerate(payloads)]
    everything = " ".join(payloads)
    if alone:
        claims = [claim for subject in subjects for claim in subject.claims]
        subjects = [Subject.of(Person(everything, sum((s.traces for s in subjects), ())), claims)]
    tally = Tally()
    for _ in tally.traces(RowError(evil, evil, evil) for evil in payloads):
        pass
    quality = tuple(
        Quality(name, evil, "inferred", 9, 0.5, 0.4, 0.6, 0.5, 0.6, 5, 0.1, (Bin(0.5, 0.5, 9),), model=model)
        for evil in payloads for name in ("all", evil) for model in (evil, everything)
    )  # fmt: skip
    own = tuple(Attribute(evil, evil, "text") for evil in payloads)
    return Report(subjects, tally, everything, everything, quality, everything, None, everything, own)


def harmless(seen: Visit, path: Path) -> None:
    page = seen.page
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.mouse.move(200, 400)
    page.keyboard.press("Tab")
    assert page.evaluate("window.owned") is None
    assert page.title().startswith("What ")
    assert seen.requests == [path.as_uri()]
    assert seen.complaints == []
    assert set(page.evaluate("[...document.querySelectorAll('*')].map(e => e.localName)")) <= TAGS
    attributes = set(page.evaluate("[...document.querySelectorAll('*')].flatMap(e => e.getAttributeNames())"))
    assert not {name for name in attributes if name.startswith("on") or name in {"style", "src", "srcdoc"}}
    assert page.evaluate("[...document.links].every(a => a.getAttribute('href').startsWith('#'))")
    assert page.locator("main").is_visible()


@pytest.mark.parametrize("alone", [True, False], ids=["one person", "many"])
@pytest.mark.parametrize("csp", [True, False], ids=["policy", "no policy"])
def test_nothing_of_a_trace_runs_or_asks_for_anything(visit, tmp_path, alone, csp):
    """Without the page's policy too: it is the second wall, escaping is the first."""
    path = write(hostile(*PAYLOADS.values(), alone=alone), tmp_path / "report.html")
    harmless(visit(path, bypass_csp=not csp), path)


@pytest.mark.slow
@pytest.mark.parametrize("payload", PAYLOADS)
def test_each_payload_alone_does_nothing(visit, tmp_path, payload):
    for alone in (True, False):
        path = write(hostile(PAYLOADS[payload], PAYLOADS[payload], alone=alone), tmp_path / f"{alone}.html")
        harmless(visit(path, bypass_csp=True), path)


def test_template_syntax_of_a_trace_is_shown_as_written(visit, tmp_path):
    seen = visit(write(hostile(PAYLOADS["template"]), tmp_path / "report.html"))
    assert "{{ 7*7 }}{% raw %}{{ ''.__class__.__mro__ }}" in seen.page.inner_text("blockquote >> nth=0")


def test_no_hidden_character_reaches_the_file(tmp_path):
    path = write(hostile(PAYLOADS["direction"] + PAYLOADS["controls"]), tmp_path / "report.html")
    text = path.read_text(encoding="utf-8")
    assert not set(text) & set("\u202e\u2066\u2069\u200f\u061c\x00\x1b\x08\ufeff\u2028")
    assert "⟨U+202E⟩" in text


def test_everything_can_be_read_without_script(visit, report, tmp_path):
    page = visit(write(report, tmp_path / "report.html"), java_script_enabled=False).page
    for words in (
        "these six things can be told about you",
        "Back in Porto for good",
        "What was read",
        "personae people forget",
    ):
        assert page.get_by_text(words).first.is_visible(), words
    guess = page.get_by_text("plastic hammers").first
    assert not guess.is_visible()
    page.get_by_text("Had you not said it").click()
    assert guess.is_visible()


def test_the_keyboard_reaches_the_findings_and_opens_what_is_folded(visit, report, tmp_path):
    page = visit(write(report, tmp_path / "report.html")).page
    page.keyboard.press("Tab")
    assert page.locator(".skip").evaluate("e => e.getBoundingClientRect().left >= 0")
    page.keyboard.press("Enter")
    assert page.url.endswith("#main")
    page.locator("summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("details").first.evaluate("d => d.open")


def test_landmarks_headings_and_pictures_have_names(visit, report, tmp_path):
    page = visit(write(report, tmp_path / "report.html")).page
    assert [page.locator(tag).count() for tag in ("h1", "main", "body > header", "body > footer", "nav")] == [
        1
    ] * 5
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3')].map(h => +h.localName[1])")
    assert all(b - a <= 1 for a, b in pairwise(levels))
    assert page.evaluate("[...document.querySelectorAll('svg')].every(s => s.getAttribute('aria-label'))")
    assert page.locator("article[aria-label='Lives in']").count() == 1
    assert page.evaluate("[...document.querySelectorAll('th')].every(h => h.scope)")


CONTRAST = """
() => {
  const rgb = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = c => { const [r, g, b] = c.map(v => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4 });
                       return .2126 * r + .7152 * g + .0722 * b };
  const behind = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor);
                        if (c.length == 3 || c[3] > 0) return c } return [255, 255, 255] };
  document.querySelectorAll('details').forEach(d => d.open = true);
  const found = [];
  for (const e of document.querySelectorAll('body *')) {
    if (![...e.childNodes].some(n => n.nodeType == 3 && n.data.trim())) continue;
    const style = getComputedStyle(e), ink = rgb(e instanceof SVGElement ? style.fill : style.color);
    const [a, b] = [light(ink), light(behind(e))].sort((x, y) => y - x);
    found.push([(a + .05) / (b + .05), e.localName + '.' + (e.getAttribute('class') || ''), e.textContent.slice(0, 30)]);
  }
  return found.sort((x, y) => x[0] - y[0]);
}
"""


@pytest.mark.parametrize(("scheme", "dark"), [("light", False), ("dark", True)])
def test_every_word_stands_out_from_its_ground(visit, report, tmp_path, scheme, dark):
    page = visit(write(report, tmp_path / "report.html"), color_scheme=scheme).page
    found = page.evaluate(CONTRAST)
    assert len(found) > 200
    assert found[0][0] >= 4.5, found[0]
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (int(ground[4:].split(",")[0]) < 60) == dark


@pytest.mark.parametrize("alone", [True, False], ids=["one person", "many"])
def test_the_page_never_scrolls_sideways(visit, demo, tmp_path, alone):
    ordinary = demo.make() if alone else demo.make(people=demo.crowd(40))
    for k, content in enumerate((ordinary, hostile(WIDE, WIDE, alone=alone))):
        page = visit(write(content, tmp_path / f"{k}.html")).page
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        for width in (320, 390, 800, 1200):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (k, width)


def test_print_opens_what_is_folded_and_makes_a_file(visit, report, tmp_path):
    page = visit(write(report, tmp_path / "report.html"), color_scheme="dark").page
    folded = page.get_by_text("plastic hammers").first
    assert not folded.is_visible()
    page.emulate_media(media="print")
    assert folded.is_visible()
    assert not page.locator("nav").is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate(CONTRAST)[0][0] >= 4.5
    assert page.pdf(format="A4", print_background=True).startswith(b"%PDF-")


def test_a_link_at_a_glance_leads_to_its_finding(visit, report, tmp_path):
    page = visit(write(report, tmp_path / "report.html")).page
    for link in page.locator(".glance a").all():
        link.click()
        target = page.locator(f"[id='{page.url.partition('#')[2]}']")
        assert target.evaluate("e => e.getBoundingClientRect().top < innerHeight")
        assert target.get_attribute("aria-label") == link.locator(".label").inner_text()
