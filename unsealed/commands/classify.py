"""``unsealed classify``: verdict and facts for items on stdin or in a file."""

from __future__ import annotations

import itertools
from typing import Any

import click

from pipeline.classify import Classifier
from pipeline.model import Announcement, Item, Verdict
from unsealed.cli import config_of
from unsealed.lines import item_of, read_lines, write_line
from unsealed.settings import find_config, load_settings

#: Items judged at a time: enough to amortise, few enough that output flows.
_BATCH = 256


@click.command("classify")
@click.argument("file", default="-")
@click.option("--format", "style", type=click.Choice(["jsonl", "table"]), default="jsonl", show_default=True)
@click.pass_context
def command(ctx: click.Context, file: str, style: str) -> None:
    """Judge items: JSON lines with title, summary and, if known, text, url, outlet, published, lang, id.

    FILE is a JSON Lines file, or - for stdin.

    \b
    Example:
      echo '{"title": "Acme releases Rocket-7B under Apache 2.0"}' | unsealed classify --format table
    """
    known = load_settings(find_config(config_of(ctx))).knowledge
    classifier = Classifier.load(known.file, known.weights)
    lines = ((line, item_of(line, n)) for n, line in enumerate(read_lines(file), 1))
    judged: list[tuple[Item, Verdict]] = []
    while batch := list(itertools.islice(lines, _BATCH)):
        verdicts = classifier.judge_many(item for _, item in batch)
        for (line, item), verdict in zip(batch, verdicts, strict=True):
            if style == "table":
                judged.append((item, verdict))
            else:
                write_line({"id": line.get("id", item.id), **verdict_line(verdict)})
    if style == "table":
        from unsealed.tables import verdict_table

        verdict_table(judged)


def verdict_line(verdict: Verdict) -> dict[str, Any]:
    """A verdict as ``classify`` writes it."""
    lead = verdict.announcements[0] if verdict.announcements else None
    return {
        "kind": verdict.kind.value,
        "tagged": verdict.tagged,
        "probability": round(verdict.probability, 4),
        "openness": lead.openness.value if lead else None,
        "licence": lead.licence if lead else None,
        "who": list(lead.who) if lead else [],
        "what": list(lead.what) if lead else [],
        "type": lead.type.value if lead else None,
        "announcements": [announcement_line(a) for a in verdict.announcements],
        "reasons": list(verdict.reasons),
        "model": verdict.model,
    }


def announcement_line(announcement: Announcement) -> dict[str, Any]:
    """One announcement as ``classify`` writes it; offsets are code points into the field named."""
    return {
        "who": list(announcement.who),
        "what": list(announcement.what),
        "type": announcement.type.value,
        "stage": announcement.stage.value,
        "openness": announcement.openness.value,
        "claimed": announcement.claimed.value if announcement.claimed else None,
        "licence": announcement.licence,
        "due": announcement.due.isoformat() if announcement.due else None,
        "evidence": {
            "field": announcement.evidence.field,
            "start": announcement.evidence.start,
            "end": announcement.evidence.end,
            "quote": announcement.evidence.quote,
        },
    }
