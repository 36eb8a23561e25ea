from __future__ import annotations

from pathlib import Path

import pytest

from crawler.catalogue import load_catalogue, parse_catalogue
from pipeline.model import ConfigError, PagePolicy, SourceKind

GOOD = """
[[source]]
id = "lab"
name = "Lab"
kind = "feed"
url = "https://lab.example/rss.xml"
"""


def test_the_shipped_catalogue_covers_kinds_and_languages() -> None:
    sources = load_catalogue()
    assert 40 <= len(sources) <= 60
    assert {source.kind for source in sources} == set(SourceKind)
    assert {"en", "zh", "ja", "ko", "de", "fr", "es"} <= {source.language for source in sources}
    assert all(source.url.startswith("https://") and source.homepage for source in sources)
    assert all(source.organisation for source in sources if source.category in {"lab_blog", "release_hub"})
    assert {"hf-deepseek-ai", "hf-qwen", "hf-mistralai"} <= {source.id for source in sources}


def test_a_file_of_the_users_is_read_with_defaults(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(GOOD + 'pages = "all"\nlanguage = "de"\n', encoding="utf-8")
    (source,) = load_catalogue(file)
    assert (source.id, source.kind, source.category) == ("lab", SourceKind.FEED, "press")
    assert (source.pages, source.language, dict(source.recipe)) == (PagePolicy.ALL, "de", {})


def test_an_empty_catalogue_has_no_sources() -> None:
    assert parse_catalogue("", "mine.toml") == ()


LISTING = GOOD.replace('"feed"', '"listing"')


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GOOD + 'hompage = "https://lab.example"', ["lab", "hompage", "Did you mean “homepage”?"]),
        (GOOD.replace('"feed"', '"feeed"'), ["lab", "kind", "Did you mean “feed”?"]),
        (GOOD.replace('name = "Lab"\n', ""), ["lab", "“name” is missing"]),
        (GOOD.replace('id = "lab"\n', ""), ["source number 1", "“id” is missing"]),
        (GOOD.replace('"lab"', '"My Lab"'), ["My Lab", "lower-case"]),
        (GOOD.replace("https://", "ftp://"), ["lab", "url", "http"]),
        (GOOD.replace("https://lab.example", "https://ü..example"), ["lab", "url"]),
        (GOOD + "pages = true", ["lab", "pages", "text in quotes"]),
        (GOOD + 'pages = "always"', ["lab", "pages", "auto, all, never"]),
        (GOOD + 'category = "pres"', ["lab", "category", "Did you mean “press”?"]),
        (GOOD + 'language = "english"', ["lab", "language"]),
        (GOOD + 'country = "de"', ["lab", "country"]),
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
        ("[[sources]]", ["sources", "Did you mean “source”?"]),
        ("[source]", ["double brackets"]),
        ("id = ", ["TOML"]),
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
        load_catalogue(tmp_path / "latin.toml")
