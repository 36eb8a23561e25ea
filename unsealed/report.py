"""What a run did, in words: the report shown at its end and kept in the archive."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from pipeline.model import Kind, Openness, PageFetch, Poll, PollOutcome, Problem


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that could not be had: which, why, and what to do."""

    what: str
    code: str
    message: str
    cure: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """A source whose health has changed: from what, to what, and why."""

    what: str
    before: str
    after: str
    why: str


@dataclass(frozen=True, slots=True)
class StoryLine:
    """A story of this run's editions, for the report's table."""

    id: int
    openness: str
    stage: str
    who: str
    title: str
    licence: str
    outlets: int
    languages: tuple[str, ...]


@dataclass
class RunReport:
    """Filled while a run goes on."""

    sources_ok: int = 0
    sources_unchanged: int = 0
    sources_failed: list[Trouble] = field(default_factory=list)
    sources_resting: int = 0  # polled lately and well; their time has not come
    waiting: list[Trouble] = field(default_factory=list)  # not asked: told to wait, or gone for good
    changes: list[Change] = field(default_factory=list)  # of sources' health
    warnings: list[Trouble] = field(default_factory=list)  # read, but leniently
    entries: int = 0
    articles_new: int = 0
    articles_changed: int = 0
    pages_fetched: int = 0
    pages_waiting: int = 0  # put off: their host has asked us to wait
    pages_failed: list[Trouble] = field(default_factory=list)
    judged: int = 0
    misjudged: list[Trouble] = field(default_factory=list)  # items the classifier crashed on
    grouped: int = 0
    stories: list[StoryLine] = field(default_factory=list)
    editions: list[str] = field(default_factory=list)
    delivered: list[str] = field(default_factory=list)
    undelivered: list[Trouble] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def reached(self) -> bool:
        """Whether any source answered usefully, or did so lately."""
        return bool(self.sources_ok or self.sources_unchanged or self.sources_resting)

    def openness(self) -> Counter[str]:
        """Stories of the editions: those released by grade, freest first, then promised and reversed ones."""
        order = {o.value: i for i, o in enumerate(Openness)}
        counted = Counter(s.openness if s.stage == Kind.RELEASED else s.stage for s in self.stories)
        return Counter(dict(sorted(counted.items(), key=lambda kv: order.get(kv[0], len(order)))))

    def add_poll(self, poll: Poll, name: str, added: int, changed: int) -> None:
        """Count one poll."""
        if poll.outcome is PollOutcome.DEFERRED and poll.problem is not None:
            self.add_waiting(name, poll.problem)
            return
        if poll.outcome is PollOutcome.FAILED:
            problem = poll.problem
            assert problem is not None
            self.sources_failed.append(Trouble(name, problem.code, problem.message, problem.cure))
            return
        self.sources_ok += poll.outcome is PollOutcome.OK
        self.sources_unchanged += poll.outcome is PollOutcome.UNCHANGED
        self.entries += len(poll.entries)
        self.articles_new += added
        self.articles_changed += changed
        if poll.problem is not None:
            self.warnings.append(Trouble(name, poll.problem.code, poll.problem.message, poll.problem.cure))

    def add_waiting(self, name: str, problem: Problem) -> None:
        """Note a source that is not asked, and why."""
        self.waiting.append(Trouble(name, problem.code, problem.message, problem.cure))

    def add_page(self, fetch: PageFetch, title: str) -> None:
        """Count one article page."""
        if fetch.problem is None:
            self.pages_fetched += 1
        else:
            self.pages_failed.append(
                Trouble(title, fetch.problem.code, fetch.problem.message, fetch.problem.cure)
            )

    def plain(self) -> dict[str, Any]:
        """As JSON data, for the archive."""
        return asdict(self)
