"""The edition for programs: one JSON object with stable keys.

``{"version": 1, "subscription", "edition", "day", "timezone", "since", "until", "slot", "subject",
"headline", "stories": […], "reversals": […], "promises": […], "briefs": […], "trend": […],
"sources": {"ok", "failed": […]}, "left_out": {reason: number}, "articles_read"}``

- a story: ``id, title, url, stage, openness, claimed, licence, licences, who, what, type, evidence,
  evidence_from, first, best, coverage, outlets, languages, announcements, first_seen, verification,
  corrected`` (a person has mended the verdict)
- a coverage: ``outlet, title, url, language, published, role``
- times are ISO 8601 in UTC, days ``YYYY-MM-DD``; openness, stage, type and states are the values of
  ``pipeline.model``; what is not known is null; links that are not http(s) are "".

Keys are only ever added; ``version`` rises if the meaning of one changes.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

from alerts.edition import headline, subject_line
from alerts.plain import QUOTE, clean, safe_link
from alerts.words import Words
from pipeline.model import Announcement, Brief, Coverage, Digest, Promise, SourceNote, Story, Verification

VERSION = 1


def digest_json(digest: Digest, words: Words) -> str:
    """``digest`` as indented JSON; see the module's text."""
    return json.dumps(digest_dict(digest, words), ensure_ascii=False, indent=2) + "\n"


def digest_dict(digest: Digest, words: Words) -> dict[str, Any]:
    """``digest`` as plain lists and dicts."""
    return {
        "version": VERSION,
        "subscription": clean(digest.subscription),
        "edition": clean(digest.edition),
        "day": digest.day.isoformat(),
        "timezone": clean(digest.timezone),
        "since": _time(digest.since),
        "until": _time(digest.until),
        "slot": clean(digest.slot),
        "subject": subject_line(digest, words),
        "headline": headline(digest, words),
        "stories": [_story(s) for s in digest.stories],
        "reversals": [_story(s) for s in digest.reversals],
        "promises": [_promise(p) for p in digest.promises],
        "briefs": [_brief(b) for b in digest.briefs],
        "trend": [
            {"monday": w.monday.isoformat(), "counts": {k.value: n for k, n in w.counts.items()}}
            for w in digest.trend
        ],
        "sources": {"ok": digest.sources_ok, "failed": [_note(n) for n in digest.sources_failed]},
        "left_out": {clean(reason): number for reason, number in digest.left_out.items()},
        "articles_read": digest.articles_read,
    }


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _names(values: tuple[str, ...]) -> list[str]:
    return [clean(v) for v in values]


def _cover(cover: Coverage) -> dict[str, Any]:
    return {
        "outlet": clean(cover.outlet),
        "title": clean(cover.title),
        "url": safe_link(cover.url),
        "language": clean(cover.language),
        "published": _time(cover.published),
        "role": cover.role.value,
    }


def _announcement(found: Announcement) -> dict[str, Any]:
    return {
        "who": _names(found.who),
        "what": _names(found.what),
        "type": found.type.value,
        "stage": found.stage.value,
        "openness": found.openness.value,
        "claimed": found.claimed.value if found.claimed else None,
        "licence": clean(found.licence) if found.licence else None,
        "evidence": clean(found.evidence.quote, QUOTE),
        "due": _day(found.due),
    }


def _verification(found: Verification) -> dict[str, Any]:
    return {
        "url": safe_link(found.url),
        "outlet": clean(found.outlet),
        "licence": clean(found.licence) if found.licence else None,
        "gated": found.gated,
        "files_present": found.files_present,
        "at": _time(found.at),
    }


def _story(story: Story) -> dict[str, Any]:
    return {
        "id": story.id,
        "title": clean(story.title),
        "url": safe_link(story.best.url),
        "stage": story.stage.value,
        "openness": story.openness.value,
        "claimed": story.claimed.value if story.claimed else None,
        "licence": clean(story.licence) if story.licence else None,
        "licences": [{"licence": clean(name), "articles": n} for name, n in story.licences],
        "who": _names(story.who),
        "what": _names(story.what),
        "type": story.type.value,
        "evidence": clean(story.evidence, QUOTE),
        "evidence_from": _cover(story.evidence_from),
        "first": _cover(story.first),
        "best": _cover(story.best),
        "coverage": [_cover(c) for c in story.coverage],
        "outlets": _names(story.outlets),
        "languages": _names(story.languages),
        "announcements": [_announcement(a) for a in story.announcements],
        "first_seen": _time(story.first_seen),
        "verification": _verification(story.verification) if story.verification else None,
        "corrected": story.corrected,
    }


def _promise(promise: Promise) -> dict[str, Any]:
    return {
        "id": promise.id,
        "story_id": promise.story_id,
        "state": promise.state.value,
        "who": _names(promise.who),
        "what": _names(promise.what),
        "said_at": _time(promise.said_at),
        "due": _day(promise.due),
        "quote": clean(promise.quote, QUOTE),
        "url": safe_link(promise.url),
        "outlet": clean(promise.outlet),
        "changed_at": _time(promise.changed_at),
        "kept_by": promise.kept_by,
    }


def _brief(brief: Brief) -> dict[str, Any]:
    return {
        "title": clean(brief.title),
        "url": safe_link(brief.url),
        "outlet": clean(brief.outlet),
        "language": clean(brief.language),
        "kind": brief.kind.value,
        "published": _time(brief.published),
    }


def _note(note: SourceNote) -> dict[str, Any]:
    return {
        "id": clean(note.source_id),
        "name": clean(note.name),
        "message": clean(note.message, QUOTE),
        "since": _time(note.since),
    }
