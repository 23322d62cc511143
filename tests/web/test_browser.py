"""The local page in headless Chromium: by keyboard, without script, and with everything hostile that an archive can hold."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator

import pytest

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
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync")  # fmt: skip
RUN = "window.owned=1;top.owned=1;document.title='owned';console.error('owned')"
PAYLOADS = (
    f"<script>{RUN}</script>",
    f"</title></textarea></select></option></style><script>{RUN}</script>",
    f'"><img src=x onerror="{RUN}">',
    f"' autofocus onfocus='{RUN}' x='",
    f'<iframe srcdoc="<script>parent.{RUN}</script>"></iframe>',
    "<meta http-equiv=refresh content='0;url=https://evil.example/'><base href=https://evil.example/>",
    "<form action=https://evil.example/><button>x</button></form><link rel=stylesheet href=https://evil.example/a.css>",
    "{{ 7*7 }}{% include '/etc/hostname' %}",
    "\u202egpj.exe\u2069\x1b[2J",
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[playwright.Browser]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS), headless=True)
        yield browser
        browser.close()


@pytest.fixture
def tab(chromium) -> Iterator:
    """Open a tab that has what it complained of in `complaints`, and where it went in `requests`."""
    contexts = []

    def go(visitor=None, **options):
        contexts.append(chromium.new_context(**options))
        if visitor is not None:
            named = [
                {"name": name, "value": value, "url": str(visitor.base_url)}
                for name, value in visitor.cookies.items()
            ]
            contexts[-1].add_cookies([{**cookie, "sameSite": "Strict", "httpOnly": True} for cookie in named])
        page = contexts[-1].new_page()
        page.set_default_timeout(60_000)
        page.complaints, page.requests = [], []
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("request", lambda request: page.requests.append(request.url))
        return page

    yield go
    for context in contexts:
        context.close()


def tab_to(page, target) -> None:
    """Press Tab until the focus is there, as somebody without a mouse does."""
    for _ in range(150):
        if target.evaluate("e => e === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not reach {target}")


def test_from_the_archive_to_the_proof_by_keyboard(tab, serving, example):
    served = serving()
    page = tab()
    page.goto(served.address)
    assert page.url == f"http://{served.host}/"
    page.get_by_label(re.compile("^Archive")).set_input_files(example)
    tab_to(page, page.get_by_role("button", name="Read it"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/people/*")
    report = page.frame_locator("iframe.report")
    report.get_by_text("can be told about you").first.wait_for()
    assert report.locator("body").evaluate("e => getComputedStyle(e).backgroundColor") != "rgba(0, 0, 0, 0)"
    tab_to(page, page.get_by_role("link", name="Shield these lines"))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("button", name="Attack and rewrite"))
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Step by step").wait_for(timeout=30_000)
    _slide(page)
    tab_to(page, page.get_by_role("link", name="Back to"))
    page.keyboard.press("Enter")
    age = page.get_by_label("True value of “Age”")
    tab_to(page, age)
    page.keyboard.type("36")
    tab_to(page, page.get_by_role("button", name="Keep as true of Age"))
    page.keyboard.press("Enter")
    status = page.get_by_role("status")
    status.wait_for()
    assert status.evaluate("e => e === document.activeElement")
    page.frame_locator("iframe.report").get_by_text("36 years old").first.wait_for()
    tab_to(page, page.get_by_label("Yes, forget this person"))
    page.keyboard.press("Space")
    tab_to(page, page.get_by_role("button", name="Forget", exact=True))
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Forgotten").wait_for(timeout=20_000)
    assert page.get_by_role("row", name="found after all 0").is_visible()
    assert served.uploads == []
    assert page.complaints == []
    assert {url.split("/")[2] for url in page.requests} == {served.host}


def press(page, name: str) -> None:
    """Reach a button by keyboard, press it, and wait for the page that it leads to."""
    tab_to(page, page.get_by_role("button", name=name, exact=True))
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_a_thing_is_found_by_being_asked_by_keyboard_and_without_script(tab, serving, tmp_path):
    things = {"Rain": ["calm", "wet"], "Drums": ["loud", "dry"], "Sea": ["loud", "wet"]}
    catalog = tmp_path / "things.jsonl"
    rows = (
        {"item": name, "attributes": [*own, hostile]}
        for (name, own), hostile in zip(things.items(), PAYLOADS, strict=False)
    )
    catalog.write_text("".join(json.dumps(row) + "\n" for row in rows))
    served = serving("--items", str(catalog))
    page = tab(java_script_enabled=False)
    page.goto(served.address)
    page.goto(f"http://{served.host}/find")
    page.get_by_label("What should it be?").select_option("loud")
    press(page, "Begin")
    while not page.get_by_role("button", name="Sea").is_visible():
        asked = page.locator("#now").text_content()
        press(page, "Yes" if "wet" in asked else "No")
    press(page, "Sea")
    assert "because you said loud" in page.get_by_role("status").text_content().lower()
    assert page.complaints == []
    assert {url.split("/")[2] for url in page.requests} == {served.host}


def _slide(page) -> None:
    """Move the slider from one end to the other: the table, its words and the lines follow."""
    slider, said = page.get_by_role("slider"), page.locator("#said")
    assert not page.get_by_label("Step", exact=True).is_visible()
    tab_to(page, slider)
    means = []
    for key, words in (("Home", "Step 0 of"), ("ArrowRight", "Step 1 of"), ("End", "")):
        page.keyboard.press(key)
        page.wait_for_function(
            "words => document.querySelector('#said').textContent.includes(words)", arg=words
        )
        page.wait_for_function(
            "() => document.querySelector('#step > div').dataset.at === document.querySelector('#slider').value"
        )
        means.append(int(re.findall(r"is (\d+)% sure", said.inner_text())[0]))
        assert slider.get_attribute("aria-valuetext") == said.inner_text()
    assert means[0] > means[1] > means[2]
    assert page.locator("#step del").count() > 0
    assert page.url.endswith(f"?at={slider.get_attribute('max')}")


def test_everything_works_without_script(tab, visitor, example):
    page = tab(visitor, java_script_enabled=False)
    page.goto(str(visitor.base_url))
    page.get_by_label(re.compile("^Archive")).set_input_files(example)
    page.get_by_role("button", name="Read it").click()
    page.wait_for_url("**/people/*")
    page.get_by_role("link", name="Shield these lines").click()
    page.get_by_label("How far it may go").select_option("mask")
    page.get_by_role("button", name="Attack and rewrite").click()
    page.get_by_role("heading", name="Step by step").wait_for(timeout=30_000)
    assert not page.get_by_role("slider").is_visible()
    page.get_by_label("Step", exact=True).select_option("0")
    page.get_by_role("button", name="Show").click()
    assert page.locator("#said").inner_text().startswith("Step 0 of")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save the archive").click()
    assert saved.value.suggested_filename == "chatgpt-export-shielded.zip"


def test_the_page_says_where_the_shield_stopped_and_what_it_left(tab, visitor, tmp_path):
    """No surer than of anybody, the country kept, columns left as they are; and being thorough takes the country out."""
    table = tmp_path / "lines.csv"
    rows = ["I live in Porto.", "I make bread with rye flour.", "Good morning to you all."]
    table.write_text(
        "person,full name,email,text\n" + "".join(f"p,Ana Silva,ana@example.org,{row}\n" for row in rows)
    )
    person = visitor.done(visitor.hand_in(table)).headers["location"]
    page = tab(visitor)
    page.goto(f"{visitor.base_url}{person}/shield")
    page.get_by_label("How far it may go").select_option("generalize")
    page.get_by_role("button", name="Attack and rewrite").click()
    page.get_by_role("heading", name="Step by step").wait_for(timeout=30_000)
    states = {
        name: page.get_by_role("row", name=name).get_by_role("cell").last for name in ("Lives in", "Sex")
    }
    assert states["Lives in"].inner_text() == "not reached, country kept"
    assert states["Lives in"].get_attribute("class") == "miss"
    assert states["Sex"].inner_text() == "no surer than of anybody"
    assert page.get_by_role("row", name="Sex").get_by_role("cell").nth(2).inner_text() == "50% + 10%"
    assert "no surer than of anybody" in page.locator("#said").inner_text()
    assert page.get_by_text("being thorough", exact=False).first.is_visible()
    stay = page.get_by_text("Columns besides the text stay as they are", exact=False).inner_text()
    assert "as they are: person and email. Only" in stay
    renamed = page.get_by_text("Names of people become pseudonyms", exact=False).inner_text()
    assert "in 1 column: full name." in renamed
    page.get_by_role("slider").focus()
    page.keyboard.press("Home")
    page.wait_for_function("() => document.querySelector('#step > div').dataset.at === '0'")
    assert states["Lives in"].inner_text() == "not reached, plain words kept"
    page.get_by_label("How far it may go").select_option("generalize")
    page.get_by_label("Thorough").check()
    page.get_by_role("button", name="Attack and rewrite").click()
    page.wait_for_url(lambda url: url.endswith("/shield"), timeout=30_000)
    assert states["Lives in"].inner_text() in ("reached", "no surer than of anybody")
    assert page.complaints == []


@pytest.mark.parametrize(
    "csp", [True, pytest.param(False, marks=pytest.mark.slow)], ids=["policy", "no policy"]
)
def test_nothing_of_an_archive_runs(tab, visitor, tmp_path, csp):
    """In a name, an id, a thread, a text and a file's name, on every page that shows any of them; without the policy too."""
    lines = [
        {
            "person": f"ana{evil}",
            "thread": evil,
            "id": f"{evil}{k}",
            "text": f"I'm a nurse in Porto, I am 34. {evil}",
        }
        for evil in ["".join(PAYLOADS)]
        for k in range(3)
    ]
    file = tmp_path / "table.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    answer = visitor.done(visitor.hand_in(file, f"{PAYLOADS[0]}.jsonl"))
    person = answer.headers["location"]
    visitor.form(f"{person}/claims", attribute="occupation", value=PAYLOADS[2][:100], do="edit")
    visitor.done(visitor.form(f"{person}/shield", level="generalize", target="20"))
    pages = (
        "",
        person,
        f"{person}/report",
        f"{person}/shield",
        f"{person}/shield?at=1",
        "/jobs/<script>",
        "/?said=<script>",
    )
    page = tab(visitor, bypass_csp=not csp)
    for path in pages:
        page.goto(f"{visitor.base_url}{path}")
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert page.evaluate("window.owned") is None
        assert page.title() != "owned"
        assert page.locator("script").count() == (0 if path.endswith("report") else 1)
        assert page.locator("form[action^='http'], base, img, link[href^='http']").count() == 0
    page.goto(f"{visitor.base_url}{person}/shield")
    page.get_by_role("slider").focus()
    page.keyboard.press("Home")
    page.wait_for_function("() => document.querySelector('#said').textContent.startsWith('Step 0')")
    assert page.evaluate("window.owned") is None
    assert "{{ 7*7 }}" in page.goto(f"{visitor.base_url}{person}/shield?at=1").text()
    assert [said for said in page.complaints if "404" not in said] == []
    asked = {url.split("/")[2] for url in page.requests if not url.startswith("data:")}
    assert asked == {visitor.base_url.netloc.decode()}


