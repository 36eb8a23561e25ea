"""Every format says the same, escapes rightly, and stays within its limits."""

from __future__ import annotations

import json
import re
import tomllib
import unicodedata
from dataclasses import replace
from datetime import UTC
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html as lxml_html
from markdown_it import MarkdownIt

import alerts.words
from alerts.digest import EditionSettings
from alerts.environments import markdown_escape, template_folder
from alerts.plain import LINE, clean, columns, safe_link, wrap
from alerts.render import FORMATS, HTML_BYTES, render, subject
from alerts.view import same_licence, story_view
from alerts.words import fields, load_words
from pipeline.model import ConfigError, Digest, Openness
from tests.alerts.samples import (
    BAD_LINKS,
    DAY,
    HOSTILE,
    hostile,
    quiet,
    rich,
    sized,
    stories,
    story,
    verified,
)

LANGUAGES = ("en", "zh")
TEXTS = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(max_size=120),
    st.lists(st.sampled_from(HOSTILE), min_size=2, max_size=3).map(" ".join),
    st.text(alphabet="<>&\"'`*_[]()#|~!:/.\\@$wh\n\r\t -+=1", max_size=80),
)
LINKS = st.one_of(st.sampled_from(BAD_LINKS), st.just("https://fine.example/a?b=1&c=(2)"))
TAGS = {
    *("html", "head", "meta", "title", "style", "body", "div", "table", "tbody", "tr", "td"),
    *("p", "h1", "h2", "h3", "span", "b", "a"),
}  # fmt: skip
ATTRIBUTES = {
    *("class", "style", "lang", "dir", "href", "role", "width", "height", "align", "valign", "charset", "name"),
    *("content", "cellpadding", "cellspacing", "aria-label"),
}  # fmt: skip
TOKENS = {
    *("heading_open", "heading_close", "paragraph_open", "paragraph_close", "bullet_list_open", "bullet_list_close"),
    *("list_item_open", "list_item_close", "blockquote_open", "blockquote_close", "fence", "inline"),
}  # fmt: skip


def page_of(digest: Digest, language: str = "en") -> Any:
    return lxml_html.fromstring(render(digest, "html", language=language))


# ------------------------------------------------------------------------------ content


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("format", ["html", "text", "markdown"])
def test_every_format_tells_every_story_with_its_grade_licence_and_proof(format: str, language: str) -> None:
    digest, words = rich(), load_words(language)
    page = render(digest, format, language=language)
    if format == "html":
        page = page_of(digest, language).text_content()
    page = re.sub(r"[\s|>\\]+", "", page)
    for told in (*digest.stories, *digest.reversals):
        assert re.sub(r"[\s|]+", "", told.title) in page
        assert re.sub(r"\s+", "", words(f"grade.{told.openness.value}")) in page
        if len(told.announcements) == 1:
            assert re.sub(r"[\s|]+", "", told.evidence) in page
            assert (told.licence or "") in page
    for brief in digest.briefs:
        assert re.sub(r"\s+", "", brief.title) in page
    for note in digest.sources_failed:
        assert re.sub(r"\s+", "", note.message) in page


def test_the_text_of_a_story_reads_well() -> None:
    page = render(replace(rich(), stories=stories()[:1]), "text")
    assert (
        """
 1. Northlight opens Lumen-3, a 120-billion-parameter reasoning model, under
    Apache 2.0
    ● Open source · Apache-2.0
    Northlight · Lumen-3 · model
    | “The weights, the training code and the evaluation suite are available
    | today under the Apache 2.0 licence, the company said.” — The Model
    | Post
    ✓ Verified: Model Hub shows licence Apache-2.0 and the weights
    Covered by 9 outlets in 7 languages · First: Gradient Daily, 22 Nov
      08:25 · Best: The Model Post · Also: Weights & Measures, 열린지능신문,
      Red Abierta, Le Fil Neuronal, KI-Rundschau, 2 more
    https://model-post.example/2026/11/22/story-1?from=feed&part=0
"""
        in page
    )


