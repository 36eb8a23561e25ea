"""The vocabulary every room speaks: frozen dataclasses, no I/O, no third-party imports.

A story's way, and the word for what is passed on at each station::

    Source -poll-> Entry -save-> Article -classify-> Verdict -read-> Announcement
        -group-> Story -select-> Digest -render-> Message -deliver-> Delivery

Every ``datetime`` here is aware; stored ones are UTC. Empty text is ``""``, never None;
None means "not known" (a date) or "not given" (a licence).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from pipeline.source_state import Health as Health
from pipeline.source_state import ServerSays as ServerSays
from pipeline.source_state import SourceEvent as SourceEvent
from pipeline.source_state import SourceState as SourceState

# ----------------------------------------------------------------------------- errors


class UnsealedError(Exception):
    """Root of every error this program raises on purpose.

    ``about`` names the source, file, story or channel concerned; ``cure`` says what a
    person can do. ``str()`` is one sentence fit for a terminal or a digest.
    """

    def __init__(self, message: str, *, about: str = "", cure: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.about = about
        self.cure = cure

    def __str__(self) -> str:
        head = f"{self.about}: {self.message}" if self.about else self.message
        return f"{head} {self.cure}" if self.cure else head


class ConfigError(UnsealedError):
    """Settings, catalogue or data file that cannot be used. The command exits with 2."""


class SourceError(UnsealedError):
    """A source that cannot be polled; ``about`` is its id."""


class FeedError(SourceError):
    """A body that is not a feed of any kind we read; ``about`` is its name or URL."""


class PageError(UnsealedError):
    """An article page that cannot be read; ``about`` is its URL."""


class ArchiveError(UnsealedError):
    """The database cannot be opened, is of another version, or refused a write."""


class QueryError(UnsealedError):
    """A search that cannot be understood; ``about`` quotes the part at fault.

    ``query`` is the whole text and ``start``, ``end`` (code points) the place in it; both 0
    where the fault has no place (a query that is too long).
    """

    def __init__(
        self,
        message: str,
        *,
        about: str = "",
        cure: str = "",
        query: str = "",
        start: int = 0,
        end: int = 0,
    ) -> None:
        super().__init__(message, about=about, cure=cure)
        self.query = query
        self.start = start
        self.end = end


class DeliveryError(UnsealedError):
    """A message that was not taken. ``outcome`` says what is known of it.

    ``failed``: certainly not delivered. ``unknown``: perhaps delivered (the connection was
    lost after the message had been handed over). ``permanent`` means a retry is useless.
    """

    def __init__(
        self,
        message: str,
        *,
        about: str = "",
        cure: str = "",
        unknown: bool = False,
        permanent: bool = False,
    ) -> None:
        super().__init__(message, about=about, cure=cure)
        self.unknown = unknown
        self.permanent = permanent


# ---------------------------------------------------------------------------- gathering


class SourceKind(StrEnum):
    """How a source publishes, and so which spider reads it."""

    FEED = "feed"
    LISTING = "listing"
    SITEMAP = "sitemap"
    HUGGINGFACE = "huggingface"
    GITHUB_RELEASES = "github-releases"
    HACKERNEWS = "hackernews"
    REDDIT = "reddit"


class PagePolicy(StrEnum):
    """Which articles of a source have their page fetched."""

    AUTO = "auto"  # those whose verdict on title and summary is tagged or undecided
    ALL = "all"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Source:
    """A place that publishes, from the shipped catalogue or the user's file."""

    id: str  # lower-case slug, unique in a catalogue
    name: str  # the outlet's name as readers know it
    kind: SourceKind
    url: str  # what is polled
    homepage: str = ""
    category: str = "press"  # press, lab_blog, newsletter, community, china_press, research, release_hub
    language: str = ""  # ISO 639-1, "" unknown or mixed
    country: str = ""  # ISO 3166-1 alpha-2, "" unknown
    organisation: str = ""  # the maker this source speaks for (lab blogs, hubs), "" none
    pages: PagePolicy = PagePolicy.AUTO
    recipe: Mapping[str, str] = field(default_factory=dict)  # listing pages: CSS selectors
    cadence: str = ""  # shortest and longest time between polls ("15m-4h"), "" as the settings say
    user_agent: str = ""  # instead of the program's own
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)  # sent to its host; may hold secrets
    proxy: str = field(default="", repr=False)  # http://[user:password@]host:port, "" none
    note: str = ""  # what is known of it ("behind a paywall"), shown with it


