"""``unsealed promises``: what was announced for later, and what became of it."""

from __future__ import annotations

import click

from pipeline.archive import Of
from unsealed.asking import Asked, answer, filters_help, query_options


@click.command("promises", epilog=filters_help(Of.PROMISE))
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
    """List promises: what was announced for later, and whether it was kept.

    \b
    Example:
      unsealed promises state:overdue
      unsealed promises who:meta,openai --group-by state
    """
    answer(ctx, Of.PROMISE, Asked(query, style, limit, after, count, by))
