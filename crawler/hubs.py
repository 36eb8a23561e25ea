"""Release hubs: what an organisation has published on Hugging Face, and GitHub's releases.

Hubs state facts (licence, gate, downloads, files) rather than tell stories: they become an
`Artifact`, and a summary in words so that the item can be judged and read like any other.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from crawler.bodies import decode, refusal
from crawler.dates import parse_date
from crawler.feeds import read_feed
from crawler.reading import MAX_TITLE, Collector, Draft, Reading
from crawler.sanitise import shorten, to_line
from pipeline.model import Artifact, ArtifactType, Entry, Source

#: "organisation/Name" as the hub allows it.
_REPOSITORY = re.compile(r"[\w.-]{1,96}/[\w.-]{1,128}")
#: Files that are weights or data, by ending: a model card alone opens nothing.
_PAYLOAD = re.compile(
    r"\.(?:safetensors|gguf|ggml|bin|pt|pth|ckpt|onnx|h5|msgpack|npz|tflite|mlmodel|nemo|parquet|arrow|jsonl|csv|tar|zip|zst|gz)$",
    re.I,
)
#: Tags of the hub that are for machines.
_MACHINE_TAG = re.compile(
    r"^(?:region:|arxiv:|doi:|base_model:|dataset:|license:|endpoints_compatible|autotrain_compatible)"
)

_KINDS = {"models": ArtifactType.MODEL, "datasets": ArtifactType.DATASET}

#: Tags of releases that are no releases: candidates, nightlies and numbered builds.
_PRERELEASE = re.compile(
    r"(?:^|[-_./+ \d])(?:rc|alpha|beta|pre|preview|prerelease|dev|nightly|canary|snapshot|insiders|experimental|ci|test)(?=$|[-_./+ \d])"
    r"|\d(?:a|b)\d+$|^b\d+$|^latest$",
    re.IGNORECASE,
)


def read_huggingface(
    source: Source, body: bytes, *, url: str, content_type: str, now: datetime, limit: int
) -> Reading:
    """Read the hub's JSON list of an organisation's models or datasets (``/api/models?author=…``).

    Private and disabled repositories are passed over; ``published`` is when the repository was
    made, which may be days before it was shown. Raises FeedError if the body is no such list.
    """
    try:
        listed = json.loads(decode(body, content_type))
    except (ValueError, RecursionError) as error:
        raise refusal(body, "a list of repositories", source.id, content_type) from error
    if not isinstance(listed, list):
        raise refusal(body, "a list of repositories", source.id, content_type)
    collector = Collector(source.id, limit)
    for repository in listed:
        if not isinstance(repository, dict) or not _REPOSITORY.fullmatch(
            _text(repository, "id") or _text(repository, "modelId")
        ):
            collector.skip("they have no proper name")
        elif not (repository.get("private") or repository.get("disabled")):
            collector.add(_repository_draft(repository, source, url, now))
    return Reading(collector.entries(), collector.problem())


def _repository_draft(repository: dict[str, Any], source: Source, url: str, now: datetime) -> Draft:
    full_name = _text(repository, "id") or _text(repository, "modelId")
    owner, _, name = full_name.partition("/")
    api = urlsplit(url)
    collection = next((part for part in api.path.split("/") if part in _KINDS), "models")
    place = f"{collection}/{full_name}" if collection == "datasets" else full_name
    tags = [tag for tag in _list(repository, "tags") if isinstance(tag, str)]
    artifact = Artifact(
        name=name,
        type=_KINDS[collection].value,
        organisation=source.organisation or owner,
        licence=next((to_line(tag.partition(":")[2], 60) for tag in tags if tag.startswith("license:")), ""),
        gated=_gated(repository.get("gated")),
        downloads=_count(repository, "downloads"),
        files_present=_files_present(repository),
    )
    return Draft(
        link=f"{api.scheme}://{api.netloc}/{place}",
        guid=f"{collection}/{full_name}",
        title=full_name,
        summary=_facts(artifact, _text(repository, "pipeline_tag"), _count(repository, "likes")),
        authors=(owner,),
        published=parse_date(_text(repository, "createdAt"), now),
        updated=parse_date(_text(repository, "lastModified"), now),
        tags=tuple(tag for tag in tags if not _MACHINE_TAG.match(tag)),
        language=source.language,
        artifact=artifact,
    )


def _facts(artifact: Artifact, task: str, likes: int | None) -> str:
    """Say what the hub states of an artifact in plain sentences."""
    words = f"{artifact.organisation} has published the {artifact.type} {artifact.name} on Hugging Face"
    words += f" ({task.replace('-', ' ')})." if task else "."
    words += f" Licence: {artifact.licence}." if artifact.licence else " No licence is stated."
    if artifact.gated is not None:
        words += " Access has to be asked for." if artifact.gated else " Access is not gated."
    if artifact.files_present is not None:
        files = "data files" if artifact.type == ArtifactType.DATASET else "weights"
        words += (
            f" The repository holds {files}."
            if artifact.files_present
            else f" The repository holds no {files} yet."
        )
    counts = [
        f"{count:,} {name}" for count, name in ((artifact.downloads, "downloads"), (likes, "likes")) if count
    ]
    return f"{words} So far: {', '.join(counts)}." if counts else words


def read_github_releases(
    source: Source, body: bytes, *, url: str, content_type: str, now: datetime, limit: int
) -> Reading:
    """Read a repository's ``releases.atom``, without pre-releases and nightlies.

    The feed does not mark them: tags and titles tell. Raises FeedError if the body is no feed.
    """
    feed = read_feed(body, url=url, source_id=source.id, content_type=content_type, now=now, limit=limit)
    steps = [step for step in urlsplit(url).path.split("/") if step]
    owner, name = (steps[-3], steps[-2]) if len(steps) >= 3 else (source.organisation, source.name)
    releases = tuple(
        _release(entry, name, source.organisation or owner, source.language)
        for entry in feed.entries
        if not _is_prerelease(entry)
    )
    return Reading(releases, feed.problem)


def _is_prerelease(entry: Entry) -> bool:
    tag = unquote(urlsplit(entry.url).path.rpartition("/tag/")[2])
    return bool(
        _PRERELEASE.search(tag)
        or re.search(r"\b(?:pre-?release|nightly|release candidate)\b", entry.title, re.IGNORECASE)
    )


def _release(entry: Entry, name: str, organisation: str, language: str) -> Entry:
    title = entry.title or unquote(entry.url.rpartition("/")[2])
    if name.lower() not in title.lower():
        title = shorten(f"{name} {title}", MAX_TITLE)
    artifact = Artifact(
        name=name, type=ArtifactType.CODE.value, organisation=organisation, files_present=True
    )
    return replace(entry, title=title, artifact=artifact, language=entry.language or language)


def _text(data: dict[str, Any], key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""


def _list(data: dict[str, Any], key: str) -> list[Any]:
    value = data.get(key)
    return value if isinstance(value, list) else []


def _count(data: dict[str, Any], key: str) -> int | None:
    value = data.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _gated(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    return True if isinstance(value, str) and value else None  # "auto", "manual"


def _files_present(repository: dict[str, Any]) -> bool | None:
    """Whether the files listed hold weights or data; None if none are listed at all."""
    if not isinstance(repository.get("siblings"), list):
        return None
    names = [
        str(file.get("rfilename", "")) for file in _list(repository, "siblings") if isinstance(file, dict)
    ]
    return any(_PAYLOAD.search(name) for name in names)
