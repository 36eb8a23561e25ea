from __future__ import annotations

import tomllib
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pycountry
import pytest

from crawler.catalogue import (
    Catalogue,
    UserFile,
    combine,
    find_twin,
    left_out,
    load_catalogue,
    load_user_file,
    parse_catalogue,
    parse_user_file,
)
from crawler.codes import COUNTRIES, LANGUAGES, MISTAKEN
from crawler.source_table import CATEGORIES, Where, read_table, to_table, url_key
from crawler.urls import canonical_url
from pipeline.knowledge import load_knowledge
from pipeline.model import ConfigError, PagePolicy, Source, SourceKind

GOOD = """
[[source]]
id = "lab"
name = "Lab"
kind = "feed"
url = "https://lab.example/rss.xml"
"""
SHIPPED = load_catalogue()


# ------------------------------------------------------------------- the shipped catalogue


def test_the_shipped_catalogue_covers_kinds_and_languages() -> None:
    assert len(SHIPPED) >= 400
    assert {source.kind for source in SHIPPED} == set(SourceKind)
    assert {"en", "zh", "ja", "ko", "de", "fr", "es"} <= {source.language for source in SHIPPED}
    assert {"hf-deepseek-ai", "hf-qwen", "hf-mistralai"} <= {source.id for source in SHIPPED}


def test_every_category_is_well_filled() -> None:
    counts = Counter(source.category for source in SHIPPED)
    least = {
        "press": 100,
        "lab_blog": 75,
        "newsletter": 50,
        "community": 10,
        "china_press": 25,
        "research": 20,
        "release_hub": 95,
    }
    assert {category: counts[category] for category in CATEGORIES if counts[category] < least[category]} == {}


def test_press_of_asia_and_europe_is_there() -> None:
    countries = Counter(source.country for source in SHIPPED)
    assert countries["CN"] >= 60
    assert countries["JP"] >= 15
    assert countries["KR"] >= 12
    europe = ("FR", "DE", "GB", "ES", "IT", "CH", "IE", "BE")
    assert sum(countries[c] for c in europe) >= 40


def test_addresses_are_clean_and_none_is_polled_twice() -> None:
    assert all(source.url.startswith("https://") and source.homepage for source in SHIPPED)
    # Nothing in an address that tells the publisher where it was found, no fragment, no stray case.
    dirty = [s.id for s in SHIPPED if canonical_url(s.url) != canonical_url(s.url.partition("#")[0])]
    assert dirty == []
    assert [s.id for s in SHIPPED if "utm_" in s.url or s.url != s.url.strip()] == []
    twice = [key for key, count in Counter(url_key(s.url) for s in SHIPPED).items() if count > 1]
    assert twice == []
    assert [i for i, count in Counter(s.id for s in SHIPPED).items() if count > 1] == []


def test_makers_are_named_as_the_knowledge_names_them() -> None:
    hubs = {SourceKind.HUGGINGFACE, SourceKind.GITHUB_RELEASES}
    assert [
        s.id for s in SHIPPED if not s.organisation and (s.category == "lab_blog" or s.kind in hubs)
    ] == []
    known = load_knowledge().organisations
    named = {source.organisation for source in SHIPPED if source.organisation}
    assert sorted(named - set(known)) == []


def test_shipped_tables_pass_every_check_that_a_users_do_and_stand_in_the_file_of_their_category() -> None:
    for category in CATEGORIES:
        file = files("crawler") / "data" / "catalogue" / f"{category}.toml"
        for table in tomllib.loads(file.read_text(encoding="utf-8"))["source"]:
            source = read_table(table, Where(f"{category}.toml", table["id"]))
            assert source.category == category
            assert to_table(source) == table


def test_addresses_left_out_are_not_polled_and_what_to_use_instead_is() -> None:
    ids = {source.id for source in SHIPPED}
    rows = left_out()
    assert len(rows) >= 300
    assert [row.url for row in rows.values() if find_twin(row.url, SHIPPED)] == []
    assert [row.instead for row in rows.values() if row.instead and row.instead not in ids] == []
    assert {row.reason for row in rows.values()} == {
        "blocked", "bridge", "broken", "dead", "moved", "no-evidence", "no-reader", "no-recipe",
        "noise", "off-topic", "overlap", "stale",
    }  # fmt: skip
    assert rows["anthropic.com/news/rss.xml"].instead == "anthropic-news"


