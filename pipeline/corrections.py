"""A person's verdict over the model's: what it changes, and what can be learnt from it. Pure.

A correction says only what the model got wrong. Applied to the model's verdict it makes a whole
one of the model `HUMAN`, which is the one in force; when the model judges the article anew (its
page has come, the model has changed) the correction is applied again, so what nobody corrected
follows the model, and what somebody did stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from pipeline.model import (
    ANNOUNCING_KINDS,
    TAGGED_KINDS,
    Announcement,
    Article,
    ArtifactType,
    ConfigError,
    Evidence,
    Kind,
    Openness,
    Verdict,
)

__all__ = ["HUMAN", "Correction", "corrected", "is_human", "labelled_row", "rules"]

#: The model of a verdict that a person has made or mended.
HUMAN: Final = "human"
_REASON: Final = "corrected:"


@dataclass(frozen=True, slots=True)
class Correction:
    """What a person says of an article; None leaves the model's word."""

    kind: Kind | None = None
    openness: Openness | None = None
    licence: str | None = None  # "" says that the text names none
    who: tuple[str, ...] | None = None
    what: tuple[str, ...] | None = None
    note: str = ""

    @property
    def given(self) -> tuple[str, ...]:
        """Names of the fields that are corrected."""
        return tuple(f.name for f in fields(self) if f.name != "note" and getattr(self, f.name) is not None)

    def over(self, older: Correction) -> Correction:
        """Return this correction laid over an earlier one of the same article."""
        kept = {name: getattr(older, name) for name in older.given if getattr(self, name) is None}
        return replace(self, note=self.note or older.note, **kept)


def corrected(verdict: Verdict, correction: Correction, title: str) -> Verdict:
    """Return the model's ``verdict`` with the correction laid over it.

    Facts go to the leading announcement; where the model read none, one is made with the title
    as its evidence. Raises ConfigError where facts are given for a kind that announces nothing.
    """
    kind = correction.kind or verdict.kind
    facts = [name for name in correction.given if name != "kind"]
    if facts and kind not in ANNOUNCING_KINDS:
        raise ConfigError(
            f"an item of the kind {kind.value} announces nothing, so it has no {facts[0]}.",
            cure="Correct its kind too: --kind released, planned or reversed.",
        )
    announcements: tuple[Announcement, ...] = ()
    if kind in ANNOUNCING_KINDS:
        lead, *rest = verdict.announcements or (_bare(kind, title),)
        announcements = (_mended(lead, correction, kind), *rest)
    return Verdict(
        kind=kind,
        probability=1.0 if kind in TAGGED_KINDS else 0.0,
        announcements=announcements,
        evidence=verdict.evidence,
        reasons=tuple(_REASON + name for name in correction.given),
        model=HUMAN,
        basis=verdict.basis,
    )


def _bare(kind: Kind, title: str) -> Announcement:
    return Announcement(
        who=(),
        what=(),
        type=ArtifactType.OTHER,
        stage=kind,
        openness=Openness.UNCLEAR,
        licence=None,
        evidence=Evidence("title", 0, len(title), title),
    )


def _mended(lead: Announcement, correction: Correction, kind: Kind) -> Announcement:
    openness = correction.openness or lead.openness
    return replace(
        lead,
        stage=kind if correction.kind is not None else lead.stage,
        openness=openness,
        licence=lead.licence if correction.licence is None else correction.licence or None,
        who=lead.who if correction.who is None else correction.who,
        what=lead.what if correction.what is None else correction.what,
        # Once a person has said how open it is, "called more than it is" must not say otherwise.
        claimed=None if lead.claimed is openness else lead.claimed,
    )


def is_human(verdict: Verdict) -> bool:
    """Whether a person has made or mended the verdict."""
    return verdict.model == HUMAN


def rules(verdict: Verdict, field: str) -> bool:
    """Whether a person has corrected this field ("kind", "licence" …) of the verdict."""
    return is_human(verdict) and f"{_REASON}{field}" in verdict.reasons


def labelled_row(article: Article, verdict: Verdict) -> dict[str, Any]:
    """Return an article with its corrected verdict as a labelled row, as `unsealed train` reads them.

    ``corrected`` names what a person said; the rest of ``gold`` is the model's, so a row whose
    kind nobody corrected is not sure.
    """
    given: Sequence[str] = [r.removeprefix(_REASON) for r in verdict.reasons if r.startswith(_REASON)]
    lead = verdict.announcements[0] if verdict.announcements else None
    return {
        "id": f"article-{article.id}",  # beside other labelled files, a bare number could be another's
        "title": article.title,
        "summary": article.summary,
        "text": article.text,
        "url": article.url,
        "outlet": article.outlet,
        "published": article.dated.isoformat(),
        "lang": article.language,
        "organisation": article.organisation,
        "gold": {
            "kind": verdict.kind.value,
            "openness": lead.openness.value if lead else "-",
            "licence": (lead.licence if lead else None) or "-",
            "who": list(lead.who) if lead else [],
            "what": list(lead.what) if lead else [],
            "type": lead.type.value if lead else "-",
            "sure": int("kind" in given),
        },
        "corrected": list(given),
    }
