"""What grouping compares: an article's subject, and the story it may belong to.

A subject's traits (makers, names, links, words of the title) are read from the facts the
classifier found and from the title itself; a candidate story carries the traits of its coverage
put together. Both give short keys, by which a store finds candidates without scanning.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, lru_cache
from itertools import combinations
from urllib.parse import urlsplit

from pipeline.identity import Name, content_words, read_name, title_names, title_parts, title_words
from pipeline.knowledge import Family, Knowledge, Organisation, load_knowledge
from pipeline.model import (
    ANNOUNCING_KINDS,
    Announcement,
    Article,
    Artifact,
    ArtifactType,
    Item,
    Kind,
    Openness,
    Verdict,
)
from pipeline.names import name_key

#: Stands for "no date": such a subject is near to nothing and far from nothing.
UNDATED = datetime(1970, 1, 1, tzinfo=UTC)

#: Keys of one subject, and of one story. A look-up of 40 keys is one indexed query.
KEYS_MAX = 40
STORY_KEYS_MAX = 120
_KEY_LENGTH = 80
_LINKS_MAX = 6
_LINKS_READ = 200
_MENTIONS_MAX = 8
_NAMES_MAX = 5
#: Names with a version, of families unlike each other, that make a title a list.
_LISTED = 3
_MAKERS_MAX = 4
_TITLES_KEPT = 6
_STORY_NAMES_MAX = 12
_LANGUAGES_MAX = 40

#: Repositories that every second article links to: sharing one says nothing.
_COMMON_LINKS = frozenset(
    f"github.com/{name}"
    for name in (
        "huggingface/transformers",
        "huggingface/diffusers",
        "vllm-project/vllm",
        "sgl-project/sglang",
        "ggml-org/llama.cpp",
        "ggerganov/llama.cpp",
        "ollama/ollama",
        "pytorch/pytorch",
        "unslothai/unsloth",
    )
)
_ARXIV = re.compile(r"^/(?:abs|pdf|html)/(\d{4}\.\d{4,5})")


@dataclass(frozen=True, slots=True)
class Subject:
    """An item as grouping sees it."""

    id: int | str
    title: str
    language: str
    outlet: str
    url: str
    dated: datetime  # aware; UNDATED where nothing is known
    links: tuple[str, ...]
    kind: Kind
    tagged: bool
    announcements: tuple[Announcement, ...]
    summary: str = ""
    artifact: Artifact | None = None

    @property
    def announcing(self) -> bool:
        """Whether it tells of an opening made, promised or taken back."""
        return self.kind in ANNOUNCING_KINDS


def subject_of(source: Item | Article, verdict: Verdict, *, identity: int | str | None = None) -> Subject:
    """Return the subject of an item or stored article; ``identity`` replaces its own id."""
    if isinstance(source, Article):
        dated, links = source.dated, source.links
    else:
        dated, links = source.published or UNDATED, ()
    return Subject(
        id=source.id if identity is None else identity,
        title=source.title,
        language=source.language,
        outlet=source.outlet,
        url=source.url,
        dated=dated,
        links=links,
        kind=verdict.kind,
        tagged=verdict.tagged,
        announcements=verdict.announcements,
        summary=source.summary,
        artifact=source.artifact,
    )


@dataclass(frozen=True, slots=True)
class Traits:
    """What of a subject is compared."""

    who: frozenset[str]  # keys of the makers it announces for
    near: frozenset[str]  # keys of other makers its title names
    names: tuple[Name, ...]  # of what it is about
    types: frozenset[ArtifactType]
    links: frozenset[str]  # primary sources
    words: frozenset[str]  # of the title, without those every title has
    parts: tuple[tuple[str, bool], ...]  # words of the title in order; whether joined to the one before
    licences: frozenset[str]
    roundup: bool  # announcements of several makers

    @property
    def makers(self) -> frozenset[str]:
        """Every maker that may be meant."""
        return self.who | self.near

    @property
    def maker_words(self) -> frozenset[str]:
        """The words these makers' names are made of."""
        return words_of(self.makers)


