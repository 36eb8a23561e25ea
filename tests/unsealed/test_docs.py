"""The docs are true: commands, options, settings and examples in them exist and are accepted."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import click
import pytest

from crawler.catalogue import load_catalogue
from pipeline.archive.query import KEYS, parse
from pipeline.knowledge import load_knowledge
from unsealed.channel_settings import KINDS
from unsealed.cli import COMMANDS, cli
from unsealed.settings import load_settings

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^( *)```(\w+)\n(.*?)^ *```$", re.M | re.S)


def blocks(language: str) -> list[tuple[str, str]]:
    found = []
    for page in PAGES:
        for indent, name, body in FENCE.findall(page.read_text("utf-8")):
            if name == language:
                found.append((page.name, "\n".join(line.removeprefix(indent) for line in body.splitlines())))
    return found


def commands() -> list[tuple[str, str]]:
    """Every `unsealed …` in a shell block or in backticks."""
    found = [
        (page, part.strip())
        for page, body in blocks("sh")
        for line in body.splitlines()
        for part in line.split("#")[0].split(" | ")
        if part.strip().startswith("unsealed ")
    ]
    for page in PAGES:
        spans = re.findall(r"`(unsealed [^`]+)`", FENCE.sub("", page.read_text("utf-8")))
        found += [(page.name, span) for span in spans]
    return sorted(set(found))


@pytest.mark.parametrize(("page", "line"), commands())
def test_every_command_shown_exists_and_takes_what_it_is_given(page: str, line: str) -> None:
    words = shlex.split(line.split(" > ")[0])[1:]
    with cli.make_context("unsealed", list(words), resilient_parsing=False) as context:
        name, command, rest = cli.resolve_command(context, [*context._protected_args, *context.args])
        assert command is not None, f"{page}: {line}"
        try:
            with command.make_context(name, rest, parent=context) as inner:
                query = inner.params.get("query")
                if isinstance(command, click.Group):
                    rest = [*inner._protected_args, *inner.args]
                    name, command, rest = command.resolve_command(inner, rest)
                    assert command is not None, f"{page}: {line}"
                    command.make_context(name, rest, parent=inner).close()
        except click.exceptions.Exit:
            return  # --help and --version
    if query:
        from datetime import UTC, datetime

        parse(" ".join(query), datetime.now(UTC))


def test_every_command_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert [
        name for name in COMMANDS if f"unsealed {name}" not in readme and f"make {name}" not in readme
    ] == []


def test_every_command_has_an_example_in_its_help() -> None:
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        assert f"unsealed {name}" in (command.help or ""), name
        if isinstance(command, click.Group):
            inner = click.Context(command)
            for sub in command.list_commands(inner):
                found = command.get_command(inner, sub)
                assert found is not None
                assert f"unsealed {name} {sub}" in (found.help or ""), sub


@pytest.mark.parametrize(("page", "body"), blocks("toml"))
def test_every_settings_example_is_accepted(
    page: str, body: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = tomllib.loads(body)
    path = tmp_path / "example.toml"
    path.write_text(body, encoding="utf-8")
    if "source" in tables:
        assert len(load_catalogue(path)) == len(tables["source"])
    elif "organisation" in tables:
        name = tables["organisation"][0]["name"]
        assert name in load_knowledge(path).organisations
    elif "drop" in tables:
        load_knowledge(path)
    else:
        for table in tables.get("channel", ()):
            for secret in KINDS[table["kind"]].secrets:
                monkeypatch.setenv(
                    f"UNSEALED_{table['name'].upper().replace('-', '_')}_{secret.key.upper()}", "x"
                )
        made = {channel["name"] for channel in tables.get("channel", ())}
        for name in {name for s in tables.get("subscription", ()) for name in s["channels"]} - made:
            # A page that is about subscriptions need not repeat how channels are made.
            body += f'\n[[channel]]\nname = "{name}"\nkind = "folder"\npath = "x"\n'
        path.write_text(body, encoding="utf-8")
        load_settings(path)


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", FENCE.sub("", page.read_text("utf-8"))):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_query_key_is_documented() -> None:
    text = (ROOT / "docs" / "search.md").read_text("utf-8")
    assert [key for key in KEYS if f"`{key}:`" not in text] == []


def test_make_targets_named_in_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in re.findall(r"make (\w+)", (ROOT / "README.md").read_text("utf-8")):
        assert re.search(rf"^{target}:", makefile, re.M), target
