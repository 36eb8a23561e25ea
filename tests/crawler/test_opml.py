"""Lists of sources to files and back: OPML, CSV, TOML; lists of other readers; hostile lists."""

from __future__ import annotations

import string
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.catalogue import load_catalogue
from crawler.codes import COUNTRIES, LANGUAGES
from crawler.exchange import kind_of, make_id, read_file, take_in, write_sources
from crawler.listing import RECIPE_KEYS
from crawler.opml import MAX_BYTES, NAMESPACE, read_opml, write_opml
from crawler.source_table import CATEGORIES, KEYS, Where, read_table, to_table
from pipeline.model import ConfigError, PagePolicy, Source, SourceKind

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
SHIPPED = load_catalogue()


def back(data: bytes, form: str) -> tuple[Source, ...]:
    """Sources as a machine that knows none of them takes them in."""
    intake = take_in(read_file(data, form, "list"), (), "list")
    assert (intake.changed, intake.known, intake.refused) == ((), (), ())
    return intake.new


# ------------------------------------------------------------------- nothing is lost

_one_line = (
    st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn", "Zl", "Zp", "Co")), min_size=1, max_size=60)
    .map(str.strip)
    .filter(bool)
)
_slug = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=12)
_url = st.builds(
    lambda host, path, query: f"https://{host}.example/{path}" + (f"?q={query}&x=1" if query else ""),
    _slug,
    _slug,
    st.text(string.ascii_letters + "&<>'\"%+", max_size=8).map(lambda s: s.replace("%", "%25")),
)
_recipe = st.dictionaries(
    st.sampled_from(sorted(RECIPE_KEYS - {"item", "date_format"})), st.just('a[href*="/x<&>"]')
)


@st.composite
def sources(draw: st.DrawFn) -> Source:
    kind = draw(st.sampled_from(SourceKind))
    table: dict[str, Any] = {
        "id": draw(st.lists(_slug, min_size=1, max_size=3).map("-".join)),
        "name": draw(_one_line),
        "kind": kind.value,
        "url": draw(_url),
        "homepage": draw(st.one_of(st.just(""), _url)),
        "category": draw(st.sampled_from(CATEGORIES)),
        "language": draw(st.sampled_from(["", *sorted(LANGUAGES)])),
        "country": draw(st.sampled_from(["", *sorted(COUNTRIES)])),
        "organisation": draw(st.one_of(st.just(""), _one_line)),
        "pages": draw(st.sampled_from(PagePolicy)).value,
        "note": draw(st.one_of(st.just(""), _one_line)),
    }
    if kind is SourceKind.LISTING:
        table["recipe"] = {"item": "li", **draw(_recipe)}
    return read_table(table, Where("test"))


_lists = st.lists(sources(), max_size=6, unique_by=(lambda s: s.id, lambda s: s.url.partition("?")[0]))


@pytest.mark.parametrize("form", ["opml", "csv", "toml"])
@settings(max_examples=60, deadline=None)
@given(listed=_lists)
def test_what_is_exported_comes_back_to_the_letter(form: str, listed: list[Source]) -> None:
    assert sorted(back(write_sources(listed, form, now=NOW), form), key=lambda s: s.id) == sorted(
        listed, key=lambda s: s.id
    )


@pytest.mark.parametrize("form", ["opml", "csv", "toml"])
def test_the_whole_shipped_catalogue_survives_the_way_out_and_back(form: str) -> None:
    assert set(map(repr, back(write_sources(SHIPPED, form, now=NOW), form))) == set(map(repr, SHIPPED))


def test_importing_what_is_known_changes_nothing() -> None:
    intake = take_in(read_file(write_sources(SHIPPED, "opml", now=NOW), "opml", "list"), SHIPPED, "list")
    assert (intake.new, intake.changed, intake.refused) == ((), (), ())
    assert len(intake.known) == len(SHIPPED)


def test_every_key_of_a_source_is_carried() -> None:
    assert set(Source.__dataclass_fields__) == set(KEYS)


# ------------------------------------------------------------------- what others read


