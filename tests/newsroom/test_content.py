from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from pipeline.model import ConfigError
from tests.newsroom.conftest import NOW
from unsealed.newsroom.content import Charset, Fault, Publishes, load_content, moment
from unsealed.newsroom.markup import blocks, to_html, to_plain


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("outlets.toml", 'id = "rss-two"', 'id = "atom"', "outlet 'atom': another outlet has this id"),
        ("outlets.toml", 'publishes = "rss2"', 'publishes = "rss"', "outlet 'rss-two': key 'publishes' must not be 'rss'"),
        ("outlets.toml", "layout = 1", "layout = 7", "key 'layout' must be a number from 1 to 4, not 7"),
        ("outlets.toml", 'language = "en"', 'language = "eng"', "key 'language' must look like"),
        ("outlets.toml", 'missing = ["third"]', 'missing = ["fourth"]', "key 'missing' names no item of it: 'fourth'"),
        ("outlets.toml", 'publishes = "jsonfeed"', 'publishes = "jsonfeed"\nfault = "broken-xml"', "is for XML feeds"),
        ("outlets.toml", 'publishes = "listing"', 'publishes = "listing"\ncharset = "gb18030"', "key 'charset'"),
        ("atom.toml", "hours_ago = 2.5", 'hours_ago = "soon"', "atom.toml, item 'first': key 'hours_ago'"),
        ("atom.toml", "hours_ago = 2.5", "hours_ago = -1", "key 'hours_ago' must be a number from 0"),
        ("atom.toml", 'author = "A. Writer & Co"', "author = 3", "key 'author' must be a text, not 3"),
        ("atom.toml", "author = ", "autor = ", "item 'first': unknown key 'autor'. Did you mean 'author'?"),
        ("atom.toml", 'tags = ["ai", ', "tags = [1, ", "key 'tags' must be a list of texts"),
        ("atom.toml", 'related = ["second"]', 'related = ["nowhere"]', "item 'first': key 'related' names no item"),
        ("atom.toml", "item:second", "item:nowhere", "item 'first': key 'body' names no item"),
        ("atom.toml", 'id = "second"', 'id = "first"', "another item has the id 'first'"),
        ("atom.toml", 'id = "first"', 'id = "The First"', "key 'id' must be a slug"),
        ("atom.toml", "[[item]]", "x = 1\n[[item]]", "unknown key 'x'; only [[item]]"),
        ("atom.toml", "[[item]]", "[[item", "this is not TOML"),
        ("hub.toml", 'type = "model"', 'type = "weights"', "hub.toml, item 'Nova-9B': key 'type' must not be 'weights'"),
        ("hub.toml", "downloads = 4000", "downloads = -4", "key 'downloads' must be a whole number"),
        ("hub.toml", "gated = true", "gated = 1", "key 'gated' must be true or false"),
        ("hub.toml", 'name = "Nova-9B"', 'name = "other/Nova-9B"', "must keep to one owner"),
        ("forge.toml", "version = ", "vers = ", "key 'version' is missing"),
    ],
)  # fmt: skip
def test_a_fault_is_reported_with_file_item_and_key(
    content_folder: Path, file: str, old: str, new: str, words: str
) -> None:
    edit(content_folder / file, old, new)
    with pytest.raises(ConfigError, match=re.escape(words)) as caught:
        load_content(content_folder)
    assert file in str(caught.value) or file == "outlets.toml"


@pytest.mark.parametrize("file", ["outlets.toml", "atom.toml", "knowledge.toml"])
def test_a_missing_file_is_named(content_folder: Path, file: str) -> None:
    (content_folder / file).unlink()
    with pytest.raises(ConfigError, match=file):
        load_content(content_folder)


def test_an_outlet_without_items_is_refused(content_folder: Path) -> None:
    (content_folder / "atom.toml").write_text("")
    with pytest.raises(ConfigError, match=r"at least one \[\[item\]\]"):
        load_content(content_folder)


def test_a_reference_is_sought_in_the_outlet_first_then_by_its_full_name(content_folder: Path) -> None:
    content = load_content(content_folder)

    def found(outlet: str, reference: str) -> tuple[str, str] | None:
        place = content.locate(outlet, reference)
        return (place[0].id, place[1].id) if place else None

    assert found("atom", "first") == ("atom", "first")
    assert found("atom", "json/first") == ("json", "first")
    assert found("atom", "nova-9b") == ("hub", "nova-9b")
    assert found("hub", "first") is None  # several outlets have one


def test_bare_names_of_a_hub_belong_to_the_organisation(content_folder: Path) -> None:
    outlets = {outlet.id: outlet for outlet in load_content(content_folder).outlets}
    assert outlets["hub"].repositories[0].full_name == "Lab-Example/Nova-9B"
    assert outlets["forge"].releases[0].full_name == "lab/engine"


def test_times_are_whole_seconds() -> None:
    assert moment(NOW.replace(microsecond=5), 1.5) == NOW.replace(hour=8, minute=0)


def test_the_shipped_content_is_valid_and_shows_every_kind_of_source() -> None:
    content = load_content()
    assert len(content.outlets) >= 12
    assert sum(len(outlet.items) for outlet in content.outlets) >= 80
    assert {outlet.language for outlet in content.outlets} >= {"en", "zh", "ja", "de", "fr", "es", "ko"}
    assert {outlet.publishes for outlet in content.outlets} == set(Publishes)
    assert {outlet.layout for outlet in content.outlets} == {1, 2, 3, 4}
    faults = Counter(outlet.fault for outlet in content.outlets)
    # A source that stalls would cost each demo the whole timeout.
    assert set(faults) >= set(Fault) - {Fault.STALL}
    assert {outlet.charset for outlet in content.outlets} == set(Charset)
    assert any(outlet.disallow for outlet in content.outlets)
    assert any(outlet.missing for outlet in content.outlets)


def test_a_subheading_ends_with_its_line() -> None:
    assert blocks("One\n\n## Two\n- a\n- b\n\nThree") == ("One", "## Two", "- a\n- b", "Three")


def test_the_plain_form_has_the_words_alone() -> None:
    assert to_plain("## H\n\n> Said [she](https://x.example/)\n\n- a\n- b") == "H\n\nSaid she\n\na\nb"


def test_only_web_links_and_items_become_links() -> None:
    made = to_html(
        "[a](javascript:alert(1)) [b](item:x) [c](https://c.example/?q=<i>)", lambda ref: f"/{ref}"
    )
    assert "javascript:alert(1))" in made and "<i>" not in made
    assert [a.get("href") for a in html.fromstring(made).cssselect("a")] == ["/x", "https://c.example/?q=<i>"]


@given(st.text(alphabet=st.sampled_from("ab <>&\"'[]()#->\n:/htps.item"), max_size=80))
def test_no_text_breaks_out_of_its_elements(text: str) -> None:
    made = to_html(text, lambda _: "/x")
    tree = html.fromstring(f"<main>{made}</main>")
    assert {node.tag for node in tree.iter()} <= {"main", "p", "h2", "ul", "li", "blockquote", "a"}
