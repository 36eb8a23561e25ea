"""Cut a text into sentences, each with its place in it. One pass, any script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from pipeline.lexicon import listed

#: A "sentence" longer than this (a list without stops, a minified script) is cut at a space.
SENTENCE_MAX = 1_000

#: Where a sentence may end. A Latin stop needs a space after it; a CJK one does not. The look
#: behind lets a run of stops be tried once, not once for each of its stops.
_STOP = re.compile(r"\n+|[。！？｡]+[”’」』）)\"]*|(?<![.!?…])[.!?…]+[\"'”’»)\]]*(?=\s)")

_ABBREVIATIONS = listed(
    "mr mrs ms dr prof inc corp ltd co vs no fig eq st jr sr u.s u.k e.g i.e etc al approx dept est gov "
    "z.b d.h u.a bzw ca nr usw bspw evtl inkl sog p.ex m mme env av vol ed ee.uu sra dra pág aprox "
    "jan feb mar apr jun jul aug sep sept oct nov dec"
)
_LAST_WORD = re.compile(r"[^\s(\[\"'“‘]+$")


class Sentence(NamedTuple):
    """``text == whole[start:end]``, without white space around it."""

    start: int
    end: int
    text: str


def split_sentences(text: str) -> list[Sentence]:
    """Return the sentences of ``text`` in order; together they cover all but white space."""
    return list(_split(text))


def _split(text: str) -> Iterator[Sentence]:
    begin = 0
    for match in _STOP.finditer(text):
        if text[match.start()] == "." and not _ends(text, match.start(), match.end(), begin):
            continue
        yield from _trimmed(text, begin, match.end())
        begin = match.end()
    yield from _trimmed(text, begin, len(text))


def _ends(text: str, dot: int, after: int, begin: int) -> bool:
    """Whether the full stop at ``dot`` ends a sentence (and is no abbreviation or initial)."""
    rest = text[after : after + 40].lstrip()
    if rest and rest[0].islower():
        return False
    if rest and rest[0].isdigit() and dot > begin and text[dot - 1].isdigit() and rest[0] != "\n":
        return False  # "GLM-5. 2" is one number, spaced by a careless hand
    before = _LAST_WORD.search(text, max(begin, dot - 24), dot)
    if before is None:
        return True
    word = before.group().lower()
    return not (word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha()))


def _trimmed(text: str, start: int, end: int) -> Iterator[Sentence]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    while end - start > SENTENCE_MAX:
        cut = text.rfind(" ", start + SENTENCE_MAX // 2, start + SENTENCE_MAX)
        cut = cut if cut > 0 else start + SENTENCE_MAX
        yield Sentence(start, cut, text[start:cut])
        start = cut
        while start < end and text[start].isspace():
            start += 1
    if start < end:
        yield Sentence(start, end, text[start:end])
