"""What became of a promise: kept by a release, withdrawn, overdue, or still open.

Pure: the archive hands in the open promises and the stories that may settle them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pipeline.due import read_due
from pipeline.identity import Likeness, Name, likeness, read_name
from pipeline.model import ArtifactType, Kind, Promise, PromiseState, Story
from pipeline.names import name_key

#: A promise without a name is kept by the maker's next release of the kind, within half a year.
_UNNAMED_WINDOW = timedelta(days=180)
#: A release reported this long before the promise was is not its keeping: reports overlap.
_BEFORE = timedelta(hours=12)
#: States that a later event may still change. What was kept or withdrawn stays so.
_UNSETTLED = frozenset({PromiseState.OPEN, PromiseState.OVERDUE})


def open_promise(promise_id: int, story: Story, now: datetime) -> Promise:
    """Make the promise of a story told as planned.

    It falls due as read by the classifier, else as its proof says. Raises ValueError for a
    story of another stage.
    """
    if story.stage is not Kind.PLANNED:
        raise ValueError(f"story {story.id} is {story.stage.value}, no promise")
    said = story.first.published
    due = min((a.due for a in story.announcements if a.due and a.stage is Kind.PLANNED), default=None)
    proof = story.evidence_from
    return settle(
        Promise(
            id=promise_id,
            story_id=story.id,
            who=story.who,
            what=story.what,
            said_at=said,
            due=due or read_due(story.evidence, proof.published, proof.language),
            state=PromiseState.OPEN,
            quote=story.evidence,
            url=proof.url,
            outlet=proof.outlet,
            changed_at=said,
        ),
        None,
        now,
    )


def refreshed(promise: Promise, story: Story) -> Promise:
    """Return the promise with what later coverage of its story tells: names, and a due day if it had none."""
    told = open_promise(promise.id, story, promise.said_at)
    return replace(promise, who=told.who, what=told.what, due=promise.due or told.due)


def settle(promise: Promise, story: Story | None, now: datetime) -> Promise:
    """Return the promise after ``story`` (one that ``answers`` it, or None) and the time ``now``.

    Released keeps it, late or not; reversed withdraws it; a due day that is over, with neither,
    makes it overdue. A promise kept or withdrawn is returned as it is.
    """
    if promise.state not in _UNSETTLED:
        return promise
    if story is not None and answers(promise, story):
        at = max(story.first.published, promise.said_at)
        if story.stage is Kind.REVERSED:
            return replace(promise, state=PromiseState.WITHDRAWN, changed_at=_seen(story, at))
        return replace(promise, state=PromiseState.KEPT, kept_by=story.id, changed_at=_seen(story, at))
    if promise.state is PromiseState.OPEN and promise.due is not None:
        over = datetime.combine(promise.due + timedelta(days=1), datetime.min.time(), tzinfo=UTC)
        if now >= over:
            return replace(promise, state=PromiseState.OVERDUE, changed_at=max(over, promise.said_at))
    return promise


def _seen(story: Story, at: datetime) -> datetime:
    """When it became known here: what was published last week and found today is today's news."""
    return max(at, story.first_seen)


def delay(promise: Promise, story: Story) -> timedelta | None:
    """How long after its due day a promise was kept: zero if in time, None if none was named."""
    if promise.due is None:
        return None
    return max(story.first.published.date() - promise.due, timedelta(0))


def match_release(promises: Iterable[Promise], story: Story) -> int | None:
    """Return the id of the unsettled promise that a story keeps or withdraws, None if none.

    The best named one, then the latest made; the order of ``promises`` makes no difference.
    """
    found = [
        (how, p.said_at, -p.id) for p in promises if p.state in _UNSETTLED and (how := _likeness(p, story))
    ]
    return -max(found)[2] if found else None


def answers(promise: Promise, story: Story) -> bool:
    """Whether a story is the keeping or the withdrawal of a promise."""
    return _likeness(promise, story) > 0


def _likeness(promise: Promise, story: Story) -> int:
    """0: unlike. 1: same maker, nothing named. 2 and more: names agree, better with more."""
    if story.stage not in (Kind.RELEASED, Kind.REVERSED) or story.id == promise.story_id:
        return 0
    if story.first.published < promise.said_at - _BEFORE:
        return 0
    makers, theirs = ({name_key(w) for w in who} for who in (promise.who, story.who))
    if makers and theirs and not makers & theirs:
        return 0
    mine, other = _names(promise.what), _names(story.what)
    if mine:
        words = frozenset(word for maker in makers | theirs for word in maker.split())
        nearest = max((_agree(one, two, words) for one in mine for two in other), default=0)
        # Two nameless makers agree on nothing: then the name must be the very same.
        return nearest if makers & theirs or nearest >= 4 else 0
    # Only a later release: what came out in the same hours is what the promise goes beyond.
    soon = timedelta(0) < story.first.published - promise.said_at <= _UNNAMED_WINDOW
    return int(bool(makers & theirs) and soon and _says_so(promise, story))


def _agree(promised: Name, released: Name, makers: frozenset[str]) -> int:
    how = likeness(promised, released, makers)
    if how is Likeness.SAME:
        return 4
    if how is Likeness.SHORT:
        return 3
    # "Aurora" was promised and "Aurora Mini" came; but promised "Aurora-2" is not "Aurora-2-0528".
    longer = released.core[: len(promised.core)] == promised.core
    return 2 if how is Likeness.VARIANT and longer and not promised.versioned else 0


def _names(what: Iterable[str]) -> list[Name]:
    return [name for name in map(read_name, what) if name.core]


#: Words for each kind of thing, as a promise that names nothing says them.
_KIND_WORDS = {
    ArtifactType.MODEL: r"models?|weights|llms?|modelle?n?|modèles?|modelos?|模型|权重|權重|モデル|모델",
    ArtifactType.CODE: (
        r"code|source|frameworks?|librar(?:y|ies)|tools?|sdk|apps?|agents?|quellcode|outils?|código|"
        r"代码|代碼|源码|框架|工具|コード|ソース|코드"
    ),
    ArtifactType.DATASET: r"data|datasets?|corpus|datensatz|datensätze|données|datos|数据|數據|データ|데이터",
    ArtifactType.BENCHMARK: r"benchmarks?|基准|ベンチマーク|벤치마크",
    ArtifactType.HARDWARE: r"chips?|hardware|boards?|芯片|チップ|칩",
    ArtifactType.PROTOCOL: r"protocols?|standards?|protokoll|protocole|protocolo|协议|プロトコル",
}
_KIND_PATTERNS = {
    # CJK words stand without blanks around them, so only a Latin letter beside one forbids it.
    kind: re.compile(rf"(?<![a-zà-ÿ])(?:{words})(?![a-zà-ÿ])")
    for kind, words in _KIND_WORDS.items()
}


def _says_so(promise: Promise, story: Story) -> bool:
    """Whether what a nameless promise speaks of is the kind of thing that was released."""
    pattern = _KIND_PATTERNS.get(story.type)
    return pattern is not None and bool(pattern.search(promise.quote.casefold()))