def test_what_must_not_be_overlooked_is_said_in_words() -> None:
    page = render(rich(), "text")
    for notice in (
        "! Called open source, but the licence (Stratos-Community) makes it open",
        "! Reports disagree on the licence: OpenRAIL-M (2), Apache-2.0 (1)",
        "! Check says otherwise: Model Hub has the entry, but no files yet",
        "✕ Closed again · ▲ Restricted",
        "◷ Promised, not published yet · due 31 Dec 2026",
        "4 days late",
        "23 days overdue",
        "in 53 days",
    ):
        assert notice in page


@pytest.mark.parametrize("format", ["html", "text", "markdown"])
def test_a_quiet_day_is_one_friendly_line(format: str) -> None:
    page = render(quiet(), format)
    assert "A quiet day." in page
    assert "Left out" not in page
    assert "Top story" not in page


def test_a_weeks_quiet_is_told_as_a_week() -> None:
    assert "A quiet week." in render(replace(quiet(), edition="weekly"), "text")


def test_json_is_parsed_back_with_stable_keys() -> None:
    data = json.loads(render(rich(), "json"))
    assert data["version"] == 1
    assert data["slot"] == "daily:2026-11-23"
    assert data["since"] == "2026-11-22T06:00:00Z"
    assert set(data) == {
        *(
            "version",
            "subscription",
            "edition",
            "day",
            "timezone",
            "since",
            "until",
            "slot",
            "subject",
            "headline",
        ),
        *("stories", "reversals", "promises", "briefs", "trend", "sources", "left_out", "articles_read"),
    }
    first = data["stories"][0]
    assert (first["openness"], first["licence"], first["who"]) == (
        "open-source",
        "Apache-2.0",
        ["Northlight"],
    )
    assert first["verification"]["files_present"] is True
    assert first["announcements"][0]["evidence"] == first["evidence"]
    assert data["promises"][0]["state"] == "kept"
    assert data["trend"][-1]["counts"]["open-source"] == 3


# ------------------------------------------------------------------------------ subject


def test_the_subject_has_the_date_and_the_lead_story() -> None:
    assert subject(rich()) == (
        "23 Nov 2026: Northlight opens Lumen-3, a 120-billion-parameter reasoning model, under Apache 2.0 (+12)"
    )
    assert subject(quiet()) == "23 Nov 2026: Nothing opened"


def test_a_foreign_lead_is_told_by_its_facts_in_the_subject() -> None:
    assert subject(replace(rich(), stories=stories()[1:2], reversals=())) == (
        "23 Nov 2026: Qinghe Qinghe-Voice 2 (open source, MIT)"
    )
    assert subject(replace(rich(), stories=stories()[1:2], reversals=()), "zh").startswith(
        "2026年11月23日: 青禾智能"
    )


@settings(max_examples=80, deadline=None)
@given(TEXTS, st.sampled_from(LANGUAGES))
def test_a_subject_is_one_short_line_whatever_the_headline(text: str, language: str) -> None:
    line = subject(hostile(text, "https://fine.example/"), language)
    assert 0 < len(line) <= 120
    assert not {unicodedata.category(char) for char in line} & {"Cc", "Cs", "Zl", "Zp"}
    line.encode()


# ------------------------------------------------------------------------------- safety


def check_html(page: str) -> None:
    tree = lxml_html.fromstring(page)
    for element in tree.iter():
        if not isinstance(element.tag, str):
            assert element.text.startswith("[if mso]")
            continue
        assert element.tag in TAGS
        assert set(element.attrib) <= ATTRIBUTES
        assert urlsplit(element.get("href", "https://x")).scheme in ("http", "https")
        for name in ("href", "lang"):
            assert not set(element.get(name, "")) & set(" <>\"'\\|")
    assert len(page.encode()) < HTML_BYTES


