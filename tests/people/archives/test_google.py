import csv
import io
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personae.people.archives import google
from personae.people.archives._google_html import date_of, html_cards
from personae.people.archives._google_titles import page_of, parted, query_of
from personae.people.archives._source import Limits, open_source
from personae.people.archives.rows import Options, RowError, Tally
from personae.people.records import Item

NOON = datetime(2021, 5, 1, 12, tzinfo=UTC)
VIDEO = "https://www.youtube.com/watch?v=abcDEF12345"


def activity(title, url="", header="YouTube", **more):
    row = {"header": header, "title": title, "time": "2021-05-01T12:00:00.000Z", "products": [header], **more}
    return {**row, "titleUrl": url} if url else row


def watched(title="Watched How to bake", url=VIDEO, **more):
    return activity(
        title, url, subtitles=[{"name": "Oven Talk", "url": "https://www.youtube.com/channel/UC1"}], **more
    )


@pytest.fixture
def one(put, load):
    """Read one row of My Activity: its traces and errors."""
    return lambda row: load(google, put({"My Activity/X/MyActivity.json": [row]}))


@pytest.mark.parametrize(
    "title",
    ["Watched How to bake", "How to bake angesehen", "Has visto How to bake", "Vous avez regardé How to bake",
     "Hai guardato How to bake", "Je hebt naar How to bake gekeken", "How to bake"],
)  # fmt: skip
def test_watched_videos_are_items_in_any_language(one, title):
    (trace,), errors = one(watched(title))
    assert errors == []
    assert (trace.kind, trace.text, trace.time) == ("watch", "", NOON)
    assert trace.item == Item("abcDEF12345", "How to bake", "Oven Talk")
    assert (trace.role, trace.thread, trace.where) == ("self", "YouTube", "X/MyActivity.json:/0")


def test_music_is_listened_to(one):
    (trace,), _ = one(
        activity("Watched Steam", VIDEO, "YouTube Music", subtitles=[{"name": "The Kettles - Topic"}])
    )
    assert (trace.kind, trace.item.creator) == ("listen", "The Kettles")


@pytest.mark.parametrize(
    ("title", "url"),
    [
        ("Searched for rye bread", "https://www.youtube.com/results?search_query=rye+bread"),
        ("an unknown verb", "https://www.google.com/search?q=rye%20bread&hl=en"),
        ("Searched for rye bread", ""),
        ("Nach „rye bread“ gesucht", ""),
        ("Has buscado rye bread", ""),
    ],
)
def test_searches_are_own_words(one, title, url):
    (trace,), _ = one(activity(title, url, "Search"))
    assert (trace.kind, trace.text, trace.item, trace.thread) == ("search", "rye bread", None, "Search")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (watched(details=[{"name": "From Google Ads"}]), "an advertisement"),
        (watched(details=[{"name": "Von Google Anzeigen"}]), "an advertisement"),
        (activity("Watched a video that has been removed"), "a video that was removed"),
        (watched(f"Watched {VIDEO}"), "a video that was removed"),
        (activity("Used Gemini Apps", header="Gemini Apps"), "an activity that is no prompt"),
        (5, "a row without a title or an address"),
    ],
)
def test_rows_that_say_nothing_are_counted(put, load, row, reason):
    traces, errors = load(google, put({"My Activity/X/MyActivity.json": [watched(), row]}))
    assert len(traces) == 1
    assert errors == [RowError("X/MyActivity.json:/1", reason)]


def test_a_visit_keeps_the_page_and_drops_what_stands_in_its_query(one):
    url = "https://www.google.com/url?q=https://ana@tea.example.org/pots/1?mail=ana@example.org&usg=x"
    (trace,), _ = one(
        activity("Visited Pots for ana@example.org", url, "Search", locationInfos=[{"name": "home"}])
    )
    assert (trace.kind, trace.item) == (
        "visit",
        Item("https://tea.example.org/pots/1", "Pots for [e-mail]", ""),
    )
    assert "home" not in repr(trace)


