"""What every channel shows of a story, decided once: badges, phrases, checks, safe links.

E-mail, text, Markdown and chat messages are laid out differently but say the same. A
:class:`StoryView` holds only cleaned, bounded text and links that are http(s) or empty; what is
left to a channel is escaping for its own markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, tzinfo

from alerts.plain import NAME, QUOTE, TITLE, clean, safe_link
from alerts.words import Words
from pipeline.model import Announcement, ArtifactType, Coverage, Kind, Openness, Promise, PromiseState, Story

#: Grades in the order they are counted and drawn; also the order of preference.
GRADES = tuple(Openness)
#: Shape and colour of each grade. The fuller the circle, the more open; the shapes differ also
#: without colour. None of these characters has an emoji form that a phone could swap in.
LOOKS = {
    Openness.OPEN_SOURCE: ("●", "green"),
    Openness.OPEN_WEIGHTS: ("◐", "blue"),
    Openness.OPEN_DATA: ("◆", "violet"),
    Openness.RESTRICTED: ("▲", "amber"),
    Openness.UNCLEAR: ("○", "grey"),
    Openness.FREE_ACCESS: ("◌", "rose"),
}
_PROMISE_LOOKS = {
    PromiseState.KEPT: ("✓", "green"),
    PromiseState.OVERDUE: ("!", "amber"),
    PromiseState.WITHDRAWN: ("✕", "rose"),
    PromiseState.OPEN: ("◷", "blue"),
}
#: Names shown of a list (makers, artifacts) before "…".
NAMES = 4
_QUOTES = frozenset('"“”„«»‹›‘’「」『』《》')
_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")

#: What the facts call a licence that a maker wrote for itself.
OWN_LICENCE = "Custom"


@dataclass(frozen=True, slots=True)
class Badge:
    """A mark that is told apart by word, shape and colour alike."""

    name: str  # stable id, e.g. "open-source", "kept"
    label: str  # the word, in the frame's language
    symbol: str  # one character
    colour: str  # green, blue, violet, amber, grey or rose


@dataclass(frozen=True, slots=True)
class Link:
    """Somebody's words with an address; ``url`` is "" where none is safe to follow."""

    text: str
    url: str
    language: str = ""  # a language tag fit for a lang attribute, "" unknown
    language_name: str = ""  # its name in the frame's language, "" if that is the frame's own or unknown
    outlet: str = ""
    when: str = ""  # local time in words

    @property
    def foreign(self) -> bool:
        """Whether markup should state its language and let its letters decide the direction."""
        return bool(self.language_name) or not (self.text.isascii() and self.outlet.isascii())


@dataclass(frozen=True, slots=True)
class Check:
    """What looking at the primary source gave."""

    state: str  # "verified", "doubtful" or "unverified"
    label: str  # "Verified", "Check says otherwise", "Not verified yet"
    detail: str  # what was found, "" if nothing was looked at
    symbol: str  # "" if nothing was looked at
    url: str  # of the primary source, "" if none


@dataclass(frozen=True, slots=True)
class RowView:
    """One announcement of a round-up."""

    badge: Badge
    who: str
    what: str
    kind: str
    licence: str  # "" if not named
    stage: str  # "" if released, else "promised" or "closed again"


@dataclass(frozen=True, slots=True)
class StoryView:
    """Everything a channel may say about a story."""

    id: int
    number: int  # place in the edition, from 1
    badge: Badge
    title: Link  # the best coverage
    who: str
    what: str
    kind: str  # "model", "dataset" …
    licence: str  # "" if not named
    stage: str  # "released", "planned" or "reversed"
    stage_badge: Badge | None  # "Closed again" of a reversal
    stage_note: str  # "Promised, not published yet · due 30 Nov", "" if released
    quote: str  # the evidence sentence as it stands in its source; "" if none
    quoted: str  # the same with quotation marks around it
    quote_from: Link
    covered: str  # "Covered by 12 outlets in 4 languages"
    first: Link
    best: Link
    first_is_best: bool
    others: tuple[Link, ...]
    more: int  # outlets beyond those linked
    check: Check
    warnings: tuple[str, ...]  # claimed is not real; reports disagree on the licence
    rows: tuple[RowView, ...]  # of a round-up, else empty
    holds: str  # "5 announcements" of a round-up, else ""


@dataclass(frozen=True, slots=True)
class PromiseView:
    """A promise and what became of it."""

    badge: Badge
    who: str
    what: str
    quote: str
    source: Link
    said: str  # "said 3 Oct 2026"
    due: str  # "due 30 Nov 2026" or "no date given"
    delay: str  # "3 days late", "on time", "12 days overdue", "in 7 days" or ""


def badge(openness: Openness, words: Words) -> Badge:
    """The badge of a grade of openness."""
    symbol, colour = LOOKS[openness]
    return Badge(openness.value, words(f"grade.{openness.value}"), symbol, colour)


def promise_badge(state: PromiseState, words: Words) -> Badge:
    """The badge of a promise's state."""
    symbol, colour = _PROMISE_LOOKS[state]
    return Badge(state.value, words(f"promise.{state.value}"), symbol, colour)