def check_markdown(page: str) -> None:
    for token in MarkdownIt("commonmark").parse(page):
        assert token.type in TOKENS, token
        for inline in token.children or ():
            assert inline.type in {
                "text",
                "text_special",
                "link_open",
                "link_close",
                "strong_open",
                "strong_close",
            }, inline
            if inline.type == "link_open":
                assert urlsplit(str(inline.attrs["href"])).scheme in ("http", "https")
                assert "evil.example" not in str(inline.attrs["href"])
    assert not re.search(r"(?i)(?<![(\\])https?:/|(?<![\w\\(/])www\.", page.replace("](http", "("))


def check_text(page: str) -> None:
    for line in page.splitlines():
        assert columns(line) <= LINE or "http" in line, line
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u2028\u202a-\u202e\u2066-\u2069]", page)


@settings(max_examples=60, deadline=None)
@given(TEXTS, LINKS, st.sampled_from(LANGUAGES))
def test_hostile_words_and_links_never_become_markup_in_any_format(
    text: str, url: str, language: str
) -> None:
    digest = hostile(text, url)
    check_html(render(digest, "html", language=language))
    check_markdown(render(digest, "markdown", language=language))
    check_text(render(digest, "text", language=language))
    found = json.loads(render(digest, "json", language=language))
    assert {urlsplit(s["url"]).scheme for s in found["stories"]} <= {"", "http", "https"}
    for format in FORMATS:
        render(digest, format, language=language).encode()


@pytest.mark.parametrize("language", LANGUAGES)
def test_ordinary_digests_pass_the_same_checks(language: str) -> None:
    for digest in (rich(), quiet(), sized(25)):
        check_html(render(digest, "html", language=language))
        check_markdown(render(digest, "markdown", language=language))
        check_text(render(digest, "text", language=language))


@pytest.mark.parametrize("url", BAD_LINKS)
def test_what_is_no_plain_web_address_is_not_linked_or_encoded(url: str) -> None:
    link = safe_link(url)
    assert not link or re.fullmatch(r"https?://[a-z0-9.-]+(:\d+)?[!-~]*", link)
    assert not set(link) & set("\"'<>()|\\` \n[]*")


def test_good_addresses_stay_what_they_are() -> None:
    for url in (
        "https://a.example/b?c=d&e=%20f#g",
        "http://a.example:8080/~x/",
        "https://[2001:db8::1]/x",
        "https://a.example//b",
    ):
        assert safe_link(url) == url
    assert safe_link("https://bücher.example/ü") == "https://xn--bcher-kva.example/%C3%BC"


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_escaped_markdown_reads_as_it_was_written(text: str) -> None:
    line = clean(text)
    tokens = MarkdownIt("commonmark").parse(f"> {markdown_escape(line)}") if line else []
    told = "".join(child.content for token in tokens for child in token.children or ())
    assert told == line


@settings(max_examples=200, deadline=None)
@given(TEXTS, st.integers(0, 8))
def test_wrapped_lines_are_never_too_wide_and_lose_nothing(text: str, indent: int) -> None:
    line = clean(text)
    wrapped = wrap(line, first="> ", rest=" " * indent)
    for part in wrapped.splitlines():
        assert columns(part) <= LINE or "http" in part
    assert re.sub(r"\s", "", wrapped.removeprefix(">")) == re.sub(r"\s", "", line)


# -------------------------------------------------------------------------------- limits


def test_html_is_under_the_limit_for_a_full_edition_and_still_tells_every_story() -> None:
    page = render(sized(25), "html")
    assert len(page.encode()) < HTML_BYTES
    assert page.count("<h3") == 26


def test_an_edition_that_is_too_large_is_cut_and_says_so() -> None:
    page = render(sized(120), "html")
    assert len(page.encode()) < HTML_BYTES
    assert "openings cut to keep this message short" in page
    assert render(sized(120), "text").count("\n    https://") >= 120


def test_html_of_the_longest_words_and_links_is_under_the_limit() -> None:
    long = hostile("超长标题" * 2_500, "https://fine.example/" + "x" * 950)
    assert len(render(long, "html").encode()) < HTML_BYTES


