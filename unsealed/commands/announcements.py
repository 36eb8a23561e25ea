"""``unsealed announcements``: the openings themselves, one row each."""

from __future__ import annotations

import click

from pipeline.archive import Of
from unsealed.asking import Asked, answer, filters_help, query_options


@click.command("announcements", epilog=filters_help(Of.ANNOUNCEMENT))
@query_options
@click.pass_context
def command(
    ctx: click.Context,
    query: tuple[str, ...],
    style: str | None,
    limit: int,
    after: str,
    count: bool,
    by: str | None,
) -> None:
    """List openings by the same filters as search: who, what, licence, openness, and the proof.

    \b
    Example:
      unsealed announcements 'openness:open-weights since:30d'
      unsealed announcements licence:apache --format csv > openings.csv
      unsealed announcements since:2026 --group-by licence
    """
    answer(ctx, Of.ANNOUNCEMENT, Asked(query, style, limit, after, count, by))
