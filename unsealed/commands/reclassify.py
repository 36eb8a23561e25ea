"""``unsealed reclassify``: stored articles judged anew, and what that changes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import click
from rich.console import Console

from pipeline.archive import Archive
from pipeline.archive.query_times import instant
from pipeline.archive.reclassifying import Job
from pipeline.archive.rows import item_of
from pipeline.classify import Classifier
from pipeline.model import Article, QueryError, Verdict
from pipeline.reclassify import Change, Tally, change_of
from unsealed.cli import config_of
from unsealed.lines import write_line
from unsealed.progress import Bars
from unsealed.regrouping import regroup
from unsealed.settings import find_config, load_settings
from unsealed.tables import record_table

#: Articles judged in one transaction: a kill repeats at most this many, unseen.
BATCH = 200
#: Titles shown; --format jsonl gives them all.
_SHOWN = 15


@click.command("reclassify")
@click.option("--since", metavar="WHEN", help="Only articles dated since then: 2026-11-01, 7d, 3w.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--format", "style", type=click.Choice(["table", "jsonl"]), default="table", show_default=True)
@click.pass_context
def command(ctx: click.Context, /, since: str | None, dry_run: bool, style: str) -> None:
    """Judge stored articles anew with this version's model and your knowledge, and show what changes.

    `unsealed run` judges new words only. Stories follow; corrections stay in force; verdicts of
    older models are kept beside the new ones. Interrupted, it goes on where it was when started
    again with the same --since.

    \b
    Example:
      unsealed reclassify --since 30d --dry-run
      unsealed reclassify
    """
    settings = load_settings(find_config(config_of(ctx)))
    now = datetime.now(UTC)
    start = _since(since, now)
    classifier = Classifier.load(settings.knowledge.file, settings.knowledge.weights)
    with Archive.open(settings.archive.url, create=False) as archive:
        job = Job(classifier.model, start)
        unfinished = None if dry_run else archive.reclassifying.unfinished()
        if unfinished is not None and unfinished.model == classifier.model and _same(unfinished.since, start):
            job = unfinished
            click.echo(f"unsealed: going on after {job.done} articles done before.", err=True)
        tally = Tally(_SHOWN)
        with Bars(Console(stderr=True)) as bars:
            with bars.station("judging anew", archive.reclassifying.count(job)) as step:
                for judged, change in reclassify(archive, classifier, job, now, dry_run=dry_run):
                    tally.add(change)
                    if change is not None and style == "jsonl":
                        write_line(_line(change))
                    step(judged.outlet)
            if not dry_run:
                with bars.station("grouping stories", archive.storying.count_due()) as step:
                    regroup(archive, now, step)
                archive.reclassifying.finish()
    _show(tally, dry_run, quiet=style == "jsonl")


def reclassify(
    archive: Archive, classifier: Classifier, job: Job, now: datetime, *, dry_run: bool = False
) -> Iterator[tuple[Article, Change | None]]:
    """Judge the job's articles in batches; yields each article with what is different of it.

    A batch is stored before its articles are yielded.
    """
    while batch := archive.reclassifying.batch(job, BATCH):
        anew = list(classifier.judge_many(item_of(each.article) for each in batch))
        upto = batch[-1].article.id
        if dry_run:
            job = replace(job, after=upto)
        else:
            # Most articles are judged as before by the same model: nothing to store.
            keep = [(e.article, v) for e, v in zip(batch, anew, strict=True) if v != e.verdict]
            job = archive.reclassifying.save(job, keep, upto, len(batch), now)
        for each, verdict in zip(batch, anew, strict=True):
            yield each.article, change_of(each.article, each.verdict, verdict, by_hand=each.by_hand)


def _same(one: datetime | None, other: datetime | None) -> bool:
    """Whether two starts are meant to be the same: "30d" moves on between the runs."""
    if one is None or other is None:
        return one is other
    return abs((one - other).total_seconds()) < 7 * 86_400


def _since(since: str | None, now: datetime) -> datetime | None:
    try:
        return None if since is None else instant(since, now, end=False)
    except ValueError as error:
        raise QueryError(f"{error}.", about="--since") from error


def _line(change: Change) -> dict[str, object]:
    from unsealed.commands.classify import verdict_line

    return {
        "id": change.article_id,
        "title": change.title,
        "url": change.url,
        "changed": list(change.fields),
        "corrected_by_hand": change.by_hand,
        "before": verdict_line(change.before),
        "after": verdict_line(change.after),
    }


def _show(tally: Tally, dry_run: bool, *, quiet: bool) -> None:
    would = "would change" if dry_run else "changed"
    words = f"{tally.judged:,} articles judged anew, {tally.changed:,} {would}"
    if tally.by_hand:
        words += f"; {tally.by_hand:,} of them keep the verdict a person gave"
    if not quiet and tally.changed:
        record_table(
            [
                {"what": name, "before": before, "after": after, "articles": count}
                for (name, before, after), count in tally.counts
            ]
        )
        click.echo()
        record_table(
            [
                {
                    "article": change.article_id,
                    "before": _brief(change.before),
                    "after": _brief(change.after),
                    "title": change.title,
                }
                for change in tally.first
            ],
            fold=("title",),
        )
        if tally.changed > len(tally.first):
            click.echo(f"and {tally.changed - len(tally.first):,} more; --format jsonl lists them all.")
    sys.stdout.flush()
    click.echo(f"unsealed: {words}.", err=True)


def _brief(verdict: Verdict) -> str:
    lead = verdict.announcements[0] if verdict.announcements else None
    parts = [verdict.kind.value, *([lead.openness.value, lead.licence or ""] if lead else [])]
    return " ".join(part for part in parts if part)
