from __future__ import annotations

import contextlib
import gzip
import json
import os
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.feeds import read_feed
from crawler.readers import read_source
from pipeline.model import FeedError, Source, SourceKind

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
URL = "https://news.example/feed.xml"
SHARED = Path(os.environ.get("UNSEALED_SHARED", "../shared")) / "feeds"


def rss(items: str, head: str = '<?xml version="1.0" encoding="utf-8"?>', channel: str = "") -> str:
    return (
        f'{head}<rss version="2.0"><channel><title>News</title><link>/</link>{channel}{items}</channel></rss>'
    )


def item(number: int = 1, **more: str) -> str:
    fields = {
        "title": f"Story {number}",
        "link": f"https://news.example/{number}",
        "guid": f"g{number}",
    } | more
    return "<item>" + "".join(f"<{k}>{v}</{k}>" for k, v in fields.items() if v) + "</item>"


# ------------------------------------------------------------------------------- formats


def test_rss_2_is_read_whole() -> None:
    body = rss(
        "<item><title>Kite 2 is &amp;quot;open&amp;quot; &amp;amp; free</title><link>/kite?utm_source=rss&amp;id=2</link>"
        "<guid isPermaLink='false'>tag:kite-2</guid><pubDate>Mon, 02 Mar 2026 10:00:00 +0100</pubDate>"
        "<author>desk@news.example (Ada Byte)</author><category>models</category>"
        "<description><![CDATA[<p>Weights &amp; code.</p><script>x()</script><p><a href='/more'>More</a></p>]]></description></item>",
        channel="<language>de-DE</language>",
    )
    feed = read_feed(body.encode(), url=URL, source_id="news", now=NOW)
    assert (feed.version, feed.title, feed.problem) == ("rss20", "News", None)
    (entry,) = feed.entries
    assert entry.source_id == "news"
    assert entry.title == 'Kite 2 is "open" & free'
    assert entry.url == "https://news.example/kite?utm_source=rss&id=2"
    assert entry.canonical_url == "https://news.example/kite?id=2"
    assert entry.guid == "tag:kite-2"
    assert entry.published == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert entry.updated is None
    assert entry.authors == ("Ada Byte",)
    assert entry.tags == ("models",)
    assert entry.language == "de"
    assert entry.summary == "Weights & code.\nMore"
    assert 'href="https://news.example/more"' in entry.summary_html
    assert "script" not in entry.summary_html