@pytest.mark.parametrize("answers", [[{"html": "<p>Use <b>rye</b>.</p>"}], {"htmlValue": "<p>Use rye.</p>"}])
def test_prompts_and_answers_of_gemini(one, answers):
    row = activity("Prompted how do I bake\nbread?", header="Gemini Apps", safeHtmlItem=answers)
    (prompt, answer), errors = one(row)
    assert errors == []
    assert (prompt.kind, prompt.role, prompt.text) == ("message", "self", "how do I bake\nbread?")
    assert (answer.kind, answer.role, answer.text) == ("message", "assistant", "Use rye.")
    assert (answer.where, answer.thread) == ("X/MyActivity.json:/0/safeHtmlItem", "Gemini Apps")


def test_a_site_named_like_an_assistant_is_a_page(one):
    (trace,), _ = one(activity("Visited Coins", "https://gemini.example.com/a", "gemini.example.com"))
    assert trace.kind == "visit"


def table(*rows):
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


COMMENTS = [
    "Comment ID",
    "Channel ID",
    "Comment Create Timestamp",
    "Price",
    "Parent Comment ID",
    "Video ID",
    "Comment Text",
]


@pytest.mark.parametrize(
    "cell",
    [
        "so good\nreally",
        '{"text":"so good\\n"},{"text":"really"}',
        '{"takeoutSegments":[{"text":"so good\\nreally"}]}',
    ],
)
def test_comments_in_every_wrapping(put, load, cell):
    path = put(
        {
            "YouTube/comments/comments.csv": table(
                COMMENTS, ["c", "u", "2021-05-01T12:00:00+00:00", "0", "", "v", cell]
            )
        }
    )
    (trace,), _ = load(google, path)
    assert (trace.kind, trace.text, trace.time, trace.thread) == ("comment", "so good\nreally", NOON, "v")
    assert trace.where == "comments/comments.csv:2"


def test_subscriptions_are_follows(put, load):
    path = put(
        {
            "subscriptions.csv": table(
                ["Channel Id", "Channel Url", "Channel Title"], ["UC1", "http://x", "Oven Talk"]
            )
        }
    )
    (trace,), _ = load(google, path)
    assert (trace.kind, trace.item) == ("follow", Item("UC1", "Oven Talk", ""))


def test_chrome_visits_and_searches(put, load):
    def visit(url, title="Tea"):
        return {
            "title": title,
            "url": url,
            "time_usec": int(NOON.timestamp() * 1e6),
            "page_transition": "LINK",
            "client_id": "x",
        }

    history = {
        "Browser History": [
            visit("https://tea.example.org/pots?session=1"), visit("https://duckduckgo.com/?q=tea+shops"),
            visit("chrome://settings"), visit("file:///home/ana/cv.pdf", "cv"), visit("http://[broken"),
        ],
        "Typed Url": [{"url": "https://tea.example.org"}],
    }  # fmt: skip
    traces, errors = load(google, put({"Chrome/History.json": history}))
    assert [(t.kind, t.text, t.item) for t in traces] == [
        ("visit", "", Item("https://tea.example.org/pots", "Tea", "")),
        ("search", "tea shops", None),
    ]
    assert {t.time for t in traces} == {NOON}
    assert [e.reason for e in errors] == ["a page that is not on the web"] * 3


def test_notes_of_keep(put, load):
    stamps = {
        "userEditedTimestampUsec": int(NOON.timestamp() * 1e6),
        "createdTimestampUsec": 1,
        "isTrashed": False,
        "color": "DEFAULT",
    }
    path = put({
        "Keep/a.json": {**stamps, "title": "To do", "listContent": [{"text": "milk", "isChecked": True}, {"text": "rye", "isChecked": False}]},
        "Keep/b.json": {**stamps, "title": "", "textContent": "call the dentist"},
        "Keep/c.json": {**stamps, "title": "", "textContent": ""},
        "Keep/Labels.txt": "x",
    })  # fmt: skip
    traces, errors = load(google, path)
    assert [(t.kind, t.text, t.time) for t in traces] == [
        ("post", "To do\nmilk\nrye", NOON),
        ("post", "call the dentist", NOON),
    ]
    assert [e.reason for e in errors] == ["a row without words"]