@dataclass(frozen=True, slots=True)
class Artifact:
    """What a release hub itself states about a published artifact."""

    name: str  # "R1", without the organisation
    type: str  # ArtifactType value
    organisation: str
    licence: str = ""  # as the hub writes it, e.g. "apache-2.0"; "" not stated
    gated: bool | None = None  # None: the hub does not say
    downloads: int | None = None
    files_present: bool | None = None  # weights or code are really there; None unknown


@dataclass(frozen=True, slots=True)
class Entry:
    """One item as its source lists it; nothing guessed, text already plain and bounded."""

    source_id: str
    guid: str  # the source's own identity of it, or a fallback built from link, title, date
    url: str  # absolute http(s) URL as listed
    canonical_url: str  # one article has one; see crawler.urls
    title: str  # plain text, one line
    summary: str = ""  # plain text
    summary_html: str = ""  # sanitised
    authors: tuple[str, ...] = ()
    published: datetime | None = None
    updated: datetime | None = None
    tags: tuple[str, ...] = ()
    language: str = ""
    artifact: Artifact | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something could not be gathered, in words a reader can act on.

    ``code`` is a stable slug for programs (``http-500``, ``timeout``, ``robots``, ``not-a-feed`` …).
    """

    code: str
    message: str  # one sentence, without the source's name
    cure: str = ""


class PollOutcome(StrEnum):
    """How a poll ended."""

    OK = "ok"  # read; entries may be none
    UNCHANGED = "unchanged"  # 304, or the same body as last time
    FAILED = "failed"
    DEFERRED = "deferred"  # not asked: its host has told us to wait


@dataclass(frozen=True, slots=True)
class Poll:
    """The result of polling one source once."""

    source_id: str
    outcome: PollOutcome
    at: datetime
    entries: tuple[Entry, ...] = ()
    status: int | None = None  # HTTP status, None if none came
    state: SourceState = field(default_factory=SourceState)  # to remember for the next poll
    seconds: float = 0.0
    problem: Problem | None = None  # set when failed or deferred; when ok, a warning ("read leniently")
    says: ServerSays = field(default_factory=ServerSays)


@dataclass(frozen=True, slots=True)
class Page:
    """An article page as read: what could not be found is empty or None, never guessed."""

    url: str
    canonical_url: str = ""
    title: str = ""  # without the site's name
    text: str = ""  # main text, paragraphs separated by a blank line
    authors: tuple[str, ...] = ()
    published: datetime | None = None
    updated: datetime | None = None
    language: str = ""
    outlet: str = ""
    image: str = ""
    links: tuple[str, ...] = ()  # absolute http(s) links out of the main text
    access: str = ""  # "paywalled": the page says so; "partial": it shows less than its metadata carries
    origins: Mapping[str, str] = field(default_factory=dict)  # field -> "json-ld", "meta", "byline", "page" …


@dataclass(frozen=True, slots=True)
class PageRequest:
    """An article page that is worth fetching."""

    article_id: int
    url: str
    source_id: str
    outlet: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class PageFetch:
    """The result of fetching one article page once: exactly one of page and problem is set."""

    article_id: int
    at: datetime
    page: Page | None = None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Article:
    """The stored item, as the later stations read it."""

    id: int
    source_id: str
    outlet: str
    url: str
    canonical_url: str
    title: str
    summary: str
    text: str  # "" until the page was fetched
    language: str
    published: datetime | None
    first_seen: datetime
    organisation: str = ""  # the source's, for sources that speak for one maker
    category: str = ""
    artifact: Artifact | None = None
    links: tuple[str, ...] = ()

    @property
    def dated(self) -> datetime:
        """When it was published, else when we first saw it: the time it is sorted by."""
        return self.published or self.first_seen


# ------------------------------------------------------------------------------ judging


@dataclass(frozen=True, slots=True)
class Item:
    """What the classifier reads: an article's words and where they come from."""

    title: str
    summary: str = ""
    text: str = ""
    url: str = ""
    outlet: str = ""
    published: datetime | None = None
    language: str = ""
    organisation: str = ""  # the maker the source speaks for, "" none
    artifact: Artifact | None = None
    id: str = ""


