"""``unsealed demo``: the whole job on a bundled newsroom, served on loopback."""

from __future__ import annotations

import json
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console

from pipeline.model import ConfigError
from unsealed.newsroom import Newsroom, newsroom
from unsealed.settings import load_settings

#: Written into the folder so that a later demo may clear it, and nothing else ever is.
_MARK = ".unsealed-demo"


@click.command("demo")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default="unsealed-demo",
    show_default=True,
    help="Where the digest, the mail and the database go; an earlier demo there is replaced.",
)
@click.pass_context
def command(ctx: click.Context, folder: Path) -> None:
    """Gather, judge, group and deliver the news of a fictional newsroom: real servers on this
    machine's loopback, real mail, and the same code that runs live. No network, no settings.

    \b
    Example:
      unsealed demo
      unsealed demo --folder /tmp/unsealed-demo
    """
    from crawler.loop import run
    from unsealed.cycle import run_cycle
    from unsealed.progress import Bars
    from unsealed.tables import report_table
    from unsealed.wiring import build

    folder = folder.resolve()
    _prepare(folder)
    console = Console(stderr=True)
    with newsroom(datetime.now(UTC), folder=folder) as room:
        console.print(
            f"[bold]{len(room.sources)} sources of fictional outlets[/bold] are on the air on loopback; "
            "a mail server and a Slack stand-in listen beside them.\n"
        )
        parts = build(load_settings(_write_settings(folder, room)))
        try:
            with Bars(console) as bars:
                report = run(lambda: run_cycle(parts, clock=lambda: datetime.now(UTC), bars=bars))
        finally:
            parts.archive.close()
    console.print()
    report_table(report, console)
    _where_to_look(folder, console)
    if report.undelivered or not report.reached:
        ctx.exit(1)


def _prepare(folder: Path) -> None:
    """An empty folder with our mark in it; never clears one that an earlier demo did not make."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / _MARK).exists():
            raise ConfigError(
                "this folder holds other things.", about=str(folder), cure="Name another one with --folder."
            )
        shutil.rmtree(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _MARK).write_text("Made by `unsealed demo`; the next one replaces this folder.\n")
    except OSError as error:
        raise ConfigError(f"it cannot be written ({error.strerror}).", about=str(folder)) from error


def _write_settings(folder: Path, room: Newsroom) -> Path:
    """Settings as a user would write them; the addresses are all that makes it a demo."""
    (folder / "sources.toml").write_text(room.catalogue_toml(), encoding="utf-8")
    shutil.copyfile(room.knowledge, folder / "knowledge.toml")
    secret = folder / "slack-webhook-url"
    secret.touch(mode=0o600)
    secret.write_text(room.slack_url, encoding="utf-8")
    path = folder / "unsealed.toml"
    path.write_text(
        f"""\
# What `unsealed demo` ran with: settings like anybody's, pointing at servers on this machine.

[archive]
url = "sqlite:///unsealed.db"

[sources]
catalogue = false
file = "sources.toml"

[gather]
delay = 0.0
per_host = 8
timeout = 3.0

[network]
allow = {json.dumps(list(room.allow))}

[knowledge]
file = "knowledge.toml"

[[channel]]
name = "mail"
kind = "mail"
host = "{room.smtp_host}"
port = {room.smtp_port}
security = "none"
sender = "Unsealed <digest@unsealed.example>"
recipients = ["reader@example.org"]

[[channel]]
name = "slack"
kind = "slack"
url_file = "slack-webhook-url"

[[channel]]
name = "files"
kind = "folder"
path = "."

[[subscription]]
name = "daily"
edition = "daily"
timezone = "UTC"
channels = ["mail", "slack", "files"]
""",
        encoding="utf-8",
    )
    return path


def _where_to_look(folder: Path, console: Console) -> None:
    shown = _near(folder)

    def found(pattern: str) -> str:
        return ", ".join(str(shown / p.relative_to(folder)) for p in sorted(folder.glob(pattern)))

    console.print("\n[bold]Look at")
    for label, pattern in (
        ("the digest", "*/digest.html"),
        ("as text", "*/digest.txt"),
        ("as Markdown", "*/digest.md"),
        ("as posted to Slack", "*/slack.json"),
        ("as mailed", "mailbox/*.eml"),
        ("the archive", "unsealed.db"),
    ):
        console.print(f"  {label:<20} {found(pattern)}", highlight=False, soft_wrap=True, markup=False)
    console.print("\n[bold]Try next")
    config = f"{_called()} --config {shown / 'unsealed.toml'}"
    for line in (
        f"{config} search 'licence:apache since:7d'",
        f"{config} announcements 'openness:open-weights,restricted'",
        f"{config} digest --edition weekly",
    ):
        console.print(f"  {line}", highlight=False, soft_wrap=True, markup=False)


def _near(path: Path) -> Path:
    """A path as short as it can be typed from here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _called() -> str:
    """How this program is called from here: by name only where the shell would find this very one."""
    script = Path(sys.argv[0]).absolute()
    if script.name != "unsealed":
        return "python -m unsealed"
    found = shutil.which("unsealed")
    return "unsealed" if found and Path(found).samefile(script) else str(_near(script))
