"""``unsealed db``: looking after the archive."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from pipeline.archive.database import Database
from pipeline.model import ArchiveError, Kind
from unsealed.cli import config_of
from unsealed.settings import find_config, load_settings

#: The views of pipeline.archive.views, named here so that --help need not import them.
VIEWS = ("articles", "announcements", "stories", "promises", "sources", "deliveries")


class When(click.ParamType[datetime]):
    """A day, a time (UTC unless it says otherwise), or an age such as 90d, 12w or 1y."""

    name = "when"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The instant; fails with what would be understood."""
        if isinstance(value, datetime):
            return value
        if age := re.fullmatch(r"(\d{1,4})([dwmy])", value):
            days = {"d": 1, "w": 7, "m": 30, "y": 365}[age[2]]
            return datetime.now(UTC) - timedelta(days=int(age[1]) * days)
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no time; write 2026-06-30, 2026-06-30T12:00 or 90d.", param, ctx)
        return found if found.tzinfo else found.replace(tzinfo=UTC)


@click.group("db")
def command() -> None:
    """Look after the archive: upgrade, back up, export, prune, check, copy.

    \b
    Example:
      unsealed db stats
      unsealed db backup backups/unsealed.db
    """


def _url(ctx: click.Context) -> str:
    return load_settings(find_config(config_of(ctx))).archive.url


@contextmanager
def _open(ctx: click.Context) -> Iterator[Database]:
    database = Database.open(_url(ctx), create=False)
    try:
        yield database
    finally:
        database.close()


def _say(line: str) -> None:
    click.echo(line, err=True)