class Kind(StrEnum):
    """What an item is about; the codebook's six kinds."""

    RELEASED = "released"
    PLANNED = "planned"
    REVERSED = "reversed"
    UPDATE = "update"
    DISCUSSION = "discussion"
    OTHER = "other"


#: Kinds whose articles carry the tag "open-sourcing announcement".
TAGGED_KINDS = frozenset({Kind.RELEASED, Kind.PLANNED})
#: Kinds that are announcements of some sort: the tagged ones, and the way back.
ANNOUNCING_KINDS = TAGGED_KINDS | {Kind.REVERSED}


class Openness(StrEnum):
    """How open an announced artifact is, from freest to least known."""

    OPEN_SOURCE = "open-source"
    OPEN_WEIGHTS = "open-weights"
    OPEN_DATA = "open-data"
    RESTRICTED = "restricted"
    UNCLEAR = "unclear"
    FREE_ACCESS = "free-access"


class ArtifactType(StrEnum):
    """What sort of thing is opened."""

    MODEL = "model"
    DATASET = "dataset"
    CODE = "code"
    BENCHMARK = "benchmark"
    HARDWARE = "hardware"
    PROTOCOL = "protocol"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Evidence:
    """The sentence that proves a finding: ``quote == field_text[start:end]`` (code points)."""

    field: str  # "title", "summary" or "text"
    start: int
    end: int
    quote: str


@dataclass(frozen=True, slots=True)
class Announcement:
    """One opening read out of an article: who opens what, how, and the proof."""

    who: tuple[str, ...]  # short English names, most prominent first
    what: tuple[str, ...]  # artifact names without the maker's name
    type: ArtifactType
    stage: Kind  # RELEASED, PLANNED or REVERSED
    openness: Openness
    licence: str | None  # SPDX id or the codebook's name for a custom licence
    evidence: Evidence
    claimed: Openness | None = None  # what the text calls it, where that is more than it is
    due: date | None = None  # for promises: last day of the promised time


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the classifier says about one item."""

    kind: Kind
    probability: float  # that the item is tagged, 0..1
    announcements: tuple[Announcement, ...]
    evidence: tuple[Evidence, ...]  # what spoke for the kind, strongest first
    reasons: tuple[str, ...]  # names of the rules behind it, strongest first
    model: str  # name and version, e.g. "linear-2"
    basis: str = "summary"  # "summary": title and summary; "text": with the page's text

    @property
    def tagged(self) -> bool:
        """Whether the item announces an open-sourcing."""
        return self.kind in TAGGED_KINDS

    @property
    def openness(self) -> Openness | None:
        """Openness of the leading announcement, None where there is none."""
        return self.announcements[0].openness if self.announcements else None

    @property
    def licence(self) -> str | None:
        """Licence of the leading announcement."""
        return self.announcements[0].licence if self.announcements else None


# ------------------------------------------------------------------------------ stories


class StoryRole(StrEnum):
    """What an article is to its story."""

    COVER = "cover"  # tells of the announcement itself
    RELATED = "rel"  # follow-up, update or discussion of the same subject


@dataclass(frozen=True, slots=True)
class Coverage:
    """One outlet's article in a story."""

    article_id: int
    outlet: str
    title: str
    url: str
    language: str
    published: datetime
    role: StoryRole = StoryRole.COVER