def test_other_readers_find_feeds_and_only_feeds_as_subscriptions() -> None:
    root = ElementTree.fromstring(write_opml(SHIPPED, now=NOW))
    outlines = [o for o in root.iter("outline") if o.get("type")]
    subscribed = {o.get("xmlUrl") for o in outlines if o.get("type") == "rss"}
    assert subscribed == {s.url for s in SHIPPED if s.kind in {SourceKind.FEED, SourceKind.GITHUB_RELEASES}}
    assert all(o.get("xmlUrl") is None and o.get("url") for o in outlines if o.get("type") == "link")
    assert all(o.get("text") and o.get("title") for o in outlines)
    folders = [o.get("text") for o in root.findall("body/outline")]
    assert folders[:2] == ["Press", "Lab blog"]


def test_keys_that_may_hold_secrets_stay_here_unless_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    monkeypatch.setitem(KEYS, "note", replace(KEYS["note"], private=True))  # type: ignore[index]
    source = Source("lab", "Lab", SourceKind.FEED, "https://lab.example/rss", note="hush-hush")
    for form in ("opml", "csv", "toml", "json"):
        assert b"hush-hush" not in write_sources([source], form, now=NOW)
        assert b"hush-hush" in write_sources([source], form, now=NOW, private=True)


def test_csv_cells_are_no_formulas() -> None:
    source = Source("lab", "=HYPERLINK(1)", SourceKind.FEED, "https://lab.example/rss")
    text = write_sources([source], "csv", now=NOW).decode()
    assert "'=HYPERLINK(1)" in text
    assert back(text.encode(), "csv") == (source,)


# ------------------------------------------------------------------- lists of others

FOREIGN = """<?xml version="1.0" encoding="UTF-8"?>
<opml version="1.0"><head><title>Mine</title></head><body>
<outline text="Lab Blogs" title="Lab Blogs">
  <outline type="rss" text="Northlight&#10;  AI" title="Northlight" xmlUrl="https://north.example/feed.xml"
    htmlUrl="https://north.example/" language="en-us"/>
  <outline text="Deep"><outline type="rss" xmlUrl="https://deep.example/rss" text="量子"/></outline>
</outline>
<outline type="rss" text="" xmlUrl="https://bare.example/rss"/>
<outline type="rss" text="ggml" xmlUrl="https://github.com/ggml-org/ggml/releases.atom" category="/tech/Release Hubs"/>
<outline type="link" text="A site" url="https://site.example/"/>
<outline type="rss" text="broken" xmlUrl="feed://nowhere"/>
<outline text="Only words"/>
</body></opml>"""


def test_lists_of_other_readers_are_taken_with_their_folders_as_categories() -> None:
    intake = take_in(read_opml(FOREIGN.encode(), "mine.opml"), (), "mine.opml")
    by_id = {source.id: source for source in intake.new}
    assert list(by_id) == ["northlight-ai", "deep-example", "bare-example", "ggml"]
    north = by_id["northlight-ai"]
    assert (north.name, north.category, north.language) == ("Northlight AI", "lab_blog", "en")
    assert north.homepage == "https://north.example/"
    assert by_id["deep-example"].category == "lab_blog"
    assert (by_id["bare-example"].name, by_id["bare-example"].category) == ("bare.example", "press")
    assert (by_id["ggml"].kind, by_id["ggml"].category) == (SourceKind.GITHUB_RELEASES, "release_hub")
    assert [(n.name, "http or https" in n.reason) for n in intake.refused] == [("broken", True)]


def test_a_category_may_be_given_for_those_without() -> None:
    intake = take_in(read_opml(FOREIGN.encode(), "m"), (), "m", category="newsletter")
    assert [source.category for source in intake.new] == ["lab_blog", "lab_blog", "newsletter", "release_hub"]


def test_sources_polled_already_are_named_and_changes_of_known_ones_told_apart() -> None:
    golem = next(source for source in SHIPPED if source.id == "golem")
    rows = [
        {"url": golem.url.replace("https", "http"), "name": "Golem again"},
        {**to_table(golem), "pages": "all"},
    ]
    intake = take_in(rows, SHIPPED, "list")
    assert [(n.name, n.known) for n in intake.known] == [("Golem again", "golem")]
    assert [(s.id, s.pages) for s in intake.changed] == [("golem", PagePolicy.ALL)]
    assert intake.new == ()