def test_rss_1_gives_its_only_date_as_published() -> None:
    body = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
      xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://news.example/"><title>RDF</title></channel>
      <item rdf:about="https://news.example/1"><title>一</title><link>https://news.example/1</link>
      <dc:date>2026-03-02T10:00:00+09:00</dc:date><dc:creator>Ada</dc:creator></item></rdf:RDF>"""
    feed = read_feed(body.encode(), url=URL, now=NOW)
    assert feed.version == "rss10"
    assert feed.entries[0].published == datetime(2026, 3, 2, 1, tzinfo=UTC)
    assert feed.entries[0].authors == ("Ada",)


def test_rss_0_91_without_guid_is_known_by_its_link() -> None:
    body = '<rss version="0.91"><channel><title>Old</title><item><title>A</title><link>http://news.example/a</link></item></channel></rss>'
    feed = read_feed(body.encode(), url=URL, now=NOW)
    assert feed.version == "rss091u"
    assert feed.entries[0].guid == "http://news.example/a"


def test_atom_is_read_with_xml_base_and_both_dates() -> None:
    body = """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="fr" xml:base="https://other.example/blog/"><title>Atom</title>
      <entry><id>urn:1</id><title type="html">Un &lt;b&gt;modèle&lt;/b&gt;</title><link rel="self" href="self.xml"/>
      <link href="one"/><published>2026-03-01T00:00:00Z</published><updated>2026-03-02T00:00:00Z</updated>
      <author><name>Zoé</name><email>z@other.example</email></author>
      <content type="html">&lt;p&gt;&lt;a href="deep"&gt;Texte&lt;/a&gt;&lt;/p&gt;</content></entry></feed>"""
    (entry,) = read_feed(body.encode(), url=URL, now=NOW).entries
    assert entry.title == "Un modèle"
    assert entry.url == "https://other.example/blog/one"
    assert (entry.published, entry.updated) == (
        datetime(2026, 3, 1, tzinfo=UTC),
        datetime(2026, 3, 2, tzinfo=UTC),
    )
    assert entry.authors == ("Zoé",)
    assert entry.language == "fr"
    assert 'href="https://other.example/blog/deep"' in entry.summary_html


def test_atom_0_3_is_read() -> None:
    body = """<feed version="0.3" xmlns="http://purl.org/atom/ns#"><title>Old Atom</title><entry><id>1</id><title>A</title>
      <link rel="alternate" href="https://news.example/a"/><issued>2026-03-01T00:00:00Z</issued><modified>2026-03-02T00:00:00Z</modified>
      </entry></feed>"""
    feed = read_feed(body.encode(), url=URL, now=NOW)
    assert feed.version == "atom03"
    assert feed.entries[0].published == datetime(2026, 3, 1, tzinfo=UTC)
    assert feed.entries[0].updated == datetime(2026, 3, 2, tzinfo=UTC)


def test_json_feed_1_1_is_read() -> None:
    feed_json = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "J",
        "language": "ko-KR",
        "authors": [{"name": "Desk"}],
        "items": [
            {"id": 7, "url": "/7", "title": "공개", "content_html": "<p>본문</p>", "date_published": "2026-03-02T00:00:00Z", "tags": ["ai", 3]},
            {"id": "8", "external_url": "https://other.example/8", "content_text": "a < b", "authors": [{"name": "Kim"}]},
            "junk",
        ],
    }  # fmt: skip
    feed = read_feed(b"\xef\xbb\xbf" + json.dumps(feed_json).encode(), url=URL, now=NOW)
    first, second = feed.entries
    assert feed.version == "json11"
    assert (first.guid, first.url, first.title, first.language) == (
        "7",
        "https://news.example/7",
        "공개",
        "ko",
    )
    assert (first.authors, first.tags) == (("Desk",), ("ai",))
    assert first.summary == "본문"
    assert (second.url, second.summary, second.summary_html) == (
        "https://other.example/8",
        "a < b",
        "a &lt; b",
    )
    assert second.authors == ("Kim",)
    assert feed.problem is not None
    assert "1 left out" in feed.problem.message


def test_json_feed_1_0_names_a_single_author() -> None:
    feed_json = {
        "version": "https://jsonfeed.org/version/1",
        "items": [{"id": "https://news.example/1", "author": {"name": "Ada"}}],
    }
    feed = read_feed(json.dumps(feed_json).encode(), url=URL, now=NOW)
    assert feed.version == "json1"
    assert (feed.entries[0].url, feed.entries[0].authors) == ("https://news.example/1", ("Ada",))


# --------------------------------------------------------------------------------- traps


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b" \n\xef\xbb\xbf ", "empty"),
        (b"<!doctype html><title>Just a moment...</title><p>Checking", "keeps programs out"),
        (b"<html><head><title>Our news</title></head><body>hello</body></html>", "web page"),
        (b'{"items": []}', "JSON of another kind"),
        (b"[1, 2]", "JSON of another kind"),
        (b"<opml version='2.0'><body/></opml>", "XML of another kind"),
        (b"hello", "something else"),
        (b"%PDF-1.7\x00\xff", "something else"),
    ],
)
def test_what_is_no_feed_is_refused_in_words(body: bytes, words: str) -> None:
    with pytest.raises(FeedError, match=words):
        read_feed(body, url=URL, now=NOW)


def test_a_web_page_that_names_its_feed_leads_there() -> None:
    page = b'<html><head><link rel="alternate" type="application/rss+xml" href="/rss.xml"></head></html>'
    with pytest.raises(FeedError, match=r"https://news\.example/rss\.xml"):
        read_feed(page, url="https://news.example/", now=NOW)


def test_a_feed_without_entries_is_a_feed() -> None:
    assert read_feed(rss("").encode(), url=URL, now=NOW).entries == ()


def test_a_body_is_never_taken_for_a_path(tmp_path: Path) -> None:
    secret = tmp_path / "feed.xml"
    secret.write_text(rss(item()))
    with pytest.raises(FeedError):
        read_feed(str(secret).encode(), url=URL, now=NOW)


def test_bare_ampersands_and_html_entities_are_mended() -> None:
    body = rss(item(1, title="AT&T opens R&D &mdash; free")) + "\n"
    feed = read_feed(body.encode(), url=URL, now=NOW)
    assert feed.entries[0].title == "AT&T opens R&D — free"
    assert feed.problem is not None
    assert feed.problem.code == "lenient"
    assert "not well-formed" in feed.problem.message


def test_a_feed_cut_off_within_an_item_gives_the_whole_ones() -> None:
    whole = rss(item(1) + item(2) + item(3))
    feed = read_feed(whole[: whole.index("g3")].encode(), url=URL, now=NOW)
    assert [e.guid for e in feed.entries] == ["g1", "g2"]
    assert feed.problem is not None
    assert "cut off" in feed.problem.message


def test_forbidden_characters_do_not_spoil_a_feed() -> None:
    feed = read_feed(rss(item(1, title="Bell\x06 rings")).encode(), url=URL, now=NOW)
    assert feed.entries[0].title == "Bell rings"
    assert feed.problem is not None


@pytest.mark.parametrize(
    ("declared", "header", "actual"),
    [
        ("utf-8", "", "utf-8"),
        ("iso-8859-1", "text/xml; charset=iso-8859-1", "utf-8"),
        ("utf-8", "text/xml", "utf-8"),
        ("utf-8", "application/xml; charset=us-ascii", "utf-8"),
        ("gb2312", "", "gb18030"),
        ("utf-8", "text/xml; charset=utf-8", "gb18030"),
        ("utf-16", "", "utf-16"),
    ],
)
def test_chinese_is_read_whatever_the_headers_claim(declared: str, header: str, actual: str) -> None:
    body = rss(
        item(1, title="开源大模型发布，权重可以下载"), head=f'<?xml version="1.0" encoding="{declared}"?>'
    )
    feed = read_feed(body.encode(actual), url=URL, content_type=header, now=NOW)
    assert feed.entries[0].title == "开源大模型发布，权重可以下载"


def test_western_bytes_in_a_feed_that_claims_utf_8_are_read() -> None:
    body = rss(item(1, title="Modèle à poids ouverts")).encode("windows-1252")
    feed = read_feed(body, url=URL, now=NOW)
    assert feed.entries[0].title == "Modèle à poids ouverts"
    assert feed.problem is not None
    assert "WINDOWS-1252" in feed.problem.message


def test_one_bad_byte_does_not_turn_a_feed_into_another_encoding() -> None:
    body = (
        rss(item(1, title="开源大模型" * 60))
        .encode()
        .replace(b"</title><link>https", b"\xff</title><link>https")
    )
    assert read_feed(body, url=URL, now=NOW).entries[0].title.startswith("开源大模型")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026年3月2日", datetime(2026, 3, 2, tzinfo=UTC)),
        ("1772445600", datetime(2026, 3, 2, 10, tzinfo=UTC)),
        ("Mon, 02 Mar 2026 10:00:00", datetime(2026, 3, 2, 10, tzinfo=UTC)),
        ("Mon, 02 Mar 1999 10:00:00 GMT", None),
        ("Mon, 02 Mar 2099 10:00:00 GMT", None),
        ("soon", None),
    ],
)
def test_dates_are_right_or_absent(written: str, expected: datetime | None) -> None:
    (entry,) = read_feed(rss(item(1, pubDate=written)).encode(), url=URL, now=NOW).entries
    assert entry.published == expected
    assert entry.updated is None


def test_scripts_in_titles_and_links_do_no_harm() -> None:
    body = """<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title><entry><id>1</id>
      <title type="text">Hi &lt;script&gt;alert(1)&lt;/script&gt;there</title><link href="javascript:alert(1)"/></entry>
      <entry><id>2</id><title type="text">Hi &lt;script&gt;alert(1)&lt;/script&gt;there</title><link href="https://news.example/2"/></entry></feed>"""
    feed = read_feed(body.encode(), url=URL, now=NOW)
    assert [e.title for e in feed.entries] == ["Hi there"]
    assert feed.problem is not None
    assert "no web address" in feed.problem.message


def test_entries_without_a_link_are_counted_and_a_guid_that_is_one_serves() -> None:
    body = rss(item(1, link="") + item(2, link="", guid="https://news.example/2"))
    feed = read_feed(body.replace("<guid>", "<guid isPermaLink='false'>").encode(), url=URL, now=NOW)
    assert [e.url for e in feed.entries] == ["https://news.example/2"]
    assert feed.problem is not None
    assert "1 left out because they have no web link" in feed.problem.message


def test_equal_guids_lose_no_entry_and_order_does_not_matter() -> None:
    items = [item(n, guid="same") for n in (1, 2, 3)]
    forward = read_feed(rss("".join(items)).encode(), url=URL, now=NOW).entries
    backward = read_feed(rss("".join(reversed(items))).encode(), url=URL, now=NOW).entries
    assert len({e.guid for e in forward}) == 3
    assert {(e.guid, e.url) for e in forward} == {(e.guid, e.url) for e in backward}


def test_entries_that_share_link_and_title_are_kept_by_their_guids() -> None:
    items = item(1, title="March", link="https://news.example/log") + item(
        2, title="March", link="https://news.example/log"
    )
    assert len(read_feed(rss(items).encode(), url=URL, now=NOW).entries) == 2


def test_an_item_listed_twice_is_one() -> None:
    feed = read_feed(rss(item(1) + item(1)).encode(), url=URL, now=NOW)
    assert len(feed.entries) == 1
    assert feed.problem is not None


def test_no_more_than_the_limit_is_read_and_that_is_said() -> None:
    feed = read_feed(rss("".join(item(n) for n in range(30))).encode(), url=URL, now=NOW, limit=10)
    assert len(feed.entries) == 10
    assert feed.problem is not None
    assert "20 left out because only the first 10 are read" in feed.problem.message


def test_everything_is_bounded() -> None:
    body = rss(
        item(1, title="t" * 9000, guid="g" * 9000, description="word " * 50_000)
        + item(2, link="https://news.example/" + "x" * 3000)
    )
    (entry,) = read_feed(body.encode(), url=URL, now=NOW).entries
    assert len(entry.title) <= 500
    assert len(entry.guid) <= 512
    assert len(entry.summary) <= 6000
    assert len(entry.summary_html) <= 50_100


@pytest.mark.timeout(60)
def test_entity_bombs_and_outside_entities_do_nothing(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hidden words")
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    doctype = f'<!DOCTYPE rss [<!ENTITY l0 "ha">{levels}<!ENTITY out SYSTEM "{secret.as_uri()}">]>'
    feed = read_feed((doctype + rss(item(1, title="&l9; &out;"), head="")).encode(), url=URL, now=NOW)
    assert all("hidden" not in e.title and len(e.title) <= 500 for e in feed.entries)


@pytest.mark.timeout(60)  # a quadratic reader takes many minutes
@pytest.mark.parametrize("opening", [b"<![CDATA[", b"<!--", b"<!ENTITY ", b"<item>"])
def test_openings_without_end_do_not_hold_the_reader_up(opening: bytes) -> None:
    with contextlib.suppress(FeedError):
        assert len(read_feed(b"<rss><channel>" + opening * 100_000, url=URL, now=NOW).entries) <= 2000


def test_the_language_a_catalogue_states_counts_more_than_a_template() -> None:
    body = rss(item(), channel="<language>en-us</language>").encode()
    source = Source("zh", "Z", SourceKind.FEED, URL, language="zh")
    reading = read_source(source, body, url=URL, content_type="", now=NOW)
    assert [(e.source_id, e.language) for e in reading.entries] == [("zh", "zh")]


def test_a_refusal_is_about_the_source() -> None:
    with pytest.raises(FeedError) as caught:
        read_source(Source("news", "N", SourceKind.FEED, URL), b"", url=URL, content_type="", now=NOW)
    assert caught.value.about == "news"


# ------------------------------------------------------------------------- any input at all

_json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "id",
                    "url",
                    "title",
                    "authors",
                    "author",
                    "name",
                    "tags",
                    "date_published",
                    "content_html",
                    "summary",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(st.lists(_json, max_size=5), _json)
def test_any_junk_in_a_json_feed_costs_at_most_its_item(items: list[object], title: object) -> None:
    good = {"id": "good", "url": "https://news.example/good", "title": "Good"}
    body = json.dumps(
        {"version": "https://jsonfeed.org/version/1.1", "title": title, "items": [*items, good]}
    ).encode()
    feed = read_feed(body, url=URL, now=NOW)
    assert "https://news.example/good" in {e.url for e in feed.entries}


@given(st.binary(max_size=200), st.integers(min_value=0, max_value=400))
def test_damage_anywhere_gives_entries_or_a_refusal(noise: bytes, place: int) -> None:
    body = rss(item(1) + item(2)).encode()
    try:
        feed = read_feed(body[:place] + noise + body[place:], url=URL, now=NOW)
    except FeedError:
        return
    assert all(e.url.startswith("http") for e in feed.entries)


# ---------------------------------------------------------------------------- captured feeds


def captured() -> list[Path]:
    return sorted(SHARED.glob("*.gz"))


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"{SHARED} is not there (set UNSEALED_SHARED)")
def test_every_captured_feed_gives_at_least_what_feedparser_finds() -> None:
    files = captured()
    assert files
    read = 0
    for file in files:
        body = gzip.decompress(file.read_bytes())
        feed = read_feed(body, url=URL, now=NOW, limit=100_000)
        reference = feedparser.parse(BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
        # an item listed twice, alike in all that tells items apart, is one to us
        linked = {
            (e.get("id"), e.get("link"), e.get("title"), e.get("published"))
            for e in reference.entries
            if str(e.get("link", "")).startswith(("http://", "https://"))
        }
        assert len(feed.entries) >= len(linked), file.name
        assert len({e.guid for e in feed.entries}) == len(feed.entries), file.name
        read += len(feed.entries)
    assert read > 20 * len(files)
