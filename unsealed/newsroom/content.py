"""The newsroom's outlets and what they publish, loaded from TOML and checked.

Files of a content folder: ``outlets.toml`` (``[[outlet]]`` tables), one ``<outlet-id>.toml`` for each outlet
(``[[item]]`` tables) and ``knowledge.toml``, which is only passed on. An item's body is light
markup, see `unsealed.newsroom.markup`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from pipeline.model import ConfigError
from unsealed.newsroom.markup import item_references
from unsealed.newsroom.tables import Table, read_tables

#: The content shipped with the program.
SHIPPED = Path(__file__).parent / "content"
#: Page layouts there are, pages/article1.html.j2 to article4.html.j2.
LAYOUTS = 4
#: Two years: older "news" in a demo is a slip of the pen.
_OLDEST_HOURS = 2 * 365 * 24.0
#: As the catalogue of sources wants it.
_OUTLET_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_SLUG = re.compile(r"[a-z0-9]+(?:[-.][a-z0-9]+)*")
_LANGUAGE = re.compile(r"[a-z]{2}")
_COUNTRY = re.compile(r"[A-Z]{2}")


class Publishes(StrEnum):
    """How an outlet publishes what it has."""

    RSS2 = "rss2"
    RSS1 = "rss1"
    ATOM = "atom"
    JSONFEED = "jsonfeed"
    LISTING = "listing"
    SITEMAP = "sitemap"
    HUGGINGFACE = "huggingface"
    GITHUB = "github"


class Fault(StrEnum):
    """How what is polled of an outlet misbehaves; its other addresses work."""

    NONE = "none"
    BROKEN_XML = "broken-xml"
    WRONG_CHARSET = "wrong-charset"
    HTTP_500 = "http-500"
    SLOW = "slow"
    REDIRECT_LOOP = "redirect-loop"
    STALL = "stall"


class Charset(StrEnum):
    """Encodings that an outlet's feed may be sent in, as they are declared."""

    UTF_8 = "utf-8"
    GB18030 = "gb18030"
    LATIN_1 = "iso-8859-1"


class HubType(StrEnum):
    """What a hub repository holds."""

    MODEL = "model"
    DATASET = "dataset"


@dataclass(frozen=True, slots=True)
class NewsItem:
    """An article. ``related`` and links of the body name items by id, see `Content.locate`."""

    id: str
    hours_ago: float
    title: str
    summary: str
    author: str
    tags: tuple[str, ...]
    body: str
    related: tuple[str, ...]
    caption: str


@dataclass(frozen=True, slots=True)
class Repository:
    """A model or dataset on the hub, ``owner/name``."""

    id: str
    hours_ago: float
    owner: str
    name: str
    type: HubType
    licence: str
    gated: bool
    downloads: int
    pipeline_tag: str
    card: str
    files: tuple[str, ...]

    @property
    def full_name(self) -> str:
        """Owner and name, as the hub identifies it."""
        return f"{self.owner}/{self.name}"


@dataclass(frozen=True, slots=True)
class Release:
    """A release of a code repository, ``owner/repository``."""

    id: str
    hours_ago: float
    name: str
    owner: str
    repository: str
    version: str
    prerelease: bool
    body: str
    licence: str

    @property
    def full_name(self) -> str:
        """Owner and repository."""
        return f"{self.owner}/{self.repository}"


Published = NewsItem | Repository | Release


def title_of(item: Published) -> str:
    """What an item is called where it is only named."""
    return item.title if isinstance(item, NewsItem) else item.name


@dataclass(frozen=True, slots=True)
class Outlet:
    """A publisher. Of ``news``, ``repositories`` and ``releases`` exactly one is filled."""

    id: str
    name: str
    tagline: str
    language: str
    country: str
    category: str
    publishes: Publishes
    layout: int
    organisation: str = ""
    fault: Fault = Fault.NONE
    charset: Charset = Charset.UTF_8
    disallow: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    news: tuple[NewsItem, ...] = ()
    repositories: tuple[Repository, ...] = ()
    releases: tuple[Release, ...] = ()

    @property
    def items(self) -> tuple[Published, ...]:
        """Whatever it publishes."""
        return (*self.news, *self.repositories, *self.releases)


