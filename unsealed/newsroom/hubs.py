"""What release hubs answer: a model hub's list of repositories, a forge's feed of releases.

Shaped like the public ones: huggingface.co's ``/api/models?author=…`` and github.com's
``/OWNER/REPO/releases.atom``.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from unsealed.newsroom.content import HubType, Release, Repository
from unsealed.newsroom.feeds import ATOM
from unsealed.newsroom.places import Site
from unsealed.newsroom.xmltree import Element, root, sub, to_text

_MEDIA = "http://search.yahoo.com/mrss/"
#: Cards are mended soon after the upload, so the last change is later than the creation.
_MENDED_AFTER = timedelta(minutes=40)


def repositories(site: Site, kind: HubType, owner: str, limit: int) -> str:
    """The JSON list of an owner's models or datasets, newest first."""
    listed = [
        _repository(site, repository)
        for repository in site.newest_first()
        if isinstance(repository, Repository) and repository.type is kind and repository.owner == owner
    ]
    return json.dumps(listed[:limit], ensure_ascii=False)


def _repository(site: Site, repository: Repository) -> dict[str, Any]:
    shown = site.published(repository)
    number = zlib.crc32(repository.full_name.encode())
    tags = ["safetensors"] if repository.type is HubType.MODEL else ["size_categories:1M<n<10M"]
    tags += [repository.pipeline_tag] if repository.pipeline_tag else []
    tags += [f"license:{repository.licence}"] if repository.licence else []
    entry: dict[str, Any] = {
        "_id": f"{number:024x}",
        "id": repository.full_name,
        "author": repository.owner,
        "sha": f"{number:08x}" * 5,
        "private": False,
        "disabled": False,
        "gated": "manual" if repository.gated else False,
        "downloads": repository.downloads,
        "likes": repository.downloads // 40,
        "tags": [*tags, "region:us"],
        "createdAt": _zulu(shown),
        "lastModified": _zulu(min(shown + _MENDED_AFTER, site.now)),
        "siblings": [{"rfilename": name} for name in repository.files],
    }
    if repository.type is HubType.MODEL:
        entry |= {"modelId": repository.full_name, "library_name": "transformers"}
        if repository.pipeline_tag:
            entry["pipeline_tag"] = repository.pipeline_tag
    return entry


def readme(repository: Repository) -> str:
    """A repository's README.md: metadata, then the card."""
    head = f"---\nlicense: {repository.licence}\n---\n\n" if repository.licence else ""
    return f"{head}# {repository.name}\n\n{repository.card}\n"


def releases(site: Site, full_name: str, listed: Sequence[Release]) -> str:
    """A forge's Atom feed of one repository's releases; pre-releases are among them, unmarked."""
    feed = root(f"{{{ATOM}}}feed", {"": ATOM, "media": _MEDIA})
    feed.set("{http://www.w3.org/XML/1998/namespace}lang", "en-US")
    number = zlib.crc32(full_name.encode())
    newest = max((site.published(release) for release in listed), default=site.now)

    def add(parent: Element, name: str, text: str = "", **attributes: str) -> Element:
        return sub(parent, f"{{{ATOM}}}{name}", text, **attributes)

    add(feed, "id", f"tag:github.com,2008:{site.url(f'/{full_name}/releases')}")
    add(feed, "link", type="text/html", rel="alternate", href=site.url(f"/{full_name}/releases"))
    add(
        feed,
        "link",
        type="application/atom+xml",
        rel="self",
        href=site.url(f"/{full_name}/releases.atom"),
    )
    add(feed, "title", f"Release notes from {full_name.rpartition('/')[2]}")
    add(feed, "updated", _zulu(newest, milliseconds=False))
    for release in sorted(listed, key=lambda release: release.hours_ago):
        entry = add(feed, "entry")
        add(entry, "id", f"tag:github.com,2008:Repository/{number}/{quote(release.version, safe='')}")
        add(entry, "updated", _zulu(site.published(release), milliseconds=False))
        add(entry, "link", rel="alternate", type="text/html", href=site.item_url(release))
        add(entry, "title", release.name)
        add(entry, "content", str(site.html(release.body)), type="html")
        add(add(entry, "author"), "name", release.owner)
    return to_text(feed)


def _zulu(when: datetime, *, milliseconds: bool = True) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%S}{'.000' if milliseconds else ''}Z"
