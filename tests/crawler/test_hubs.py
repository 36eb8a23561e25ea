from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.readers import Reading, read_source
from pipeline.model import Artifact, FeedError, Source, SourceKind

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
API = "https://hub.example/api/models?author=kite-lab&sort=createdAt"
RELEASES = "https://github.example/kite-lab/kitekit/releases.atom"


def read(listed: Any, url: str = API, organisation: str = "Kite Lab") -> Reading:
    source = Source("hf-kite", "Kite on the hub", SourceKind.HUGGINGFACE, url, organisation=organisation)
    body = listed if isinstance(listed, bytes) else json.dumps(listed).encode()
    return read_source(source, body, url=url, content_type="application/json", now=NOW)


MODEL = {
    "id": "kite-lab/Kite-2-70B",
    "createdAt": "2026-11-20T10:00:00.000Z",
    "lastModified": "2026-11-21T10:00:00.000Z",
    "tags": ["transformers", "license:apache-2.0", "region:us"],
    "gated": False,
    "downloads": 1234,
    "likes": 56,
    "pipeline_tag": "text-generation",
    "private": False,
    "siblings": [{"rfilename": "README.md"}, {"rfilename": "model-00001.safetensors"}],
}


def test_a_model_becomes_an_entry_with_the_facts_of_the_hub() -> None:
    (entry,) = read([MODEL]).entries
    assert entry.title == "kite-lab/Kite-2-70B"
    assert entry.url == "https://hub.example/kite-lab/Kite-2-70B"
    assert entry.published == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert entry.updated == datetime(2026, 11, 21, 10, tzinfo=UTC)
    assert entry.tags == ("transformers",)
    assert entry.artifact == Artifact("Kite-2-70B", "model", "Kite Lab", "apache-2.0", False, 1234, True)
    assert entry.summary == (
        "Kite Lab has published the model Kite-2-70B on Hugging Face (text generation). Licence: apache-2.0. "
        "Access is not gated. The repository holds weights. So far: 1,234 downloads, 56 likes."
    )


def test_a_gate_missing_files_and_a_missing_licence_are_said() -> None:
    (entry,) = read(
        [MODEL | {"gated": "manual", "tags": [], "siblings": [{"rfilename": "README.md"}]}]
    ).entries
    assert entry.artifact is not None
    assert (entry.artifact.gated, entry.artifact.licence, entry.artifact.files_present) == (True, "", False)
    assert (
        "No licence is stated. Access has to be asked for. The repository holds no weights yet."
        in entry.summary
    )


def test_what_the_hub_does_not_say_is_unknown() -> None:
    (entry,) = read([{"modelId": "kite-lab/Kite-2"}], organisation="").entries
    assert entry.artifact == Artifact("Kite-2", "model", "kite-lab")
    assert entry.published is None


def test_datasets_have_their_own_address() -> None:
    (entry,) = read([{"id": "kite-lab/wind"}], url="https://hub.example/api/datasets?author=kite-lab").entries
    assert entry.url == "https://hub.example/datasets/kite-lab/wind"
    assert entry.artifact is not None
    assert entry.artifact.type == "dataset"


def test_private_repositories_are_passed_over_and_nameless_ones_counted() -> None:
    reading = read([MODEL | {"private": True}, {"id": "../../etc"}, {"id": 3}, "junk", MODEL])
    assert len(reading.entries) == 1
    assert reading.problem is not None
    assert "3 left out" in reading.problem.message


@pytest.mark.parametrize("body", [b"", b"{}", b'{"error": "no"}', b"<html>", b"[1", b"\xff\xfe"])
def test_what_is_no_list_is_refused(body: bytes) -> None:
    with pytest.raises(FeedError) as caught:
        read(body)
    assert caught.value.about == "hf-kite"


_values = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=10)
    | st.lists(st.text(max_size=5), max_size=3)
)


@given(st.dictionaries(st.sampled_from(sorted(MODEL)), _values))
def test_fields_of_any_type_do_not_spoil_the_list(changed: dict[str, Any]) -> None:
    titles = [e.title for e in read([MODEL | changed, MODEL | {"id": "kite-lab/last"}]).entries]
    assert titles[-1] == "kite-lab/last"


def release(tag: str, title: str) -> str:
    return (
        f"<entry><id>tag:github.example,2008:Repository/1/{tag}</id><updated>2026-11-20T10:00:00Z</updated>"
        f'<link rel="alternate" type="text/html" href="https://github.example/kite-lab/kitekit/releases/tag/{tag}"/>'
        f'<title>{title}</title><content type="html">&lt;p&gt;Notes&lt;/p&gt;</content></entry>'
    )


def releases(*entries: str) -> Reading:
    body = f'<feed xmlns="http://www.w3.org/2005/Atom"><title>Release notes</title>{"".join(entries)}</feed>'
    source = Source(
        "gh", "GitHub: kitekit", SourceKind.GITHUB_RELEASES, RELEASES, organisation="Kite Lab", language="en"
    )
    return read_source(source, body.encode(), url=RELEASES, content_type="application/atom+xml", now=NOW)


def test_a_release_names_its_repository_and_is_code() -> None:
    first, second = releases(
        release("v2.0.0", "v2.0.0"), release("v1.0.0", "KiteKit 1.0: open at last")
    ).entries
    assert (first.title, first.summary, first.language) == ("kitekit v2.0.0", "Notes", "en")
    assert second.title == "KiteKit 1.0: open at last"
    assert first.artifact == Artifact("kitekit", "code", "Kite Lab", files_present=True)
    assert first.published == datetime(2026, 11, 20, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "tag",
    ["v1.0.0rc1", "v1.0.0-rc.2", "2.0-beta", "v2.0.0-alpha.1", "nightly-2026-11-20", "v3.dev20261120", "1.0a1", "b5123", "v1-preview", "latest"],
)  # fmt: skip
def test_prereleases_and_nightlies_are_left_out(tag: str) -> None:
    assert releases(release(tag, tag)).entries == ()


@pytest.mark.parametrize(
    "tag", ["v1.0.0", "2026.11.20", "v1.0.0.post1", "R1", "alphabet-1.0", "v0.1-mi300a", "kitekit@2.0"]
)
def test_releases_are_kept(tag: str) -> None:
    assert len(releases(release(tag, tag)).entries) == 1
