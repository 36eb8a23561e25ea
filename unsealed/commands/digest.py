"""``unsealed digest``: show an edition, or send it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import click

from pipeline.archive import Archive
from pipeline.model import ConfigError, Digest
from unsealed.cli import config_of
from unsealed.settings import Settings, SubscriptionSettings, find_config, load_settings


@click.command("digest")
@click.option(
    "--edition", type=click.Choice(["daily", "weekly", "breaking"]), default="daily", show_default=True
)
@click.option(
    "--date", "day", type=click.DateTime(["%Y-%m-%d"]), default=None, help="The edition of that day."
)
@click.option(
    "--format",
    "style",
    type=click.Choice(["html", "text", "markdown", "slack", "json", "atom", "jsonfeed"]),
    default="text",
    show_default=True,
)
@click.option("--send", is_flag=True, help="Decide the edition of today and send it to its channels, once.")
@click.option("--preview", is_flag=True, help="Open it as HTML in the browser instead; nothing is sent.")
@click.pass_context
def command(
    ctx: click.Context, edition: str, day: datetime | None, style: str, send: bool, preview: bool
) -> None:
    """Write an edition to stdout: the one that was decided, else what it would be now.

    \b
    Example:
      unsealed digest --format html > today.html
      unsealed digest --edition weekly --format markdown
      unsealed digest --preview
      unsealed digest --send
    """
    settings = load_settings(find_config(config_of(ctx)))
    subscription = _subscription(settings, edition)
    if send:
        if preview:
            raise ConfigError("--preview shows and --send sends: choose one.")
        if day is not None:
            raise ConfigError("--send sends the edition of today; leave --date out.")
        _send(ctx, settings)
        return
    with Archive.open(settings.archive.url, create=False) as archive:
        digest = _digest(archive, subscription, day)
    if preview:
        _open(_render(digest, "html", settings, subscription))
    else:
        click.echo(_render(digest, style, settings, subscription))


def _subscription(settings: Settings, edition: str) -> SubscriptionSettings:
    """The first subscription of that edition, else the first one as if it had that edition.

    That is a look, not a send, so what other editions have carried counts for nothing.
    """
    for subscription in settings.subscription:
        if subscription.edition == edition:
            return subscription
    return settings.subscription[0].model_copy(update={"edition": edition, "name": edition})


def _digest(archive: Archive, subscription: SubscriptionSettings, day: datetime | None) -> Digest:
    from unsealed.editions import build_digest, end_of

    now = datetime.now(UTC)
    until = min(end_of(day.date(), subscription).astimezone(UTC), now) if day else now
    digest = build_digest(archive, subscription, until=until)
    decided = archive.editions.find(subscription.name, digest.slot)
    return decided[1] if decided else digest


def _render(digest: Digest, style: str, settings: Settings, subscription: SubscriptionSettings) -> str:
    if style == "slack":
        from alerts.slack import payloads

        return json.dumps(
            list(payloads(digest, language=subscription.language)), ensure_ascii=False, indent=2
        )
    from alerts.render import render

    return render(digest, style, language=subscription.language, templates=settings.templates)


def _open(page: str) -> None:
    """Show a page in the user's browser; the file stays, as the browser reads it when it likes."""
    import tempfile
    from pathlib import Path

    path = Path(tempfile.mkdtemp(prefix="unsealed-")) / "digest.html"
    path.write_text(page, "utf-8")
    click.echo(str(path))
    if click.launch(str(path)) != 0:
        click.echo("no browser could be started; open that file.", err=True)


def _send(ctx: click.Context, settings: Settings) -> None:
    from rich.console import Console

    from unsealed.delivery import deliver_outstanding
    from unsealed.editions import decide_editions
    from unsealed.progress import Bars
    from unsealed.report import RunReport
    from unsealed.wiring import build

    parts = build(settings)
    console = Console(stderr=True)
    report = RunReport()
    try:
        with Bars(console) as bars:
            decide_editions(parts, report, datetime.now(UTC))
            deliver_outstanding(parts, report, lambda: datetime.now(UTC), bars)
    finally:
        parts.archive.close()
    for line in (*report.editions, *report.delivered):
        click.echo(line, err=True)
    for trouble in report.undelivered:
        click.echo(f"not sent: {trouble.what}: {trouble.message}", err=True)
    if report.undelivered:
        ctx.exit(1)