@dataclass(frozen=True, slots=True)
class Content:
    """All outlets, and the knowledge file that introduces the organisations they write of."""

    outlets: tuple[Outlet, ...]
    knowledge: Path

    def locate(self, outlet_id: str, reference: str) -> tuple[Outlet, Published] | None:
        """Find what ``reference`` means to an outlet: an item and whose it is, None if nothing.

        A reference is an item's id, sought in the outlet itself first and then everywhere, or
        ``outlet-id/item-id``. One that fits items of several other outlets means nothing.
        """
        found = [
            (outlet, item)
            for outlet in self.outlets
            for item in outlet.items
            if reference in (item.id, f"{outlet.id}/{item.id}")
        ]
        own = [place for place in found if place[0].id == outlet_id]
        return next(iter(own or (found if len(found) == 1 else [])), None)


def moment(now: datetime, hours_ago: float) -> datetime:
    """When something was published, to the second, as publishers state it."""
    return (now - timedelta(hours=hours_ago)).replace(microsecond=0)


def load_content(folder: Path = SHIPPED) -> Content:
    """Load and check a content folder. Raises ConfigError that names file, item and key."""
    path = folder / "outlets.toml"
    outlets: dict[str, Outlet] = {}
    for table in read_tables(path, "outlet"):
        outlet = _outlet(table)
        if outlet.id in outlets:
            table.fail("another outlet has this id.")
        outlets[outlet.id] = _with_items(outlet, folder / f"{outlet.id}.toml")
        for key in ("disallow", "missing"):
            known = {item.id for item in outlets[outlet.id].items}
            for reference in getattr(outlet, key):
                if reference not in known:
                    table.fail(f"key {key!r} names no item of it: {reference!r}.")
    knowledge = folder / "knowledge.toml"
    if not knowledge.is_file():
        raise ConfigError("there is no such file.", about=str(knowledge))
    content = Content(tuple(outlets.values()), knowledge)
    _check_references(content, folder)
    return content


def _outlet(table: Table) -> Outlet:
    outlet = Outlet(
        id=table.text("id"),
        name=table.text("name"),
        tagline=table.text("tagline", ""),
        language=table.text("language"),
        country=table.text("country"),
        category=table.text("category"),
        publishes=table.choice("publishes", Publishes),
        layout=int(table.number("layout", 1, LAYOUTS)),
        organisation=table.text("organisation", ""),
        fault=table.choice("fault", Fault, Fault.NONE),
        charset=table.choice("charset", Charset, Charset.UTF_8),
        disallow=table.texts("disallow"),
        missing=table.texts("missing"),
    )
    table.finish()
    for key, pattern in (("id", _OUTLET_ID), ("language", _LANGUAGE), ("country", _COUNTRY)):
        if not pattern.fullmatch(getattr(outlet, key)):
            table.fail(f"key {key!r} must look like {pattern.pattern}, not {getattr(outlet, key)!r}.")
    is_xml_feed = outlet.publishes in {Publishes.RSS2, Publishes.RSS1, Publishes.ATOM}
    if not is_xml_feed and (outlet.fault in {Fault.BROKEN_XML, Fault.WRONG_CHARSET}):
        table.fail(f"key 'fault': {outlet.fault.value} is for XML feeds, not for {outlet.publishes.value}.")
    if not is_xml_feed and outlet.charset is not Charset.UTF_8:
        table.fail(f"key 'charset' is for XML feeds, not for {outlet.publishes.value}.")
    return outlet


