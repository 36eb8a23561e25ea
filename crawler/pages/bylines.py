"""Who wrote it and when, as the page shows it to a reader; asked where the metadata does not say.

Only blocks near the headline are looked at: further down, names and dates are those of other
articles. What is unclear stays empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime

from crawler.dates import parse_date
from crawler.pages.blocks import CAPTION, COMMENT, NAVIGATION, RELATED, Cut
from crawler.pages.titles import loose
from crawler.reading import MAX_AUTHORS, MAX_NAME
from crawler.sanitise import to_line

#: Blocks before and after the headline that are looked at: kickers stand above, bylines below.
_BEFORE, _AFTER = 6, 14
#: A longer block is a paragraph, whose dates and names are what it tells of.
_MAX_BLOCK = 160
#: Longer ones with a date in them are captions and teasers.
_MAX_DATELINE = 90

_BY = re.compile(
    r"^(?:(?:written|words|story|text|article|posted|published|reported|reviewed)\s+)?(?:by|von|par|por|di|av|af|door|作者|文|記者|记者|글)\s*[:：/]?\s+",
    re.IGNORECASE,
)
_NAME = r"(?!(?:and|und|et|y)\s)[^\W\d_][\w.'’\-]*"
_BYLINE = re.compile(
    rf"(?:^|[|·•\n,]\s*)(?:(?:[Ww]ritten [Bb]y|[Pp]osted [Bb]y|[Pp]ublished [Bb]y|[Bb]y|BY|[Vv]on|[Pp]ar|[Pp]or)(?=[\s:])|[Aa]uthors?:|[Cc]ontributors?:|作者[:：]|文[:：／/]|記者[:：]?|글[:：])[\s:]*"
    rf"((?:{_NAME}\s?){{1,4}}(?:(?:,\s*|\s*\b(?:and|und|et|y)\s+|&\s*)(?:{_NAME}\s?){{2,4}})*)"
)
_NAMES_END = re.compile(
    r"\s*[;|、／•·]\s*|,\s+(?![A-Z][a-z]*\.?$|M\.?D|Ph\.?D|MPH|RD|Jr|Sr|MBA)|\s+(?:and|und|et|y|&)\s+|\s+/\s+"
)
_NO_NAME = re.compile(
    r"@|https?:|www\.|^\W*$|\d{4}|^(?:updated|published|posted|staff|admin|editor|author|redaktion)$",
    re.IGNORECASE,
)
_ROLE = re.compile(
    r"\s*[,(–—|-]\s*(?:[A-Z]?[\w ]{0,30}\b)?(?:editor|reporter|correspondent|writer|journalist|contributor|founder|ceo|cto|redakteur(?:in)?|"
    r"korrespondent(?:in)?|autor(?:in)?|reviewer|analyst|staff|team)\b.*$",
    re.IGNORECASE,
)
_AGENCY_TAIL = re.compile(
    r"\s*[/(]\s*(?:dpa|afp|ap|reuters|apa|sda|dts|epd|kna|ansa|efe)\b.*$", re.IGNORECASE
)
_DATE = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[T ]+\d{1,2}:\d{2}(?::\d{2})?)?"
    r"|\d{4}\s?[年년]\s?\d{1,2}\s?[月월]\s?\d{1,2}\s?[日일]?(?:\s*\d{1,2}[:時时]\d{2})?"
    r"|\d{1,2}(?:st|nd|rd|th|er|º|\.)?\s+(?:de\s+)?[^\W\d_]{3,10}\.?,?\s+(?:de\s+)?20\d{2}"
    r"|[A-Z][a-z]{2,8}\.?\s+\d{1,2}(?:st|nd|rd|th)?,?\s+20\d{2}"
    r"|\d{1,2}\.\s?\d{1,2}\.\s?20\d{2}"
)
_UPDATE = re.compile(
    r"updat|modif|aktualisiert|zuletzt|actualiz|mis à jour|aggiornat|reviewed|edited|oppdatert|uppdaterad|bijgewerkt|更新|최종|수정",
    re.IGNORECASE,
)
_IN_URL = re.compile(
    r"/(20\d{2})[/-](\d{1,2})[/-](\d{1,2})(?=[/-]|$)|[/-](20\d{2})(\d{2})(\d{2})(?=[/_.-]|$)"
)


def names_of(raw: Iterable[str]) -> tuple[str, ...]:
    """Return persons and bodies named in ``raw``: no "By", no role, no handle, no address."""
    found: dict[str, None] = {}
    for entry in raw:
        line = _BY.sub("", to_line(entry, 4 * MAX_NAME))
        for part in _NAMES_END.split(line):
            name = _AGENCY_TAIL.sub("", _ROLE.sub("", _BY.sub("", part))).strip(" ,.;:-–|").strip()
            if name and not _NO_NAME.search(name) and len(name) <= MAX_NAME:
                found[name] = None
    return tuple(found)[:MAX_AUTHORS]


def _near_title(cut: Cut) -> Iterator[tuple[str, bool]]:
    """Yield the short blocks around the headline, nearest below first, and whether their names speak of an author."""
    at = cut.title_at
    if at < 0:
        return
    order = [*range(at, min(len(cut.blocks), at + _AFTER)), *range(at - 1, max(-1, at - 1 - _BEFORE), -1)]
    for number in order:
        block = cut.blocks[number]
        if len(block.text) <= _MAX_BLOCK and not cut.areas[block.area].bits & (
            COMMENT | RELATED | NAVIGATION | CAPTION
        ):
            yield block.text, _AUTHOR.search(block.key) is not None


def shown_authors(cut: Cut, title: str, outlet: str) -> tuple[str, ...]:
    """Return the names of the byline next to the headline, () if none is sure."""
    own = {loose(title), loose(outlet)}
    near = [(text, named) for text, named in _near_title(cut) if loose(text) not in own]
    for text, _ in near:
        match = _BYLINE.search(text)
        if match:
            names = tuple(n for n in names_of([match[1]]) if loose(n) not in own and not _NO_PERSON.search(n))
            if names:
                return names
    for text, named in near:
        rest = _READING_TIME.sub("", _DATE.sub("", text)) if not named or _DATE.search(text) else text
        if (named or rest != text) and len(rest) <= 80:
            names = names_of(re.split(r"[\n|•·●⋅]", rest))
            sure = tuple(
                n for n in names if loose(n) not in own and (_is_full_name(n) or (named and _is_cjk_name(n)))
            )
            if sure:
                return sure
    return ()


def _is_cjk_name(name: str) -> bool:
    return 2 <= len(name) <= 5 and not name.isascii() and name.isalpha()


def _is_full_name(name: str) -> bool:
    """Whether it is written like a person's name; "World news" is not, "Ana Díaz" is."""
    words = name.split()
    return (
        2 <= len(words) <= 4
        and all(word[0].isupper() for word in words if word not in _PARTICLES)
        and all(
            word.replace(".", "").replace("-", "").replace("'", "").replace("’", "").isalpha()
            for word in words
        )
        and not _NO_PERSON.search(name)
    )


