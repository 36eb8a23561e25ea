"""An edition as its reader sees it: sections, counts and phrases, before any markup."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from zoneinfo import ZoneInfo

from alerts.chart import HEIGHT, ROW, Chart, chart
from alerts.plain import NAME, clean, clip
from alerts.view import (
    GRADES,
    Badge,
    Link,
    PromiseView,
    StoryView,
    badge,
    is_roundup,
    language_name,
    language_tag,
    promise_view,
    safe_link,
    story_view,
)
from alerts.words import Words
from pipeline.model import BREAKING, Brief, ConfigError, Digest, Kind, Openness, SourceNote, Story

#: Characters of a subject line: what desktop clients show of it.
SUBJECT = 120
#: Characters of the line that mail clients show behind the subject.
PREHEADER = 140
#: Characters of what is said of a source in trouble.
_TROUBLE = 240
#: Sources in trouble that are told one by one; when a network is down, all of them are.
_TROUBLES = 10


@dataclass(frozen=True, slots=True)
class Count:
    """One badge of the strip of the day: how many openings of a grade."""

    badge: Badge
    n: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """A source that could not be read."""

    name: str
    message: str
    since: str


@dataclass(frozen=True, slots=True)
class DigestView:
    """Everything a channel may say of an edition, cleaned, bounded and in the frame's language."""

    edition: str  # "Daily digest"
    date: str  # "Monday, 23 November 2026"
    headline: str  # "9 openings, 2 promised"
    subject: str
    preheader: str
    scope: str  # "412 articles read from 31 sources"
    counts: tuple[Count, ...]  # released openings by grade
    quiet: str  # the friendly line of a day without anything, else ""
    lead: StoryView | None
    stories: tuple[StoryView, ...]  # single stories after the lead
    roundups: tuple[StoryView, ...]
    reversals: tuple[StoryView, ...]
    promises: tuple[PromiseView, ...]
    briefs: tuple[Link, ...]
    chart: Chart | None  # drawn in pixels
    bars: Chart | None  # drawn in symbols
    trouble: tuple[Trouble, ...]
    trouble_intro: str
    trouble_more: str  # "4 more sources in trouble" or ""
    left_out: tuple[tuple[str, int], ...]  # reason in words, how many
    period: str
    unsubscribe: str  # an http(s) or mailto address, or ""


def digest_view(
    digest: Digest, words: Words, *, others: int = 5, stories: int | None = None, unsubscribe: str = ""
) -> DigestView:
    """Lay ``digest`` out in the language of ``words``.

    ``others`` bounds the further outlets linked a story and ``stories`` the stories shown (what is
    cut is counted in ``left_out``): for channels with a limit of size. Raises ConfigError where the
    digest's time zone is not known to this system.
    """
    zone = zone_of(digest)
    shown = digest.stories if stories is None else digest.stories[:stories]
    views = tuple(
        story_view(story, words, zone=zone, today=digest.day, number=number, others=others)
        for number, story in enumerate((*shown, *digest.reversals), start=1)
    )
    tellable, closed = views[: len(shown)], views[len(shown) :]
    single = tuple(v for v in tellable if not v.rows)
    left_out = [(words.reason(clean(reason)), count) for reason, count in digest.left_out.items()]
    if len(shown) < len(digest.stories):
        left_out.insert(0, (words("left_out.too_long"), len(digest.stories) - len(shown)))
    failed = len(digest.sources_failed)
    empty = not (digest.stories or digest.reversals or digest.promises)
    return DigestView(
        edition=words.get(f"edition.{digest.edition}", clean(digest.edition, NAME)),
        date=words.day(digest.day, "long"),
        headline=headline(digest, words),
        subject=subject_line(digest, words),
        preheader=_preheader(digest, words),
        scope=_scope(digest, words),
        counts=counts(digest, words),
        quiet=words.get(f"quiet.{digest.edition}", words("quiet.daily")) if empty else "",
        lead=single[0] if single else None,
        stories=single[1:],
        roundups=tuple(v for v in tellable if v.rows),
        reversals=closed,
        promises=tuple(promise_view(p, words, zone=zone, today=digest.day) for p in digest.promises),
        briefs=tuple(_brief(b, words, zone, digest.day) for b in digest.briefs),
        chart=chart(digest.trend, words, size=HEIGHT),
        bars=chart(digest.trend, words, size=ROW, each=1),
        trouble=tuple(_trouble(note, words, zone, digest.day) for note in digest.sources_failed[:_TROUBLES]),
        trouble_intro=_trouble_intro(digest, words),
        trouble_more=words("trouble.more", n=failed - _TROUBLES) if failed > _TROUBLES else "",
        left_out=tuple(left_out),
        period=words(
            "footer.period",
            since=_moment(digest.since.astimezone(zone), words),
            until=_moment(digest.until.astimezone(zone), words),
            zone=clean(digest.timezone, NAME),
        ),
        unsubscribe=unsubscribe,
    )


