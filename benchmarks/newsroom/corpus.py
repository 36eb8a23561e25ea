"""Feeds of every format, the same for the same seed, in words nobody has written.

Sizes follow what was seen of real full-content feeds: 2.6 kB of markup an item with 19 tags and
1.1 links to the thousand characters, thirty items, about 90 kB a feed.
"""

from __future__ import annotations

import html
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache

_NEWEST = datetime(2026, 11, 20, 9, tzinfo=UTC)
_MAKERS = [
    "Aldera",
    "Brontide",
    "Cantor",
    "Dovetail",
    "Esker",
    "Fathom",
    "Gantry",
    "Harrow",
    "Isopod",
    "Juniper",
    "Kestrel",
    "Lumen",
]
_THINGS = [
    "encoder",
    "speech model",
    "robot arm",
    "tokenizer",
    "route planner",
    "benchmark",
    "weather model",
    "data set",
    "compiler",
]
_DEEDS = [
    "opens",
    "delays",
    "measures",
    "retires",
    "ships",
    "renames",
    "audits",
    "withdraws",
    "doubles",
    "explains",
]
#: How feeds are spread over the formats.
FORMATS = ("rss", "rss", "atom", "rss-full", "rdf", "rss", "atom", "rss-full", "rss", "json")


@dataclass(frozen=True, slots=True)
class Story:
    """One item, whatever format it is listed in."""

    number: int
    title: str
    markup: str
    author: str
    tags: tuple[str, ...]
    at: datetime


@cache
def _vocabulary() -> tuple[str, ...]:
    chance = random.Random(11)
    syllables = [a + b for a in "bdfglmnprstvk" for b in ("a", "e", "i", "o", "u", "an", "er", "il", "os")]
    return tuple("".join(chance.choices(syllables, k=chance.randint(1, 4))) for _ in range(6000))


def _sentence(chance: random.Random) -> str:
    words = _vocabulary()
    # few words are common and many rare, as in any language
    return (
        " ".join(
            words[min(int(chance.paretovariate(0.7)), 5999)] for _ in range(chance.randint(8, 24))
        ).capitalize()
        + "."
    )


def _markup(chance: random.Random) -> str:
    blocks = [
        f'<p><img src="/pictures/{chance.randint(1, 9999)}.jpg" alt="a picture" width="640" height="360"/></p>'
    ]
    size, wanted = 0, chance.randint(900, 3800)
    while size < wanted:
        kind = chance.random()
        if kind < 0.1:
            points = "".join(
                f"<li>{_marked(chance, _sentence(chance))}</li>" for _ in range(chance.randint(2, 5))
            )
            block = f"<ul>{points}</ul>"
        elif kind < 0.25:
            block = f"<h2>{_sentence(chance)[:50].rstrip()}</h2>"
        else:
            block = (
                f"<p>{_marked(chance, ' '.join(_sentence(chance) for _ in range(chance.randint(1, 3))))}</p>"
            )
        blocks.append(block)
        size += len(block)
    return "\n".join(blocks)


def _marked(chance: random.Random, text: str) -> str:
    """``text`` with some words linked or stressed, as often as real feeds do it."""
    words = text.split(" ")
    for place in chance.sample(range(len(words)), k=min(len(words), 2)):
        word, dice = words[place], chance.random()
        if dice < 0.15:
            words[place] = (
                f'<a href="https://example.org/topic/{chance.randint(1, 9999)}?utm_source=feed&amp;utm_medium=rss">{word}</a>'
            )
        elif dice < 0.45:
            name = chance.choice(("strong", "em", "code", 'span class="name"'))
            words[place] = f"<{name}>{word}</{name.split()[0]}>"
        elif dice < 0.5:
            words[place] = f"{word}<br />"
    return " ".join(words)


@cache
def _texts() -> tuple[str, ...]:
    """A store of articles: writing each anew would take longer than what is measured."""
    chance = random.Random(12)
    return tuple(_markup(chance) for _ in range(500))


@cache
def story(feed: int, number: int) -> Story:
    """Item ``number`` of ``feed``, counted from the oldest."""
    chance = random.Random(f"{feed}/{number}")
    maker, thing = chance.choice(_MAKERS), chance.choice(_THINGS)
    return Story(
        number,
        f"{maker} {chance.choice(_DEEDS)} its {thing} {chance.randint(2, 999)} {_sentence(chance)[:40].rstrip()}",
        _texts()[chance.randrange(len(_texts()))],
        chance.choice(("Ada Reed", "Bo Lindqvist", "Chen Yi", "Dara Okoye")),
        tuple(chance.sample(_THINGS, 3)),
        _NEWEST - timedelta(hours=40) + timedelta(minutes=53 * number + feed % 50),
    )


def body(feed: int, newest: int, items: int, host: str) -> tuple[str, bytes]:
    """Content type and body of ``feed``, listing ``items`` stories up to number ``newest``, newest first."""
    stories = [story(feed, number) for number in range(newest, newest - items, -1)]
    kind = FORMATS[feed % len(FORMATS)]
    write = {"rss": _rss, "rss-full": _rss, "atom": _atom, "rdf": _rdf, "json": _json}[kind]
    return write(feed, stories, host, kind == "rss-full")


