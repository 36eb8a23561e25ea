from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.urls import MAX_URL, absolute_url, canonical_url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("HTTPS://Example.COM:443/A/b/?b=2&a=1#top", "https://example.com/A/b?a=1&b=2"),
        ("http://example.com:80", "http://example.com/"),
        ("http://example.com:8080/x", "http://example.com:8080/x"),
        ("https://example.com/x?utm_source=rss&UTM_Medium=feed&id=7", "https://example.com/x?id=7"),
        ("https://e.com/x?fbclid=1&gclid=2&mc_cid=3&ref_src=4&spm=5.6", "https://e.com/x"),
        ("https://e.com/x?from=rss", "https://e.com/x"),
        ("https://e.com/x?from=2024&source=arxiv", "https://e.com/x?from=2024&source=arxiv"),
        ("https://e.com/a-long-story/amp/", "https://e.com/a-long-story"),
        ("https://e.com/a-long-story?amp=1", "https://e.com/a-long-story"),
        ("https://e.com/docs/amp", "https://e.com/docs/amp"),
        ("https://e.com/amp", "https://e.com/amp"),
        ("https://e.com/a/../b/./c//d", "https://e.com/b/c/d"),
        ("https://e.com/a/%2e%2e/b", "https://e.com/b"),
        ("https://e.com/%e4%bd%a0/好", "https://e.com/%E4%BD%A0/%E5%A5%BD"),
        ("https://e.com/%7Euser/100%", "https://e.com/~user/100%25"),
        ("https://bücher.example/x", "https://xn--bcher-kva.example/x"),
        ("https://e.com./x", "https://e.com/x"),
        ("https://[2001:DB8:0:0::1]/x", "https://[2001:db8::1]/x"),
        ("https://e.com/x?q=a b&empty=", "https://e.com/x?empty=&q=a+b"),
        ("  https://e.com/x\n", "https://e.com/x"),
    ],
)
def test_the_canonical_form_drops_what_does_not_choose_the_article(url: str, expected: str) -> None:
    assert canonical_url(url) == expected
    assert canonical_url(expected) == expected


@pytest.mark.parametrize(
    "url",
    [
        "", "example.com/x", "/x", "ftp://e.com/x", "javascript:alert(1)", "file:///etc/passwd", "http://", "http:///x",
        "https://user:secret@e.com/", "https://e.com\\@evil.example/", "https://e.com:0/", "https://e.com:99999/",
        "http://[::1", "https://e .com/", "https://e.com/" + "x" * MAX_URL, "data:text/html,x", "mailto:a@e.com",
    ],
)  # fmt: skip
def test_what_is_no_web_address_is_refused(url: str) -> None:
    assert absolute_url(url) is None
    with pytest.raises(ValueError, match=r"address"):
        canonical_url(url)


def test_relative_links_are_made_absolute() -> None:
    assert absolute_url("../b?x=1", "https://e.com/a/c/") == "https://e.com/a/b?x=1"
    assert absolute_url("//cdn.example/b", "https://e.com/") == "https://cdn.example/b"
    assert absolute_url("a page", "https://e.com/") == "https://e.com/a%20page"
    assert absolute_url("/b") is None


_pieces = st.text(alphabet=st.characters(codec="utf-8"), max_size=12)
_hosts = st.from_regex(r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,8}[a-zA-Z0-9])?(\.[a-z]{2,5}){1,2}", fullmatch=True)


@given(
    st.sampled_from(["http", "https", "HTTP"]),
    _hosts | _pieces,
    st.lists(_pieces | st.sampled_from(["amp", "..", "%2e", "%zz", "a-b", "%25%32%65"]), max_size=5),
    _pieces,
    _pieces,
)
def test_canonical_is_idempotent(scheme: str, host: str, steps: list[str], query: str, fragment: str) -> None:
    try:
        once = canonical_url(f"{scheme}://{host}/{'/'.join(steps)}?{query}#{fragment}")
    except ValueError:
        return
    if len(once) <= MAX_URL:
        assert canonical_url(once) == once
    assert urlsplit(once).scheme in {"http", "https"}
    assert once.isascii()
    assert "#" not in once


@given(st.text(max_size=60), st.text(max_size=60))
def test_absolute_url_never_raises_and_gives_only_web_addresses(link: str, base: str) -> None:
    url = absolute_url(link, base)
    assert url is None or (url.startswith(("http://", "https://")) and urlsplit(url).hostname)


@pytest.mark.parametrize(
    ("twin", "article"),
    [
        ("https://m.press.example/a-story", "https://press.example/a-story"),
        ("https://mobile.press.example/a-story", "https://press.example/a-story"),
        ("https://amp.press.example/a-story/amp/", "https://press.example/a-story"),
        ("https://press.example/a-story/print", "https://press.example/a-story"),
        ("https://press.example/a-story?print=1", "https://press.example/a-story"),
        ("https://press.example/a-story?view=print&id=4", "https://press.example/a-story?id=4"),
        ("https://m.co.uk/a-story", "https://m.co.uk/a-story"),
        ("https://m.example/a-story", "https://m.example/a-story"),
        ("https://press.example/print", "https://press.example/print"),
        ("https://press.example/a-story?view=list", "https://press.example/a-story?view=list"),
    ],
)
def test_twins_for_telephones_and_printers_are_turned_back(twin: str, article: str) -> None:
    assert canonical_url(twin) == article
