"""``unsealed search``: articles of the archive."""

from __future__ import annotations

import click

from pipeline.archive import Of, Sort
from unsealed.asking import Asked, answer, filters_help, query_options


@click.command("search", epilog=filters_help(Of.ARTICLE))
@query_options
@click.option(
    "--sort",
    type=click.Choice([s.value for s in Sort]),
    default=Sort.NEWEST.value,
    show_default=True,
    help="relevance ranks the newest 1,000 that fit, and the newest 250 with the words in their title.",
)
@click.pass_context
def command(
    ctx: click.Context,
    query: tuple[str, ...],
    style: str | None,
    limit: int,
    after: str,
    count: bool,
    by: str | None,
    sort: str,
) -> None:
    """Search articles by words and filters, newest first.

    Quote the whole query, or put -- before a word with a minus.

    \b
    Example:
      unsealed search 'licence:mit since:7d "video model" -tutorial'
      unsealed search tagged:yes lang:zh --format csv
      unsealed search 'qwen3 OR llama' --group-by month
    """
    answer(ctx, Of.ARTICLE, Asked(query, style, limit, after, count, by, Sort(sort)))
