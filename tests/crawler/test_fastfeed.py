"""The fast way and feedparser's must give the same entries, on whatever the fast way takes on."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from crawler import feeds
from crawler.fastfeed import FastFeed, read_fast
from crawler.feeds import FeedReading, read_feed
from pipeline.model import FeedError

NOW = datetime(2026, 11, 25, tzinfo=UTC)
URL = "https://news.example/feeds/all.xml"
SHARED = Path(os.environ.get("UNSEALED_SHARED", "../shared")) / "feeds"


def both_ways(
    body: bytes, monkeypatch: pytest.MonkeyPatch
) -> tuple[FastFeed | None, FeedReading | None, FeedReading | None]:
    """What the fast way made of it (None: left to feedparser), and what is read with and without it."""
    taken: list[FastFeed | None] = []

    def spy(plain: bytes) -> FastFeed | None:
        taken.append(read_fast(plain))
        return taken[-1]

    def leave(plain: bytes) -> FastFeed | None:
        return None

    readings: list[FeedReading | None] = []
    for way in (spy, leave):
        monkeypatch.setattr(feeds, "read_fast", way)
        try:
            readings.append(read_feed(body, url=URL, now=NOW, limit=100_000))
        except FeedError:
            readings.append(None)
    return taken[0] if taken else None, readings[0], readings[1]


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"{SHARED} is not there (set UNSEALED_SHARED)")
def test_captured_feeds_are_read_alike_and_most_of_them_the_fast_way(monkeypatch: pytest.MonkeyPatch) -> None:
    files = (
        sorted(SHARED.glob("*.xml.gz")) + sorted(SHARED.glob("*.rss.gz")) + sorted(SHARED.glob("*.atom.gz"))
    )
    fast = 0
    for file in files:
        taken, one, other = both_ways(gzip.decompress(file.read_bytes()), monkeypatch)
        if taken is not None:
            fast += 1
            assert one == other, file.name
    assert fast > 0.8 * len(files)


# --------------------------------------------------------------------------- generated feeds

_words = st.text(
    st.sampled_from("abc XYZ 09 .,;:!?'\"&<>()[]{}#%éßØ中文開源にほ한국—…\u00a0\x85\x96\n\t"), max_size=30
)
_markup = st.lists(
    st.sampled_from(
        ["<p>", "</p>", "<b>x</b>", "<a href='/rel'>y</a>", '<a href="https://o.example/?a=1&amp;b=2">z</a>', "<br>",
         "<img src='x.png'/>", "&amp;", "&nbsp;", "&#8217;", "words ", "é中", "<ul><li>1</li></ul>", "<script>no()</script>",
         "<div>", "</div>", "\n", "&lt;p&gt;"]
    ),
    max_size=8,
).map("".join)  # fmt: skip
_links = st.sampled_from(
    ["https://news.example/a", "http://news.example/b?x=1&y=2", "/relative/c", "d", "//other.example/e", "", "mailto:a@b.c",
     "javascript:alert(1)", "https://news.example/é", " https://news.example/f ", "http:///g", "#h", "https://news.example/i#j"]
)  # fmt: skip
_ids = st.sampled_from(["urn:1", "tag:news.example,2026:2", "https://news.example/3", "4", "", "/five"])
_dates = st.one_of(
    st.integers(-9999, 400).map(lambda days: format_datetime(NOW + timedelta(days=days, seconds=days * 7))),
    st.integers(-9999, 400).map(lambda days: (NOW + timedelta(days=days, seconds=days * 7)).isoformat()),
    st.sampled_from(["", "yesterday", "2026年3月2日", "1772445600", "Mon, 02 Mar 2026 10:00:00", "02.03.2026", "March 2026",
                     "Thu, 5 Mar 26 10:00 EST", "2026-03-02", "20260302T101112Z", "2026-W10-1"]),
)  # fmt: skip


def text(name: str, content: st.SearchStrategy[str], attributes: str = "") -> st.SearchStrategy[str]:
    """An element holding text, escaped or in CDATA."""
    opening = f"<{name}{attributes and ' '}{attributes}>"
    plain = content.map(lambda t: f"{opening}{escape(t)}</{name}>")
    cdata = content.map(lambda t: f"{opening}<![CDATA[{t.replace(']]>', '')}]]></{name}>")
    return plain | cdata


def attributed(name: str, **choices: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.fixed_dictionaries({}, optional=choices).map(
        lambda given: (
            f"<{name} " + " ".join(f'{k.replace("_", ":")}="{escape(v)}"' for k, v in given.items()) + "/>"
        )
    )


_shared_elements = [
    text("dc:creator", _words), text("dc:date", _dates), text("dc:subject", _words), text("dc:title", _words),
    text("dc:description", _markup), text("dcterms:issued", _dates), text("dcterms:modified", _dates),
    text("dc:language", st.just("fr")), text("itunes:author", _words), text("itunes:summary", _words),
    text("itunes:keywords", _words), text("itunes:duration", _words), text("media:title", _words),
    text("media:description", _words), text("media:credit", _words), text("media:keywords", _words),
    attributed("media:content", url=_links, medium=st.just("image")), attributed("media:thumbnail", url=_links),
    st.tuples(text("media:title", _words), text("media:description", _words)).map(lambda t: f"<media:group>{''.join(t)}</media:group>"),
    text("content:encoded", _markup), text("georss:point", st.just("1 2")), text("slash:comments", st.just("3")),
    text("odd:thing", _words), text("odd:title", _words), attributed("odd:thing", href=_links), text("wfw:commentRss", _links),
    text("feedburner:origLink", _links), attributed("atom:link", href=_links, rel=st.sampled_from(["alternate", "self", "related", "replies"]),
        type=st.sampled_from(["text/html", "application/rss+xml"]), thr_count=st.just("1")),
    st.just("<!-- a comment -->"), st.just("\n  "), text("xhtml:p", _words),
]  # fmt: skip
_rss_elements = [
    *_shared_elements,
    text("title", _words | _markup), text("title", _words), text("link", _links), text("link", _links), text("description", _markup | _words),
    text("guid", _ids), text("guid", _ids, 'isPermaLink="false"'), text("guid", _ids, 'ispermalink="true"'), text("pubDate", _dates),
    text("author", _words | st.sampled_from(["a@b.example (Ann Lee)", "Bo <bo@b.example>", "c@d.museum"])), text("category", _words),
    text("category", _words, 'domain="x"'), attributed("enclosure", url=_links, type=st.just("audio/mpeg")), text("source", _words, 'url="http://s.example/"'),
    text("comments", _links), text("image", _words), text("lastBuildDate", _dates), text("content", _markup),
]  # fmt: skip
_atom_elements = [
    *_shared_elements,
    text("title", _words), text("title", _markup, 'type="html"'), text("title", _words, 'type="text"'), text("title", _words, 'xml:lang="ko"'),
    text("id", _ids), text("published", _dates), text("updated", _dates), text("issued", _dates), text("modified", _dates), text("created", _dates),
    text("summary", _words), text("summary", _markup, 'type="html"'), text("content", _markup, 'type="html"'),
    text("content", _markup, 'type="html" xml:base="https://base.example/dir/"'), text("content", _words, 'type="image/png"'),
    text("content", _markup, 'type="text/html" mode="escaped"'),
    _words.map(lambda t: f'<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p class="x">{escape(t)}<br/><a href="rel">y</a></p></div></content>'),
    _words.map(lambda t: f'<title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">{escape(t)}<b>z</b></div></title>'),
    attributed("link", href=_links, rel=st.sampled_from(["alternate", "self", "related", "enclosure", "Alternate"]), type=st.sampled_from(["text/html", "application/atom+xml"])),
    attributed("category", term=_words, label=_words, scheme=_links), st.tuples(_words, _words).map(
        lambda t: f"<author><name>{escape(t[0])}</name><email>{escape(t[1])}</email><uri>u</uri></author>"),
    st.tuples(_words, _links).map(lambda t: f"<contributor><name>{escape(t[0])}</name></contributor><source><id>s</id><title>{escape(t[1])}</title></source>"),
    text("author", _words), text("rights", _words),
]  # fmt: skip

_SPACES = (
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:content="http://purl.org/rss/1.0/modules/content/" '
    'xmlns:media="http://search.yahoo.com/mrss/" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:atom="http://www.w3.org/2005/Atom" '
    'xmlns:georss="http://www.georss.org/georss" xmlns:slash="http://purl.org/rss/1.0/modules/slash/" xmlns:odd="https://odd.example/ns" '
    'xmlns:wfw="http://wellformedweb.org/CommentAPI/" xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0" '
    'xmlns:thr="http://purl.org/syndication/thread/1.0" xmlns:xhtml="http://www.w3.org/1999/xhtml" '
)  # fmt: skip
_NO_ATOM = _SPACES.replace('xmlns:atom="http://www.w3.org/2005/Atom" ', "")
_head = st.sampled_from(
    ["", "<language>de-DE</language>", "<dc:language>ja</dc:language>", "<itunes:summary>s</itunes:summary><description>d</description>",
     "<image><title>i</title><url>u</url></image>", "<ttl>60</ttl><itunes:owner><itunes:name>o</itunes:name></itunes:owner>"]
)  # fmt: skip


def _rss(version: str) -> Callable[[str, list[str]], str]:
    return lambda head, items: (
        f'<?xml version="1.0" encoding="utf-8"?><rss version="{version}" {_SPACES}><channel><title>T</title><link>/</link>{head}'
        + "".join(f"<item>{item}</item>" for item in items) + "</channel></rss>"
    )  # fmt: skip


def _rdf(head: str, items: list[str]) -> str:
    body = "".join(
        f'<item rdf:about="https://news.example/{n}">{item}</item>' for n, item in enumerate(items)
    )
    return (
        f'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" {_NO_ATOM}>'
        f'<channel rdf:about="x"><title>T</title>{head}<items><rdf:Seq><rdf:li rdf:resource="y"/></rdf:Seq></items></channel>{body}</rdf:RDF>'
    ).replace("atom:link", "odd:link")  # fmt: skip


def _atom(root: str) -> Callable[[str, list[str]], str]:
    return lambda head, items: (
        f"<feed {root}><title>T</title><author><name>N</name></author>" + head.replace("<image>", "<logo>").replace("</image>", "</logo>")
        + "".join(f"<entry>{item}</entry>" for item in items) + "</feed>"
    ).replace("atom:link", "link" if "2005" in root else "odd:link")  # fmt: skip


_FORMATS = {
    "rss20": (_rss("2.0"), _rss_elements),
    "rss092": (_rss("0.92"), _rss_elements),
    "rss091": (_rss("0.91"), _rss_elements),
    "rss10": (_rdf, _rss_elements),
    "atom10": (_atom(f'xmlns="http://www.w3.org/2005/Atom" xml:lang="en" {_SPACES}'), _atom_elements),
    "atom10base": (_atom(f'xmlns="http://www.w3.org/2005/Atom" xml:base="https://base.example/blog/" {_SPACES}'), _atom_elements),
    "atom03": (_atom(f'version="0.3" xmlns="http://purl.org/atom/ns#" {_NO_ATOM}'), _atom_elements),
}  # fmt: skip


@pytest.mark.parametrize("kind", _FORMATS)
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_generated_feeds_are_read_alike(kind: str, data: st.DataObject) -> None:
    write, elements = _FORMATS[kind]
    items = data.draw(
        st.lists(st.lists(st.one_of(*elements), max_size=9).map("".join), min_size=1, max_size=3)
    )
    body = write(data.draw(_head), items).replace("\x85", " ").encode()
    with pytest.MonkeyPatch.context() as patch:
        taken, one, other = both_ways(body, patch)
    assume(taken is not None)
    assert one == other


def test_what_is_usual_goes_the_fast_way() -> None:
    at = format_datetime(NOW - timedelta(days=1))
    usual = {
        "rss20": f"<item><title>T</title><link>https://n.example/1</link><guid isPermaLink='false'>1</guid><pubDate>{at}</pubDate>"
        "<dc:creator>A</dc:creator><category>c</category><description>d</description><content:encoded>e</content:encoded></item>",
        "atom10": "<entry><title type='html'>T</title><link href='https://n.example/1'/><id>1</id><updated>2026-11-24T00:00:00Z</updated>"
        "<author><name>A</name></author><content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>x</div></content></entry>",
    }  # fmt: skip
    for kind, item in usual.items():
        taken = read_fast(_FORMATS[kind][0]("", [item[item.index(">") + 1 : item.rindex("<")]]).encode())
        assert taken is not None, kind
        assert (taken.version, len(taken.entries)) == (kind, 1)


@pytest.mark.parametrize(
    "body",
    [
        "<!DOCTYPE rss [<!ENTITY a 'b'>]><rss version='2.0'><channel/></rss>",
        "<rss version='2.0'><channel><item><title>a & b</title></item></channel></rss>",
        "<rss version='2.0'><channel><item><title>a <b>c</b></title></item></channel></rss>",
        "<rss version='2.0'><channel><item><description>a <b>c</b></description></item></channel></rss>",
        "<feed xmlns='http://www.w3.org/2005/Atom' xml:base='/relative/'><entry/></feed>",
        "<feed xmlns='http://www.w3.org/2005/Atom'><entry><content type='text/html' mode='base64'>YQ==</content></entry></feed>",
        "<html><body>x</body></html>",
        "<rss version='2.0'><channel>" + "<i/>" * 600_000,
    ],
)
def test_what_is_in_doubt_is_left_to_feedparser(body: str) -> None:
    assert read_fast(body.encode()) is None
