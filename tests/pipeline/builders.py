"""Small builders for what the pipeline's tests pass around."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline.model import (
    Announcement,
    Article,
    ArtifactType,
    Entry,
    Evidence,
    Kind,
    Openness,
    Poll,
    PollOutcome,
    Source,
    SourceKind,
    SourceState,
    Verdict,
)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def hours_ago(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


def source(id: str = "daily-model", **changes: Any) -> Source:
    values: dict[str, Any] = {
        "id": id,
        "name": id.replace("-", " ").title(),
        "kind": SourceKind.FEED,
        "url": f"https://{id}.example/feed",
        "language": "en",
    }
    return Source(**(values | changes))


def entry(slug: str = "aurora", source_id: str = "daily-model", **changes: Any) -> Entry:
    url = f"https://{source_id}.example/{slug}"
    values: dict[str, Any] = {
        "source_id": source_id,
        "guid": f"{source_id}/{slug}",
        "url": url,
        "canonical_url": url,
        "title": f"Northlight releases {slug} under Apache 2.0",
        "summary": "The weights can be downloaded.",
        "published": hours_ago(2),
    }
    return Entry(**(values | changes))


def poll(*entries: Entry, source_id: str = "daily-model", **changes: Any) -> Poll:
    values: dict[str, Any] = {
        "source_id": source_id,
        "outcome": PollOutcome.OK,
        "at": NOW,
        "entries": entries,
        "status": 200,
        "state": SourceState(etag='"v1"'),
    }
    return Poll(**(values | changes))


def announcement(**changes: Any) -> Announcement:
    quote = "Northlight releases Aurora-2 under Apache 2.0"
    values: dict[str, Any] = {
        "who": ("Northlight",),
        "what": ("Aurora-2",),
        "type": ArtifactType.MODEL,
        "stage": Kind.RELEASED,
        "openness": Openness.OPEN_SOURCE,
        "licence": "Apache-2.0",
        "evidence": Evidence("title", 0, len(quote), quote),
    }
    return Announcement(**(values | changes))


def verdict(kind: Kind = Kind.RELEASED, *told: Announcement, **changes: Any) -> Verdict:
    announced = told or (
        (announcement(stage=kind),) if kind in (Kind.RELEASED, Kind.PLANNED, Kind.REVERSED) else ()
    )
    values: dict[str, Any] = {
        "kind": kind,
        "probability": 0.97 if announced else 0.02,
        "announcements": announced,
        "evidence": tuple(a.evidence for a in announced),
        "reasons": ("test",),
        "model": "test-1",
    }
    return Verdict(**(values | changes))


def article(id: int = 1, **changes: Any) -> Article:
    values: dict[str, Any] = {
        "id": id,
        "source_id": "daily-model",
        "outlet": "Daily Model",
        "url": f"https://daily-model.example/{id}",
        "canonical_url": f"https://daily-model.example/{id}",
        "title": "Northlight releases Aurora-2 under Apache 2.0",
        "summary": "",
        "text": "",
        "language": "en",
        "published": hours_ago(2),
        "first_seen": NOW,
    }
    return Article(**(values | changes))
