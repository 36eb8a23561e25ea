"""What can be filtered by, read off the rows of the archive: pure, a line a key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipeline.archive.query_keys import KEYS, Form, Of, fold
from pipeline.archive.sort_key import sort_key
from pipeline.archive.words import tokens
from pipeline.model import TAGGED_KINDS, Kind

#: Every row of a kind has this fact: walking it is walking them all, newest first.
ANY = "any"
#: Announcements of one article that can be told apart; the longest round-ups have some forty.
POSITIONS = 256

#: One row of ``search_facts``.
FactRow = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a set of facts belongs."""

    of: Of
    row_id: int
    sort_key: int

    def facts(self, values: Iterable[tuple[str, Iterable[Any]]]) -> list[FactRow]:
        """Rows for the values of each key; what is None or empty is left out."""
        found: dict[tuple[str, str], str | None] = {(ANY, ""): None}
        for key, several in values:
            for value in several:
                if value is None or value == "":
                    continue
                for text, label in indexed(key, value):
                    if found.get((key, text)) is None:
                        found[key, text] = label
        return [
            {
                "of": self.of.value,
                "row_id": self.row_id,
                "key": key,
                "value": value,
                "sort_key": self.sort_key,
                "label": label,
            }
            for (key, value), label in found.items()
        ]


def indexed(key: str, value: Any) -> list[tuple[str, str | None]]:
    """What a value is found by, and its label; a part of a name has none."""
    form = KEYS[key].form
    if form is Form.NUMBER:
        return [(number(float(value)), f"{value:g}")]
    if form is Form.PART:
        words = tokens(str(value))
        whole = [" ".join(words[i:]) for i in range(len(words))] or [fold(str(value))]
        return [(text, str(value) if i == 0 else None) for i, text in enumerate(whole)]
    return [(fold(str(value)), str(value))]


def number(value: float) -> str:
    """A number as text that sorts like it: six places before the point and six after."""
    return f"{value:014.6f}"


def announcement_row(article_id: int, position: int) -> int:
    """The row of an article's announcement: the first has the greatest, as newest first goes downwards."""
    return article_id * POSITIONS + (POSITIONS - 1 - min(position, POSITIONS - 1))


def announced(row_id: int) -> tuple[int, int]:
    """Article and position of such a row."""
    return row_id // POSITIONS, POSITIONS - 1 - row_id % POSITIONS


def _opening(a: Any) -> list[tuple[str, Iterable[Any]]]:
    return [
        ("who", a.who),
        ("what", a.what),
        ("licence", [a.licence]),
        ("openness", [a.openness]),
        ("claimed", [a.claimed]),
        ("type", [a.type]),
        ("stage", [a.stage]),
    ]


def article_facts(article: Any, openings: Sequence[Any], story: tuple[int, int] | None) -> list[FactRow]:
    """Facts of an article and of each of its announcements in force.

    ``article``: a row of search_articles; ``openings``: rows of announcements; ``story``: its
    number and how many outlets tell it.
    """
    if not openings and story is None:
        return []
    told: list[tuple[str, Iterable[Any]]] = []
    if story is not None:
        told = [("story", [story[0]]), ("outlets", [story[1]])]
    rows = Placed(Of.ARTICLE, article.article_id, article.sort_key).facts(
        [*(pair for a in openings for pair in _opening(a)), *told]
    )
    common: list[tuple[str, Iterable[Any]]] = [
        ("kind", [article.kind]),
        ("tagged", [article.tagged]),
        ("probability", [article.probability]),
        ("source", [article.source]),
        ("outlet", [article.outlet]),
        ("lang", [article.lang]),
        ("country", [article.country]),
        *told,
    ]
    for a in openings:
        row_id = announcement_row(article.article_id, a.position)
        rows += Placed(Of.ANNOUNCEMENT, row_id, article.sort_key).facts([*_opening(a), *common])
    return rows


def story_facts(story: Any, members: Sequence[Any]) -> list[FactRow]:
    """Facts of a row of stories; ``members`` are the rows of search_articles of its articles."""
    return Placed(Of.STORY, story.id, sort_key(story.first_dated, story.id)).facts(
        [*_opening(story), *_telling(story, members), ("outlets", [story.outlets]), ("story", [story.id])]
    )


def promise_facts(promise: Any, story: Any, members: Sequence[Any]) -> list[FactRow]:
    """Facts of a row of promises, whose story and its articles tell the rest."""
    said: datetime = promise.said_at
    own: list[tuple[str, Iterable[Any]]] = [
        ("who", promise.who),
        ("what", promise.what),
        ("state", [promise.state]),
    ]
    rest = [pair for pair in _opening(story) if pair[0] not in ("who", "what")]
    return Placed(Of.PROMISE, promise.id, sort_key(said, promise.id)).facts(
        [*own, *rest, *_telling(story, members), ("outlets", [story.outlets]), ("story", [story.id])]
    )


def _telling(story: Any, members: Sequence[Any]) -> list[tuple[str, Iterable[Any]]]:
    return [
        ("kind", [story.stage]),
        ("tagged", ["yes" if Kind(story.stage) in TAGGED_KINDS else "no"]),
        *((key, [getattr(m, key) for m in members]) for key in ("source", "outlet", "lang", "country")),
    ]
