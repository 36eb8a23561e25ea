"""How good verdicts are against labelled items: figures with their uncertainty. Pure.

The measures are those of the codebook's own judge:

tag
    ``released`` and ``planned`` are positive; items labelled ``reversed`` are left out.
openness, licence, who, what
    on items that are tagged in truth and by the verdict. ``who`` and ``what`` are micro F1 over
    names; two names of an artifact agree when one contains the other (3 characters or more).
calibration
    expected calibration error over ten bins of equally many items, and the Brier score.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pipeline.figures import Calibration, Score, Share, calibration, name_score, score, share
from pipeline.model import TAGGED_KINDS, Kind

__all__ = ["Error", "Gold", "Guess", "Report", "evaluate", "gold_from", "guess_from", "key"]

#: Two names of an artifact agree by containment from this length on: "R1" is in too many names.
_CONTAINED: Final = 3
_TAGGED: Final = frozenset(kind.value for kind in TAGGED_KINDS)


@dataclass(frozen=True, slots=True)
class Gold:
    """A labelled item: what a careful reader says of it, and what it is grouped by."""

    id: str
    title: str
    kind: str
    openness: str = ""
    licence: str = ""
    who: tuple[str, ...] = ()
    what: tuple[str, ...] = ()
    sure: bool = True
    groups: Mapping[str, str] = field(default_factory=dict)  # "language" -> "zh", "source" -> "press"

    @property
    def tagged(self) -> bool:
        """Whether the reader tags it."""
        return self.kind in _TAGGED


@dataclass(frozen=True, slots=True)
class Guess:
    """What the classifier says of an item."""

    kind: str
    tagged: bool
    probability: float | None
    openness: str = ""
    licence: str = ""
    who: tuple[str, ...] = ()
    what: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Error:
    """An item that was tagged wrongly, or wrongly not."""

    id: str
    title: str
    kind: str  # the reader's
    guess: Guess


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that is known of how good the verdicts are."""

    items: int
    positives: int
    without_guess: int
    tag: Score
    tag_sure: Score
    by_group: Mapping[str, Mapping[str, Score]]  # "language" -> "zh" -> score of the tag
    kind: Share  # right of all
    by_kind: Mapping[str, Score]
    confusion: Mapping[str, Mapping[str, int]]  # the reader's kind -> the verdict's -> items
    openness: Share | None  # of items tagged by both
    licence_named: Share | None  # right, where the reader names one
    licence_invented: int  # given where the reader names none
    licence_none: int  # items where the reader names none
    who: Score | None
    what: Score | None
    calibration: Calibration | None
    errors: tuple[Error, ...]  # most confident first


def gold_from(row: Mapping[str, Any], groups: Mapping[str, str] | None = None) -> Gold:
    """Return the label of a JSON row (under ``gold``). Raises ValueError where there is none."""
    gold = row.get("gold")
    if not isinstance(gold, Mapping) or gold.get("kind") not in set(Kind):
        raise ValueError("it has no label: “gold” must hold a “kind” of the codebook")
    return Gold(
        id=str(row.get("id") or ""),
        title=str(row.get("title") or ""),
        kind=str(gold["kind"]),
        openness=_one(gold.get("openness")),
        licence=_one(gold.get("licence")),
        who=_names(gold.get("who")),
        what=_names(gold.get("what")),
        sure=bool(gold.get("sure", 1)),
        groups=groups or {},
    )


def guess_from(row: Mapping[str, Any]) -> Guess:
    """Return what a line of ``unsealed classify`` says; what is missing counts as empty."""
    kind = str(row.get("kind") or "")
    probability = row.get("probability")
    number = isinstance(probability, int | float) and not isinstance(probability, bool)
    return Guess(
        kind=kind,
        tagged=bool(row.get("tagged", kind in _TAGGED)),
        probability=float(probability) if number else None,  # type: ignore[arg-type]
        openness=_one(row.get("openness")),
        licence=_one(row.get("licence")),
        who=_names(row.get("who")),
        what=_names(row.get("what")),
    )


