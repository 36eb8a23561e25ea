"""The command line: what users type, and how errors reach them.

Commands are loaded when they are called, so that ``--help`` does not wait for the crawler.
Exit codes: 0 done, 1 the job failed, 2 wrong usage or configuration.
"""

from __future__ import annotations

import difflib
import importlib
import logging
import os
import sys
from pathlib import Path
from typing import Any

import click

from pipeline.model import ConfigError, QueryError, UnsealedError
from unsealed import __version__

#: Command -> module that holds it under the same name, and its line in --help.
COMMANDS = {
    "demo": ("unsealed.commands.demo", "The whole job on a bundled newsroom; no network, no settings."),
    "init": ("unsealed.commands.init", "Write a commented unsealed.toml."),
    "run": ("unsealed.commands.run", "One full cycle now: gather, judge, group, digest, deliver."),
    "serve": ("unsealed.commands.serve", "The service: polls on schedule, sends each edition on time."),
    "digest": ("unsealed.commands.digest", "Show an edition, or send it."),
    "subscriptions": ("unsealed.commands.subscriptions", "Who gets which edition, when last and when next."),
    "deliveries": ("unsealed.commands.deliveries", "The ledger: what was sent to whom, and what was not."),
    "send-test": ("unsealed.commands.send_test", "Send a channel what it would get now, as a test."),
    "search": ("unsealed.commands.search", "Search the archive."),
    "announcements": ("unsealed.commands.announcements", "The openings themselves, one row each."),
    "stories": ("unsealed.commands.stories", "All coverage of one announcement, one row each."),
    "promises": ("unsealed.commands.promises", "What was announced for later, and what became of it."),
    "show": ("unsealed.commands.show", "Everything known of an article, a story or a promise."),
    "sources": ("unsealed.commands.sources", "The sources: list, check, add, remove, import, export."),
    "db": ("unsealed.commands.db", "The archive: upgrade, stats, export, backup, prune, check, copy."),
    "classify": ("unsealed.commands.classify", "Verdict and facts for items in a file or on stdin."),
    "correct": ("unsealed.commands.correct", "Your verdict on an article, over the model's."),
    "corrections": ("unsealed.commands.corrections", "What was corrected, as labelled rows too."),
    "reclassify": ("unsealed.commands.reclassify", "Judge stored articles anew; see what changes."),
    "train": ("unsealed.commands.train", "Fit the judge to labelled items, and say how good it is."),
    "evaluate": ("unsealed.commands.evaluate", "How good the verdicts are, against labelled items."),
    "knowledge": ("unsealed.commands.knowledge", "What the judge knows, and what it hears in a text."),
    "group": ("unsealed.commands.group", "Which items tell one story."),
    "extract": ("unsealed.commands.extract", "An article page as JSON."),
    "feed": ("unsealed.commands.feed", "Entries of feeds as JSON lines."),
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command = getattr(importlib.import_module(COMMANDS[name][0]), "command")  # noqa: B009
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean {near[0]}?" if near else " `unsealed --help` lists them."
            raise click.UsageError(f"there is no command {args[0]!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="unsealed")
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Settings file. Default: $UNSEALED_CONFIG, ./unsealed.toml, ~/.config/unsealed/unsealed.toml.",
)
@click.option("-v", "--verbose", is_flag=True, help="Log what happens, on stderr.")
@click.pass_context
def cli(ctx: click.Context, config: Path | None, verbose: bool) -> None:
    """Watches AI-industry news and tells you what was just opened: who opened what, under
    which licence, and how open it really is.

    Start with `unsealed demo`; it needs no network and no settings.
    """
    ctx.obj = config
    logging.basicConfig(
        level=logging.INFO if verbose else logging.ERROR,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )


def main() -> None:
    """Run the command line; never returns."""
    try:
        # Without its standalone mode click returns the code of ctx.exit() instead of raising it.
        code = cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        _say("stopped; what was gathered so far is kept, and the next run goes on from there.")
        sys.exit(130)
    except BrokenPipeError:
        # The reader (head, less) has seen enough; Python would complain again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except UnsealedError as error:
        _say(str(error))
        if isinstance(error, QueryError) and error.end:
            _point(error)
        sys.exit(2 if isinstance(error, ConfigError | QueryError) else 1)
    sys.exit(code if isinstance(code, int) else 0)


def _say(message: str) -> None:
    click.echo(f"unsealed: {message}", err=True)


def _point(error: QueryError) -> None:
    """The query, and beneath it the place that could not be read."""
    from rich.cells import cell_len

    line = "".join(c if c.isprintable() else " " for c in error.query)
    before, place = cell_len(line[: error.start]), max(1, cell_len(line[error.start : error.end]))
    click.echo(f"  {line}\n  {' ' * before}{'^' * place}", err=True)


def config_of(ctx: click.Context) -> Any:
    """The --config given before the command, or None."""
    return ctx.find_root().obj