def card(body, caption="<b>Products:</b><br>&emsp;YouTube<br>", header="YouTube"):
    return (
        '<div class="outer-cell mdl-cell mdl-cell--12-col mdl-shadow--2dp"><div class="mdl-grid">'
        f'<div class="header-cell mdl-cell"><p class="mdl-typography--title">{header}<br></p></div>'
        f'<div class="content-cell mdl-cell mdl-cell--6-col mdl-typography--body-1">{body}</div>'
        '<div class="content-cell mdl-cell mdl-cell--6-col mdl-typography--body-1 mdl-typography--text-right"></div>'
        f'<div class="content-cell mdl-cell mdl-cell--12-col mdl-typography--caption">{caption}</div></div></div>'
    )


CARDS = [
    card(f'Watched&nbsp;<a href="{VIDEO}">Bread &amp; you</a><br><a href="https://www.youtube.com/channel/UC1">Oven Talk</a><br>May 1, 2021, 12:00:00\u202fPM UTC'),
    card('Searched for&nbsp;<a href="https://www.youtube.com/results?search_query=rye+bread">rye bread</a><br>1 mai 2021, 14:00:00 UTC+2'),
    card(f'Watched&nbsp;<a href="{VIDEO}">Buy this</a><br>May 1, 2021, 12:00:00 PM UTC', "<b>Details:</b><br>&emsp;From Google Ads<br>"),
    card("Prompted&nbsp;how do I bake?<br>1 May 2021, 14:00:00 CEST<br><p>Use <b>rye</b>.</p><p>Wait.</p>", header="Gemini Apps"),
    "<div class=\"outer-cell\">empty</div>",
]  # fmt: skip


def test_pages_in_html_are_read_like_json(put, load):
    styles = "<style>" + ".mdl-cell{width:1px}" * 5000 + "</style>"
    path = put(
        {
            "My Activity/YouTube/MyActivity.html": f"<html><head>{styles}</head><body>{''.join(CARDS)}</body></html>"
        }
    )
    traces, errors = load(google, path)
    assert [(t.kind, t.role, t.text, t.item, t.time) for t in traces] == [
        ("watch", "self", "", Item("abcDEF12345", "Bread & you", "Oven Talk"), NOON),
        ("search", "self", "rye bread", None, NOON),
        ("message", "self", "how do I bake?", None, NOON),
        ("message", "assistant", "Use rye.\nWait.", None, NOON),
    ]
    assert [(e.where, e.reason) for e in errors] == [
        ("YouTube/MyActivity.html:3", "an advertisement"),
        ("YouTube/MyActivity.html:5", "a card without a body"),
    ]


@pytest.mark.parametrize("n_bytes", [0, 1, 100, 5000])
def test_a_page_that_is_cut_off_or_never_ends(put, n_bytes):
    body = ("".join(CARDS) + CARDS[0][:n_bytes] + "x" * (3 << 20)).encode()
    with open_source(put({"MyActivity.html": body})) as source:
        rows = list(html_cards(source, "MyActivity.html"))
    assert sum(not isinstance(row, RowError) for row in rows) >= len(CARDS) - 1
    assert any(isinstance(row, RowError) for row in rows)


@pytest.mark.parametrize(
    ("line", "iso"),
    [
        ("May 1, 2021, 12:30:45 AM UTC", "2021-05-01T00:30:45+00:00"),
        ("Jun 23, 2015, 2:43:45 PM", "2015-06-23T14:43:45+00:00"),
        ("18 Sept 2025, 12:01:52 CET", "2025-09-18T11:01:52+00:00"),
        ("10 de mai. de 2026, 03:46:09 BRT", "2026-05-10T06:46:09+00:00"),
        ("1 juil. 2021, 13:02:03 UTC+2", "2021-07-01T11:02:03+00:00"),
        ("1 juin 2021, 13:02:03 UTC", "2021-06-01T13:02:03+00:00"),
        ("01.03.2021, 13:02:03 MEZ", "2021-03-01T12:02:03+00:00"),
        ("May 19, 2026, 7:07:02 PM GMT-03:30", "2026-05-19T22:37:02+00:00"),
        ("2026年6月19日 12:23:08 JST", "2026-06-19T03:23:08+00:00"),
        ("31 Feb 2021, 12:00:00 UTC", None),
        ("Attached 1 file.", None),
    ],
)
def test_dates_of_html_pages(line, iso):
    moment = date_of(line)
    assert (moment.isoformat() if moment else None) == iso


