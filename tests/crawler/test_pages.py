from __future__ import annotations

import gzip
import importlib.util
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.pages import extract

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
URL = "https://www.press.example/ai/kite-opens?utm_source=rss"
SHARED = Path(os.environ.get("UNSEALED_SHARED", "../shared")) / "extraction"

PARAGRAPHS = [
    "Kite Lab has put the weights of its Kite 2 model on the web, and with them the code that it was trained with.",
    "The company says that anybody may use, change and sell what it has published, as long as the licence text is kept.",
    "Researchers who tried the model before its release say that it does well on long documents in several languages.",
]


def page(head: str = "", body: str = "", lang: str = "en") -> str:
    text = "".join(f"<p>{p}</p>" for p in PARAGRAPHS)
    return (
        f'<!doctype html><html lang="{lang}"><head><title>Kite 2 is open | The Press</title>{head}</head><body>'
        '<nav><ul><li><a href="/">Home</a></li><li><a href="/ai">AI</a></li></ul></nav>'
        f'<article><h1>Kite 2 is open</h1>{body}{text}<p>More at <a href="https://kite.example/k2#files">the lab\'s own page about it</a>'
        ' and in <a href="/ai/earlier">an earlier story of ours</a>.</p></article>'
        '<aside><p>Related: <a href="/ai/other">Another story that has nothing to do with it</a></p></aside>'
        "<footer><p>© The Press. Cookies and terms.</p></footer></body></html>"
    )


def ld(**more: object) -> str:
    node = {"@type": "NewsArticle", "headline": "Kite 2 is open"} | more
    return f'<script type="application/ld+json">{json.dumps({"@context": "https://schema.org", "@graph": [{"@type": "WebSite"}, node]})}</script>'


META = (
    '<meta property="og:title" content="Kite 2 is open - The Press"><meta property="og:site_name" content="The Press">'
    '<meta property="article:published_time" content="2026-03-02T09:00:00+01:00"><meta name="author" content="By Ada Byte and Bo Li">'
    '<meta property="og:image" content="/kite.jpg"><link rel="canonical" href="/ai/kite-opens/">'
)


def test_a_page_is_read_whole() -> None:
    head = META + ld(
        datePublished="2026-03-02T08:00:00Z",
        dateModified="2026-03-03T08:00:00Z",
        author=[{"name": "Ada Byte"}, {"name": "Bo Li"}],
    )
    read = extract(page(head), URL, now=NOW)
    assert read.title == "Kite 2 is open"
    assert read.canonical_url == "https://www.press.example/ai/kite-opens"
    assert read.published == datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert read.updated == datetime(2026, 3, 3, 8, tzinfo=UTC)
    assert read.authors == ("Ada Byte", "Bo Li")
    assert (read.language, read.outlet) == ("en", "The Press")
    assert read.image == "https://www.press.example/kite.jpg"
    assert "\n\n".join(PARAGRAPHS) in read.text
    assert "Cookies" not in read.text
    assert read.links == ("https://kite.example/k2#files", "https://www.press.example/ai/earlier")
    assert read.origins["published"] == "json-ld"
    assert {
        "title": "h1",
        "text": "page",
        "canonical_url": "link",
        "outlet": "meta",
    }.items() <= read.origins.items()


def test_without_json_ld_the_meta_tags_serve() -> None:
    read = extract(page(META), URL, now=NOW)
    assert read.published == datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert read.authors == ("Ada Byte", "Bo Li")
    assert (read.origins["published"], read.origins["authors"]) == ("meta", "meta")


def test_without_any_of_them_the_time_of_the_article_serves() -> None:
    read = extract(page(body='<time datetime="2026-03-02">2 March</time>'), URL, now=NOW)
    assert read.published == datetime(2026, 3, 2, tzinfo=UTC)
    assert read.origins["published"] == "time"


@pytest.mark.parametrize(
    "block",
    [
        '{"@type": "NewsArticle", "datePublished": "2026-03-02", "keywords": ["a",],}',
        '<!-- {"@type": ["Report", "NewsArticle"], "datePublished": "2026-03-02"} -->',
        '[{"@type": "BreadcrumbList"}, {"@type": "BlogPosting", "datePublished": "2026-03-02"}]',
        '{"@type": "NewsArticle", "headline": "A "quoted" word", "datePublished": "2026-03-02"}',
        '{"@type": "NewsArticle", "description": "two\nlines", "datePublished": "2026-03-02"};',
        '{"@type": "WebPage", "mainEntity": {"@type": "Article", "datePublished": "2026-03-02"}}',
        '{"@type": "WebPage", "datePublished": "2026-03-02"}',
    ],
)
def test_json_ld_is_read_in_all_its_shapes(block: str) -> None:
    read = extract(page(f'<script type="application/ld+json">{block}</script>'), URL, now=NOW)
    assert read.published == datetime(2026, 3, 2, tzinfo=UTC)
    assert read.origins["published"] == "json-ld"


