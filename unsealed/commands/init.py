"""``unsealed init``: write a commented unsealed.toml."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.model import ConfigError
from unsealed.commented import commented_settings
from unsealed.settings import FILE_NAME


@click.command("init")
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False), default=FILE_NAME)
def command(path: Path) -> None:
    """Write a settings file in which every key stands with its meaning and default.

    \b
    Example:
      unsealed init
      unsealed init ~/.config/unsealed/unsealed.toml
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # "x": never write over settings that somebody made.
        with path.open("x", encoding="utf-8") as file:
            file.write(commented_settings())
    except FileExistsError as error:
        raise ConfigError("it exists already and was left as it is.", about=str(path)) from error
    except OSError as error:
        raise ConfigError(f"it cannot be written ({error.strerror}).", about=str(path)) from error
    click.echo(
        f"Wrote {path}. It works as it is: `unsealed run` gathers from the shipped sources and writes the digest to\n"
        f"{path.parent / 'digests'}. To have it mailed or posted, fill in gather.contact, a [[channel]] and a\n"
        "[[subscription]]; the file says how.",
        err=True,
    )
