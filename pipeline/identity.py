"""Which artifact is meant: names read out of a title, and whether two names name one thing.

A name is compared as its key (``pipeline.names.name_key``): words and numbers parted by spaces.
Sizes ("480B", "A35B") tell variants of one announcement apart only where both sides give one;
every other word or number is part of the identity: "R1" and "R1-0528" are two things.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from importlib.resources import files

from pipeline.lexicon import CJK
from pipeline.names import name_key

#: Titles are read so far. Longer ones are a page's worth of text, not a title.
TITLE_MAX = 400
#: More names than this in a title are a list, and its first ones are its matter.
NAMES_MAX = 4
#: Words and numbers in a name; longer runs are a sentence in capitals.
_WORDS_MAX = 8


def _word_lists() -> dict[str, frozenset[str]]:
    text = (files("pipeline") / "data" / "headlines.toml").read_text(encoding="utf-8")
    return {name: frozenset(words.split()) for name, words in tomllib.loads(text).items()}


_LISTS = _word_lists()
_COMMON, _NOISE = _LISTS["common"], _LISTS["noise"]
_VARIANTS, _TAILS = _LISTS["variants"], _LISTS["tails"]
_UNITS = frozenset({"b", "m", "t"})

_PART = re.compile(rf"\d+(?:\.\d+)*|[^\W\d_{CJK}]+|[{CJK}]+")
_GLUE = re.compile(r"[-‐‑._·]?$")
_QUOTES = re.compile(r"[「『《“‘\"']\s*$")
_AFTER_VERB = re.compile(
    r"(?:introduc(?:es|ing|ed)|announc(?:es|ing|ed)|releas(?:es|ing|ed?)|launch(?:es|ing|ed)?|unveil(?:s|ing|ed)?|"
    r"debuts|drops|ships|welcome|meet|open[- ]sourc(?:es|ing|ed?)|opens|publishes|presents|reveals|"
    r"veröffentlicht|dévoile|publie|lance|lanza|publica|libera|presenta)\s+(?:the |its |new |our )*$",
    re.I,
)
#: What stands after one of these is what the subject is compared with, built from or run on.
_ASIDE = re.compile(
    r"\b(?:based on|built (?:on|with|from)|beat(?:s|ing)?|than|vs\.?|against|rivals?|challenges?|outperform(?:s|ing)?|"
    r"powered by|compared|for|with|using|without|ahead of|on top of|devance|basierend auf)\b"
    r"|基于|超越|借鉴|搭载|接入|对标|击败|比肩|可运行|支持|战胜|ベース|를? 기반",
    re.I,
)
_HEAD_END = re.compile(r"\s*(?:[:：–—|,，(（]|-\s|\s-|$|发布|正式|开源|が|を|は|登场)")


class Likeness(IntEnum):
    """How two names stand to each other; higher is nearer."""

    OTHER = 0  # different things
    VARIANT = 1  # one is the other with something added: "R1", "R1-0528"
    SHORT = 2  # one is the other without its family or maker: "K2.5", "Kimi K2.5"
    SAME = 3


@dataclass(frozen=True, slots=True)
class Name:
    """A name's key taken apart."""

    key: str  # as pipeline.names.name_key gives it
    core: tuple[str, ...]  # its words and numbers without sizes
    sizes: frozenset[str]  # "480b", "35b"

    @property
    def versioned(self) -> bool:
        """Whether a number belongs to its identity."""
        return any(word[0].isdigit() for word in self.core)

    @property
    def compact(self) -> str:
        """The core in one word, for look-ups."""
        return "".join(self.core)


def read_name(text: str) -> Name:
    """Take a name, or the key of one, apart. ``core`` is empty where it names nothing."""
    words = name_key(text).split()[:_WORDS_MAX]
    core: list[str] = []
    sizes: set[str] = set()
    at = 0
    while at < len(words):
        word = words[at]
        if word[0].isdigit() and at + 1 < len(words) and words[at + 1] in _UNITS:
            sizes.add(word + words[at + 1])
            if core and core[-1] == "a" and len(core) > 1:
                core.pop()
            at += 2
            continue
        if core and word in _NOISE:
            break
        core.append(word)
        at += 1
    while len(core) > 1 and core[-1] in _TAILS:
        core.pop()
    if all(word in _COMMON or word in _TAILS or word in _VARIANTS for word in core):
        core = []
    kept = [*core, *(part for size in sorted(sizes) for part in (size[:-1], size[-1]))]
    return Name(" ".join(kept), tuple(core), frozenset(sizes))