def test_of_several_articles_the_one_of_the_page_counts() -> None:
    other = ld(headline="Other", url="https://www.press.example/ai/other", datePublished="2026-01-01")
    own = ld(url="https://www.press.example/ai/kite-opens", datePublished="2026-03-02")
    assert extract(page(other + own), URL, now=NOW).published == datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Open weights for all | The Press", "Open weights for all"),
        ("The Press - Open weights for all", "Open weights for all"),
        ("Open weights for all - press.example", "Open weights for all"),
        ("Kite 2 - a model for all", "Kite 2 - a model for all"),
        ("开源模型发布_The Press", "开源模型发布"),
    ],
)
def test_the_name_of_the_site_is_cut_off_a_title(title: str, expected: str) -> None:
    html = f'<html><head><title>{title}</title><meta property="og:site_name" content="The Press"></head><body><p>{PARAGRAPHS[0]}</body></html>'
    assert extract(html, URL).title == expected


def test_a_heading_that_is_only_the_logo_is_no_title() -> None:
    html = (
        "<html><head><title>Open weights | The Press</title></head><body><h1>The Press</h1><p>x</body></html>"
    )
    assert extract(html, "https://thepress.example/a-story").title == "Open weights"


def test_a_canonical_link_to_elsewhere_or_to_the_front_page_is_not_believed() -> None:
    for link in ("https://evil.example/x", "https://www.press.example/", "javascript:x"):
        read = extract(page(f'<link rel="canonical" href="{link}">'), URL)
        assert read.canonical_url == "https://www.press.example/ai/kite-opens"


def test_dates_of_the_future_are_not_believed() -> None:
    assert extract(page(ld(datePublished="2031-01-01")), URL, now=NOW).published is None


def test_chinese_is_known_by_its_script_whatever_the_page_says() -> None:
    text = "".join(
        f"<p>{'风筝实验室今天公开了模型的全部权重和训练代码，任何人都可以下载使用。' * 3}</p>"
        for _ in range(4)
    )
    html = f'<html lang="en"><body><article><h1>风筝二号模型今日正式开源</h1>{text}</article></body></html>'
    read = extract(html, "https://press.example/1")
    assert (read.language, read.title) == ("zh", "风筝二号模型今日正式开源")
    assert "训练代码" in read.text


def test_a_teaser_page_gives_the_article_of_its_json_ld() -> None:
    whole = "\n".join(
        [*PARAGRAPHS, *(f"Part {n} of the article goes on with what the lab told us." for n in range(30))]
    )
    read = extract(page(ld(articleBody=whole)), URL)
    assert "\n\nPart 29 of" in read.text
    assert read.origins["text"] == "json-ld"


@pytest.mark.parametrize(
    "html",
    [
        "",
        " ",
        "\x00",
        "<",
        "<html>",
        "plain words",
        "<!-- -->",
        "{}",
        "<p>" * 50_000,
        "<a href='http://[::1'>x</a>",
    ],
)
def test_odd_pages_give_what_there_is(html: str) -> None:
    assert extract(html, None).url == ""
    assert extract(html, "https://press.example/x").url == "https://press.example/x"


def test_a_page_of_a_million_elements_is_read_by_its_beginning() -> None:
    html = f"<html><body><article><h1>Kite 2 is open</h1><p>{PARAGRAPHS[0]}</p>" + "<p>a</p>" * 60_000
    read = extract(html, URL)
    assert read.title == "Kite 2 is open"
    assert PARAGRAPHS[0] in read.text


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=80), st.integers(min_value=0, max_value=1500))
def test_damage_anywhere_never_raises(noise: str, place: int) -> None:
    html = page(META + ld(datePublished="2026-03-02"))
    extract(html[:place] + noise + html[place:], URL, now=NOW)


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"{SHARED} is not there (set UNSEALED_SHARED)")
def test_real_pages_are_read_well() -> None:
    spec = importlib.util.spec_from_file_location("extraction_evaluate", SHARED / "evaluate.py")
    assert spec is not None
    assert spec.loader is not None
    evaluate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(evaluate)
    rows = [
        json.loads(line)
        for line in (SHARED / "fundus" / "truth.jsonl").read_text(encoding="utf-8").splitlines()[:60]
    ]
    pages = [
        (row, gzip.decompress((SHARED / "fundus" / "pages" / f"{row['id']}.html.gz").read_bytes()).decode())
        for row in rows
    ]
    figures = evaluate.run(extract, pages, timeout=30)
    assert figures["crashed"] == figures["timed_out"] == 0
    assert figures["text_f1"] >= 0.94
    assert figures["title"] >= 0.65
    assert figures["date"] >= 0.95
    assert figures["date_wrong"] <= 0.03


@pytest.mark.parametrize(
    ("line", "authors"),
    [
        ("By Ada Byte", ("Ada Byte",)),
        ("Von: Ada Byte, Bo Li", ("Ada Byte", "Bo Li")),
        ("Par Ada Byte et Bo Li", ("Ada Byte", "Bo Li")),
        ("March 2, 2026 | By Ada Byte | 5 min read", ("Ada Byte",)),
        ("Parenting", ()),
        ("Porsche", ()),
        ("Updated March 2, 2026", ()),
    ],
)
def test_a_byline_under_the_headline_names_the_authors(line: str, authors: tuple[str, ...]) -> None:
    html = f"<html><body><h1>Kite 2 is open</h1><div>{line}</div><p>{PARAGRAPHS[0]}</p></body></html>"
    assert extract(html, URL, now=NOW).authors == authors
