"""Judge an item: does it announce that somebody opened something in AI, how sure, and the proof.

A first look (pipeline.first_look) passes over what holds no word of opening. Of the rest, rules and
short runs of words (pipeline.features) have fitted weights (pipeline.linear); their sum gives the
probability, and the grammar's reading (pipeline.facts) the announcements. What a release hub states
of itself needs no reading: it is judged from its stated facts (pipeline.hub).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.clauses import Clause, read_clauses
from pipeline.due import read_due
from pipeline.facts import Reading, fields_of, gather, headline_announcement, proven, readings
from pipeline.features import features, group_of
from pipeline.first_look import FirstLook
from pipeline.hub import judge_artifact
from pipeline.knowledge import Knowledge, load_knowledge
from pipeline.linear import TARGETS, Weights, load_weights
from pipeline.model import (
    Announcement,
    Evidence,
    Item,
    Kind,
    Openness,
    Verdict,
)

#: Named in every verdict, so that it is known what judged it.
MODEL = "linear-2"

#: The reason of an item that the first look passed over.
_UNREAD = "no_word_of_opening"

_REASONS_MAX = 6
_EVIDENCE_MAX = 3
#: A rule that moves the sum by less is no reason worth naming.
_REASON_MIN = 0.25
#: A text in which as many makers open something reports on all of them, whatever its headline.
_TREND_MAKERS = 2
#: Sum from which on talk of open AI is discussion: helps languages the sample hardly has, costs 0.001 of kind there.
_TALK_CUT = -0.5
#: The same for a numbered version of something the item calls open.
_EDITION_CUT = -2.0
#: An opening taken back is an announcement, not an opening: the tag is not likely.
_REVERSED_PROBABILITY = 0.1


class Classifier:
    """Judges items by rules. Made once by ``load``; holds no state between items."""

    def __init__(self, knowledge: Knowledge, weights: Weights, model: str = MODEL) -> None:
        self.knowledge = knowledge
        self.model = model
        self.weights = weights
        #: Whether an item holds a word that could make it more than "other".
        self.worth_reading = FirstLook(knowledge)
        #: Probability from which on an item is tagged.
        self.cut = weights.cut

    @classmethod
    def load(cls, extra: Path | None = None, weights: Path | None = None) -> Classifier:
        """Read the shipped knowledge and weights; a user's own file over the one, or instead of the other.

        Raises ConfigError naming file and key or line.
        """
        own = load_weights(weights)
        # Own weights are another model: what they judged must be told apart.
        model = f"{MODEL}+{own.about.get('fitted', 'own')}" if weights else MODEL
        return cls(load_knowledge(extra), own, model)

    def judge_many(self, items: Iterable[Item]) -> Iterator[Verdict]:
        """Judge items one by one, in order."""
        return map(self.judge, items)

    def features_of(self, item: Item) -> frozenset[str]:
        """Return the names of all that holds of an item; what the weights are fitted on."""
        clauses = self._clauses(item)
        return features(item, clauses, readings(item, self.knowledge, clauses), self.knowledge)

    def judge(self, item: Item) -> Verdict:
        """Judge one item by its title, summary, text and, from a release hub, its stated facts."""
        if item.artifact is not None:
            return judge_artifact(item, item.artifact, self.knowledge, model=self.model)
        if not self.worth_reading(item):
            return Verdict(
                kind=Kind.OTHER,
                probability=self.weights.unread,
                announcements=(),
                evidence=(),
                reasons=(_UNREAD,),
                model=self.model,
                basis="summary",
            )
        clauses = self._clauses(item)
        found = readings(item, self.knowledge, clauses)
        heard = features(item, clauses, found, self.knowledge)
        sums = self.weights.sums(heard)
        probability = self.weights.probability(sums[0])
        kind = self._kind(heard, found, probability, sums)
        tagged = kind in {Kind.RELEASED, Kind.PLANNED}
        if kind is Kind.REVERSED:
            probability = min(probability, _REVERSED_PROBABILITY)
        announcements = tuple(
            proven(_dated(a, item), clauses) for a in self._announcements(item, clauses, found, kind)
        )
        target = {Kind.UPDATE: "update", Kind.DISCUSSION: "discussion"}.get(kind, "tag")
        reasons = _reasons(self.weights, TARGETS.index(target), heard, -1 if kind is Kind.OTHER else 1)
        proof = [a.evidence for a in announcements] if tagged or kind is Kind.REVERSED else []
        proof += [e for r in reasons if (e := _heard_in(r, clauses)) is not None]
        return Verdict(
            kind=kind,
            probability=round(probability, 4),
            announcements=announcements,
            evidence=tuple(dict.fromkeys(proof))[:_EVIDENCE_MAX],
            reasons=reasons,
            model=self.model,
            basis="text" if item.text else "summary",
        )

    def _clauses(self, item: Item) -> list[tuple[str, Clause]]:
        return [
            (name, clause)
            for name, value in fields_of(item)
            for clause in read_clauses(value, self.knowledge)
        ]

    def _kind(
        self,
        heard: frozenset[str],
        found: Sequence[Reading],
        probability: float,
        sums: tuple[float, float, float],
    ) -> Kind:
        lead = next((r for r in found if r.field == "title"), found[0] if found else None)
        if (
            lead is not None
            and lead.opening.stage is Kind.REVERSED
            and "no_ai" not in heard
            and (lead.field == "title" or "title:reversed" in heard)
        ):
            return Kind.REVERSED
        if probability >= self.cut:
            stages = [r.opening.stage for r in found if r.opening.grade != "free"]
            first = lead.opening.stage if lead is not None else Kind.RELEASED
            if lead is not None and lead.field == "text":
                # A trend piece promises and reports at once: what has happened comes first.
                first = Kind.RELEASED if Kind.RELEASED in stages else first
            planned = first is Kind.PLANNED or (lead is None and "title:planned" in heard)
            return Kind.PLANNED if planned else Kind.RELEASED
        _, update, discussion = sums
        # Where open AI is the subject and a word of talk is in the title, less is enough.
        talk = "subject_open" in heard and any(rule.startswith("talk:") for rule in heard)
        if "open_edition" in heard and update >= _EDITION_CUT:
            return Kind.UPDATE
        if update < 0 and discussion < (_TALK_CUT if talk else 0.0):
            return Kind.OTHER
        return Kind.UPDATE if update > discussion else Kind.DISCUSSION

    def _announcements(
        self, item: Item, clauses: Sequence[tuple[str, Clause]], found: Sequence[Reading], kind: Kind
    ) -> tuple[Announcement, ...]:
        rows = gather(found)
        if kind not in {Kind.RELEASED, Kind.PLANNED, Kind.REVERSED}:
            # What stays untagged opens nothing; a free offer is still worth its row.
            return tuple(row for row in rows if row.openness is Openness.FREE_ACCESS)
        open_rows = [row for row in rows if row.openness is not Openness.FREE_ACCESS]
        if not open_rows:
            row = headline_announcement(item, clauses, kind, self.knowledge)
            return (row, *rows) if row is not None else rows
        makers = {name for row in open_rows for name in row.who if row.evidence.field != "title"}
        trend = len(makers) >= _TREND_MAKERS
        if open_rows[0].evidence.field == "title" and not (trend and not open_rows[0].what):
            # Below a headline that announces, the text tells of the same; other names are its setting.
            return (open_rows[0],)
        if open_rows[0].evidence.field == "title":
            rows = tuple(row for row in rows if row is not open_rows[0])
        elif not trend:
            head = headline_announcement(item, clauses, kind, self.knowledge)
            if head is not None:
                first = open_rows[0]
                return (
                    replace(
                        first,
                        who=head.who or first.who,
                        what=head.what or first.what,
                        licence=first.licence or head.licence,
                    ),
                )
        return (
            tuple(sorted(rows, key=lambda row: row.openness is Openness.FREE_ACCESS))
            if rows[0].openness is Openness.FREE_ACCESS
            else rows
        )


def item_from(row: Mapping[str, Any]) -> Item:
    """Return the item of a JSON line: title, summary, text, url, outlet, lang, id; all optional."""

    def text(key: str) -> str:
        value = row.get(key)
        return value if isinstance(value, str) else ""

    return Item(
        title=text("title"),
        summary=text("summary"),
        text=text("text"),
        url=text("url"),
        outlet=text("outlet"),
        language=text("lang"),
        organisation=text("organisation"),
        id=str(row.get("id") or ""),
    )


def _dated(row: Announcement, item: Item) -> Announcement:
    """The announcement with the last day of the time it promises, where its words name one."""
    if row.stage is not Kind.PLANNED or item.published is None:
        return row
    told = (row.evidence.quote, item.title, item.summary)
    days = (read_due(words, item.published, item.language) for words in told if words)
    return replace(row, due=next((day for day in days if day is not None), None))


def _reasons(weights: Weights, target: int, heard: frozenset[str], sign: int) -> tuple[str, ...]:
    """What spoke loudest for the verdict: rules first, for runs of words say less to a reader."""
    spoke = [(sign * weights.of(name, target), name) for name in heard]
    ranked = sorted(
        (pair for pair in spoke if pair[0] >= _REASON_MIN),
        key=lambda p: (group_of(p[1]) != "rule", -p[0], p[1]),
    )
    return tuple(name for _, name in ranked[:_REASONS_MAX])


def _heard_in(rule: str, clauses: Sequence[tuple[str, Clause]]) -> Evidence | None:
    """The sentence in which a rule that listens for a list heard it."""
    place, _, tag = rule.partition(":")
    field = {"title": "title", "lead": "summary", "rest": "summary", "text": "text"}.get(place)
    for name, clause in clauses:
        if name == field and clause.has(tag):
            sentence = clause.sentence
            return Evidence(name, sentence.start, sentence.end, sentence.text)
    return None