def words_of(makers: Iterable[str]) -> frozenset[str]:
    """The words of makers' names, which may stand before an artifact's."""
    return frozenset(word for maker in makers for word in maker.split())


@cache
def _known() -> Knowledge:
    return load_knowledge()


@lru_cache(maxsize=32)
def read_traits(subject: Subject) -> Traits:
    """Read what is compared. Bounded in time and size whatever the title holds."""
    title = title_words(subject.title)
    near, spelled = _makers_in(title)
    told = tuple(a for a in subject.announcements if a.openness is not Openness.FREE_ACCESS)
    roundup = _is_roundup(told)
    lead = told[:1] if not roundup else told[:_NAMES_MAX]
    names, listed = _names(spelled, lead, subject.artifact, near)
    roundup = roundup or listed
    keys = {name.key for name in names}
    who = [key for a in lead for w in a.who[:_MAKERS_MAX] if (key := name_key(w)) and key not in keys]
    if subject.artifact is not None and not who:
        who = [name_key(subject.artifact.organisation)]
    # A host of other people's work is a maker only where no other is named.
    own = [key for key in who if key not in _platforms()]
    makers = frozenset((own or [])[:_MAKERS_MAX])
    every = makers | near
    return Traits(
        who=makers,
        near=near - makers,
        names=names,
        types=frozenset(a.type for a in lead),
        links=_primary_links(subject, every),
        words=content_words(title, words_of(every)),
        parts=title_parts(title),
        licences=frozenset(a.licence for a in lead if a.licence),
        roundup=roundup,
    )


@cache
def _platforms() -> frozenset[str]:
    return frozenset(name_key(o.name) for o in _known().organisations.values() if o.platform)


def _is_roundup(told: Sequence[Announcement]) -> bool:
    """Whether two announcements are of makers that have nothing in common."""
    known = [{k for w in a.who if (k := name_key(w)) and k not in _platforms()} for a in told if a.what]
    return any(one and other and not one & other for one, other in combinations(known[:20], 2))


def _makers_in(title: str) -> tuple[frozenset[str], str]:
    """Known makers a title names, and the title with foreign spellings of families put in Latin."""
    makers: list[str] = []
    spelled, at = [], 0
    for hit in _known().lexicon.scan(title):
        if isinstance(hit.value, Organisation) and not (hit.value.platform or hit.value.context):
            makers.append(name_key(hit.value.name))
        elif (
            isinstance(hit.value, Family) and hit.start >= at and _numbered_abroad(title, hit.start, hit.end)
        ):
            spelled += [title[at : hit.start], f" {hit.value.name} "]
            at = hit.end
    return frozenset(makers[: 2 * _MAKERS_MAX]), "".join(spelled) + title[at:]


def _numbered_abroad(title: str, start: int, end: int) -> bool:
    """Whether a family is written in another script, with a number after it.

    "通义千问3" is Qwen 3; without a number it is as often the company or its app.
    """
    return not title[start].isascii() and bool(re.match(r"[\s-]?\d", title[end : end + 2]))


def _names(
    title: str, lead: Sequence[Announcement], artifact: Artifact | None, near: frozenset[str]
) -> tuple[tuple[Name, ...], bool]:
    """Names of what it is about: the title's, and those of the facts that it does not contradict.

    And whether the title lists unlike things, so that it is about none of them.
    """
    if artifact is not None:
        stated = read_name(artifact.name)
        # A repository's releases share its name; their titles add the version.
        exact = [
            n for n in title_names(title)[0] if n.core[: len(stated.core)] == stated.core and n.versioned
        ]
        named = exact[0] if exact and not stated.versioned else stated
        return ((named,) if named.core else ()), False
    makers = words_of(near | {name_key(w) for a in lead for w in a.who})
    titled, aside = (tuple(n for x in names if (n := _bare(x, makers)).core) for names in title_names(title))
    told = [n for a in lead for w in a.what if (n := _bare(read_name(w), makers)).core]
    aside_keys = {n.compact for n in aside}
    if titled:
        told = [n for n in told if n.compact not in aside_keys and n.core[0].isascii()]
    # Of the title's names the first with a version is its matter; more would tie stories together.
    first = next((n for n in titled if n.versioned), titled[0] if titled else None)
    found = list(dict.fromkeys([*told, *([first] if first else [])]))
    # A name cut short ("Qwen" of "Qwen3-Coder") would tie unlike things together.
    whole = [n for n in found if not any(_within(n, other) for other in found if other is not n)]
    families = {n.core[0] for n in titled if n.versioned}
    return tuple(whole[:_NAMES_MAX]), len(families) >= _LISTED