def is_roundup(story: Story) -> bool:
    """Whether a story's best article tells of several announcements."""
    return len(story.announcements) > 1


def covered(story: Story, words: Words) -> str:
    """The line "Covered by 12 outlets in 4 languages"; empty where one outlet alone tells it."""
    outlets, languages = len(story.outlets), len(story.languages)
    if outlets < 2:
        return ""
    named = words("story.outlets", n=outlets)
    if languages < 2:
        return words("story.covered_one_language", outlets=named)
    return words("story.covered", outlets=named, languages=words("story.languages", n=languages))


def language_tag(code: str) -> str:
    """``code`` if it is fit for a lang attribute, else ""."""
    code = code.replace("_", "-").strip()
    return code if _TAG.fullmatch(code) else ""


def language_name(code: str, words: Words) -> str:
    """Name of a language in the frame's words; "" for the frame's own and for unknown ones."""
    primary = language_tag(code).partition("-")[0].lower()
    if not primary or primary == words.language.partition("-")[0]:
        return ""
    return words.get(f"language.{primary}", primary.upper())


def names(values: Iterable[str], words: Words) -> str:
    """A short list of names, cleaned: "Qwen3-Coder, Qwen3-VL"."""
    cleaned = [c for c in (clean(v, NAME) for v in values) if c]
    more = "…" if len(cleaned) > NAMES else ""
    return words("comma").join(cleaned[:NAMES]) + more


def quoted(text: str, words: Words) -> str:
    """``text`` in quotation marks, unless it brings its own at either end; "" stays ""."""
    if not text or text[0] in _QUOTES or text[-1] in _QUOTES:
        return text
    return words("quote", text=text)


def coverage_link(cover: Coverage, words: Words, zone: tzinfo, today: date) -> Link:
    """The link to one outlet's article, named by the outlet."""
    return Link(
        text=clean(cover.title) or clean(cover.outlet, NAME),
        url=safe_link(cover.url),
        language=language_tag(cover.language),
        language_name=language_name(cover.language, words),
        outlet=clean(cover.outlet, NAME),
        when=words.time(cover.published.astimezone(zone), today=today),
    )


def story_view(
    story: Story, words: Words, *, zone: tzinfo, today: date, number: int = 1, others: int = 5
) -> StoryView:
    """What is shown of ``story``; ``others`` bounds the further outlets that are linked."""
    best = coverage_link(story.best, words, zone, today)
    headed = next((c for c in story.coverage if c.title == story.title), story.best)
    head = coverage_link(headed, words, zone, today)
    title = Link(
        clean(story.title) or best.text, head.url, head.language, head.language_name, head.outlet, head.when
    )
    rest, quote = _others(story), clean(story.evidence, QUOTE)
    if quote == title.text:
        quote = ""  # the headline is the proof: nobody reads it twice
    return StoryView(
        id=story.id,
        number=number,
        badge=badge(story.openness, words),
        title=title,
        who=names(story.who, words),
        what=names(story.what, words),
        kind=_kind(story.type, words),
        licence=licence_name(story.licence, words),
        stage=story.stage.value,
        stage_badge=Badge("reversed", words("section.reversals"), "✕", "rose")
        if story.stage is Kind.REVERSED
        else None,
        stage_note=_stage_note(story, words),
        quote=quote,
        quoted=quoted(quote, words),
        quote_from=coverage_link(story.evidence_from, words, zone, today),
        covered=covered(story, words),
        first=coverage_link(story.first, words, zone, today),
        best=best,
        first_is_best=story.first.outlet == story.best.outlet,
        others=tuple(coverage_link(c, words, zone, today) for c in rest[:others]),
        more=max(0, len(rest) - others),
        check=check(story, words),
        warnings=warnings(story, words),
        rows=tuple(_row(a, words) for a in story.announcements) if is_roundup(story) else (),
        holds=words("story.holds", n=len(story.announcements)) if is_roundup(story) else "",
    )


def _others(story: Story) -> list[Coverage]:
    """Covering articles of outlets other than the first's and the best's, one an outlet, by time."""
    seen = {story.first.outlet, story.best.outlet}
    found: dict[str, Coverage] = {}
    outlets = set(story.outlets) - seen
    for cover in story.coverage:
        if cover.outlet in outlets:
            found.setdefault(cover.outlet, cover)
    return list(found.values())


def _kind(kind: ArtifactType, words: Words) -> str:
    return "" if kind is ArtifactType.OTHER else words(f"type.{kind.value}")


def _stage_note(story: Story, words: Words) -> str:
    if story.stage is not Kind.PLANNED:
        return ""
    due = max((a.due for a in story.announcements if a.due), default=None)
    note = words("story.planned")
    return f"{note} · {words('story.due', date=words.day(due))}" if due else note


def _row(found: Announcement, words: Words) -> RowView:
    stage = "" if found.stage is Kind.RELEASED else words.get(f"stage.{found.stage.value}", found.stage.value)
    return RowView(
        badge=badge(found.openness, words),
        who=names(found.who, words),
        what=names(found.what, words) or words("story.unnamed"),
        kind=_kind(found.type, words),
        licence=licence_name(found.licence, words),
        stage=stage,
    )


