"""``unsealed train``: fit the classifier's weights to labelled items."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.classify import Classifier
from pipeline.features import fingerprint
from pipeline.model import ConfigError
from unsealed.cli import config_of
from unsealed.lines import read_lines
from unsealed.settings import find_config, load_settings

if TYPE_CHECKING:
    from pipeline.fitting import HeldOut, Row


@click.command("train")
@click.argument("paths", nargs=-1, required=True, metavar="FILE…")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Deals weeks to folds.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the weights here (default: only print how good they are).",
)
@click.pass_context
def command(ctx: click.Context, /, paths: tuple[str, ...], seed: int, out: Path | None) -> None:
    """Fit weights to the labelled items of each FILE (JSON lines, label under "gold").

    Give your own corrections as a further file: where two lines have the same "id", the later one
    counts. The figures are those of weights that had not seen an item's week. The same lines and
    seed give the same file. Needs the extra `train` (pip install 'unsealed[train]'); to judge by
    the new weights, name them under [knowledge] as "weights".

    \b
    Example:
      unsealed train labelled.jsonl corrected.jsonl --out weights.tsv
    """
    try:
        from pipeline.fitting import fit, rows_from
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"fitting needs {error.name}, which is not installed.",
            about="train",
            cure="pip install 'unsealed[train]'",
        ) from error
    lines: dict[str, dict[str, Any]] = {}
    digest = hashlib.sha256(str(seed).encode())
    for path in paths:
        for number, line in enumerate(read_lines(path), 1):
            gold = line.get("gold")
            if not isinstance(gold, dict) or not isinstance(gold.get("kind"), str):
                raise ConfigError(
                    "it has no label: “gold” must hold a “kind” of the codebook.",
                    about=f"{path}, line {number}",
                )
            lines[str(line.get("id") or f"{path}:{number}")] = line
            digest.update(json.dumps(line, sort_keys=True).encode())
    classifier = Classifier.load(load_settings(find_config(config_of(ctx))).knowledge.file)
    _say(f"Reading {len(lines):,} items …")
    rows = rows_from(list(lines.values()), classifier)
    _say("Fitting, and judging every week by weights that had not seen it …")
    weights, held = fit(rows, seed=seed)
    about = {"fitted": digest.hexdigest()[:8], "features": fingerprint(classifier.features_of)}
    weights = replace(weights, about={**weights.about, **about})
    click.echo(_figures(rows, held))
    if out is not None:
        out.write_text(weights.dump(), encoding="utf-8")
        _say(f"Wrote {len(weights.table):,} weights to {out}.")


def _figures(rows: list[Row], held: HeldOut) -> str:
    from pipeline.figures import score

    said = [p >= cut for p, cut in zip(held.probabilities, held.cuts, strict=True)]

    def line(name: str, chosen: list[bool]) -> str:
        pairs = [
            (row.tagged, s)
            for row, s, c in zip(rows, said, chosen, strict=True)
            if c and row.kind != "reversed"
        ]
        found = score(pairs)
        return (
            f"{name:<6} F1 {found.f1.value:.3f} [{found.f1.low:.3f}, {found.f1.high:.3f}]"
            f"  precision {found.precision.value:.3f}  recall {found.recall.value:.3f}  of {len(pairs)} items"
        )

    return "\n".join(
        [
            "Tag, each week judged by weights, calibration and cut of the other weeks:",
            line("all", [True] * len(rows)),
            line("sure", [row.sure for row in rows]),
        ]
    )


def _say(words: str) -> None:
    if sys.stderr.isatty():
        click.echo(words, err=True)