def _bare(name: Name, makers: frozenset[str]) -> Name:
    """The name without its maker before it, where enough of a name is left."""
    core = name.core
    if core and all(word in makers for word in core):
        return read_name("")
    while len(core) > 1 and core[0] in makers and any(len(w) > 2 and w.isalpha() for w in core[1:]):
        rest = read_name(" ".join(core[1:]))
        if len(rest.core) != len(core) - 1 or rest.core[0][0].isdigit():
            break
        core = rest.core
    return replace(name, core=core) if core != name.core else name


def _within(short: Name, long: Name) -> bool:
    if short.core == long.core:
        return short.sizes < long.sizes
    n = len(short.core)
    return any(long.core[i : i + n] == short.core for i in range(len(long.core) - n + 1))


def primary_link(url: str, makers: Iterable[str] = ()) -> str:
    """Return the short form of a link to a repository, model card, paper or a maker's own post.

    ``""`` for any other link. ``makers``: keys of makers whose sites count as primary.
    """
    try:
        split = urlsplit(url[:500])
    except ValueError:
        return ""
    host = (split.netloc or "").lower().removeprefix("www.").split(":")[0]
    if split.scheme not in {"http", "https"} or not host:
        return ""
    path = [part for part in split.path.lower().split("/") if part]
    if host in {"github.com", "gitlab.com", "modelscope.cn", "huggingface.co"}:
        path = path[1:] if path[:1] in (["models"], ["datasets"], ["spaces"]) else path
        link = "/".join([host, *path[:2]]).removesuffix(".git")
        return link if len(path) >= 2 and path[0] not in _HUB_PAGES and link not in _COMMON_LINKS else ""
    if host.endswith("arxiv.org"):
        paper = _ARXIV.match(split.path)
        return f"arxiv.org/{paper.group(1)}" if paper else ""
    labels = set(re.split(r"[.-]", host))
    ours = any("".join(maker.split()) in labels or maker.split()[0] in labels for maker in makers if maker)
    return "/".join([host, *path])[:_KEY_LENGTH] if ours and path and len(path[-1]) >= 5 else ""


#: First path parts of hubs that are no owner of anything.
_HUB_PAGES = frozenset({"blog", "docs", "papers", "collections", "topics", "orgs", "features", "sponsors"})


def _primary_links(subject: Subject, makers: frozenset[str]) -> frozenset[str]:
    links = (primary_link(url, makers) for url in (subject.url, *subject.links[:_LINKS_READ]))
    return frozenset(list(dict.fromkeys(link for link in links if link))[:_LINKS_MAX])


def index_keys(subject: Subject) -> frozenset[str]:
    """Return the keys by which stories it may belong to are found: at most ``KEYS_MAX``, short."""
    traits = read_traits(subject)
    keys = [*_own_keys(subject), *_mention_keys(traits)]
    if traits.types == {ArtifactType.OTHER} and not traits.names:
        # Of an unnamed thing of no known kind only the maker is known.
        keys += [f"who:{maker}|{kind}" for maker in sorted(traits.who) for kind in ArtifactType]
    return frozenset(list(dict.fromkeys(keys))[:KEYS_MAX])