def zone_of(digest: Digest) -> ZoneInfo:
    """The digest's time zone. Raises ConfigError where there is none of that name."""
    try:
        return ZoneInfo(digest.timezone)
    except (LookupError, ValueError, OSError) as error:
        raise ConfigError(
            f"there is no time zone {clean(digest.timezone, NAME)!r}.",
            about=digest.subscription,
            cure="Use an IANA name such as Europe/Berlin or Asia/Shanghai.",
        ) from error


def counts(digest: Digest, words: Words) -> tuple[Count, ...]:
    """Released single stories by grade, freest first; grades without any are left away."""
    released = [s.openness for s in digest.stories if _is_opening(s)]
    return tuple(Count(badge(grade, words), released.count(grade)) for grade in GRADES if grade in released)


def _is_opening(story: Story) -> bool:
    return (
        story.stage is Kind.RELEASED and not is_roundup(story) and story.openness is not Openness.FREE_ACCESS
    )


def headline(digest: Digest, words: Words) -> str:
    """The day in a few words: "9 openings, 2 promised, 1 closed again"."""
    roundups = sum(is_roundup(s) for s in digest.stories)
    openings = sum(_is_opening(s) for s in digest.stories)
    numbers = {
        "openings": openings,
        "promised": len(digest.stories) - roundups - openings,
        "roundups": 0 if openings else roundups,
        "reversals": len(digest.reversals),
    }
    if not any(numbers.values()) and digest.promises:
        numbers = {"promises": len(digest.promises)}
    parts = [words(f"headline.{key}", n=n) for key, n in numbers.items() if n]
    return words("comma").join(parts) or words("quiet.title")


def subject_line(digest: Digest, words: Words) -> str:
    """Date and lead story on one line of at most 120 characters; the date keeps days from threading together."""
    # An alert is known by what it tells, not by its day.
    breaking = digest.edition == BREAKING
    date_, more = words("edition.breaking") if breaking else words.day(digest.day), ""
    told = (*digest.stories, *digest.reversals)
    lead = _lead(told[0], words) if told else headline(digest, words)
    if len(told) > 1:
        more = f" (+{len(told) - 1})"
    return f"{date_}: {clip(lead, SUBJECT - len(date_) - len(more) - 2)}{more}"


def _lead(story: Story, words: Words) -> str:
    """The lead story in the frame's language: its headline, or, where that is foreign, its facts."""
    what = clean(", ".join(story.what[:2]), NAME)
    who = clean(", ".join(story.who[:2]), NAME)
    if what and language_name(story.best.language, words):
        facts = words("comma").join(
            part
            for part in (words(f"grade_inline.{story.openness.value}"), clean(story.licence or "", NAME))
            if part
        )
        return f"{who} {what} ({facts})".strip()
    return clean(story.title) or what or words("story.unnamed")


def _preheader(digest: Digest, words: Words) -> str:
    """The line behind the subject: what it does not say yet, the next stories."""
    rest = [_lead(story, words) for story in (*digest.stories, *digest.reversals)[1:4]]
    return clip(words("preheader_join").join([headline(digest, words), *rest]), PREHEADER)


def _scope(digest: Digest, words: Words) -> str:
    read = words("headline.read", n=digest.articles_read)
    sources = words("headline.sources", n=digest.sources_ok)
    return words("headline.read_from", read=read, sources=sources)


def _brief(brief: Brief, words: Words, zone: tzinfo, today: date) -> Link:
    return Link(
        text=clean(brief.title),
        url=safe_link(brief.url),
        language=language_tag(brief.language),
        language_name=language_name(brief.language, words),
        outlet=clean(brief.outlet, NAME),
        when=words.time(brief.published.astimezone(zone), today=today),
    )


def _trouble(note: SourceNote, words: Words, zone: tzinfo, today: date) -> Trouble:
    since = words.time(note.since.astimezone(zone), today=today)
    return Trouble(
        clean(note.name or note.source_id, NAME),
        clean(note.message, _TROUBLE),
        words("trouble.since", date=since),
    )


def _trouble_intro(digest: Digest, words: Words) -> str:
    failed = len(digest.sources_failed)
    return words("trouble.intro", n=failed, total=failed + digest.sources_ok) if failed else ""


def _moment(moment: datetime, words: Words) -> str:
    return f"{words.day(moment, 'short')} {moment:%H:%M}"
