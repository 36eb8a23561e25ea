"""``unsealed evaluate``: how good the verdicts are, against labelled items."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

import click
from rich.console import Console

from crawler.catalogue import load_catalogue
from pipeline.classify import Classifier
from pipeline.evaluation import Gold, Guess, evaluate, gold_from, guess_from
from pipeline.knowledge import Knowledge, load_knowledge
from pipeline.model import ConfigError
from unsealed.cli import config_of
from unsealed.commands.classify import verdict_line
from unsealed.lines import item_of, read_lines
from unsealed.progress import Bars
from unsealed.settings import find_config, load_settings

_BATCH = 256


@click.command("evaluate")
@click.argument("file")
@click.option(
    "--predictions",
    metavar="FILE",
    help="Judge these lines of `unsealed classify` (or of another classifier) instead of judging anew.",
)
@click.option(
    "--errors", type=click.IntRange(0, 10_000), default=20, show_default=True, help="Worst errors shown."
)
@click.option("--min-f1", type=click.FloatRange(0, 1), help="Exit with 1 if the tag's F1 is lower.")
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def command(
    ctx: click.Context, /, file: str, predictions: str | None, errors: int, min_f1: float | None, style: str
) -> None:
    """Judge the items of FILE and compare with their labels (under "gold"; see docs/corrections.md).

    Precision, recall and F1 of the tag with 95 % intervals, by language, kind and type of source;
    openness, licence, who and what; whether probabilities are right; the worst errors.

    \b
    Example:
      unsealed evaluate labelled.jsonl
      unsealed evaluate labelled.jsonl --predictions theirs.jsonl --format json
      unsealed corrections --format jsonl | unsealed evaluate -
    """
    settings = load_settings(find_config(config_of(ctx)))
    knowledge, weights = settings.knowledge.file, settings.knowledge.weights
    rows = list(read_lines(file))
    golds = _golds(rows, file)
    guesses: Mapping[str, Guess]
    if predictions is None:
        guesses = _judged(rows, golds, Classifier.load(knowledge, weights))
    else:
        guesses = {str(line.get("id") or ""): guess_from(line) for line in read_lines(predictions)}
    pairs = [(gold, guesses.get(gold.id)) for gold in golds]
    report = evaluate(pairs, maker=makers(load_knowledge(knowledge)), worst=errors)
    if style == "json":
        click.echo(json.dumps(asdict(report), ensure_ascii=False, indent=2))
    else:
        from unsealed.evaluation_report import show

        # In a file or a pipe there is no width to keep to.
        show(report, Console(width=None if sys.stdout.isatty() else 110))
    if min_f1 is not None and report.tag.f1.value < min_f1:
        click.echo(f"unsealed: the tag's F1 is {report.tag.f1.value:.3f}, below {min_f1}.", err=True)
        ctx.exit(1)


def _golds(rows: Iterable[Mapping[str, Any]], file: str) -> list[Gold]:
    hosts = source_types()
    golds = []
    for number, row in enumerate(rows, 1):
        try:
            gold = gold_from(
                {**row, "id": row.get("id") or str(number)},
                {
                    "language": str(row.get("lang") or "unknown"),
                    "source": hosts.get(_host(str(row.get("url") or "")), "other"),
                },
            )
        except ValueError as error:
            raise ConfigError(f"{error}.", about=f"{file}, line {number}") from error
        golds.append(gold)
    if not golds:
        raise ConfigError("there is no labelled item in it.", about=file)
    return golds


def _judged(rows: list[dict[str, Any]], golds: list[Gold], classifier: Classifier) -> dict[str, Guess]:
    guesses: dict[str, Guess] = {}
    work = iter(zip(golds, (item_of(row, n) for n, row in enumerate(rows, 1)), strict=True))
    with Bars(Console(stderr=True)) as bars, bars.station("judging items", len(rows)) as step:
        while batch := list(itertools.islice(work, _BATCH)):
            verdicts = classifier.judge_many(item for _, item in batch)
            for (gold, _), verdict in zip(batch, verdicts, strict=True):
                # By way of the line that `classify` writes: what is judged is what users get.
                guesses[gold.id] = guess_from(verdict_line(verdict))
                step("")
    return guesses


def makers(knowledge: Knowledge) -> Any:
    """A function from any spelling of an organisation to its usual name."""
    spelled: dict[str, str] = {}
    for organisation in knowledge.organisations.values():
        for name in (organisation.name, *organisation.aliases):
            spelled.setdefault(name.casefold(), organisation.name)
    return lambda name: spelled.get(name.casefold(), name)


def source_types() -> dict[str, str]:
    """Host -> category of the shipped sources there; hosts with sources of several are left out."""
    found: dict[str, set[str]] = {}
    for source in load_catalogue():
        for url in (source.url, source.homepage):
            found.setdefault(_host(url), set()).add(source.category)
    return {host: categories.pop() for host, categories in found.items() if len(categories) == 1}


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""