# ---------------------------------------------------------------------------- the letter


def test_headings_are_in_order_and_foreign_words_carry_their_language() -> None:
    tree = page_of(rich())
    levels = [int(e.tag[1]) for e in tree.iter("h1", "h2", "h3")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert tree.get("lang") == "en"
    titles = {e.get("lang") for e in tree.iterfind(".//h3/a")}
    assert titles >= {"zh", "ja", "ko", "de", "fr", "es"}
    assert all(e.get("dir") == "auto" for e in tree.iter("a") if e.get("lang"))
    assert page_of(rich(), "zh").get("lang") == "zh-Hans"


def test_the_letter_declares_dark_mode_and_keeps_its_style_for_it() -> None:
    page = render(rich(), "html")
    assert '<meta name="color-scheme" content="light dark">' in page
    assert '<meta name="supported-color-schemes" content="light dark">' in page
    assert "@media (prefers-color-scheme: dark)" in page
    assert "<img" not in page
    assert "<script" not in page
    assert not re.search(r"(?i)#(fff|ffffff|000|000000)\b|\burl\(|@import", page)


def test_the_trend_has_words_beside_its_picture() -> None:
    table = page_of(rich()).find(".//table[@role='img']")
    assert table is not None
    assert "Week of 16 Nov: 18" in table.get("aria-label")


def test_a_way_to_unsubscribe_is_shown_only_if_given() -> None:
    for format in ("html", "text", "markdown"):
        assert "Unsubscribe" not in render(rich(), format)
        assert "Unsubscribe" not in render(rich(), format, unsubscribe="javascript:alert(1)")
        assert "https://lists.example/u/1" in render(rich(), format, unsubscribe="https://lists.example/u/1")
    assert 'href="mailto:news@lists.example?subject=unsubscribe' in render(
        rich(), "html", unsubscribe="mailto:news@lists.example?subject=unsubscribe"
    )


def test_when_everything_is_down_ten_sources_are_named_and_the_rest_counted() -> None:
    notes = tuple(replace(rich().sources_failed[0], name=f"Outlet {n}") for n in range(40))
    page = render(replace(rich(), sources_failed=notes), "text")
    assert "Outlet 9:" in page
    assert "Outlet 10:" not in page
    assert "30 more sources in trouble" in page


# --------------------------------------------------------------------------- user's own


def test_a_users_template_replaces_one_file_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "digest.txt.j2").write_text("Only {{ d.headline }}")
    assert render(rich(), "text", templates=tmp_path) == "Only 10 openings, 1 promised, 1 closed again\n"
    assert render(rich(), "markdown", templates=tmp_path) == render(rich(), "markdown")


def test_a_users_css_and_phrases_reach_the_letter(tmp_path: Path) -> None:
    (tmp_path / "digest.css").write_text(".h1 { color: #123456 }")
    (tmp_path / "strings.toml").write_text(
        '[en.section]\nlead = "Seite eins"\n[xx]\ntag = "xx"\nname = "offen"\n'
    )
    page = render(rich(), "html", templates=tmp_path)
    assert "color:#123456" in page
    assert "Seite eins" in page
    assert "offen · Daily digest" in render(rich(), "text", templates=tmp_path, language="xx")


@pytest.mark.parametrize("body", ["{{ d.nothing }}", "{% if %}", "{% include 'gone.j2' %}"])
def test_a_broken_template_is_named_in_the_error(tmp_path: Path, body: str) -> None:
    (tmp_path / "digest.txt.j2").write_text(body)
    with pytest.raises(ConfigError, match="cannot be rendered"):
        render(rich(), "text", templates=tmp_path)


