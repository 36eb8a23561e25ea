"""What a new judgement changes against the old one. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from pipeline.model import Article, Verdict

__all__ = ["Change", "Tally", "change_of"]

_ORDER: Final = ("tag", "kind", "openness", "licence", "who", "what")


@dataclass(frozen=True, slots=True)
class Change:
    """An article whose verdict is another one now."""

    article_id: int
    title: str
    url: str
    before: Verdict
    after: Verdict
    by_hand: bool  # a person has corrected it, and that stays in force

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of what is different: "tag", "kind", "openness", "licence", "who", "what"."""
        return tuple(name for name, before, after in _compared(self.before, self.after) if before != after)


class Tally:
    """Changes counted as they come: an archive may hold millions."""

    def __init__(self, shown: int) -> None:
        self.judged = 0
        self.changed = 0
        self.by_hand = 0
        self.first: list[Change] = []  # at most ``shown`` of them
        self._shown = shown
        self._counts: Counter[tuple[str, str, str]] = Counter()

    def add(self, change: Change | None) -> None:
        """Count one article that was judged anew, and what is different of it."""
        self.judged += 1
        if change is None:
            return
        self.changed += 1
        self.by_hand += change.by_hand
        if len(self.first) < self._shown:
            self.first.append(change)
        for name, before, after in _compared(change.before, change.after):
            if before == after:
                continue
            # Names are too many to count one by one.
            counted = name in {"tag", "kind", "openness", "licence"}
            self._counts[(name, before, after) if counted else (name, "…", "…")] += 1

    @property
    def counts(self) -> tuple[tuple[tuple[str, str, str], int], ...]:
        """Each sort of change as (what, before, after) with its articles, most frequent first."""
        ranked = sorted(self._counts.items(), key=lambda pair: (_ORDER.index(pair[0][0]), -pair[1], pair[0]))
        return tuple(ranked)


def change_of(article: Article, before: Verdict, after: Verdict, *, by_hand: bool) -> Change | None:
    """Return what is different for a reader, None if nothing is; probabilities alone are nothing."""
    if all(old == new for _, old, new in _compared(before, after)):
        return None
    return Change(article.id, article.title, article.canonical_url, before, after, by_hand)


def _compared(before: Verdict, after: Verdict) -> tuple[tuple[str, str, str], ...]:
    one = before.announcements[0] if before.announcements else None
    two = after.announcements[0] if after.announcements else None
    return (
        ("tag", "tagged" if before.tagged else "not tagged", "tagged" if after.tagged else "not tagged"),
        ("kind", before.kind.value, after.kind.value),
        ("openness", one.openness.value if one else "-", two.openness.value if two else "-"),
        ("licence", (one.licence if one else None) or "-", (two.licence if two else None) or "-"),
        ("who", ", ".join(one.who) if one else "-", ", ".join(two.who) if two else "-"),
        ("what", ", ".join(one.what) if one else "-", ", ".join(two.what) if two else "-"),
    )