def likeness(one: Name, other: Name, makers: frozenset[str] = frozenset()) -> Likeness:
    """Compare two names. ``makers``: words of the makers' names, which may stand before either."""
    if not one.core or not other.core:
        return Likeness.OTHER
    if one.sizes and other.sizes and not one.sizes & other.sizes:
        return Likeness.VARIANT if one.compact == other.compact else Likeness.OTHER
    if one.compact == other.compact:
        return Likeness.SAME
    short, long = sorted((one.core, other.core), key=len)
    cut = len(long) - len(short)
    if cut and long[cut:] == short:
        dropped = long[:cut]
        if all(word in makers for word in dropped):
            return Likeness.SAME
        if _numbered(short) and not _numbered(dropped) and (makers or _worded(short)):
            return Likeness.SHORT
    if cut and long[: len(short)] == short:
        return Likeness.VARIANT
    return Likeness.OTHER


def _numbered(words: Iterable[str]) -> bool:
    return any(word[0].isdigit() for word in words)


def _worded(words: Iterable[str]) -> bool:
    """Whether a word is long enough to be a family's name, not the letter of a code ("K2.5")."""
    return any(len(word) >= 3 and not word[0].isdigit() for word in words)


@dataclass(frozen=True, slots=True)
class _Group:
    """Words and numbers of a title written as one: "Qwen3-Coder-480B"."""

    text: str
    start: int
    end: int
    parts: tuple[str, ...]
    joined: bool  # only a blank parts it from the group before

    @property
    def common(self) -> bool:
        return all(p in _COMMON or p in _NOISE or p[0].isdigit() for p in self.parts) and not (
            self.numbered and any(p not in _COMMON and p not in _NOISE for p in self.parts)
        )

    @property
    def numbered(self) -> bool:
        return _numbered(self.parts)

    @property
    def size(self) -> bool:
        return len(self.parts) >= 2 and self.parts[0][0].isdigit()

    @property
    def capital(self) -> bool:
        return self.text[0].isupper()

    @property
    def odd(self) -> bool:
        """Written as no ordinary word is: VibeVoice, LOGOS, gpt-oss-120b."""
        letters = [c for c in self.text if c.isalpha()]
        inner = any(c.isupper() for c in self.text[1:]) and any(c.islower() for c in self.text)
        return self.numbered or inner or (len(letters) > 2 and all(c.isupper() for c in letters))


def title_words(title: str) -> str:
    """The part of a title that is read, in one spelling of its characters."""
    return unicodedata.normalize("NFKC", title[:TITLE_MAX])[: 2 * TITLE_MAX]


def title_names(title: str) -> tuple[tuple[Name, ...], tuple[Name, ...]]:
    """Return the names a title is about, and those it only compares with or builds on.

    Both by place. Makers' names may stand before them ("NVIDIA Cosmos 3"): ``likeness`` knows.
    """
    text = title_words(title)
    groups = _groups(text)
    cjk = bool(re.search(f"[{CJK}]", text))
    long = [g for g in groups if len(g.text) >= 4 and g.text[0].isalpha()]
    shouted = not cjk and len(long) >= 4 and sum(g.capital for g in long) > 0.6 * len(long)
    found: list[tuple[int, Name]] = []
    at = 0
    while at < len(groups):
        last = _run_end(groups, at, cjk=cjk, shouted=shouted)
        run = groups[at : last + 1]
        if last >= at and _is_name(text, run, cjk=cjk, shouted=shouted):
            name = read_name(text[run[0].start : run[-1].end])
            if any(not w[0].isdigit() and (len(w) > 1 or name.versioned) for w in name.core):
                found.append((run[0].start, name))
        at = max(last, at) + 1
    return _part_asides(text, found)


def _part_asides(text: str, found: list[tuple[int, Name]]) -> tuple[tuple[Name, ...], tuple[Name, ...]]:
    if not found:
        return (), ()
    first = found[0][0]
    aside = next((m.start() for m in _ASIDE.finditer(text) if m.start() > first), len(text))
    subject = tuple(dict.fromkeys(n for at, n in found if at < aside))[:NAMES_MAX]
    others = tuple(dict.fromkeys(n for at, n in found if at >= aside))[:NAMES_MAX]
    return subject, others