@pytest.mark.parametrize(
    "phrases", ["[en", 'en = "x"', '[en.story]\ncovered = "{outlet}"', '[en.story]\ncovered = "{outlets.__class__}"', '[en]\nname = "{"']
)  # fmt: skip
def test_a_broken_strings_file_is_refused_before_an_edition_is_due(tmp_path: Path, phrases: str) -> None:
    (tmp_path / "strings.toml").write_text(phrases)
    with pytest.raises(ConfigError, match=r"strings\.toml"):
        render(rich(), "text", templates=tmp_path)


def test_unknown_formats_languages_and_zones_are_refused_with_the_choice() -> None:
    with pytest.raises(ConfigError, match="html, text, markdown, json"):
        render(rich(), "pdf")
    with pytest.raises(ConfigError, match="en, zh"):
        render(rich(), "text", language="tlh")
    with pytest.raises(ConfigError, match="IANA"):
        render(replace(rich(), timezone="Mars/Olympus"), "text")


def test_both_languages_have_the_same_phrases_with_the_same_fillings() -> None:
    tables = tomllib.loads(
        (Path(alerts.words.__file__).parent / "data" / "strings.toml").read_text(encoding="utf-8")
    )

    def flat(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
        rows: dict[str, Any] = {}
        for key, value in table.items():
            inner = isinstance(value, dict) and not set(value) <= {"one", "other"}
            rows |= flat(value, f"{prefix}{key}.") if inner else {prefix + key: value}
        return rows

    english, chinese = flat(tables["en"]), flat(tables["zh"])
    assert english.keys() == chinese.keys()
    for key in english:
        if not key.startswith("date."):
            assert fields(english[key]) == fields(chinese[key]), key


def test_every_shipped_template_is_found() -> None:
    names = {path.name for path in template_folder().iterdir()}
    assert {
        "digest.html.j2",
        "digest.txt.j2",
        "digest.md.j2",
        "macros.html.j2",
        "digest.css",
        "head.css",
    } <= names


# ------------------------------------------------------------------------------ details


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("apache-2.0", "Apache-2.0", True),
        ("llama3.1", "Llama-Community", True),
        ("other", "MIT", True),
        ("cc-by-nc-4.0", "CC-BY-4.0", False),
        ("gpl-3.0", "GPL-2.0", False),
        ("mit", "Apache-2.0", False),
    ],
)
def test_spellings_of_one_licence_are_no_conflict(one: str, other: str, same: bool) -> None:
    assert same_licence(one, other) is same


def test_a_hub_with_another_licence_is_told_as_doubt() -> None:
    told = story(1, licence="Apache-2.0", verification=verified("Lumen-3", "cc-by-nc-4.0"))
    seen = story_view(told, load_words(), zone=UTC, today=DAY).check
    assert (seen.state, seen.symbol) == ("doubtful", "!")
    assert seen.detail == "Model Hub shows licence cc-by-nc-4.0, the reports say Apache-2.0"


def test_a_sentence_that_brings_its_own_quotation_marks_gets_no_second_pair() -> None:
    page = render(rich(), "text")
    assert "““" not in page
    assert "| “We intend to put" in page


def test_settings_of_an_edition_have_sound_defaults() -> None:
    asked = EditionSettings("main")
    assert (asked.edition, asked.max_stories, asked.minimum_openness) == ("daily", 25, Openness.UNCLEAR)


def test_a_headline_that_is_the_proof_is_not_quoted_again() -> None:
    digest = rich()
    story = replace(digest.stories[0], evidence=digest.stories[0].title)
    text = " ".join(render(replace(digest, stories=(story,)), "text").split())
    assert text.count(story.title) == 1


def test_a_licence_of_the_makers_own_is_told_in_words() -> None:
    digest = rich()
    changes = {"licence": "Custom", "openness": Openness.OPEN_WEIGHTS, "claimed": Openness.OPEN_SOURCE}
    story = replace(digest.stories[0], licences=(("Custom", 3),), **changes)
    text = " ".join(render(replace(digest, stories=(story,)), "text").split())
    assert "Open weights · custom licence" in text
    assert "Called open source, but its custom licence makes it open weights" in text