def evaluate(
    rows: Sequence[tuple[Gold, Guess | None]],
    *,
    maker: Callable[[str], str] = lambda name: name,
    worst: int = 20,
) -> Report:
    """Return the report on ``rows``; None is an item without a verdict, which counts as untagged.

    ``maker`` gives an organisation's usual name, so that aliases agree. Raises ValueError
    without rows.
    """
    if not rows:
        raise ValueError("there is nothing to judge")
    judged = [(gold, guess or Guess("", False, None)) for gold, guess in rows]
    tags = [(gold, guess) for gold, guess in judged if gold.kind != Kind.REVERSED]
    both = [(gold, guess) for gold, guess in judged if gold.tagged and guess.tagged]
    named = [(gold, guess) for gold, guess in both if gold.licence]
    none = [(gold, guess) for gold, guess in both if not gold.licence]
    return Report(
        items=len(rows),
        positives=sum(gold.tagged for gold, _ in rows),
        without_guess=sum(guess is None for _, guess in rows),
        tag=_tag_score(tags),
        tag_sure=_tag_score([(gold, guess) for gold, guess in tags if gold.sure]),
        by_group=_by_group(tags),
        kind=share([gold.kind == guess.kind for gold, guess in judged]),
        by_kind={
            kind.value: score([(gold.kind == kind, guess.kind == kind) for gold, guess in judged])
            for kind in Kind
        },
        confusion=_confusion(judged),
        openness=share([g.openness == p.openness for g, p in both]) if both else None,
        licence_named=share([key(g.licence) == key(p.licence) for g, p in named]) if named else None,
        licence_invented=sum(bool(guess.licence) for _, guess in none),
        licence_none=len(none),
        who=name_score([(_keys(g.who, maker), _keys(p.who, maker)) for g, p in both], _equal)
        if both
        else None,
        what=name_score([(_keys(g.what), _keys(p.what)) for g, p in both], _alike) if both else None,
        calibration=calibration(
            (guess.probability, gold.tagged) for gold, guess in tags if guess.probability is not None
        ),
        errors=_worst(tags)[:worst],
    )


def key(name: str) -> str:
    """Return what is compared of a name: its letters and digits, whatever their width and case."""
    plain = re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name).casefold())
    # "Motif Technologies Inc." is "Motif Technologies"; a short name may end so by itself.
    return re.sub(r"(?:inc|labs|corp|ltd|company)$", "", plain) if len(plain) > 7 else plain


def _keys(names: Iterable[str], maker: Callable[[str], str] = lambda name: name) -> frozenset[str]:
    return frozenset(filter(None, (key(maker(name)) for name in names)))


def _equal(one: str, other: str) -> bool:
    return one == other


def _alike(one: str, other: str) -> bool:
    return one == other or (min(len(one), len(other)) >= _CONTAINED and (one in other or other in one))


def _tag_score(rows: Sequence[tuple[Gold, Guess]]) -> Score:
    return score([(gold.tagged, guess.tagged) for gold, guess in rows])


def _by_group(rows: Sequence[tuple[Gold, Guess]]) -> dict[str, dict[str, Score]]:
    members: dict[str, dict[str, list[tuple[Gold, Guess]]]] = defaultdict(lambda: defaultdict(list))
    for gold, guess in rows:
        for group, value in gold.groups.items():
            members[group][value].append((gold, guess))
    return {
        group: {value: _tag_score(values[value]) for value in sorted(values, key=lambda v: -len(values[v]))}
        for group, values in members.items()
    }


def _confusion(rows: Sequence[tuple[Gold, Guess]]) -> dict[str, dict[str, int]]:
    counted = Counter((gold.kind, guess.kind) for gold, guess in rows)
    return {kind.value: {other.value: counted[kind.value, other.value] for other in Kind} for kind in Kind}


def _worst(rows: Sequence[tuple[Gold, Guess]]) -> tuple[Error, ...]:
    """Return the items tagged wrongly, the most confident and surest first."""

    def regret(row: tuple[Gold, Guess]) -> tuple[bool, float, str]:
        gold, guess = row
        p = guess.probability if guess.probability is not None else 0.5
        return (not gold.sure, -(1 - p if gold.tagged else p), gold.id)

    wrong = sorted(((g, p) for g, p in rows if g.tagged != p.tagged), key=regret)
    return tuple(Error(gold.id, gold.title, gold.kind, guess) for gold, guess in wrong)


def _one(value: Any) -> str:
    if isinstance(value, list | tuple):
        value = value[0] if value else ""
    return "" if value in (None, "-") else str(value)


def _names(value: Any) -> tuple[str, ...]:
    if value in (None, "", "-"):
        return ()
    parts = re.split(r"[;,]", value) if isinstance(value, str) else [str(part) for part in value]
    return tuple(part.strip() for part in parts if part.strip() not in ("", "-"))
