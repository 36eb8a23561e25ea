"""A small content folder with an outlet for every format and every fault, and a newsroom on it."""

from __future__ import annotations

import gzip
import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from pathlib import Path
from typing import Any

import pytest

from pipeline.model import Source
from unsealed.newsroom import Newsroom, newsroom

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)

#: id, language, country, what it publishes, layout, further keys
OUTLETS: tuple[tuple[str, str, str, str, int, Mapping[str, object]], ...] = (
    ("rss-two", "en", "US", "rss2", 1, {"disallow": ["second"], "missing": ["third"]}),
    ("rss-one", "ja", "JP", "rss1", 2, {}),
    ("atom", "fr", "FR", "atom", 3, {"organisation": "Orvantis"}),
    ("json", "es", "ES", "jsonfeed", 4, {}),
    ("listing", "ko", "KR", "listing", 4, {}),
    ("sitemap", "en", "GB", "sitemap", 1, {}),
    ("chinese", "zh", "CN", "rss2", 2, {"charset": "gb18030"}),
    ("latin", "de", "DE", "rss2", 1, {"charset": "iso-8859-1"}),
    ("broken", "en", "US", "rss2", 2, {"fault": "broken-xml"}),
    ("liar", "de", "DE", "atom", 2, {"fault": "wrong-charset"}),
    ("down", "en", "US", "rss2", 1, {"fault": "http-500"}),
    ("slow", "en", "US", "atom", 2, {"fault": "slow"}),
    ("loop", "en", "US", "rss2", 3, {"fault": "redirect-loop"}),
    ("stall", "en", "US", "atom", 4, {"fault": "stall"}),
    ("hub", "en", "US", "huggingface", 1, {"organisation": "Lab Example"}),
    ("forge", "en", "US", "github", 1, {"organisation": "Lab Example"}),
)

#: Characters that each encoding, each markup and a careless template stumble over.
TITLE = {
    "zh": "星河模型 & “开放”权重 <全部> 发布",
    "ja": "研究所が重みを公開 & <解説>",
    "ko": "연구소, 가중치 & <공개>",
    "de": "Größere Gewichte & <mehr> – „offen“",
    "fr": "L’été des poids & <ouverts>",
    "es": "¿Pesos & <abiertos>?",
    "en": "R&D lab opens <weights> & “code”",
}

BODY = """First paragraph & more, with [a link](https://lab.example/a?b=1&c=2) in it.

## A <heading>
- one thing
- another [story](item:second)

> A quotation of some length.

Last paragraph."""


def quoted(value: object) -> str:
    """A value as TOML; JSON's spelling serves for all that the sample uses."""
    return json.dumps(value, ensure_ascii=False)


def write_content(folder: Path) -> Path:
    """Write the sample content folder."""
    folder.mkdir()
    (folder / "knowledge.toml").write_text('[[organisation]]\nname = "Lab Example"\n', "utf-8")
    outlets: list[str] = []
    for id_, language, country, publishes, layout, more in OUTLETS:
        keys: dict[str, object] = {
            "id": id_,
            "name": f"The {id_} & Sons",
            "tagline": "All the news",
            "language": language,
            "country": country,
            "category": "press",
            "publishes": publishes,
            "layout": layout,
            **more,
        }
        outlets.append(table("outlet", keys))
        (folder / f"{id_}.toml").write_text("\n".join(_items(publishes, language)), "utf-8")
    (folder / "outlets.toml").write_text("\n".join(outlets), "utf-8")
    return folder


def table(name: str, keys: Mapping[str, object]) -> str:
    return "\n".join([f"[[{name}]]", *(f"{key} = {quoted(value)}" for key, value in keys.items())]) + "\n"


def _items(publishes: str, language: str) -> list[str]:
    if publishes == "huggingface":
        common = {"hours_ago": 3.0, "card": "A card & words."}
        return [
            table("item", {"name": "Nova-9B", "type": "model", "licence": "apache-2.0", "downloads": 4000,
                           "pipeline_tag": "text-generation", **common}),
            table("item", {"name": "Nova-Base", "type": "model", "licence": "mit", "gated": True, **common}),
            table("item", {"name": "Corpus", "type": "dataset", "licence": "cc-by-4.0", **common}),
        ]  # fmt: skip
    if publishes == "github":
        return [
            table("item", {"name": name, "repository": "lab/engine", "version": version, "hours_ago": hours,
                           "prerelease": "rc" in version, "body": "- fixed & faster"})
            for name, version, hours in (("Engine 1.1", "v1.1+cu12", 4.5), ("Engine 1.1 rc", "v1.1-rc1", 30))
        ]  # fmt: skip
    return [
        table("item", {"id": id_, "hours_ago": hours, "title": f"{TITLE[language]} {id_}", "body": BODY,
                       "summary": f"{TITLE[language]}: summary", "author": "A. Writer & Co",
                       "tags": ["ai", "open & free"], "related": ["second"], "caption": "A & B"})
        for id_, hours in (("first", 2.5), ("second", 26), ("third", 50))
    ]  # fmt: skip


@pytest.fixture
def content_folder(tmp_path: Path) -> Path:
    """A content folder of the test's own, to be damaged at will."""
    return write_content(tmp_path / "content")


@pytest.fixture(scope="session")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newsroom]:
    """A newsroom on the sample; tests only read from it, each its own outlet or path."""
    folder = tmp_path_factory.mktemp("newsroom")
    content = write_content(folder / "content")
    with newsroom(NOW, folder=folder, slow=0.2, content=content) as running:
        yield running


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)


def ask(url: str, headers: Mapping[str, str] | None = None, *, method: str = "GET",
        data: bytes | None = None, timeout: float = 10) -> Answer:  # fmt: skip
    """Ask once, follow nothing, raise for no status; gzip is undone."""
    request = urllib.request.Request(url, data, dict(headers or {}), method=method)
    try:
        with _OPENER.open(request, timeout=timeout) as response:
            body, status, head = response.read(), response.status, response.headers
    except urllib.error.HTTPError as error:
        with error:
            body, status, head = error.read(), error.code, error.headers
    if head["Content-Encoding"] == "gzip":
        body = gzip.decompress(body)
    return Answer(status, head, body)


def source(room: Newsroom, id_: str) -> Source:
    return next(source for source in room.sources if source.id == id_)


def home(room: Newsroom, id_: str) -> str:
    """The outlet's origin, without a slash."""
    return source(room, id_).homepage.rstrip("/")