def warnings(story: Story, words: Words) -> tuple[str, ...]:
    """What a reader must not overlook: more claimed than given, licences in conflict, a person's word."""
    notes = []
    if story.claimed is not None and story.claimed is not story.openness:
        claimed = words(f"grade_inline.{story.claimed.value}")
        real = words(f"grade_inline.{story.openness.value}")
        licence = licence_name(story.licence, words)
        if story.licence == OWN_LICENCE:
            notes.append(words("story.claim_own", claimed=claimed, real=real))
        elif licence:
            notes.append(words("story.claim_licence", claimed=claimed, licence=licence, real=real))
        else:
            notes.append(words("story.claim", claimed=claimed, real=real))
    if len(story.licences) > 1:
        told = words("comma").join(
            f"{licence_name(name, words)} ({count})" for name, count in story.licences[:NAMES]
        )
        notes.append(words("story.conflict", licences=told))
    if story.corrected:
        notes.append(words("story.corrected"))
    return tuple(notes)


def check(story: Story, words: Words) -> Check:
    """What the primary source showed: the opening verified, contradicted, or not looked at."""
    found = story.verification
    if found is None:
        return Check("unverified", words("story.unverified"), "", "", "")
    outlet, url = clean(found.outlet, NAME), safe_link(found.url)
    licence = clean(found.licence or "", NAME)
    doubt = ""
    if found.files_present is False:
        doubt = words("story.no_files", outlet=outlet)
    elif licence and story.licence and not same_licence(licence, story.licence):
        doubt = words("story.licence_differs", outlet=outlet, found=licence, told=clean(story.licence, NAME))
    if doubt:
        return Check("doubtful", words("story.doubtful"), doubt, "!", url)
    told = clean(story.licence or "", NAME)  # a hub writes apache-2.0; a reader knows Apache-2.0
    facts = [words("story.fact_licence", licence=told or licence)] if licence else []
    if found.files_present:
        facts.append(words("story.fact_weights" if story.type is ArtifactType.MODEL else "story.fact_files"))
    shown = words("story.and", a=facts[0], b=facts[1]) if len(facts) > 1 else "".join(facts)
    detail = words("story.verified_by", outlet=outlet, facts=shown or words("story.fact_entry"))
    if found.gated:
        detail += words("comma") + words("story.gated")
    return Check("verified", words("story.verified"), detail, "✓", url)


def licence_name(licence: str | None, words: Words) -> str:
    """A licence as readers know it, "" for none; a maker's own is told in words."""
    return words("story.own_licence") if licence == OWN_LICENCE else clean(licence or "", NAME)


def same_licence(one: str, other: str) -> bool:
    """Whether two spellings may name one licence: a hub writes ``apache-2.0`` and ``llama3.1``.

    Version numbers count only where both give one; a hub's "other" contradicts nothing.
    """
    keys = [re.sub(r"licen[cs]e|community|[^a-z0-9]", "", name.lower()) for name in (one, other)]
    if keys[0] == keys[1] or any(key in ("other", "custom", "unknown", "") for key in keys):
        return True
    letters = [re.sub(r"\d", "", key) for key in keys]
    return letters[0] == letters[1] and any(key == bare for key, bare in zip(keys, letters, strict=True))


def promise_view(promise: Promise, words: Words, *, zone: tzinfo, today: date) -> PromiseView:
    """What is shown of a promise; delays are counted in days of the reader's calendar."""
    said = promise.said_at.astimezone(zone).date()
    return PromiseView(
        badge=promise_badge(promise.state, words),
        who=names(promise.who, words),
        what=names(promise.what, words) or words("story.unnamed"),
        quote=clean(promise.quote, TITLE),
        source=Link(clean(promise.outlet, NAME), safe_link(promise.url), outlet=clean(promise.outlet, NAME)),
        said=words("promise.said", date=words.day(said)),
        due=words("promise.due", date=words.day(promise.due)) if promise.due else words("promise.no_due"),
        delay=_delay(promise, words, promise.changed_at.astimezone(zone).date(), today),
    )


def _delay(promise: Promise, words: Words, changed: date, today: date) -> str:
    if promise.due is None or promise.state is PromiseState.WITHDRAWN:
        return ""
    if promise.state is PromiseState.KEPT:
        days = (changed - promise.due).days
        if days == 0:
            return words("promise.on_time")
        return words("promise.late", n=days) if days > 0 else words("promise.early", n=-days)
    days = (promise.due - today).days
    if promise.state is PromiseState.OVERDUE:
        return words("promise.overdue_by", n=-days) if days < 0 else ""
    return words("promise.in_days", n=days) if days >= 0 else ""


__all__ = [
    "GRADES",
    "Badge",
    "Check",
    "Link",
    "PromiseView",
    "RowView",
    "StoryView",
    "badge",
    "check",
    "clean",
    "coverage_link",
    "covered",
    "is_roundup",
    "language_name",
    "language_tag",
    "licence_name",
    "names",
    "promise_badge",
    "promise_view",
    "quoted",
    "safe_link",
    "same_licence",
    "story_view",
    "warnings",
]
