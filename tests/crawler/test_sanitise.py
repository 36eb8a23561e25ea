from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler import sanitise
from crawler.sanitise import shorten, to_html, to_line, to_text, to_text_and_html


class Inspector(HTMLParser):
    """Collects what a browser would see of sanitised markup."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in {"br", "hr"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open
        assert self.open.pop() == tag


@pytest.mark.parametrize(
    ("markup", "line", "text", "sanitised"),
    [
        ("<p>Hello <b>world</b></p><script>x()</script><p>Two</p>", "Hello world Two", "Hello world\nTwo", "<p>Hello <b>world</b></p><p>Two</p>"),
        ("&lt;p&gt;Hi &amp;amp; bye&lt;/p&gt;", "Hi & bye", "Hi & bye", "<p>Hi &amp; bye</p>"),
        ("AT&amp;amp;T &#8211; news", "AT&T – news", "AT&T – news", "AT&amp;amp;T – news"),
        ("a < b and 3 > 2", "a < b and 3 > 2", "a < b and 3 > 2", "a &lt; b and 3 &gt; 2"),
        ("one\x00\x06 two\u202e three", "one two three", "one two three", "one two three"),
        ("<title>x</title>after", "x after", "after", "after"),
        ("", "", "", ""),
    ],
)  # fmt: skip
def test_markup_becomes_words_and_harmless_markup(markup: str, line: str, text: str, sanitised: str) -> None:
    assert to_line(markup, 200) == line
    assert to_text(markup, 200) == text
    assert to_html(markup) == sanitised


def test_a_type_parameter_in_a_headline_is_no_tag() -> None:
    assert to_line("Why List<T> beats <b>arrays</b>", 200) == "Why List<T> beats arrays"


def test_links_are_absolute_and_only_to_the_web() -> None:
    markup = '<a href="/x?a=1&b=2" onclick="y()">in</a><a href="javascript:z()">bad</a><a href=" data:text/html,x">bad</a>'
    attributes = Inspector(to_html(markup, "https://example.com/feed")).attributes
    assert ("href", "https://example.com/x?a=1&b=2") in attributes
    assert {name for name, _ in attributes} == {"href", "rel"}
    assert len([name for name, _ in attributes if name == "href"]) == 1


def test_long_markup_is_cut_to_well_formed_markup() -> None:
    sanitised = to_html("<ul><li><p><b>" + "word " * 5000, limit=1000)
    assert len(sanitised) < 1100
    assert Inspector(sanitised).open == []
    assert Inspector(to_html("<ul>" + "<li><b>word</b></li>" * 500, limit=1000)).open == []


def test_depth_does_not_exhaust_the_stack() -> None:
    assert "deep" in to_text("<div>" * 200 + "deep", 100)
    to_html("<b>" * 100_000 + "deep")


def test_texts_are_cut_at_a_word_with_an_ellipsis() -> None:
    assert shorten("one two three four", 10) == "one two…"
    assert len(shorten("开源" * 100, 20)) == 20
    assert shorten("short", 10) == "short"


@pytest.mark.timeout(60)  # a quadratic pattern takes many minutes
@pytest.mark.parametrize("opening", ["<!--", "<![CDATA[", "<script", "<a ", "&lt;", "<p x='"])
def test_openings_without_end_do_not_hold_the_sanitiser_up(opening: str) -> None:
    to_html(opening * 90_000)
    assert len(to_text(opening * 90_000, 1000)) <= 1000
    assert len(to_line(opening * 90_000, 500)) <= 500


_fragments = st.lists(
    st.sampled_from(
        [
            "<script>", "</script>", "<scr", "ipt>", "<svg onload=x>", "<a href='javascript:x'>", "<a href=\"java\tscript:x\">",
            "<a href='https://e.com/'>", "</a>", "<img src=x onerror=y>", "<style>", "</style>", "<!--", "-->", "<![CDATA[",
            "]]>", "&lt;script&gt;", "&amp;lt;script&amp;gt;", "&#60;script&#62;", "<noscript><p title='</noscript><script>'>",
            "<p>", "</p>", "<plaintext>", "<title>", "<textarea>", "</textarea>", "<iframe srcdoc='", "'>", '"', "<table><td>",
            "\x00", "javascript:x", "<math><mi xlink:href='javascript:x'>", "text",
        ]
    )
    | st.text(max_size=8),
    max_size=12,
)  # fmt: skip


@given(_fragments)
def test_no_script_survives_sanitising(pieces: list[str]) -> None:
    sanitised = to_html("".join(pieces), "https://example.com/")
    assert "<script" not in sanitised.lower()
    seen = Inspector(sanitised)
    assert seen.open == []
    assert not {"script", "style", "iframe", "svg", "img", "object"} & set(seen.tags)
    assert {name for name, _ in seen.attributes} <= {"href", "rel"}
    assert all(
        (value or "").startswith(("http://", "https://")) for name, value in seen.attributes if name == "href"
    )


@given(_fragments, st.integers(min_value=1, max_value=60))
def test_plain_text_is_bounded_and_one_line_where_asked(pieces: list[str], limit: int) -> None:
    markup = "".join(pieces)
    assert len(to_line(markup, limit)) <= limit
    assert len(to_text(markup, limit)) <= limit
    assert "\n" not in to_line(markup, limit)


# ------------------------------------------------------------------- the quick way and the parser

_INLINE = ("a", "b", "em", "code", "span", "sup", "mark")
_BLOCK = ("p", "h2", "pre", "figcaption")
_BOX = ("div", "blockquote", "section", "ul", "ol", "li")
_scraps = st.sampled_from(
    ["word ", "a < b", "x > y", "&amp;", "&nbsp;", "&eacute;t&eacute;", "&#8217;", "&#150;", "&bogus;", "AT&T", "é中文", "\n", "  ", "\t",
     "<br>", "<br/>", "<hr />", '<img src="x" alt="a > b">', "<img src=x>", "<wbr>", "<!-- c -->", "<script>x()</script>", "<i>", "</i>", "<P>Q</P>",
     '<a href="https://o.example/?a=1&amp;b=2">l</a>', '<a class="k" href=\'/rel\' title="t">l</a>', '<a href="javascript:x()">l</a>',
     '<a href="https://o.example/x" onclick="x()">l</a>', '<a name="n">l</a>', '<p class="x" id=y>k</p>', "<p/>", "<td>cell</td>"]
)  # fmt: skip


def _around(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    names = st.sampled_from(_INLINE + _BLOCK + _BOX)
    return st.tuples(names, st.lists(inner, max_size=4)).map(lambda t: f"<{t[0]}>{''.join(t[1])}</{t[0]}>")


_pages = st.lists(st.recursive(_scraps, _around, max_leaves=12), max_size=6).map("".join)


@settings(max_examples=300, deadline=None)
@given(_pages)
def test_the_quick_way_gives_what_the_parser_gives(markup: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        quick = to_text_and_html(markup, "https://base.example/dir/", 400)
        patch.setattr(sanitise, "read_simple", lambda markup, link: None)
        assert quick == to_text_and_html(markup, "https://base.example/dir/", 400)


def test_simple_markup_takes_no_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sanitise, "_events", None)
    markup = '<div><p>One <a href="/two">two</a>&nbsp;&amp; <b>three</b><br/>four</p><ul><li>five</li></ul><img src="x"></div>'
    text, copy = to_text_and_html(markup, "https://n.example/", 100)
    assert text == "One two & three\nfour\nfive"
    assert '<a href="https://n.example/two" rel="nofollow noopener noreferrer">two</a>' in copy