_PARTICLES = frozenset({"de", "da", "del", "der", "van", "von", "den", "di", "la", "le", "el", "bin", "al"})
_AUTHOR = re.compile(
    r"author|byline|autor|auteur|writer|contributor|verfasser|reporter|redakt", re.IGNORECASE
)
_NO_PERSON = re.compile(
    r"\b(?:updated?|published|posted|read|min|share|news|blog|home|last|date|the|your|how|what|why|more|photo|image|images|getty|"
    r"january|february|march|april|june|july|august|september|october|november|december|uhr|veröffentlicht|stand|about|güncelleme|sponsored)\b",
    re.IGNORECASE,
)
_READING_TIME = re.compile(
    r"\b\d+[- ](?:min(?:ute)?s?)\.?(?: read)?|\d{1,2}:\d{2}(?: ?[ap]m)?(?: uhr)?", re.IGNORECASE
)


def shown_date(cut: Cut, now: datetime) -> tuple[datetime | None, datetime | None]:
    """Return the dates of publication and of change that stand nearest to the headline.

    None where two days stand in one place and nothing says which is which.
    """
    published: datetime | None = None
    updated: datetime | None = None
    for text, _ in _near_title(cut):
        here: set[datetime] = set()
        for match in _DATE.finditer(text):
            value = parse_date(match[0], now)
            if value is None:
                continue
            if _UPDATE.search(text[max(0, match.start() - 30) : match.start()]):
                updated = updated or value
            elif len(text) <= _MAX_DATELINE:
                here.add(value)
        if published is None and len(here) == 1:
            published = here.pop()
        elif published is None and here:
            return None, updated
    return published, updated


def url_date(url: str, now: datetime) -> datetime | None:
    """Return the day that a path such as /2026/03/02/ names."""
    path = url.partition("?")[0].partition("://")[2].partition("/")[2]
    match = _IN_URL.search(f"/{path}")
    if match is None:
        return None
    year, month, day = (part for part in match.groups() if part)
    return parse_date(f"{year}-{int(month):02}-{int(day):02}", now)
