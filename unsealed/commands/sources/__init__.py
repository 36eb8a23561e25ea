"""``unsealed sources``: the catalogue, looked at, checked and changed."""

from __future__ import annotations

import difflib
import importlib

import click

#: Subcommand -> module that holds it as ``command``, and its line in --help.
SUBCOMMANDS = {
    "list": ("listing", "The sources there are, and how they do."),
    "check": ("checking", "Fetch sources now and say what is wrong with each."),
    "add": ("adding", "Find out how a site publishes, and add it."),
    "remove": ("removing", "Remove sources of yours; mute shipped ones."),
    "import": ("importing", "Take in a list of sources: OPML, CSV or TOML."),
    "export": ("exporting", "Write sources as OPML, CSV, TOML or JSON."),
}


class _Subcommands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in SUBCOMMANDS:
            return None
        module = importlib.import_module(f"unsealed.commands.sources.{SUBCOMMANDS[name][0]}")
        command = getattr(module, "command")  # noqa: B009
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in SUBCOMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], SUBCOMMANDS, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"There are {', '.join(SUBCOMMANDS)}."
            raise click.UsageError(f"there is no command sources {args[0]!r}. {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in SUBCOMMANDS.items()])


@click.group("sources", cls=_Subcommands)
def command() -> None:
    """The sources that are polled: the shipped catalogue and your own file.

    \b
    Example:
      unsealed sources list --category release_hub
      unsealed sources check golem
      unsealed sources add https://lab.example/blog
      unsealed sources remove product-hunt
      unsealed sources import subscriptions.opml
      unsealed sources export --format opml > unsealed.opml
    """
