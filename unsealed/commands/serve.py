"""``unsealed serve``: the service."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import click

from unsealed.cli import config_of
from unsealed.settings import find_config, load_settings


@click.command("serve")
@click.pass_context
def command(ctx: click.Context) -> None:
    """Poll all sources on schedule and send each subscription its edition at its local time,
    until stopped. One service an archive; what happens is logged on stderr.

    SIGTERM and Ctrl-C end it within 10 seconds, with exit code 0. An edition whose time passed
    while it was not running is sent once, after the first cycle.

    \b
    Example:
      unsealed serve
      unsealed --config /etc/unsealed/unsealed.toml serve
    """
    from crawler.loop import run
    from unsealed.lock import hold
    from unsealed.service import serve
    from unsealed.wiring import build

    # Each line of the service is one that its owner wants to see, also without --verbose.
    logging.getLogger("unsealed.service").setLevel(logging.INFO)
    parts = build(load_settings(find_config(config_of(ctx))))
    try:
        with hold(parts.archive, "serving"):
            run(lambda: serve(parts, clock=lambda: datetime.now(UTC)))
    finally:
        parts.archive.close()