def test_codes_are_those_of_the_standards() -> None:
    assert {country.alpha_2 for country in pycountry.countries} == COUNTRIES
    languages = {language.alpha_2 for language in pycountry.languages if hasattr(language, "alpha_2")}
    assert languages - {"sh"} == LANGUAGES  # “sh” was withdrawn in 2000
    for key, known in (("language", LANGUAGES), ("country", COUNTRIES)):
        assert set(MISTAKEN[key].values()) <= known
        assert not set(MISTAKEN[key]) & known


# ------------------------------------------------------------------- a user's own file


def test_a_file_of_the_users_is_read_with_defaults(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(GOOD + 'pages = "all"\nlanguage = "de"\n', encoding="utf-8")
    (source,) = load_catalogue(file)
    assert (source.id, source.kind, source.category) == ("lab", SourceKind.FEED, "press")
    assert (source.pages, source.language, dict(source.recipe)) == (PagePolicy.ALL, "de", {})


def test_an_empty_catalogue_has_no_sources() -> None:
    assert parse_catalogue("", "mine.toml") == ()


def merged(text: str) -> Catalogue:
    return combine(SHIPPED, parse_user_file(text, "mine.toml"))


def by_id(catalogue: Catalogue) -> dict[str, Source]:
    return {source.id: source for source in catalogue.sources}


def test_own_sources_come_after_the_shipped_ones() -> None:
    catalogue = merged(GOOD)
    assert [source.id for source in catalogue.sources] == [*(s.id for s in SHIPPED), "lab"]
    assert catalogue.muted == ()


def test_an_override_keeps_what_it_does_not_give_and_its_place() -> None:
    catalogue = merged('[[source]]\nid = "techcrunch-ai"\npages = "all"\nname = "TC"\n')
    before = next(source for source in SHIPPED if source.id == "techcrunch-ai")
    after = by_id(catalogue)["techcrunch-ai"]
    assert (after.name, after.pages) == ("TC", PagePolicy.ALL)
    assert (after.url, after.category, after.language) == (before.url, before.category, before.language)
    assert [source.id for source in catalogue.sources] == [source.id for source in SHIPPED]


def test_an_override_of_the_address_leaves_the_shipped_recipe_behind() -> None:
    text = '[[source]]\nid = "claude-blog"\nkind = "feed"\nurl = "https://claude.com/blog/rss.xml"\n'
    after = by_id(merged(text))["claude-blog"]
    assert (after.kind, dict(after.recipe), after.organisation) == (SourceKind.FEED, {}, "Anthropic")


def test_a_users_source_with_a_shipped_address_replaces_the_shipped_one() -> None:
    shipped = next(source for source in SHIPPED if source.id == "golem")
    catalogue = merged(
        GOOD.replace("https://lab.example/rss.xml", shipped.url.replace("https://", "http://www."))
    )
    assert "golem" not in by_id(catalogue)
    assert [(source.id, reason) for source, reason in catalogue.muted] == [
        ("golem", "its address is polled as “lab” of your file")
    ]


@pytest.mark.parametrize(
    ("mute", "gone", "reason"),
    [
        ('ids = ["golem"]', {"golem"}, "muted by its id"),
        (
            'categories = ["community"]',
            {s.id for s in SHIPPED if s.category == "community"},
            "muted with its category “community”",
        ),
        (
            'patterns = ["hf-*"]',
            {s.id for s in SHIPPED if s.kind is SourceKind.HUGGINGFACE},
            "muted by the pattern “hf-*”",
        ),
        (
            'patterns = ["www.reddit.com/R/*"]',
            {s.id for s in SHIPPED if "reddit" in s.id},
            "muted by the pattern “www.reddit.com/R/*”",
        ),
    ],
)
def test_sources_are_muted_by_id_category_or_pattern(mute: str, gone: set[str], reason: str) -> None:
    catalogue = merged(f"[mute]\n{mute}\n")
    assert {source.id: why for source, why in catalogue.muted} == dict.fromkeys(gone, reason)
    assert len(catalogue.sources) + len(catalogue.muted) == len(SHIPPED)
    assert not gone & set(by_id(catalogue))


def test_without_the_shipped_catalogue_a_user_may_pick_from_it_by_id() -> None:
    catalogue = combine((), parse_user_file('[[source]]\nid = "golem"\n', "mine.toml"))
    assert [source.name for source in catalogue.sources] == ["Golem"]


def test_the_same_source_is_found_whatever_the_scheme_and_www() -> None:
    golem = find_twin("http://www.rss.golem.de/rss.php?feed=RSS2.0", SHIPPED)
    assert golem is not None
    assert golem.id == "golem"
    assert find_twin("https://elsewhere.example/rss", SHIPPED) is None


LISTING = GOOD.replace('"feed"', '"listing"')


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GOOD + 'hompage = "https://lab.example"', ["lab", "hompage", "Did you mean “homepage”?"]),
        (GOOD.replace('"feed"', '"feeed"'), ["lab", "kind", "Did you mean “feed”?"]),
        (GOOD.replace('name = "Lab"\n', ""), ["lab", "“name” is missing"]),
        (GOOD.replace('id = "lab"\n', ""), ["source number 1", "“id” is missing"]),
        (GOOD.replace('"lab"', '"My Lab"'), ["My Lab", "lower-case"]),
        (GOOD.replace('"Lab"', '"La\\nb"'), ["lab", "name", "line break"]),
        (GOOD.replace('"Lab"', f'"{"x" * 121}"'), ["lab", "name", "longer than 120"]),
        (GOOD.replace("https://", "ftp://"), ["lab", "url", "http"]),
        (GOOD.replace("https://lab.example", "https://ü..example"), ["lab", "url"]),
        (GOOD + "pages = true", ["lab", "pages", "text in quotes"]),
        (GOOD + 'pages = "always"', ["lab", "pages", "auto, all, never"]),
        (GOOD + 'category = "pres"', ["lab", "category", "Did you mean “press”?"]),
        (GOOD + 'language = "english"', ["lab", "language", "ISO 639-1"]),
        (GOOD + 'language = "jp"', ["lab", "language", "Did you mean “ja”?"]),
        (GOOD + 'country = "de"', ["lab", "country", "Did you mean “DE”?"]),
        (GOOD + 'country = "UK"', ["lab", "country", "Did you mean “GB”?"]),
        (GOOD + 'country = "XX"', ["lab", "country", "ISO 3166-1"]),
        (GOOD + 'recipe = { item = "a" }', ["lab", "recipe.item", "takes no recipe"]),
        (GOOD + 'recipe = "a"', ["lab", "recipe", "table"]),
        (LISTING, ["lab", "recipe.item", "missing"]),
        (LISTING + 'recipe = { item = "a[[" }', ["lab", "recipe.item", "no CSS selector"]),
        (
            LISTING + 'recipe = { item = "a", tittle = "h2" }',
            ["lab", "recipe.tittle", "Did you mean “title”?"],
        ),
        (LISTING + 'recipe = { item = "" }', ["lab", "recipe.item"]),
        (GOOD + GOOD, ["lab", "“id” is given twice"]),
        (GOOD + GOOD.replace('"lab"', '"two"').replace(".xml", ".xml?utm_source=x"), ["two", "url", "lab"]),
        (GOOD + GOOD.replace('"lab"', '"two"').replace("https://", "http://www."), ["two", "url", "lab"]),
        ("[[sources]]", ["sources", "Did you mean “source”?"]),
        ("[source]", ["double brackets"]),
        ("id = ", ["TOML"]),
        ("mute = 1", ["mute", "table"]),
        ('[mute]\nid = ["golem"]', ["mute", "unknown key “id”", "Did you mean “ids”?"]),
        ('[mute]\nids = "golem"', ["mute", "“ids” must be a list"]),
        ('[mute]\nids = ["gollem"]', ["mute", "gollem", "Did you mean “golem”?"]),
        ('[mute]\ncategories = ["pres"]', ["mute", "pres", "Did you mean “press”?"]),
    ],
)
def test_a_slip_is_named_where_it_stands(text: str, words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_catalogue(text, "mine.toml")
    for word in ["mine.toml", *words]:
        assert word in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.toml"):
        load_catalogue(tmp_path / "absent.toml")
    (tmp_path / "latin.toml").write_bytes(b"# caf\xe9")
    with pytest.raises(ConfigError, match="UTF-8"):
        load_user_file(tmp_path / "latin.toml")


def test_combining_nothing_gives_the_shipped_catalogue() -> None:
    assert combine(SHIPPED, UserFile()) == Catalogue(SHIPPED)
