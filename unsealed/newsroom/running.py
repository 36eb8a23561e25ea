"""The whole newsroom at work: outlets, mail server and Slack stand-in, for as long as a `with` lasts."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pipeline.model import PagePolicy, Source
from unsealed.newsroom.background import in_background
from unsealed.newsroom.content import SHIPPED, Content, load_content
from unsealed.newsroom.places import Site, sites
from unsealed.newsroom.server import Visit, listen, serve_sites
from unsealed.newsroom.site import endpoints
from unsealed.newsroom.slack import serve_slack
from unsealed.newsroom.smtp import serve_mail


@dataclass(frozen=True, slots=True)
class Newsroom:
    """A running newsroom: what the program's settings need to know of it."""

    sources: tuple[Source, ...]
    allow: tuple[str, ...]  # addresses and names for the gate
    smtp_host: str
    smtp_port: int
    mailbox: Path  # accepted messages, 0001.eml …
    slack_url: str
    slack_posts: Path  # accepted payloads, 0001.json …
    knowledge: Path
    _visits: list[Visit] = field(default_factory=list, repr=False)

    def catalogue_toml(self) -> str:
        """The sources as a catalogue file."""
        return "\n".join(_source_toml(source) for source in self.sources)

    def visits(self) -> tuple[Visit, ...]:
        """Every request that the outlets' servers have answered so far."""
        return tuple(self._visits)


@contextmanager
def newsroom(
    now: datetime, *, folder: Path, slow: float = 1.5, content: Path = SHIPPED, port: int = 0
) -> Iterator[Newsroom]:
    """Run the newsroom; yield when every server listens, return when all have stopped.

    ``now`` (aware) is what the items' ages count back from. ``folder`` takes the mailbox and the
    Slack posts. ``slow`` is how long the slow source takes, in seconds. The outlets listen on
    ``port`` of one loopback address each if it is free there, so that a second run has the same
    addresses, else on free ports. Raises ConfigError for bad content, OSError if loopback is closed.
    """
    if now.tzinfo is None:
        raise ValueError("now must be aware")
    loaded = load_content(content)
    with in_background(lambda: _serve(loaded, now, folder, slow, port), "newsroom") as running:
        yield running


@asynccontextmanager
async def _serve(
    content: Content, now: datetime, folder: Path, slow: float, port: int
) -> AsyncIterator[Newsroom]:
    visits: list[Visit] = []
    with ExitStack() as opened:
        # An address each, as real outlets have: politeness is counted by host.
        sockets = {
            outlet.id: opened.enter_context(listen(f"127.0.0.{number}", port))
            for number, outlet in enumerate(content.outlets, 1)
        }
        names = {outlet_id: bound.getsockname()[:2] for outlet_id, bound in sockets.items()}
        # The first is reached by name, so that name resolution is part of the demo.
        first = content.outlets[0].id
        origins = {
            outlet_id: f"http://{'localhost' if outlet_id == first else host}:{number}"
            for outlet_id, (host, number) in names.items()
        }
        placed = sites(content, origins, now)
        async with (
            serve_sites(placed, sockets, visits, slow=slow),
            serve_mail(folder / "mailbox") as mail,
            serve_slack(folder / "slack") as slack,
        ):
            hosts = [host for host, _ in names.values()]
            yield Newsroom(
                sources=tuple(source for site in placed for source in _sources(site)),
                allow=tuple(dict.fromkeys(["localhost", *hosts])),
                smtp_host=mail.host,
                smtp_port=mail.port,
                mailbox=mail.mailbox,
                slack_url=slack.url,
                slack_posts=slack.posts,
                knowledge=content.knowledge,
                _visits=visits,
            )


def _sources(site: Site) -> Iterator[Source]:
    outlet = site.outlet
    for endpoint in endpoints(site):
        yield Source(
            id=endpoint.source_id,
            name=outlet.name,
            kind=endpoint.kind,
            url=site.url(endpoint.path),
            homepage=site.url("/"),
            category=outlet.category,
            language=outlet.language,
            country=outlet.country,
            organisation=outlet.organisation,
            recipe=endpoint.recipe,
        )


def _source_toml(source: Source) -> str:
    """One ``[[source]]`` table; keys without a value are left out."""
    keys: Mapping[str, str] = {
        "id": source.id,
        "name": source.name,
        "kind": source.kind.value,
        "url": source.url,
        "homepage": source.homepage,
        "category": source.category,
        "language": source.language,
        "country": source.country,
        "organisation": source.organisation,
        "pages": "" if source.pages is PagePolicy.AUTO else source.pages.value,
    }
    lines = ["[[source]]", *(f"{key} = {_quoted(value)}" for key, value in keys.items() if value)]
    if source.recipe:
        recipe = ", ".join(f"{key} = {_quoted(value)}" for key, value in source.recipe.items())
        lines.append(f"recipe = {{ {recipe} }}")
    return "\n".join(lines) + "\n"


def _quoted(value: str) -> str:
    """A TOML basic string: JSON's escapes are among TOML's."""
    return json.dumps(value, ensure_ascii=False)
