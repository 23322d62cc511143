"""What a line of Google's activity says: its verb, in seven languages, and the searches and pages behind its address."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from personae.people.archives._text import as_text

Verb = Literal["watch", "search", "visit", "say", ""]

_FRAMES: tuple[tuple[Verb, tuple[str, ...]], ...] = (
    ("watch", (
        "Watched {}", "{} angesehen", "Angesehen: {}", "Has visto {}", "Vous avez regardé {}", "Hai guardato {}",
        "Je hebt naar {} gekeken", "{} bekeken", "Você assistiu (?:a )?{}", "Assistiu a {}", "Viu {}",
    )),
    ("search", (
        "Searched for {}", "Nach „{}“ gesucht", "Nach {} gesucht", "Gesucht nach: {}", "Has buscado {}",
        "Vous avez recherché {}", "Hai cercato {}", "(?:Je hebt )?[Gg]ezocht naar {}", "Je hebt naar {} gezocht",
        "(?:Você )?[Pp]esquisou (?:por )?{}",
    )),
    ("visit", (
        "Visited {}", "Viewed {}", "Used {}", "{} aufgerufen", "{} besucht", "Has visitado {}", "Has usado {}",
        "Vous avez consulté {}", "Hai visitato {}", "Je hebt {} bezocht", "{} bezocht", "(?:Você )?[Vv]isitou {}",
    )),
    ("say", ("Prompted {}", "Asked {}", "Said {}", "Gav instruktionen {}")),
)  # fmt: skip
_PATTERNS = sorted(  # those that begin with their verb first: what follows it may end like another
    (
        (verb, re.compile(frame.replace("{}", "(.+)"), re.DOTALL))
        for verb, frames in _FRAMES
        for frame in frames
    ),
    key=lambda pair: pair[1].pattern.startswith("(.+)"),
)
_SEARCHES = frozenset(("search", "results", "s"))
_QUERIES = ("q", "search_query", "query", "text", "p", "k")
_VIDEO = re.compile(r"(?:[?&]v=|youtu\.be/|/shorts/|/live/)([\w-]{6,20})")
_ADS = re.compile(r"\bads\b|anzeigen|advertenties|annunci|anuncios|anúncios|annonces", re.IGNORECASE)
URL_CHARS = 4096  # browsers themselves stop at about 2,000


def parted(title: str) -> tuple[Verb, str]:
    """Return the verb of an activity's title and what it is about; an empty verb and the whole title where none is known.

    >>> parted("Searched for tea"), parted("Nach „Tee“ gesucht"), parted("Tea")
    (('search', 'tea'), ('search', 'Tee'), ('', 'Tea'))
    """
    plain = title.replace("\u00a0", " ").strip()
    for verb, pattern in _PATTERNS:
        match = pattern.fullmatch(plain)
        if match is not None:
            return verb, match.group(1).strip()
    return "", plain


def query_of(url: str) -> str:
    """Return what was searched for at the address of a page of results, empty for any other page.

    >>> query_of("https://www.google.com/search?q=cheap+tea&hl=en")
    'cheap tea'
    """
    try:
        parts = urlsplit(url[:URL_CHARS])
        last = parts.path.rstrip("/").rpartition("/")[2]
        if last not in _SEARCHES and "duckduckgo." not in parts.netloc:
            return ""
        found = parse_qs(parts.query, max_num_fields=100)
    except ValueError:
        return ""
    return next((found[key][0].strip() for key in _QUERIES if found.get(key)), "")


def page_of(url: str) -> str:
    """Return the address of a page without its query, where ids, names and tokens stand; empty unless it is on the web.

    >>> page_of("https://www.google.com/url?q=https://tea.example.org/pots?user=ana&usg=x")
    'https://tea.example.org/pots'
    """
    for _ in range(2):  # a redirect of Google's, then the page itself
        try:
            parts = urlsplit(url[:URL_CHARS])
            target = (
                parse_qs(parts.query, max_num_fields=100).get("q", [""])[0] if parts.path == "/url" else ""
            )
        except ValueError:
            return ""
        if not target.startswith("http"):
            break
        url = target
    if parts.scheme not in ("http", "https"):
        return ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def video_of(url: str) -> str:
    """Return the id of a YouTube video, empty for any other address."""
    match = _VIDEO.search(url[:URL_CHARS]) if "youtu" in url[:40] else None
    return match.group(1) if match else ""


def is_advertisement(details: list[object]) -> bool:
    """Tell whether an activity's details say that it came from Google's advertisements."""
    return any(_ADS.search(as_text(detail.get("name"))) for detail in details if isinstance(detail, dict))
