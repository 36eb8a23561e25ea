"""The main text of a page: which blocks are the article, and how they read in a row.

The common path is our own (`crawler.pages.model` over one parse). Where that finds next to
nothing on a page that has text, trafilatura is asked; and where the page's JSON-LD carries the
article of which the page shows the beginning, that is taken.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass

from crawler.pages.blocks import Block, Cut
from crawler.pages.features import Hints
from crawler.pages.model import shipped
from crawler.sanitise import clean

_log = logging.getLogger(__name__)

#: Longest text kept, in characters (a book chapter).
MAX_TEXT = 400_000
#: Less than this is no article; the page is doubtful and the fallback is asked, if the page has more words.
_DOUBTFUL = 250
#: The fallback is slow (some 50 ms a page); on a page with more blocks it could take seconds.
_MAX_FALLBACK_BLOCKS = 3_000
_MAX_FALLBACK_HTML = 1_000_000
_CELLS = frozenset({"td", "th"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_WORDLESS = re.compile(r"[\W_]*")


@dataclass(frozen=True, slots=True)
class MainText:
    """The text, where it came from, and which blocks it was made of (none where it came from elsewhere)."""

    text: str = ""
    origin: str = ""
    chosen: frozenset[int] = frozenset()


def main_text(html: str, cut: Cut, hints: Hints, body: str, titles: frozenset[str]) -> MainText:
    """Choose the text of the page ``html``, cut into ``cut``. ``body`` is what its JSON-LD gives as article.

    ``titles`` are the page's headlines, without blanks and in lower case; as a block of the
    text one of them is left out.
    """
    chosen = _choose(cut, hints, titles)
    text = _assemble(cut, chosen)
    found = MainText(text, "page", frozenset(chosen)) if text else MainText()
    if len(body) > max(_DOUBTFUL, 1.3 * len(text)) and _continues(cut, chosen, hints):
        return MainText(_spaced(body), "json-ld", frozenset(chosen))
    if len(text) < _DOUBTFUL and len(cut.blocks) <= _MAX_FALLBACK_BLOCKS and len(html) < _MAX_FALLBACK_HTML:
        words = sum(len(block.text) for block in cut.blocks)
        if words > max(_DOUBTFUL, 2 * len(text)):
            other = _fallback(html)
            if len(other) > max(80, 1.5 * len(text)):
                return MainText(other, "trafilatura")
    return found


def _choose(cut: Cut, hints: Hints, titles: frozenset[str]) -> list[int]:
    model = shipped()
    chosen: list[int] = []
    seen: set[str] = set()
    for number, share in enumerate(model.probabilities(cut, hints)):
        if share < model.threshold:
            continue
        text = cut.blocks[number].text
        packed = "".join(text.split()).lower()
        if packed in seen or packed in titles or _WORDLESS.fullmatch(packed):
            continue
        seen.add(packed)
        chosen.append(number)
    while chosen and cut.blocks[chosen[-1]].tag in _HEADINGS:  # a heading of what was left out
        chosen.pop()
    return chosen


def _assemble(cut: Cut, chosen: list[int]) -> str:
    """Set the blocks in a row: a blank line between paragraphs, items of a list and rows of a table by line."""
    pieces: list[str] = []
    before: Block | None = None
    size = 0
    for number in chosen:
        block = cut.blocks[number]
        if before is not None:
            pieces.append(_between(cut, before, block))
        pieces.append(clean(block.text))
        size += len(block.text)
        before = block
        if size > MAX_TEXT:
            break
    return "".join(pieces)[:MAX_TEXT].strip()


def _between(cut: Cut, one: Block, other: Block) -> str:
    areas = cut.areas
    if one.tag in _CELLS and other.tag in _CELLS and areas[one.area].parent == areas[other.area].parent:
        return " | "
    return "\n\n"


def _continues(cut: Cut, chosen: list[int], hints: Hints) -> bool:
    """Whether the article of the JSON-LD is the one that the page shows the beginning of."""
    if not chosen:
        return True
    packed = ["".join(cut.blocks[n].text.split())[:80] for n in chosen]
    long = [p for p in packed if len(p) >= 30]
    return not long or sum(p in hints.body for p in long) >= 0.5 * len(long)


def _fallback(html: str) -> str:
    # imported here: it takes a third of a second, and few pages need it
    import trafilatura
    from trafilatura.settings import Document

    try:
        document = trafilatura.bare_extraction(html, include_comments=False)
    except Exception:  # a library of thousands of heuristics; its failure means "found nothing"
        _log.warning("The fallback extractor failed on a page; its other facts are kept", exc_info=True)
        return ""
    return _spaced(clean(document.text or "")) if isinstance(document, Document) else ""


def _spaced(lines: str) -> str:
    """Set a blank line between all lines of a text that has one paragraph a line."""
    return "\n\n".join(line.rstrip() for line in lines.split("\n") if line.strip())[:MAX_TEXT].rstrip()