@contextmanager
def _counting(total: int | None) -> Iterator[Callable[[str, int], None]]:
    """A bar on stderr for people; nothing where stderr is no terminal."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description:<24}"), BarColumn(bar_width=28))
    count = TextColumn("{task.completed:,}")
    with Progress(
        *columns, count, TimeElapsedColumn(), console=console, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("", total=total)
        yield lambda what, n: bar.update(task, description=what, advance=n)


@command.command("upgrade", short_help="Bring an older archive to the present schema.")
@click.option("--backup/--no-backup", default=True, show_default=True, help="Copy a SQLite file first.")
@click.pass_context
def upgrade(ctx: click.Context, backup: bool) -> None:
    """Bring an archive of an older version to the present schema.

    Every command does so by itself when it opens one; this one only says more. All of the upgrade
    happens or none of it, and it can be run again after whatever stopped it.

    \b
    Example:
      unsealed db upgrade
    """
    from pipeline.archive import revisions

    database = Database.open(_url(ctx), create=False, upgrade=False, older=True)
    try:
        before = database.revision()
        if before == revisions.head():
            _say(f"{database.name} has schema {before}, the newest.")
            return
        database.upgrade(backup=backup, progress=_say)
        _say(f"{database.name} has schema {database.revision()}.")
    finally:
        database.close()


@command.command("stats", short_help="The archive in figures.")
@click.option("--format", "style", type=click.Choice(["table", "json"]), default=None)
@click.pass_context
def stats(ctx: click.Context, style: str | None) -> None:
    """The archive in figures.

    \b
    Example:
      unsealed db stats
      unsealed db stats --format json
    """
    from pipeline.archive.checking import stats as count
    from unsealed.database_tables import stats_table, stats_text

    with _open(ctx) as database:
        found = count(database)
    if style == "table" or (style is None and sys.stdout.isatty()):
        stats_table(found)
    else:
        click.echo(stats_text(found))


@command.command("export", short_help="Write the read views to JSON lines, CSV, Parquet or SQLite.")
@click.argument("views", nargs=-1, type=click.Choice(VIEWS), metavar="[VIEW]...")
@click.option("--format", "style", type=click.Choice(["jsonl", "csv", "parquet", "sqlite"]), default="jsonl")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="File; a folder for several views.")
@click.option("--since", type=When(), help="Only what is of this time or later (2026-06-30, 90d).")
@click.option("--until", type=When(), help="Only what is before this time.")
@click.option("--where", multiple=True, metavar="COLUMN=VALUE[,VALUE]", help="Only rows with such a value.")
@click.pass_context
def export(
    ctx: click.Context,
    views: tuple[str, ...],
    style: str,
    output: Path | None,
    since: datetime | None,
    until: datetime | None,
    where: tuple[str, ...],
) -> None:
    """Write read views (docs/schema.md) to files, however large: all of them, or those named.

    One view as jsonl or csv goes to stdout without --output. In csv, a value that a spreadsheet would
    take for a formula begins with an apostrophe; the other formats hold values as they are.

    \b
    Example:
      unsealed db export announcements --since 90d --format csv > openings.csv
      unsealed db export articles --where language=zh,ja --where kind=released
      unsealed db export --format parquet --output export/
      unsealed db export --format sqlite --output openings.db
    """
    from pipeline.archive.exporting import Selection
    from pipeline.archive.exporting import export as write

    names = [f"{v}_v" for v in views or VIEWS]
    if output is None and (style in ("parquet", "sqlite") or len(names) > 1):
        raise click.UsageError("say where to with --output; only one view as jsonl or csv fits stdout.", ctx)
    equal: dict[str, tuple[str, ...]] = {}
    for one in where:
        column, sign, values = one.partition("=")
        if not sign:
            raise click.UsageError(f"--where {one!r}: write COLUMN=VALUE.", ctx)
        equal[column] = tuple(values.split(","))
    with _open(ctx) as database, _counting(None) as step:
        count = write(database, names, style, output or sys.stdout, Selection(since, until, equal), step)
    if output is not None:
        _say(f"{count:,} rows in {output}")


@command.command("backup", short_help="Copy the archive while everything goes on.")
@click.argument("target", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_context
def backup(ctx: click.Context, target: Path) -> None:
    """Copy the whole archive to TARGET while everything goes on.

    TARGET is replaced once the copy is whole and checked. A SQLite backup is itself an archive: to
    restore, stop unsealed and put it in the archive's place. PostgreSQL is dumped by pg_dump, and
    restored by pg_restore.

    \b
    Example:
      unsealed db backup backups/unsealed.db
    """
    from pipeline.archive.backup import back_up

    with _counting(None) as step:
        done = 0

        def progress(pages: int, _total: int) -> None:
            nonlocal done
            step("pages copied", pages - done)
            done = pages

        back_up(_url(ctx), target, progress)
    _say(f"{target}: {target.stat().st_size / 1e6:,.1f} MB")


@command.command("prune", short_help="Remove old articles for good.")
@click.option("--before", type=When(), required=True, help="What is older goes: 2025-12-31, or an age: 1y.")
@click.option(
    "--kind", "kinds", multiple=True, type=click.Choice([k.value for k in Kind]), help="Only of this kind."
)
@click.option("--tagged", is_flag=True, help="Also tagged articles that belong to no story.")
@click.option("--yes", is_flag=True, help="Do it. Without, it is only said what would go.")
@click.option(
    "--vacuum", is_flag=True, help="Give the room back to the disk afterwards (needs as much again)."
)
@click.pass_context
def prune(
    ctx: click.Context, before: datetime, kinds: tuple[str, ...], tagged: bool, yes: bool, vacuum: bool
) -> None:
    """Remove old articles for good; without --yes only say what would go.

    Always kept: what belongs to a story, and what has not been judged. Kept unless asked for: what is
    tagged. Nothing that went comes back when its feed lists it again.

    \b
    Example:
      unsealed db prune --before 1y --kind other
      unsealed db prune --before 1y --kind other --yes
    """
    from pipeline.archive.pruning import Retention, prunable
    from pipeline.archive.pruning import prune as remove

    retention = Retention(before, kinds, tagged)
    with _open(ctx) as database:
        would = prunable(database, retention)
        what = f"{would.articles:,} articles ({would.characters / 1e6:,.2f} million characters)"
        _say(f"older than {before:%Y-%m-%d %H:%M} UTC: {what} and the reports of {would.runs:,} runs")
        _say(
            f"kept of the same age: {would.kept:,} articles (in stories, tagged, of other kinds, not judged)"
        )
        if not yes:
            _say("nothing was changed; --yes removes them.")
            return
        with _counting(would.articles) as step:
            gone = remove(database, retention, datetime.now(UTC), lambda n: step("pruning", n))
        if vacuum:
            database.vacuum()
    _say(f"removed {gone:,} articles; their tombstones stay, so that no feed brings them back.")


@command.command("check", short_help="Say what is wrong with it, and repair.")
@click.option("--repair", "mend", is_flag=True, help="Repair what safely can be, and look again.")
@click.pass_context
def check(ctx: click.Context, mend: bool) -> None:
    """Is the archive whole? Says what is wrong and what helps; exit code 1 if anything is.

    Looks at the file's pages (SQLite), at rows that point at nothing, verdicts, stories, and the
    search index.

    \b
    Example:
      unsealed db check
      unsealed db check --repair
    """
    from pipeline.archive.checking import check as look
    from pipeline.archive.checking import repair

    with _open(ctx) as database:
        found = look(database)
        if found and mend:
            repair(database, found, _say)
            found = look(database)
    for finding in found:
        click.echo(f"{finding.count:,} {finding.message}. {finding.cure}")
        if finding.repairable and not mend:
            click.echo("  `unsealed db check --repair` does that; back up first.")
    if found:
        raise ArchiveError("it is not whole.", about=database.name)
    click.echo(f"{database.name}: whole.")


@command.command("copy", short_help="Move to PostgreSQL, or back to a file.")
@click.argument("url")
@click.pass_context
def copy(ctx: click.Context, url: str) -> None:
    """Copy everything into another, empty database: from SQLite to PostgreSQL, or back.

    Stop `unsealed serve` first: what it stores after the copy began is not in it. Then set
    archive.url to URL.

    \b
    Example:
      unsealed db copy postgresql://unsealed@localhost/unsealed
      unsealed db copy sqlite:///unsealed.db
    """
    from pipeline.archive.copying import copy as copy_all

    with _open(ctx) as source:
        target = Database.open(url)
        try:
            with _counting(None) as step:
                count = copy_all(source, target, step)
            _say(f"{count:,} rows in {target.name}")
        finally:
            target.close()