@pytest.mark.parametrize("site", ["http://evil.example", "http://127.0.0.1:9"])
def test_another_sites_page_can_do_nothing(tab, visitor, example, site):
    """Not even one on another port of this computer, to which the browser sends the cookie, and not with the form's token."""
    person = visitor.done(visitor.hand_in(example)).headers["location"]
    target = f"{visitor.base_url}{person}"
    page = tab(visitor)
    body = (
        f'<form method=post action="{target}/forget"><input name=token value="{visitor.token}"><input name=sure value=yes>'
        f'<button>x</button></form><iframe src="{target}"></iframe>'
    )
    page.route(f"{site}/**", lambda route: route.fulfill(body=body, content_type="text/html"))
    page.goto(f"{site}/")
    assert page.frames[1].evaluate("document.body.innerText").find("Report") < 0
    read = page.evaluate(
        "u => fetch(u, {credentials: 'include'}).then(r => r.text(), () => 'refused')", target
    )
    assert read == "refused"
    page.get_by_role("button").click()
    page.get_by_role("alert").wait_for()
    assert page.get_by_role("alert").inner_text() in (
        "Another site's page sent this. Nothing was done.",
        "Use the address that the program printed. It works once, in one browser.",
    )
    assert visitor.get(person).status_code == 200


@pytest.mark.parametrize("script", [True, False])
def test_a_large_archive_is_told_to_be_too_large(tab, visitor, tmp_path, script):
    page = tab(visitor, java_script_enabled=script)
    page.goto(str(visitor.base_url))
    large = tmp_path / "large.zip"
    large.write_bytes(bytes(8 << 20))
    page.get_by_label(re.compile("^Archive")).set_input_files(large)
    page.get_by_role("button", name="Read it").click()
    page.get_by_role("alert").wait_for()
    assert "larger than 5 MB" in page.get_by_role("alert").inner_text()
    assert (not any(url.endswith("/archives") for url in page.requests)) == script