@dataclass(frozen=True, slots=True)
class Verification:
    """What a primary source (hub entry, repository) shows about a story's artifact."""

    url: str
    outlet: str
    licence: str | None  # as found there
    gated: bool | None
    files_present: bool | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Story:
    """All coverage of one announcement, in any language."""

    id: int
    title: str
    stage: Kind
    openness: Openness
    claimed: Openness | None
    licence: str | None
    licences: tuple[tuple[str, int], ...]  # each licence named and by how many articles, most first
    who: tuple[str, ...]
    what: tuple[str, ...]
    type: ArtifactType
    evidence: str
    evidence_from: Coverage
    first: Coverage
    best: Coverage
    coverage: tuple[Coverage, ...]  # by time
    announcements: tuple[Announcement, ...]  # of the best article: several in a round-up
    first_seen: datetime
    verification: Verification | None = None
    corrected: bool = False  # a person has mended the verdict on one of its articles

    @property
    def outlets(self) -> tuple[str, ...]:
        """Outlets that cover it, by time, each once."""
        return tuple(dict.fromkeys(c.outlet for c in self.coverage if c.role is StoryRole.COVER))

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages it is covered in, by time, each once."""
        return tuple(
            dict.fromkeys(c.language for c in self.coverage if c.role is StoryRole.COVER and c.language)
        )


class PromiseState(StrEnum):
    """What became of a promise."""

    OPEN = "open"
    KEPT = "kept"
    OVERDUE = "overdue"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Promise:
    """A planned opening and what became of it."""

    id: int
    story_id: int
    who: tuple[str, ...]
    what: tuple[str, ...]
    said_at: datetime
    due: date | None
    state: PromiseState
    quote: str
    url: str
    outlet: str
    changed_at: datetime
    kept_by: int | None = None  # story id


# ------------------------------------------------------------------------------ digests


@dataclass(frozen=True, slots=True)
class Brief:
    """An item that is no opening but worth a line."""

    title: str
    url: str
    outlet: str
    language: str
    kind: Kind
    published: datetime


@dataclass(frozen=True, slots=True)
class TrendWeek:
    """Openings seen in one ISO week."""

    monday: date
    counts: Mapping[Openness, int]


@dataclass(frozen=True, slots=True)
class SourceNote:
    """A source that could not be read, in words."""

    source_id: str
    name: str
    message: str
    since: datetime


#: The edition that is sent when there is news, not by the clock.
BREAKING = "breaking"


@dataclass(frozen=True, slots=True)
class Digest:
    """An edition: a period, its stories in order, and what was left out and why."""

    subscription: str
    edition: str  # "daily", "weekly" or "breaking"
    day: date  # the local day it is of
    timezone: str  # IANA name
    since: datetime
    until: datetime
    stories: tuple[Story, ...]  # released and planned, most important first
    reversals: tuple[Story, ...]
    promises: tuple[Promise, ...]  # kept, overdue or withdrawn in the period
    briefs: tuple[Brief, ...]
    trend: tuple[TrendWeek, ...]  # oldest first, the running week last
    sources_ok: int
    sources_failed: tuple[SourceNote, ...]
    left_out: Mapping[str, int]  # reason in words -> how many
    articles_read: int  # articles that arrived in the period

    @property
    def slot(self) -> str:
        """Identity of the edition within its subscription: one is sent per slot.

        A day has one daily edition and as many breaking ones as there is news.
        """
        day = f"{self.edition}:{self.day.isoformat()}"
        return f"{day}T{self.until:%H%M%S}" if self.edition == BREAKING else day


class DeliveryState(StrEnum):
    """Where one edition stands on its way to one recipient."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One edition to one recipient of one channel: a line of the ledger."""

    id: int
    edition_id: int
    channel: str  # name in the settings, e.g. "mail", "slack"
    recipient: str  # address; for a webhook the channel's name, never its URL
    state: DeliveryState
    attempts: int = 0
    parts_sent: int = 0  # messages of a split post already accepted
    message_id: str = ""
    error: str = ""
    updated_at: datetime | None = None
