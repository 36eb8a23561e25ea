"""The front of a folder of editions: a page that lists them, and feeds of their announcements.

Made anew from what the folder holds after each edition, so it needs no memory of its own: editions
copied in or deleted by hand appear and vanish with the next one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from alerts.environments import environment
from alerts.plain import clean
from alerts.syndication import Item, atom_feed, json_feed, merged
from alerts.words import Words

#: Editions listed: half a year of daily ones. Older ones stay where they are.
EDITIONS_MAX: Final = 180
#: Editions whose items the feeds hold: two weeks of daily ones, so that a reader on holiday misses none.
FEED_EDITIONS: Final = 14


@dataclass(frozen=True, slots=True)
class Entry:
    """An edition in the list."""

    folder: str
    edition: str
    day: str  # YYYY-MM-DD
    date: str  # in words
    headline: str
    lead: str  # title of its first story, "" on a quiet day
    until: str


def read_editions(folder: Path, words: Words) -> tuple[Entry, ...]:
    """The editions in ``folder``, newest first. What is no edition of ours is passed over."""
    found = (_entry(path, words) for path in folder.glob("*/digest.json"))
    ordered = sorted((e for e in found if e), key=lambda e: (e.until, e.folder), reverse=True)
    return tuple(ordered[:EDITIONS_MAX])


def _entry(path: Path, words: Words) -> Entry | None:
    told = _read(path)
    if not isinstance(told, dict):
        return None
    try:
        day = date.fromisoformat(told["day"])
        stories = [*told["stories"], *told["reversals"]]
        return Entry(
            folder=path.parent.name,
            edition=words.get(f"edition.{told['edition']}", clean(told["edition"])),
            day=day.isoformat(),
            date=words.day(day, "long"),
            headline=clean(told["headline"]),
            lead=clean(stories[0]["title"]) if stories else "",
            until=str(told["until"]),
        )
    except (KeyError, TypeError, ValueError):
        return None


def front(folder: Path, words: Words, templates: Path | None, *, home: str = "") -> dict[str, str]:
    """``index.html``, ``atom.xml`` and ``feed.json`` of ``folder``. Raises ConfigError for a bad template."""
    editions = read_editions(folder, words)
    items = merged(_items(folder / e.folder / "feed.json") for e in editions[:FEED_EDITIONS])
    return {
        "index.html": _page(editions, words, templates),
        "atom.xml": atom_feed(items, words, home=home),
        "feed.json": json_feed(items, words, home=home),
    }


def _page(editions: Sequence[Entry], words: Words, templates: Path | None) -> str:
    return (
        environment("html", templates).get_template("site.html.j2").render(editions=editions, words=words)
        + "\n"
    )


def _items(path: Path) -> Iterable[Item]:
    told = _read(path)
    items = told.get("items") if isinstance(told, dict) else None
    return [item for item in items if _whole(item)] if isinstance(items, list) else []


def _whole(item: Any) -> bool:
    texts = ("id", "title", "content_html", "date_published")
    return (
        isinstance(item, dict)
        and all(isinstance(item.get(key), str) for key in texts)
        and all(isinstance(item.get(key), list) for key in ("tags", "authors"))
    )


def _read(path: Path) -> Any:
    """What a JSON file holds, None if it cannot be read: half-copied, or not ours."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