def _own_keys(subject: Subject) -> list[str]:
    """Keys under which a story with this subject is found, most telling first."""
    traits = read_traits(subject)
    keys = []
    if not traits.roundup:
        for name in traits.names:
            keys.append(f"what:{name.compact}")
            rest = name.core[1:]
            if name.versioned and any(w[0].isdigit() for w in rest) and any(w[0].isalpha() for w in rest):
                keys.append(f"what:{''.join(rest)}")
        keys += [f"link:{link}" for link in sorted(traits.links)]
        types = sorted(traits.types) if traits.types else []
        keys += [f"who:{maker}|{kind}" for maker in sorted(traits.who) for kind in types]
    # Reprints share their rarest words: of the words' hashes the four lowest, in pairs.
    hashes = sorted(zlib.crc32(word.encode()) for word in traits.words)[:4]
    keys += [f"title:{a:08x}{b:08x}" for a, b in combinations(hashes, 2)]
    return [key[:_KEY_LENGTH] for key in keys]


def _mention_keys(traits: Traits) -> list[str]:
    """Keys of names the title may hold though nothing shows that they are names."""
    words = [word for word, _ in traits.parts]
    useful = [word in traits.words for word in words]
    pairs = [f"what:{words[i]}{words[i + 1]}" for i in range(len(words) - 1) if useful[i] and useful[i + 1]]
    single = [f"what:{word}" for word, use in zip(words, useful, strict=True) if use and word.isascii()]
    return [key[:_KEY_LENGTH] for key in (*single[: _MENTIONS_MAX // 2], *pairs)][:_MENTIONS_MAX]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A story as grouping sees it: the traits of its coverage put together."""

    story_id: int
    keys: frozenset[str]
    who: frozenset[str]
    what: frozenset[str]  # keys of names
    licences: frozenset[str]
    stage: Kind
    first: datetime
    last: datetime
    titles: tuple[str, ...]  # a few, for reprints and stories without a name
    size: int  # articles
    roundup: bool = False
    languages: frozenset[str] = frozenset()


def candidate_of(story_id: int, subjects: Sequence[Subject]) -> Candidate:
    """Put the candidate of a story together from its coverage, one subject or more.

    The same whatever the order of ``subjects``. Raises ValueError when there are none.
    """
    if not subjects:
        raise ValueError(f"story {story_id} has no article to be compared by")
    ordered = sorted(subjects, key=lambda s: (s.dated == UNDATED, s.dated, str(s.id)))
    candidate = _alone(story_id, ordered[0])
    for subject in ordered[1:]:
        candidate = extended(candidate, subject)
    return candidate


def extended(candidate: Candidate, subject: Subject) -> Candidate:
    """Return the candidate with one more article of coverage in it."""
    other = _alone(candidate.story_id, subject)
    dates = [d for d in (candidate.first, candidate.last, subject.dated) if d != UNDATED] or [UNDATED]
    titles = tuple(dict.fromkeys((*candidate.titles, *other.titles)))[:_TITLES_KEPT]
    announcing = candidate.stage in ANNOUNCING_KINDS
    return replace(
        candidate,
        keys=_capped(candidate.keys, other.keys, STORY_KEYS_MAX),
        who=_capped(candidate.who, other.who, 2 * _MAKERS_MAX),
        what=_capped(candidate.what, other.what, _STORY_NAMES_MAX),
        licences=_capped(candidate.licences, other.licences, _STORY_NAMES_MAX),
        stage=candidate.stage if announcing else other.stage,
        first=min(dates),
        last=max(dates),
        titles=titles,
        size=candidate.size + 1,
        roundup=candidate.roundup or other.roundup,
        languages=_capped(candidate.languages, other.languages, _LANGUAGES_MAX),
    )


def _alone(story_id: int, subject: Subject) -> Candidate:
    traits = read_traits(subject)
    return Candidate(
        story_id=story_id,
        keys=frozenset(_own_keys(subject)[:KEYS_MAX]),
        who=traits.who,
        what=frozenset() if traits.roundup else frozenset(name.key for name in traits.names),
        licences=traits.licences,
        stage=subject.kind,
        first=subject.dated,
        last=subject.dated,
        titles=(title_words(subject.title),),
        size=1,
        roundup=traits.roundup,
        languages=frozenset({subject.language[:8]} - {""}),
    )


def _capped(old: frozenset[str], new: frozenset[str], most: int) -> frozenset[str]:
    """The union; what was there first keeps its place when it grows too large."""
    room = most - len(old)
    return old | frozenset(sorted(new - old)[: max(0, room)])
