"""``unsealed send-test``: whether a channel works, with what it would really get."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import click

from alerts.channels import Channel
from pipeline.model import ArchiveError, ConfigError, DeliveryError, Digest
from unsealed.cli import config_of
from unsealed.settings import Settings, find_config, load_settings


@click.command("send-test")
@click.argument("channel")
@click.option("--recipient", default=None, help="Only this one of a mail channel's recipients.")
@click.pass_context
def command(ctx: click.Context, channel: str, recipient: str | None) -> None:
    """Send CHANNEL the edition as it would be now, outside the ledger: nothing counts as sent.

    It is a real edition in its full length, so what passes here passes every morning. Repeated, it
    is a new message each time.

    \b
    Example:
      unsealed send-test mail --recipient you@example.org
    """
    settings = load_settings(find_config(config_of(ctx)))
    chosen = next((c for c in settings.channel if c.name == channel), None)
    if chosen is None:
        raise ConfigError(
            f"the settings have no channel {channel!r}.",
            cure=f"There are {', '.join(c.name for c in settings.channel)}.",
        )
    from unsealed.channels import build_channel

    now = datetime.now(UTC)
    built = build_channel(settings, chosen)
    recipients = [r for r in built.recipients if recipient in (None, r)]
    if not recipients:
        raise ConfigError(f"{recipient!r} is no recipient of channel {channel!r}.")
    # The second makes it an edition of its own, which no mail client threads with a real one.
    digest = replace(_digest(settings, channel, now), subscription=f"test-{now:%H%M%S}")
    failed = [r for r in recipients if not _try(built, digest, r)]
    built.close()
    if failed:
        ctx.exit(1)


def _digest(settings: Settings, channel: str, now: datetime) -> Digest:
    """The edition of the first subscription that goes there; an empty one where there is no archive yet."""
    from alerts.digest import EditionSettings, Material, select
    from pipeline.archive import Archive
    from unsealed.editions import PERIODS, build_digest

    subscription = next((s for s in settings.subscription if channel in s.channels), settings.subscription[0])
    try:
        archive = Archive.open(settings.archive.url, create=False)
    except ArchiveError:
        click.echo("there is no archive yet: an empty edition is sent.", err=True)
        since = now - PERIODS[subscription.edition]
        wanted = EditionSettings(subscription.name, subscription.edition, subscription.timezone)
        return select(Material(), wanted, day=now.date(), since=since, until=now)
    with archive:
        return build_digest(archive, subscription, until=now)


def _try(channel: Channel, digest: Digest, recipient: str) -> bool:
    where = channel.name if recipient == channel.name else f"{channel.name} to {recipient}"
    try:
        parts = channel.compose(digest, recipient, message_id=channel.message_id(digest, recipient))
        channel.open()
        for part in parts:
            channel.send(part, recipient)
    except DeliveryError as error:
        state = "it may have been taken" if error.unknown else "not sent"
        click.echo(f"{where}: {state}: {error}", err=True)
        return False
    click.echo(f"{where}: sent, {len(parts)} {'part' if len(parts) == 1 else 'parts'}", err=True)
    return True
