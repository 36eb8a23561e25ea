"""``unsealed stories``: all coverage of one announcement, one row each."""

from __future__ import annotations

import click

from pipeline.archive import Of
from unsealed.asking import Asked, answer, filters_help, query_options


@click.command("stories", epilog=filters_help(Of.STORY))
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
    """List stories: one row an announcement, however many outlets and languages tell it.

    Words, outlets, languages and countries are those of any article of the story.

    \b
    Example:
      unsealed stories 'openness:open-source outlets:>=5 since:30d'
      unsealed stories who:deepseek --group-by month
    """
    answer(ctx, Of.STORY, Asked(query, style, limit, after, count, by))
