"""Where feeds are: on hosts whose addresses tell, in pages that name them, and where most sites have them. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urljoin, urlsplit

from crawler.exchange import kind_of
from crawler.page_links import PageFacts
from pipeline.model import SourceKind

__all__ = ["MOST", "Candidate", "places_known", "places_linked", "places_named", "places_usual"]

#: Addresses tried of one sort: a page may name hundreds of feeds (one for each tag).
MOST: Final = 12


@dataclass(frozen=True, slots=True)
class Candidate:
    """An address that may be a source."""

    url: str
    kind: SourceKind
    how: str  # why it is thought so, in words: "named in the page"
    title: str = ""


def places_named(page: PageFacts) -> list[Candidate]:
    """Return the feeds that the page names as its own."""
    return [Candidate(url, kind_of(url), "named in the page", title) for url, title in page.feeds]


def places_linked(page: PageFacts) -> list[Candidate]:
    """Return what the page links to and looks like a feed."""
    return [Candidate(url, kind_of(url), "linked from the page", title) for url, title in page.links]


def places_known(url: str) -> list[Candidate]:
    """Return where the feed of ``url`` is on hosts that have one for each page of a sort."""
    parts = urlsplit(url)
    host = (parts.hostname or "").removeprefix("www.")
    steps = [step for step in parts.path.split("/") if step]
    build = _KNOWN.get(host) or next(
        (known for suffix, known in _KNOWN_SUFFIXES.items() if host.endswith(suffix)), None
    )
    return build(host, steps, url) if build is not None else []


def _huggingface(host: str, steps: list[str], url: str) -> list[Candidate]:
    if not steps or steps[0] in {"api", "docs", "spaces", "papers", "posts", "learn", "tasks", "settings"}:
        return []
    if steps[0] == "blog":
        return [
            Candidate("https://huggingface.co/blog/feed.xml", SourceKind.FEED, "the blog of Hugging Face")
        ]
    named = steps[1:] if steps[0] in {"models", "datasets", "organizations"} else steps
    if not named:
        return []
    owner = named[0]
    collections = ("datasets", "models") if steps[0] == "datasets" else ("models", "datasets")
    return [
        Candidate(
            f"https://huggingface.co/api/{collection}?author={owner}&sort=createdAt&direction=-1&limit=20",
            SourceKind.HUGGINGFACE,
            f"the {collection} of an organisation on Hugging Face",
            f"{owner} on Hugging Face" + (" (datasets)" if collection == "datasets" else ""),
        )
        for collection in collections
    ]


def _github(host: str, steps: list[str], url: str) -> list[Candidate]:
    if len(steps) < 2 or steps[0] in {"orgs", "topics", "search", "sponsors", "features"}:
        return []
    owner, repository = steps[0], steps[1].removesuffix(".git")
    return [
        Candidate(
            f"https://github.com/{owner}/{repository}/{feed}.atom",
            SourceKind.GITHUB_RELEASES,
            f"the {feed} of a repository",
            f"GitHub: {owner}/{repository}",
        )
        for feed in ("releases", "tags")
    ]


def _reddit(host: str, steps: list[str], url: str) -> list[Candidate]:
    if len(steps) < 2 or steps[0] not in {"r", "user", "u"}:
        return []
    return [
        Candidate(
            f"https://www.reddit.com/{steps[0]}/{steps[1]}/.rss",
            SourceKind.REDDIT if steps[0] == "r" else SourceKind.FEED,
            "the feed of a subreddit",
            f"Reddit: {steps[0]}/{steps[1]}",
        )
    ]


def _hacker_news(host: str, steps: list[str], url: str) -> list[Candidate]:
    feeds = {
        "": ("https://news.ycombinator.com/rss", "Hacker News"),
        "newest": ("https://hnrss.org/newest", "Hacker News: newest"),
        "show": ("https://hnrss.org/show", "Hacker News: Show HN"),
        "ask": ("https://hnrss.org/ask", "Hacker News: Ask HN"),
        "launches": ("https://hnrss.org/launches", "Hacker News: Launch HN"),
    }
    feed = feeds.get("/".join(steps))
    return [Candidate(feed[0], SourceKind.FEED, "the feed of Hacker News", feed[1])] if feed else []


def _youtube(host: str, steps: list[str], url: str) -> list[Candidate]:
    base = "https://www.youtube.com/feeds/videos.xml"
    playlist = parse_qs(urlsplit(url).query).get("list", [""])[0]
    if steps[:1] == ["playlist"] and playlist:
        return [Candidate(f"{base}?playlist_id={playlist}", SourceKind.FEED, "the feed of a playlist")]
    if steps[:1] == ["channel"] and len(steps) > 1:
        return [Candidate(f"{base}?channel_id={steps[1]}", SourceKind.FEED, "the feed of a channel")]
    return []  # @handles name their channel in the page


def _medium(host: str, steps: list[str], url: str) -> list[Candidate]:
    if host == "medium.com":
        where = f"https://medium.com/feed/{'/'.join(steps[:1])}" if steps else ""
    else:
        where = f"https://{host}/feed"
    return [Candidate(where, SourceKind.FEED, "the feed of a Medium blog")] if where else []


def _at(path: str, how: str) -> Callable[[str, list[str], str], list[Candidate]]:
    return lambda host, steps, url: [Candidate(f"https://{host}{path}", SourceKind.FEED, how)]


_KNOWN: Final[dict[str, Callable[[str, list[str], str], list[Candidate]]]] = {
    "huggingface.co": _huggingface,
    "github.com": _github,
    "reddit.com": _reddit,
    "old.reddit.com": _reddit,
    "news.ycombinator.com": _hacker_news,
    "youtube.com": _youtube,
    "medium.com": _medium,
}
_KNOWN_SUFFIXES: Final = {
    ".substack.com": _at("/feed", "the feed of a Substack"),
    ".medium.com": _medium,
    ".bearblog.dev": _at("/feed/", "the feed of a Bear blog"),
    ".ghost.io": _at("/rss/", "the feed of a Ghost site"),
    ".wordpress.com": _at("/feed/", "the feed of a WordPress site"),
    ".blogspot.com": _at("/feeds/posts/default", "the feed of a Blogger site"),
}
#: What a page's generator is called -> where it puts its feed.
_GENERATORS: Final = {
    "wordpress": ("feed/",),
    "ghost": ("rss/",),
    "hugo": ("index.xml",),
    "jekyll": ("feed.xml", "atom.xml"),
    "hexo": ("atom.xml", "rss2.xml"),
    "docusaurus": ("rss.xml", "atom.xml"),
    "squarespace": ("?format=rss",),
    "drupal": ("rss.xml",),
    "mintlify": ("rss.xml",),
}
_USUAL: Final = ("feed", "rss.xml", "feed.xml", "atom.xml", "index.xml", "rss", "feed.json")


def places_usual(url: str, generator: str = "") -> list[Candidate]:
    """Return where sites have feeds that they do not name: beside ``url``, then at the root."""
    parts = urlsplit(url)
    root = f"{parts.scheme}://{parts.netloc}/"
    here = urljoin(root, parts.path.rstrip("/") + "/")
    own = next((paths for name, paths in _GENERATORS.items() if name in generator.lower()), ())
    bases = [here] if here == root else [here, root]
    # the section's own feed first; what its software is known for before guesses
    paths = [(base, path) for base in bases for path in dict.fromkeys((*own, *_USUAL))]
    paths.sort(key=lambda pair: pair[1] not in own)
    return [
        Candidate(
            base.rstrip("/") + path if path.startswith("?") else base + path,
            SourceKind.FEED,
            "a usual place of feeds",
        )
        for base, path in paths[:MOST]
    ]