def _groups(text: str) -> list[_Group]:
    parts = [m for m in _PART.finditer(text) if not re.match(f"[{CJK}]", m.group())]
    groups: list[_Group] = []
    run: list[re.Match[str]] = []
    for match in parts:
        if run and _GLUE.match(text[run[-1].end() : match.start()]):
            run.append(match)
            continue
        if run:
            groups.append(_group(text, run, groups))
        run = [match]
    if run:
        groups.append(_group(text, run, groups))
    return groups


def _group(text: str, run: list[re.Match[str]], before: list[_Group]) -> _Group:
    start, end = run[0].start(), run[-1].end()
    joined = bool(before) and text[before[-1].end : start] == " "
    return _Group(text[start:end], start, end, tuple(m.group().lower() for m in run), joined)


def _run_end(groups: list[_Group], at: int, *, cjk: bool, shouted: bool) -> int:
    """Index of the last group of the name that begins at ``at``; less than ``at`` if none does."""
    first = groups[at]
    if first.common or first.parts[0][0].isdigit() or not (first.capital or cjk or first.odd):
        return at - 1
    last, numbered = at, first.numbered
    for index in range(at + 1, min(len(groups), at + 5)):
        group = groups[index]
        if not group.joined or any(p in _NOISE for p in group.parts):
            break
        number = group.parts[0][0].isdigit()
        variant = group.parts[0] in _VARIANTS and (group.capital or numbered)
        word = group.capital and not group.common and not (shouted and numbered)
        if not (variant or word or number or _leads_on(groups, index)):
            break
        if number and (len(group.parts) == 1 and numbered):
            break
        last, numbered = index, numbered or (group.numbered and not group.size)
    return last


def _leads_on(groups: list[_Group], index: int) -> bool:
    """Whether a common word is the middle of a name: "Codex Security CLI", "Qwen Robot Suite"."""
    after = groups[index + 1] if index + 1 < len(groups) else None
    ends = after is not None and after.joined and after.capital and after.parts[0] in _VARIANTS
    return ends and groups[index].capital and not groups[index].numbered


def _is_name(text: str, run: list[_Group], *, cjk: bool, shouted: bool) -> bool:
    first = run[0]
    if any(g.odd and not g.size for g in run) or (len(run) > 1 and run[1].parts[0][0].isdigit()):
        return True
    before = text[: first.start]
    if _AFTER_VERB.search(before[-40:]) or _QUOTES.search(before):
        return True
    if cjk:
        return len(first.text) >= 3
    if not shouted and before.strip() and first.capital:
        return True
    return not before.strip() and bool(_HEAD_END.match(text, run[-1].end))


def title_parts(title: str) -> tuple[tuple[str, bool], ...]:
    """Latin words and numbers of a title in order, and whether each is joined to the one before."""
    found: list[tuple[str, bool]] = []
    end = -1
    for match in _PART.finditer(title):
        if not re.match(f"[{CJK}]", match.group()):
            joined = end >= 0 and bool(_GLUE.match(title[end : match.start()]))
            found.append((match.group().lower(), joined))
        end = match.end()
    return tuple(found)


def mentions(parts: tuple[tuple[str, bool], ...], name: Name) -> bool:
    """Whether a title (``title_parts``) holds a name, and not a longer one that begins with it."""
    words = [word for word, _ in parts]
    n = len(name.core)
    for at in range(len(words) - n + 1):
        if tuple(words[at : at + n]) != name.core or (parts[at][1] and not words[at][0].isdigit()):
            continue
        if at + n == len(words):
            return True
        after, joined = parts[at + n]
        sized = after[0].isdigit() and at + n + 1 < len(words) and words[at + n + 1] in _UNITS
        if sized or not (joined or after[0].isdigit() or after in _VARIANTS - _TAILS):
            return True
    return False


def content_words(title: str, leave: frozenset[str] = frozenset()) -> frozenset[str]:
    """Words that tell titles apart: no common words, none of ``leave``; pairs of CJK characters."""
    found: set[str] = set()
    for match in _PART.finditer(title):
        word = match.group().lower()
        if re.match(f"[{CJK}]", word):
            found.update(word[i : i + 2] for i in range(len(word) - 1))
        elif len(word) > 2 and word not in _COMMON and word not in _NOISE and word not in leave:
            found.add(word)
    return frozenset(found)


def resemblance(one: frozenset[str], other: frozenset[str]) -> float:
    """Share of words two titles have in common (Dice), 0 to 1; 0 where either has none."""
    return 2 * len(one & other) / (len(one) + len(other)) if one and other else 0.0