AUDIT = """
() => {
  const named = e => e.labels?.length || e.getAttribute('aria-label') || e.getAttribute('aria-labelledby') || e.textContent.trim();
  const all = (...selectors) => [...document.querySelectorAll(selectors.join())];
  const ids = all('[id]').map(e => e.id), levels = all('h1,h2,h3').map(h => +h.localName[1]);
  return {
    unnamed: all('input:not([type=hidden])', 'select', 'button', 'progress', 'a', 'iframe:not([title])', 'nav:not([aria-label])')
      .filter(e => !named(e)).map(e => e.outerHTML),
    pointless: all('[aria-labelledby]').flatMap(e => e.getAttribute('aria-labelledby').split(' ')).filter(id => !ids.includes(id)),
    twice: ids.filter((id, k) => ids.indexOf(id) !== k),
    jumps: levels.filter((level, k) => level > (levels[k - 1] ?? 0) + 1),
    landmarks: ['h1', 'main', 'body > header', 'body > footer', 'nav'].map(s => all(s).length).join(' '),
    headless: all('th').filter(h => !h.scope).length + all('table').filter(t => !t.caption).length,
    handlers: all('*').flatMap(e => e.getAttributeNames()).filter(n => n.startsWith('on') || n === 'style'),
    wide: document.documentElement.scrollWidth > innerWidth,
  };
}
"""
SOUND = {"unnamed": [], "pointless": [], "twice": [], "jumps": [], "landmarks": "1 1 1 1 1", "headless": 0,
         "handlers": [], "wide": False}  # fmt: skip


def test_every_page_has_landmarks_names_and_room(tab, visitor, example):
    person = visitor.done(visitor.hand_in(example)).headers["location"]
    visitor.done(visitor.form(f"{person}/shield", level="mask", target="20"))
    page = tab(visitor, viewport={"width": 340, "height": 700})
    for path in (
        "/",
        person,
        f"{person}?said=given",
        f"{person}/shield",
        "/papers",
        "/papers/twin2k",
        "/none",
    ):
        page.goto(f"{visitor.base_url}{path}")
        assert page.evaluate(AUDIT) == SOUND, path
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_work_under_way_can_be_followed_and_stopped_by_keyboard(tab, visitor):
    job = visitor.form("/papers/llmprivacy").headers["location"]
    page = tab(visitor)
    page.goto(f"{visitor.base_url}{job}")
    page.get_by_role("progressbar", name="Running llmprivacy").wait_for()
    assert page.evaluate(AUDIT) == SOUND
    tab_to(page, page.get_by_role("button", name="Stop"))
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    assert page.get_by_role("alert").inner_text() == "This was stopped. What was finished before is kept."