def _link(feed: int, item: Story, host: str) -> str:
    return f"{host}/articles/{feed}/{item.number}"


def _rss(feed: int, stories: list[Story], host: str, full: bool) -> tuple[str, bytes]:
    quoted = html.escape

    def lines() -> Iterator[str]:
        yield '<?xml version="1.0" encoding="UTF-8"?>'
        yield (
            '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" '
            'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:atom="http://www.w3.org/2005/Atom" '
            'xmlns:media="http://search.yahoo.com/mrss/"><channel>'
        )
        yield f"<title>Outlet {feed}</title><link>{host}/</link><description>News of {feed}</description><language>en-us</language>"
        yield f'<atom:link href="{host}/feeds/{feed}" rel="self" type="application/rss+xml"/>'
        yield f"<lastBuildDate>{format_datetime(stories[0].at)}</lastBuildDate>"
        for item in stories:
            yield f"<item><title>{quoted(item.title)}</title><link>{_link(feed, item, host)}</link>"
            yield f'<guid isPermaLink="false">urn:outlet:{feed}:{item.number}</guid>'
            yield f"<pubDate>{format_datetime(item.at)}</pubDate><dc:creator>{item.author}</dc:creator>"
            yield from (f"<category>{tag}</category>" for tag in item.tags)
            if full:
                yield f"<description>{quoted(item.title)}: {quoted(item.tags[0])}</description>"
                yield f"<content:encoded><![CDATA[{item.markup}]]></content:encoded>"
            elif feed % 2:
                yield f"<description><![CDATA[{item.markup}]]></description>"
            else:
                yield f"<description>{quoted(item.markup)}</description>"
            yield f'<media:content url="{host}/pictures/{item.number}.jpg" medium="image"/></item>'
        yield "</channel></rss>"

    return "application/rss+xml; charset=utf-8", "\n".join(lines()).encode()


def _atom(feed: int, stories: list[Story], host: str, full: bool) -> tuple[str, bytes]:
    quoted = html.escape

    def lines() -> Iterator[str]:
        yield '<?xml version="1.0" encoding="utf-8"?>'
        yield f'<feed xmlns="http://www.w3.org/2005/Atom"><title>Outlet {feed}</title><id>urn:outlet:{feed}</id>'
        yield f'<link href="{host}/"/><link rel="self" href="{host}/feeds/{feed}"/><updated>{stories[0].at.isoformat()}</updated>'
        for item in stories:
            yield f'<entry><title>{quoted(item.title)}</title><link rel="alternate" type="text/html" href="{_link(feed, item, host)}"/>'
            yield f"<id>urn:outlet:{feed}:{item.number}</id><published>{item.at.isoformat()}</published>"
            yield f"<updated>{item.at.isoformat()}</updated><author><name>{item.author}</name></author>"
            yield from (f'<category term="{tag}"/>' for tag in item.tags)
            yield f'<summary>{quoted(item.title)}</summary><content type="html">{quoted(item.markup)}</content></entry>'
        yield "</feed>"

    return "application/atom+xml", "\n".join(lines()).encode()


def _rdf(feed: int, stories: list[Story], host: str, full: bool) -> tuple[str, bytes]:
    quoted = html.escape

    def lines() -> Iterator[str]:
        yield '<?xml version="1.0" encoding="UTF-8"?>'
        yield (
            '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
            'xmlns:dc="http://purl.org/dc/elements/1.1/">'
        )
        yield f'<channel rdf:about="{host}/"><title>Outlet {feed}</title><link>{host}/</link><description>x</description><items><rdf:Seq>'
        yield from (f'<rdf:li rdf:resource="{_link(feed, item, host)}"/>' for item in stories)
        yield "</rdf:Seq></items></channel>"
        for item in stories:
            link = _link(feed, item, host)
            yield f'<item rdf:about="{link}"><title>{quoted(item.title)}</title><link>{link}</link>'
            yield f"<description>{quoted(item.markup)}</description><dc:date>{item.at.isoformat()}</dc:date>"
            yield f"<dc:creator>{item.author}</dc:creator><dc:subject>{item.tags[0]}</dc:subject></item>"
        yield "</rdf:RDF>"

    return "application/rdf+xml; charset=utf-8", "\n".join(lines()).encode()


def _json(feed: int, stories: list[Story], host: str, full: bool) -> tuple[str, bytes]:
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": f"Outlet {feed}",
        "home_page_url": host,
        "items": [
            {
                "id": f"urn:outlet:{feed}:{item.number}",
                "url": _link(feed, item, host),
                "title": item.title,
                "content_html": item.markup,
                "date_published": item.at.isoformat(),
                "authors": [{"name": item.author}],
                "tags": item.tags,
            }
            for item in stories
        ],
    }
    return "application/feed+json", json.dumps(document, ensure_ascii=False).encode()
