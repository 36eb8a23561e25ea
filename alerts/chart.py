"""The trend as small pictures: stacked columns for HTML tables, rows of symbols for text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from alerts.view import GRADES, Badge, badge
from alerts.words import Words
from pipeline.model import Openness, TrendWeek

#: Weeks drawn: a quarter of a year, and columns that stay legible on a 320 px screen.
WEEKS = 12
#: Height of the tallest column in the HTML edition, in CSS pixels.
HEIGHT = 72
#: Height of one opening at most, in CSS pixels.
EACH = 12
#: Symbols of the longest row in the text editions; leaves room for the date and the number.
ROW = 48


@dataclass(frozen=True, slots=True)
class Segment:
    """One grade's part of a week."""

    badge: Badge
    count: int
    size: int  # pixels or symbols


@dataclass(frozen=True, slots=True)
class Column:
    """One week: its segments from the bottom up (text: from the left)."""

    label: str  # the Monday, "16 Nov"
    total: int
    segments: tuple[Segment, ...]
    running: bool  # the last, unfinished week

    @property
    def row(self) -> str:
        """The week as symbols, one or more an opening."""
        return "".join(s.badge.symbol * s.size for s in self.segments)


@dataclass(frozen=True, slots=True)
class Chart:
    """The trend, drawn; nothing to draw is None instead."""

    columns: tuple[Column, ...]
    legend: tuple[Badge, ...]  # grades that occur
    alt: str  # all of it in words
    summary: str  # the one sentence worth reading


def chart(trend: Iterable[TrendWeek], words: Words, *, size: int = HEIGHT, each: int = EACH) -> Chart | None:
    """Draw the last weeks of ``trend``; the largest week is ``size`` pixels or symbols, but no opening is more
    than ``each``: a lone one must not look like a wall.

    Free-access launches are no openings and are not drawn. None where no opening was ever counted.
    """
    weeks = filled(trend)
    totals = [_total(week) for week in weeks]
    if not any(totals):
        return None
    unit = max(*totals, size / each)
    columns = tuple(
        Column(
            label=words.day(week.monday, "short"),
            total=total,
            segments=_segments(week, size * total / unit if total else 0, words),
            running=week is weeks[-1],
        )
        for week, total in zip(weeks, totals, strict=True)
    )
    used = [grade for grade in _DRAWN if any(week.counts.get(grade, 0) > 0 for week in weeks)]
    told = words("comma").join(words("trend.week", date=c.label, n=c.total) for c in columns)
    return Chart(
        columns, tuple(badge(g, words) for g in used), words("trend.alt", weeks=told), _summary(totals, words)
    )


_DRAWN = tuple(grade for grade in GRADES if grade is not Openness.FREE_ACCESS)


def filled(trend: Iterable[TrendWeek], weeks: int = WEEKS) -> tuple[TrendWeek, ...]:
    """The last ``weeks`` weeks, oldest first, with the weeks in which nothing was opened put in."""
    known = {week.monday: week for week in trend}
    if not known:
        return ()
    last = max(known)
    first = max(min(known), last - timedelta(weeks=weeks - 1))
    count = (last - first).days // 7 + 1
    mondays = [last - timedelta(weeks=back) for back in reversed(range(count))]
    return tuple(known.get(monday, TrendWeek(monday, {})) for monday in mondays)


def _total(week: TrendWeek) -> int:
    return sum(max(0, week.counts.get(grade, 0)) for grade in _DRAWN)


def _segments(week: TrendWeek, room: float, words: Words) -> tuple[Segment, ...]:
    """Share ``room`` among the grades by largest remainder; what occurs is at least one thick."""
    counts = [(grade, week.counts.get(grade, 0)) for grade in _DRAWN if week.counts.get(grade, 0) > 0]
    total = sum(count for _, count in counts)
    if not total:
        return ()
    exact = [room * count / total for _, count in counts]
    sizes = [max(1, int(share)) for share in exact]
    spare = round(room) - sum(sizes)
    for index in sorted(range(len(sizes)), key=lambda i: exact[i] - int(exact[i]), reverse=True)[
        : max(0, spare)
    ]:
        sizes[index] += 1
    sizes[sizes.index(max(sizes))] += min(0, spare)  # the largest pays for those lifted to one
    return tuple(Segment(badge(g, words), n, size) for (g, n), size in zip(counts, sizes, strict=True))


def _summary(totals: Sequence[int], words: Words) -> str:
    before = totals[:-1]
    if not before:
        return words("trend.summary_first", n=totals[-1])
    return words("trend.summary", n=totals[-1], average=f"{sum(before) / len(before):.1f}".removesuffix(".0"))
