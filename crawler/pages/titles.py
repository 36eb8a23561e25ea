"""The headline without the site's name, and which of a page's titles it is.

A page has up to five: h1, JSON-LD headline, og:title, twitter:title and the title tag. They are
checked against each other; each is rid of the site's name by what the page calls its site and by
what the other titles do not have.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import urlsplit

from crawler.pages.stated import Stated
from crawler.reading import MAX_TITLE
from crawler.sanitise import to_line

_SEPARATOR = re.compile(r"\s+[|\-–—·•»«:*~/]+\s+|\s*[|｜_：]\s*|\s+::\s+|\s+\|\s*")
_TOKEN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+")
#: A longer tail is no site's name.
_MAX_SITE = 40
#: What publishers set before or after a headline that is not part of it.
_MARKER = re.compile(r"\s*(?:\.\.\.|…)$")


def choose_title(stated: Stated, outlet: str, url: str) -> tuple[str, str]:
    """Return the headline and where it came from, ("", "") if there is none.

    Newsrooms word their headline with care in what machines read, and set a kicker before it
    or another wording after it on the page: where the page says that it is a news article,
    og:title leads. On other pages that title is often made for search engines, so that the h1 leads.
    """
    sites = {
        loose(name) for name in (outlet, stated.meta("og:site_name"), stated.publisher, *_host_names(url))
    } - {""}
    headings = [h for h in dict.fromkeys(to_line(h, MAX_TITLE) for h in stated.headings) if h]
    raw = {
        "json-ld": to_line(str(stated.ld.get("headline") or ""), MAX_TITLE),
        "og": to_line(stated.meta("og:title"), MAX_TITLE),
        "twitter": to_line(stated.meta("twitter:title"), MAX_TITLE),
        "title": to_line(stated.title_tag, MAX_TITLE),
    }
    plain = [*headings, raw["json-ld"]]
    clean = {origin: _bare(title, sites, plain) for origin, title in raw.items()}
    clean = {origin: title for origin, title in clean.items() if title and loose(title) not in sites}
    headings = [_bare(h, sites, ()) for h in headings if loose(h) not in sites]
    best, agreed = _heading(headings, list(clean.values()))
    if stated.is_news and clean.get("og") and not _cut_short(clean["og"], [best, *clean.values()]):
        return clean["og"], "h1" if clean["og"] == best else "meta"
    if best and (agreed >= 0.5 or not clean or (len(headings) == 1 and len(loose(best)) >= 15)):
        return best, "h1"
    for origin in ("json-ld", "og", "twitter", "title"):
        if origin in clean:
            return clean[origin], "meta" if origin in {"og", "twitter"} else origin
    return "", ""


def _heading(headings: list[str], others: list[str]) -> tuple[str, float]:
    """Return the h1 that the other titles bear out best, and how well."""
    best, agreed = "", 0.0
    for heading in headings:
        share = max((agreement(heading, other) for other in others), default=0.0)
        if not best or share > agreed:
            best, agreed = heading, share
    return best, agreed


def _cut_short(title: str, others: Iterable[str]) -> bool:
    """Whether ``title`` breaks off where another goes on: at an ellipsis, or inside a word or a quotation."""
    bare = _MARKER.sub("", title)
    longer = [o for o in others if len(o) > len(bare) and o.startswith(bare)]
    if bare != title:
        return bool(longer)
    return any(o[len(bare) :].lstrip()[:1] in {'"', "“", "„", "«"} or o[len(bare)].isalnum() for o in longer)


def _bare(title: str, sites: set[str], plain: Iterable[str]) -> str:
    """Cut the site's name, and what else stands behind a headline the page has elsewhere, off a title."""
    for other in plain:
        if other and len(other) >= 12 and len(title) > len(other):
            if title.startswith(other) and _SEPARATOR.match(title[len(other) :]):
                return other
            if _loosely(title).startswith(_loosely(other)) and _SEPARATOR.match(title[len(other) :]):
                return title[: len(other)]
    return without_site(title, sites)


def without_site(title: str, sites: set[str]) -> str:
    """Cut the site's name off the end (or the start) of a title."""
    cuts = list(_SEPARATOR.finditer(title))
    if cuts:
        head, tail = title[: cuts[-1].start()], title[cuts[-1].end() :]
        if head and _names_site(tail, sites):
            return without_site(head.strip(), sites)
        head, tail = title[: cuts[0].start()], title[cuts[0].end() :]
        if tail and _names_site(head, sites):
            return tail.strip()
    return title


def _names_site(part: str, sites: set[str]) -> bool:
    own = loose(part)
    if not own:
        return True
    if len(own) > _MAX_SITE:
        return False
    joined = own.replace(" ", "")
    for site in sites:
        other = site.replace(" ", "")
        if (
            joined == other
            or (len(other) >= 4 and joined.startswith(other))
            or (len(joined) >= 4 and other.startswith(joined))
        ):
            return True
    return False


def _host_names(url: str) -> tuple[str, ...]:
    labels = (urlsplit(url).hostname or "").removeprefix("www.").split(".")
    return (".".join(labels), *labels[-2:-1], *(labels[-3:-2] if len(labels) > 2 else ()))


def agreement(one: str, other: str) -> float:
    """Return how much of the shorter title's words the other has, 0 to 1."""
    a, b = set(_TOKEN.findall(loose(one))), set(_TOKEN.findall(loose(other)))
    return len(a & b) / max(1, min(len(a), len(b))) if min(len(a), len(b)) >= 2 or a == b else 0.0


def loose(text: str) -> str:
    """Return the words of ``text`` in lower case, one blank between them."""
    return re.sub(r"[\W_]+", " ", unicodedata.normalize("NFKC", text).casefold()).strip()


_QUOTES = str.maketrans("‘’“”–—", "''\"\"--")


def _loosely(text: str) -> str:
    return text.translate(_QUOTES).casefold()