@pytest.mark.parametrize(
    ("url", "query", "page"),
    [
        ("https://www.google.com/search?q=a+b", "a b", "https://www.google.com/search"),
        ("https://www.shop.example/s?k=teapot", "teapot", "https://www.shop.example/s"),
        ("https://tea.example.org/pots?q=1#x", "", "https://tea.example.org/pots"),
        ("javascript:alert(1)", "", ""),
        ("http://[::1", "", ""),
        ("", "", ""),
    ],
)
def test_addresses(url, query, page):
    assert (query_of(url), page_of(url)) == (query, page)


def test_a_verb_at_the_beginning_outweighs_one_at_the_end():
    assert parted("Prompted what is angesehen") == ("say", "what is angesehen")


@pytest.mark.parametrize(
    ("files", "is_google"),
    [
        ({"watch-history.json": [watched()]}, True),
        ({"kijkgeschiedenis.json": [watched()]}, True),
        ({"History.json": {"Browser History": []}}, True),
        ({"comments.csv": table(COMMENTS)}, True),
        ({"MyActivity.html": CARDS[0]}, True),
        ({"MyActivity.html": "<html>hello</html>"}, False),
        ({"MyActivity.json": [{"title": "x"}]}, False),
        ({"comments.csv": "id,permalink,body\n"}, False),
    ],
)
def test_detection_reads_content(put, files, is_google):
    with open_source(put(files)) as source:
        assert (google.detect(source) > 0.5) is is_google


TITLES = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=20
).filter(lambda title: not title.startswith("http"))
MOMENTS = st.datetimes(datetime(2006, 1, 1), datetime(2030, 1, 1))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(MOMENTS, TITLES), min_size=1, max_size=6))
def test_what_is_written_is_read_back(tmp_path_factory, load, rows):
    folder = tmp_path_factory.mktemp("google")
    body = [{**watched(f"Watched {title}"), "time": f"{time.isoformat()}Z"} for time, title in rows]
    (folder / "watch-history.json").write_text(json.dumps(body))
    traces, errors = load(google, folder, Options(keep_identifiers=True))
    assert errors == []
    assert [(t.time, t.item.title) for t in traces] == [
        (time.replace(tzinfo=UTC), title) for time, title in rows
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "html", "x"]), inner)
    ),
    max_leaves=6,
)
KEYS = (*watched(), "details", "safeHtmlItem")


@settings(max_examples=100, deadline=None)
@given(
    st.lists(JSON | st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, JSON)), max_size=3),
    JSON,
    st.binary(max_size=30) | st.text(max_size=30).map(str.encode),
)
def test_any_values_are_read_without_raising(tmp_path_factory, rows, value, rest):
    folder = tmp_path_factory.mktemp("google")
    rows = [
        {**row, "header": "Gemini Apps"} if isinstance(row, dict) and "safeHtmlItem" in row else row
        for row in rows
    ]
    (folder / "watch-history.json").write_bytes(json.dumps([watched(), *rows]).encode() + rest)
    (folder / "History.json").write_text(
        json.dumps({"Browser History": [{"url": value, "title": value, "time_usec": value}, value]})
    )
    (folder / "note.json").write_text(
        json.dumps({"userEditedTimestampUsec": value, "title": value, "listContent": value})
    )
    (folder / "comments.csv").write_bytes(table(COMMENTS, ["c", "u", "t", "0", "", "v", "{"]).encode() + rest)
    (folder / "MyActivity.html").write_bytes("".join(CARDS[:2]).encode() + b'<div class="outer-cell">' + rest)
    tally = Tally()
    with open_source(folder, Limits(row_bytes=4096)) as source:
        traces = list(tally.traces(google.read(source, Options())))
    assert (tally.read, tally.kept) == (tally.kept + tally.skipped, len(traces))