def _with_items(outlet: Outlet, path: Path) -> Outlet:
    """Return the outlet with the items of its file."""
    news: list[NewsItem] = []
    repositories: list[Repository] = []
    releases: list[Release] = []
    seen: set[str] = set()
    for table in read_tables(path, "item"):
        item: Published
        if outlet.publishes is Publishes.HUGGINGFACE:
            repositories.append(item := _repository(table, outlet))
        elif outlet.publishes is Publishes.GITHUB:
            releases.append(item := _release(table, outlet))
        else:
            news.append(item := _news_item(table))
        table.finish()
        if not _SLUG.fullmatch(item.id):
            table.fail(f"key 'id' must be a slug such as 'open-weights-2', not {item.id!r}.")
        if item.id in seen:
            table.fail(f"another item has the id {item.id!r}.")
        seen.add(item.id)
    if len({repository.owner for repository in repositories}) > 1:
        raise ConfigError("a hub outlet must keep to one owner.", about=str(path))
    return replace(outlet, news=tuple(news), repositories=tuple(repositories), releases=tuple(releases))


def _news_item(table: Table) -> NewsItem:
    return NewsItem(
        id=table.text("id"),
        hours_ago=table.number("hours_ago", 0, _OLDEST_HOURS),
        title=table.text("title"),
        summary=table.text("summary", ""),
        author=table.text("author", ""),
        tags=table.texts("tags"),
        body=table.text("body"),
        related=table.texts("related"),
        caption=table.text("caption", ""),
    )


def _repository(table: Table, outlet: Outlet) -> Repository:
    owner, name = _full_name(table.text("name"), outlet)
    kind = table.choice("type", HubType, HubType.MODEL)
    return Repository(
        id=table.text("id", _slug(name)),
        hours_ago=table.number("hours_ago", 0, _OLDEST_HOURS),
        owner=owner,
        name=name,
        type=kind,
        licence=table.text("licence", ""),
        gated=table.flag("gated", False),
        downloads=table.count("downloads", 0),
        pipeline_tag=table.text("pipeline_tag", ""),
        card=table.text("card", ""),
        files=table.texts("files") or _FILES[kind],
    )


def _release(table: Table, outlet: Outlet) -> Release:
    name, version = table.text("name"), table.text("version")
    owner, repository = _full_name(table.text("repository"), outlet)
    return Release(
        id=table.text("id", _slug(f"{repository}-{version}")),
        hours_ago=table.number("hours_ago", 0, _OLDEST_HOURS),
        name=name,
        owner=owner,
        repository=repository,
        version=version,
        prerelease=table.flag("prerelease", False),
        body=table.text("body"),
        licence=table.text("licence", ""),
    )


#: What a repository of each type holds if its item does not list files.
_FILES = {
    HubType.MODEL: (
        ".gitattributes",
        "README.md",
        "config.json",
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
        "tokenizer.json",
    ),
    HubType.DATASET: (".gitattributes", "README.md", "data/train-00000-of-00001.parquet"),
}


def _full_name(name: str, outlet: Outlet) -> tuple[str, str]:
    """Split ``owner/name``; a bare name belongs to the outlet's organisation."""
    owner, _, rest = name.rpartition("/")
    return owner or re.sub(r"[^\w.-]+", "-", outlet.organisation or outlet.name), rest


def _slug(words: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", words.lower()).strip("-.")


def _check_references(content: Content, folder: Path) -> None:
    for outlet in content.outlets:
        for item_id, key, reference in _references(outlet):
            if content.locate(outlet.id, reference) is None:
                raise ConfigError(
                    f"key {key!r} names no item, or more than one: {reference!r}.",
                    about=f"{folder / f'{outlet.id}.toml'}, item {item_id!r}",
                    cure="Write 'outlet-id/item-id' for an item of another outlet.",
                )


def _references(outlet: Outlet) -> Iterator[tuple[str, str, str]]:
    for item in outlet.news:
        yield from ((item.id, "related", reference) for reference in item.related)
        yield from ((item.id, "body", reference) for reference in item_references(item.body))
    for repository in outlet.repositories:
        yield from ((repository.id, "card", reference) for reference in item_references(repository.card))
    for release in outlet.releases:
        yield from ((release.id, "body", reference) for reference in item_references(release.body))
