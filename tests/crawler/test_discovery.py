"""How a site publishes is found out: from its hosts, its pages, its software; believed only when read."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.discovery import Discovery, discover
from crawler.page_links import read_page
from crawler.places import MOST, places_known, places_usual
from pipeline.model import PagePolicy, SourceError, SourceKind
from tests.crawler.conftest import NOW, XML, FaultyServer, LoopThread, answer, rss, settings


def html(head: str = "", body: str = "", lang: str = "en") -> bytes:
    return answer(
        body=f'<!doctype html><html lang="{lang}"><head><meta charset=utf-8>{head}</head><body>{body}</body></html>'.encode(),
        Content_Type="text/html",
    )


Find = Callable[..., Discovery]


@pytest.fixture
def find(on_loop: LoopThread, server: FaultyServer) -> Find:
    def go(path: str = "/", **changes: object) -> Discovery:
        return on_loop(discover(server.url(path), settings(**changes), now=lambda: NOW))

    return go


# ------------------------------------------------------------------- by asking


def test_a_feed_named_in_the_page_is_found_and_read(server: FaultyServer, find: Find) -> None:
    server.answers["/blog"] = html(
        '<title>Posts | Northlight</title><meta property="og:site_name" content="Northlight AI">'
        '<link rel="alternate" type="application/rss+xml" title="Northlight » Feed" href="feed.xml">',
        lang="de-DE",
    )
    server.answers["/feed.xml"] = answer(body=rss("One", "Two"), Content_Type=XML)
    (finding,) = find("/blog").findings
    source = finding.source
    assert (source.url, source.kind, source.name) == (
        server.url("/feed.xml"),
        SourceKind.FEED,
        "Northlight AI",
    )
    assert (source.language, source.homepage) == ("de", server.url("/blog"))
    assert [entry.title for entry in finding.entries] == ["One", "Two"]
    assert finding.how == "named in the page"
    assert server.paths() == ["/blog", "/feed.xml"]


def test_an_address_without_scheme_is_taken_for_https(on_loop: LoopThread) -> None:
    with pytest.raises(SourceError) as caught:
        on_loop(discover("127.0.0.1:1/x", settings(), now=lambda: NOW))
    assert "https://127.0.0.1:1/x" in str(caught.value)


def test_the_feed_itself_is_taken_as_it_is(server: FaultyServer, find: Find) -> None:
    server.answers["/rss"] = answer(body=rss("One"), Content_Type=XML)
    (finding,) = find("/rss").findings
    assert (finding.source.url, finding.source.name) == (server.url("/rss"), "News")
    assert finding.how == "the address itself"
    assert server.paths() == ["/rss"]


def test_a_dead_feed_that_is_still_named_is_passed_over_and_told(server: FaultyServer, find: Find) -> None:
    server.answers["/"] = html(
        '<link rel="alternate" type="application/atom+xml" href="/gone.xml">'
        '<link rel="alternate" type="application/rss+xml" href="/empty.xml">',
        '<a href="/news/rss">RSS</a>',
    )
    server.answers["/empty.xml"] = answer(body=rss(), Content_Type=XML)
    server.answers["/news/rss"] = answer(body=rss("One"), Content_Type=XML)
    found = find()
    assert [(f.source.url, f.how) for f in found.findings] == [
        (server.url("/news/rss"), "linked from the page")
    ]
    tried = dict(found.tried)
    assert "404" in tried[server.url("/gone.xml")]
    assert tried[server.url("/empty.xml")] == "It holds no entries."


def test_comments_come_last_and_the_part_of_the_site_asked_for_first(
    server: FaultyServer, find: Find
) -> None:
    links = "".join(
        f'<link rel="alternate" type="application/rss+xml" href="{path}">'
        for path in ("/ai/comments/feed", "/feed", "/ai/feed")
    )
    server.answers["/ai"] = html(links)
    for path in ("/ai/comments/feed", "/feed", "/ai/feed"):
        server.answers[path] = answer(body=rss(path), Content_Type=XML)
    assert [f.source.url for f in find("/ai").findings] == [
        server.url(path) for path in ("/ai/feed", "/feed", "/ai/comments/feed")
    ]


@pytest.mark.parametrize(
    ("generator", "path"),
    [("WordPress 6.9", "/blog/feed/"), ("Ghost 6.1", "/blog/rss/"), ("Hugo 0.150", "/blog/index.xml")],
)
def test_a_feed_nobody_names_is_found_where_the_sites_software_puts_it(
    generator: str,
    path: str,
    server: FaultyServer,
    find: Find,
) -> None:
    server.answers["/blog"] = html(f'<meta name="generator" content="{generator}">')
    server.answers[path] = answer(body=rss("One"), Content_Type=XML)
    (finding,) = find("/blog").findings
    assert finding.source.url == server.url(path)
    assert len(server.visits) <= 1 + MOST


def test_pages_that_answer_everything_with_themselves_are_no_feeds(server: FaultyServer, find: Find) -> None:
    page = html("<title>One page</title>")
    for path in ("/", "/feed", "/rss.xml", "/feed.xml", "/atom.xml", "/index.xml", "/rss", "/feed.json"):
        server.answers[path] = page
    found = find()
    assert found.findings == ()
    assert "web page" in dict(found.tried)[server.url("/feed")]


def test_a_sitemap_and_a_news_sitemap_are_sources(server: FaultyServer, find: Find) -> None:
    sitemap = answer(
        body=b'<?xml version="1.0"?><!-- made by hand --><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        b'xmlns:n="http://www.google.com/schemas/sitemap-news/0.9"><url><loc>https://news.example/a</loc><n:news>'
        b"<n:publication_date>2026-11-22T08:00:00Z</n:publication_date><n:title>A</n:title></n:news></url></urlset>",
        Content_Type="application/xml",
    )
    server.answers["/map.xml"] = sitemap
    (finding,) = find("/map.xml").findings
    assert (finding.source.kind, [e.title for e in finding.entries]) == (SourceKind.SITEMAP, ["A"])
    server.answers["/"] = html()
    server.answers["/news-sitemap.xml"] = sitemap
    (finding,) = find("/").findings
    assert finding.source.url == server.url("/news-sitemap.xml")


def test_a_page_without_feed_is_read_by_a_recipe_found_in_it(server: FaultyServer, find: Find) -> None:
    cards = "".join(
        f'<article class="card"><h2><a href="/news/{n}-story">Northlight opens the weights of Aurora {n}</a></h2>'
        f'<time datetime="2026-11-{n + 10}">{n + 10} November 2026</time></article>'
        for n in range(8)
    )
    menu = '<nav><a href="/">Home</a><a href="/about">About</a><a href="/jobs">Jobs</a></nav>'
    server.answers["/news"] = html("<title>News | Northlight</title>", f"{menu}<main>{cards}</main>")
    (finding,) = find("/news").findings
    assert finding.source.kind is SourceKind.LISTING
    assert finding.source.url == server.url("/news")
    assert "item" in finding.source.recipe
    assert [entry.url for entry in finding.entries] == [server.url(f"/news/{n}-story") for n in range(8)]
    assert finding.newest is not None


def test_a_site_that_cannot_be_reached_is_told_in_words(server: FaultyServer, find: Find) -> None:
    with pytest.raises(SourceError) as caught:
        find("/nothing")
    assert "404" in str(caught.value)


@pytest.mark.parametrize(
    "address", ["ftp://x.example/", "https://", "javascript:alert(1)", "https://u:p@x.example/"]
)
def test_what_is_no_web_address_is_refused_before_anything_is_asked(
    address: str, on_loop: LoopThread
) -> None:
    with pytest.raises(SourceError, match="no web address"):
        on_loop(discover(address, settings(), now=lambda: NOW))


def test_addresses_inside_are_refused_by_the_gate(on_loop: LoopThread, server: FaultyServer) -> None:
    with pytest.raises(SourceError, match="no news is fetched from there"):
        on_loop(discover(server.url("/"), settings(allow=()), now=lambda: NOW))
    assert server.visits == []


def test_robots_txt_is_obeyed_and_told(server: FaultyServer, find: Find) -> None:
    server.answers["/robots.txt"] = answer(
        body=b"User-agent: *\nDisallow: /feed\n", Content_Type="text/plain"
    )
    server.answers["/"] = html('<link rel="alternate" type="application/rss+xml" href="/feed">')
    found = find("/", obey_robots=True)
    assert found.findings == ()
    assert "robots.txt" in dict(found.tried)[server.url("/feed")]
    assert "/feed" not in server.paths()


# ------------------------------------------------------------------- by address alone


@pytest.mark.parametrize(
    ("address", "first", "kind"),
    [
        ("https://someone.substack.com/p/a-post", "https://someone.substack.com/feed", "feed"),
        ("https://medium.com/@someone/a-post-1", "https://medium.com/feed/@someone", "feed"),
        ("https://lab.medium.com/", "https://lab.medium.com/feed", "feed"),
        ("https://lab.wordpress.com/2026/", "https://lab.wordpress.com/feed/", "feed"),
        ("https://lab.ghost.io/", "https://lab.ghost.io/rss/", "feed"),
        (
            "https://www.youtube.com/channel/UCabcdefghijklmnopqrstuv/videos",
            "https://www.youtube.com/feeds/videos.xml?channel_id=UCabcdefghijklmnopqrstuv",
            "feed",
        ),
        (
            "https://www.youtube.com/playlist?list=PL1",
            "https://www.youtube.com/feeds/videos.xml?playlist_id=PL1",
            "feed",
        ),
        ("https://www.reddit.com/r/LocalLLaMA/top/", "https://www.reddit.com/r/LocalLLaMA/.rss", "reddit"),
        ("https://news.ycombinator.com/show", "https://hnrss.org/show", "feed"),
        ("https://news.ycombinator.com/", "https://news.ycombinator.com/rss", "feed"),
        (
            "https://github.com/ggml-org/llama.cpp/issues/1",
            "https://github.com/ggml-org/llama.cpp/releases.atom",
            "github-releases",
        ),
        (
            "https://huggingface.co/Qwen/Qwen3-8B",
            "https://huggingface.co/api/models?author=Qwen&sort=createdAt&direction=-1&limit=20",
            "huggingface",
        ),
        (
            "https://huggingface.co/datasets/allenai/c4",
            "https://huggingface.co/api/datasets?author=allenai&sort=createdAt&direction=-1&limit=20",
            "huggingface",
        ),
    ],
)
def test_hosts_whose_addresses_tell_where_their_feeds_are(address: str, first: str, kind: str) -> None:
    place = places_known(address)[0]
    assert (place.url, place.kind.value) == (first, kind)


@pytest.mark.parametrize(
    "address",
    [
        "https://github.com/orgs/Qwen/repositories",
        "https://github.com/Qwen",
        "https://huggingface.co/docs/hub",
        "https://huggingface.co/",
        "https://lab.example/",
        "https://notmedium.com/x",
        "https://www.youtube.com/@handle",
        "https://news.ycombinator.com/item?id=1",
    ],
)
def test_other_addresses_tell_nothing(address: str) -> None:
    assert places_known(address) == []


def test_hub_pages_are_not_fetched_for_hugging_face() -> None:
    from crawler.discovery import _source
    from crawler.page_links import PageFacts

    source = _source(places_known("https://huggingface.co/Qwen")[0], PageFacts())
    assert (source.pages, source.category, source.name) == (
        PagePolicy.NEVER,
        "release_hub",
        "Qwen on Hugging Face",
    )


def test_a_youtube_handle_page_names_its_channel() -> None:
    body = b'<html><script>var d = {"externalId":"UCabcdefghijklmnopqrstuv"}</script></html>'
    page = read_page(body, "https://www.youtube.com/@handle")
    assert page.feeds[0][0].endswith("channel_id=UCabcdefghijklmnopqrstuv")
    assert read_page(body, "https://lab.example/").feeds == ()


def test_programs_interfaces_named_like_feeds_are_left_alone() -> None:
    page = read_page(
        b'<link rel="alternate" type="application/json" href="/wp-json/wp/v2/posts/1">'
        b'<link rel="alternate" type="application/json" title="JSON Feed" href="/feed.json">'
        b'<link rel="stylesheet" type="application/rss+xml" href="/x"><link rel="alternate" hreflang="de" href="/de/">'
        b'<link rel="feed" href="/h"><a href="/feedback">F</a><a href="javascript:rss">x</a><a href="/newsfeed-ai">n</a>'
        b'<a href="https://other.example/rss.xml">Other</a><a href="?format=rss">RSS</a>',
        "https://lab.example/blog",
    )
    assert [url for url, _ in page.feeds] == ["https://lab.example/feed.json", "https://lab.example/h"]
    assert [url for url, _ in page.links] == [
        "https://lab.example/blog?format=rss",
        "https://other.example/rss.xml",
    ]


def test_usual_places_begin_beside_the_page_and_are_bounded() -> None:
    places = [place.url for place in places_usual("https://lab.example/blog", "Hugo 0.1")]
    assert places[:2] == ["https://lab.example/blog/index.xml", "https://lab.example/index.xml"]
    assert len(places) == MOST == len(set(places))


@given(
    body=st.binary(max_size=400), url=st.sampled_from(["https://a.example/", "https://www.youtube.com/@x"])
)
def test_whatever_a_page_holds_it_is_read(body: bytes, url: str) -> None:
    page = read_page(body, url)
    assert all(where.startswith(("http://", "https://")) for where, _ in (*page.feeds, *page.links))