def test_encodings_other_than_utf_8_are_read() -> None:
    for encoding in ("utf-16", "iso-8859-1"):
        text = FOREIGN.replace("量子", "Zürich").replace("UTF-8", encoding)
        names = [table["name"] for table in read_opml(text.encode(encoding), "m") if "name" in table]
        assert "Zürich" in names


# ------------------------------------------------------------------- lists made to do harm

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE opml [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1 or str()};" * 10}">' for n in range(1, 12))
    + '<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    '<opml version="2.0"><body><outline text="&a11;" xmlUrl="https://x.example/"/></body></opml>'
)
DEEP = "<opml><body>" + '<outline text="x">' * 5000 + "</outline>" * 5000 + "</body></opml>"
MANY = "<opml><body>" + '<outline text="x"/>' * 20_001 + "</body></opml>"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (BOMB.encode(), "entities"),
        (BOMB.encode("utf-16"), "entities"),
        (DEEP.encode(), "nested more than 32"),
        (MANY.encode(), "more than 20,000"),
        (b" " * (MAX_BYTES + 1), "larger than 5 MiB"),
        (b"<html><body>Log in</body></html>", "no OPML but <html>"),
        (b"", "no well-formed OPML"),
        (b"<opml><body>", "no well-formed OPML"),
        (b"\x00\xff\xfe", "no well-formed OPML"),
        (b"<?xml version='1.0' encoding='x-none'?><opml/>", "no well-formed OPML"),
        (
            f'<opml><body><outline xmlns:u="{NAMESPACE}" u:kind="listing" u:recipe="{{" xmlUrl="https://x.example/"/></body></opml>'.encode(),
            "unsealed:recipe holds no JSON",
        ),
    ],
)
def test_hostile_and_broken_lists_are_refused_in_words(data: bytes, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_opml(data, "m.opml")
    assert words in str(caught.value)
    assert "m.opml" in str(caught.value)


@settings(max_examples=200, deadline=None)
@given(
    data=st.one_of(
        st.binary(max_size=300),
        st.text(max_size=300).map(lambda t: f"<opml><body>{t}</body></opml>".encode()),
    )
)
def test_whatever_a_list_holds_it_is_read_or_refused(data: bytes) -> None:
    try:
        take_in(read_opml(data, "m"), (), "m")
    except ConfigError as error:
        assert error.about == "m"


def test_keys_nobody_knows_refuse_the_one_source_not_the_list() -> None:
    text = (
        f'<opml xmlns:u="{NAMESPACE}"><body><outline u:colour="red" u:id="a" text="A" xmlUrl="https://a.example/"/>'
        '<outline text="B" xmlUrl="https://b.example/"/></body></opml>'
    )
    intake = take_in(read_opml(text.encode(), "m"), (), "m")
    assert [source.name for source in intake.new] == ["B"]
    assert "colour" in intake.refused[0].reason


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name\nA\n", "no column “url”"),
        ("url,nmae\nhttps://a.example/,A\n", "Did you mean “name”?"),
        ("url\nhttps://a.example/,A,B\n", "more cells"),
        ('url,name\nhttps://a.example/,"A\n', "no CSV"),
        ("url,recipe\nhttps://a.example/,{\n", "no JSON"),
    ],
)
def test_csv_that_cannot_be_read_is_refused_by_line(text: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_file(text.encode(), "csv", "list.csv")
    assert words in str(caught.value)


# ------------------------------------------------------------------- ids and kinds


@pytest.mark.parametrize(
    ("name", "url", "taken", "expected"),
    [
        ("The Daily Model", "https://d.example/", (), "the-daily-model"),
        ("The Daily Model", "https://d.example/", ("the-daily-model",), "the-daily-model-2"),
        ("量子位", "https://www.qbitai.com/feed", (), "qbitai-com"),
        ("Siècle Digital", "https://s.example/", (), "siecle-digital"),
        ("", "not an address", (), "source"),
    ],
)
def test_ids_come_from_names_else_hosts(name: str, url: str, taken: tuple[str, ...], expected: str) -> None:
    assert make_id(name, url, taken) == expected


def test_shipped_addresses_show_their_kind_where_it_is_a_hubs() -> None:
    wrong = [s.id for s in SHIPPED if s.kind is not SourceKind.LISTING and kind_of(s.url) is not s.kind]
    assert wrong == []
