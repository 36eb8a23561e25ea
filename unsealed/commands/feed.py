"""``unsealed feed``: entries of feeds, from files or the network, as JSON lines."""

from __future__ import annotations

import gzip
import sys
import zlib
from datetime import UTC, datetime
from pathlib import Path

import click

from crawler.feeds import read_feed
from pipeline.model import ConfigError, Entry, FeedError, UnsealedError
from unsealed.cli import config_of
from unsealed.lines import write_line

#: The same cap as for feeds fetched from the network, after decompression.
MAX_FEED = 15 * 2**20


@click.command("feed")
@click.argument("feeds", nargs=-1, required=True, metavar="FILE|URL...")
@click.pass_context
def command(ctx: click.Context, feeds: tuple[str, ...]) -> None:
    """Read feeds (RSS, Atom, JSON Feed; files may be gzipped) and write their entries as JSON lines.

    Each line names its feed in "feed". A feed that cannot be read is told on stderr, the others
    go on, and the command exits with 1.

    \b
    Example:
      unsealed feed https://example.org/feed.xml saved.atom.gz | head -3
    """
    failed = 0
    remote = [f for f in feeds if f.startswith(("http://", "https://"))]
    bodies = _fetch(ctx, remote) if remote else {}
    for feed in feeds:
        try:
            if feed in bodies:
                entries = bodies[feed]
                if isinstance(entries, UnsealedError):
                    raise entries
            else:
                body = _read(feed)
                reading = read_feed(body, url=_base(feed), now=datetime.now(UTC))
                entries = reading.entries
                if reading.problem is not None:
                    click.echo(f"unsealed: {feed}: {reading.problem.message}", err=True)
        except ConfigError:
            raise
        except UnsealedError as error:
            failed += 1
            click.echo(f"unsealed: {feed}: {error.message}", err=True)
            continue
        for entry in entries:
            write_line(_line(feed, entry))
    sys.stdout.flush()
    if failed:
        ctx.exit(1)


def _base(feed: str) -> str:
    """The address a file's relative links count from; it has none of its own."""
    return "http://localhost/" if feed == "-" else f"http://localhost/{Path(feed).name}"


def _read(feed: str) -> bytes:
    try:
        stream = sys.stdin.buffer if feed == "-" else Path(feed).open("rb")  # noqa: SIM115
        with stream:
            head = stream.read(2)
            if head == b"\x1f\x8b":
                body = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(
                    head + stream.read(MAX_FEED), MAX_FEED + 1
                )
            else:
                body = head + stream.read(MAX_FEED)
    except (OSError, zlib.error, gzip.BadGzipFile) as error:
        raise FeedError(f"it cannot be read ({error}).", about=feed) from error
    if len(body) > MAX_FEED:
        raise FeedError(f"it is larger than {MAX_FEED // 2**20} MiB.", about=feed)
    return body


def _fetch(ctx: click.Context, urls: list[str]) -> dict[str, tuple[Entry, ...] | UnsealedError]:
    """Entries of feeds on the network, or why they could not be had; through the same gate as a run."""
    from crawler.gather import PollJob, poll_sources
    from crawler.loop import run
    from pipeline.model import Poll, PollOutcome, Source, SourceKind, SourceState
    from unsealed.settings import find_config, load_settings
    from unsealed.wiring import crawl_settings

    settings = load_settings(find_config(config_of(ctx)))
    found: dict[str, tuple[Entry, ...] | UnsealedError] = {}

    async def keep(poll: Poll) -> None:
        if poll.outcome is PollOutcome.FAILED and poll.problem is not None:
            found[poll.source_id] = FeedError(poll.problem.message, cure=poll.problem.cure)
        else:
            found[poll.source_id] = poll.entries

    jobs = [PollJob(Source(url, url, SourceKind.FEED, url), SourceState()) for url in dict.fromkeys(urls)]
    run(lambda: poll_sources(jobs, crawl_settings(settings), keep, now=lambda: datetime.now(UTC)))
    return found


def _line(feed: str, entry: Entry) -> dict[str, object]:
    return {
        "feed": feed,
        "id": entry.guid,
        "url": entry.url,
        "title": entry.title,
        "summary": entry.summary,
        "summary_html": entry.summary_html,
        "authors": list(entry.authors),
        "published": entry.published.isoformat() if entry.published else None,
        "updated": entry.updated.isoformat() if entry.updated else None,
        "tags": list(entry.tags),
        "lang": entry.language or None,
    }
