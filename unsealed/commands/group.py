"""``unsealed group``: which items tell one story, on your own items; nothing is stored."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from pipeline.classify import Classifier
from pipeline.group import group_items, subject_of
from pipeline.model import StoryRole
from unsealed.cli import config_of
from unsealed.lines import item_of, read_lines, write_line
from unsealed.settings import find_config, load_settings

_UNDATED = datetime(1970, 1, 1, tzinfo=UTC)


@click.command("group")
@click.argument("file", default="-")
@click.pass_context
def command(ctx: click.Context, file: str) -> None:
    """Group items (JSON lines as for classify) into stories, in order of `published`.

    Writes id, story (same value: same story; null: none) and role (cover or rel) for each.

    \b
    Example:
      unsealed group items.jsonl | head
    """
    known = load_settings(find_config(config_of(ctx))).knowledge
    classifier = Classifier.load(known.file, known.weights)
    lines = list(read_lines(file))
    items = [item_of(line, n) for n, line in enumerate(lines, 1)]
    # The given id may be of any type, and may repeat; inside, the position is the identity.
    order = sorted(range(len(items)), key=lambda i: (items[i].published or _UNDATED, i))
    subjects = []
    for i, verdict in zip(order, classifier.judge_many(items[i] for i in order), strict=True):
        subjects.append(subject_of(items[i], verdict, identity=i))
    for subject, decision in group_items(subjects):
        position = int(subject.id)
        joined = decision.story_id is not None
        write_line(
            {
                "id": lines[position].get("id", items[position].id),
                "story": decision.story_id,
                "role": (decision.role or StoryRole.COVER).value if joined else None,
            }
        )
