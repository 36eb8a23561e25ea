"""Judge an entry of a release hub by what the hub states: files, licence, gate."""

from __future__ import annotations

import re

from pipeline.knowledge import Knowledge, Licence
from pipeline.model import Announcement, Artifact, ArtifactType, Evidence, Item, Kind, Openness, Verdict

#: A hub's own entry is a fact, not a reading of words; what is left is a hub that errs.
_STATED = 0.97
#: No files to be seen: named, perhaps announced, but nothing is there to be had.
_EMPTY = 0.2


#: A new version of open code is no opening.
_VERSION = 0.03
#: Unless its notes say that there was none before it.
_FIRST = re.compile(
    r"\b(?:first|initial|inaugural) (?:(?:ever|public|open[ -]source|official|stable|tagged) ){0,3}(?:release|version|commit|drop)\b"
    r"|\bnow open[ -]source|\bopen[ -]source(?:d|s) today|\bwe (?:are|['’]re) open[ -]sourcing"
    r"|首个(?:公开|开源|正式)?版本|首次(?:公开|开源|发布)|初の公開|最初の公開|初回リリース|初公開|첫 (?:공개|릴리스|버전)|최초 공개"
    r"|erste (?:öffentliche |quelloffene )?(?:Version|Veröffentlichung)|première (?:version|publication)|primera (?:versión|publicación)",
    re.I,
)
#: Notes say so at their beginning or not at all, in characters.
_READ = 2_000


def judge_artifact(item: Item, artifact: Artifact, knowledge: Knowledge, *, model: str) -> Verdict:
    """Return the verdict on a hub entry: released where files are (or may well be) there."""
    kind_of = _type(artifact.type)
    licence = knowledge.hub_licence(artifact.licence)
    if kind_of is ArtifactType.CODE and not _FIRST.search(f"{item.title}\n{item.summary[:_READ]}"):
        # Releases of a repository are versions of what has been open before.
        return Verdict(Kind.UPDATE, _VERSION, (), (), ("hub:code_release",), model, _basis(item))
    reasons = []
    if artifact.files_present is not None:
        reasons.append("hub:files_present" if artifact.files_present else "hub:no_files")
    reasons.append(f"hub:licence_{licence.kind}" if licence else "hub:no_licence")
    if artifact.gated:
        reasons.append("hub:gated")
    title = item.title.strip() or artifact.name
    start = item.title.find(title)
    evidence = (
        Evidence("title", start, start + len(title), title) if start >= 0 else Evidence("title", 0, 0, "")
    )
    if artifact.files_present is False:
        return Verdict(Kind.OTHER, _EMPTY, (), (evidence,), tuple(reasons), model, _basis(item))
    row = Announcement(
        who=(_maker(item.organisation or artifact.organisation, knowledge),)
        if artifact.organisation or item.organisation
        else (),
        what=(artifact.name,) if artifact.name else (),
        type=kind_of,
        stage=Kind.RELEASED,
        openness=_openness(artifact, kind_of, licence),
        licence=licence.id if licence else None,
        evidence=evidence,
    )
    return Verdict(Kind.RELEASED, _STATED, (row,), (evidence,), tuple(reasons), model, _basis(item))


def _basis(item: Item) -> str:
    return "text" if item.text else "summary"


def _type(written: str) -> ArtifactType:
    try:
        return ArtifactType(written)
    except ValueError:
        return ArtifactType.OTHER


def _maker(name: str, knowledge: Knowledge) -> str:
    return knowledge.account_holder(name) or name


def _openness(artifact: Artifact, kind: ArtifactType, licence: Licence | None) -> Openness:
    if artifact.gated or (licence is not None and licence.kind in {"restricted", "non-commercial"}):
        return Openness.RESTRICTED
    if kind in {ArtifactType.DATASET, ArtifactType.BENCHMARK}:
        return Openness.OPEN_DATA
    if licence is not None and licence.kind == "osi":
        return Openness.OPEN_SOURCE
    return Openness.OPEN_WEIGHTS if kind is ArtifactType.MODEL else Openness.UNCLEAR
