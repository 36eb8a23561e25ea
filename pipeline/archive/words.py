"""How text is cut into words for full-text search, the same way when stored and when asked.

One tokenisation for both databases: SQLite's FTS5 and PostgreSQL's tsvector are handed the same
words at the same places, so that they find the same articles.

- Case, width and accents are folded; ``é`` is ``e``, ``Ａ`` is ``a``. Kana keep their marks.
- A script written without spaces becomes overlapping pairs: 开源模型 is 开源, 源模, 模型, 型. Two
  characters, the commonest word, are then one lookup; more are a phrase of pairs. Korean too,
  whose particles would hide the noun.
- ``C++`` and ``C#`` are a letter and a word of their own for the sign; emoji are words.
- Everything else parts words: ``GPT-4o`` is gpt, 4o and ``apache-2.0`` is apache, 2, 0.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, pairwise

#: What PostgreSQL's tsvector can hold: positions to 16,383, and of one word 255 of them (the 256th
#: would be lost silently). Longer articles are searched in their beginning, on both databases.
MAX_POSITIONS = 16_000
MAX_REPEATS = 255
#: Code points of one word, of at most four bytes each: far below the 2 KB a lexeme may have.
MAX_WORD = 64
#: Bytes of all words together, below the megabyte of a tsvector with its positions.
MAX_BYTES = 600_000
#: Stands where a word was left out, so that those after it keep their places. Never in any text.
FILLER = "\ufdd0"

# Han, kana, hangul, Thai, Lao, Khmer, Burmese. Middle dots and other punctuation among kana left out.
_PAIRED = (
    "\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ece\u1000-\u1049\u1780-\u17d3"
    "\U00020000-\U0003ffff"
)
# Letters and digits, and the signs that belong into the words of Indic scripts and of Arabic.
_LETTER = rf"[^\W_{_PAIRED}]|[\u0900-\u0963\u0966-\u0dff]"
_PARTS = re.compile(
    rf"(?P<paired>[{_PAIRED}]+)|(?P<word>(?:{_LETTER})+)(?P<sign>\+\+|\#)?|(?P<other>[^\w\s\x00-\xa8])"
)
_ASCII_PARTS = re.compile(r"([a-z0-9]+)(\+\+|#)?")
_ASCII_SPACES = {code: " " for code in range(128) if not chr(code).isalnum()}
#: Latin, Greek and Cyrillic letters that carry accents, and combining marks.
_ACCENTED = re.compile(r"[\u00c0-\u024f\u0300-\u036f\u0370-\u04ff\u1e00-\u1fff]+")
_MARKS = re.compile(r"[\u0300-\u036f]+")
#: Vowel points of Hebrew and Arabic, which are written or not; joiners and selectors of emoji.
_IGNORED = re.compile(
    r"[\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u200b-\u200f\ufe00-\ufe0f\u00ad]+"
)
#: Letters that Unicode does not take apart.
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "þ": "th", "ð": "d"})
#: Dashes, curly quotes, ellipses; not the joiners among them, which stand inside words and emoji.
_DASHES = re.compile(
    r"[\u00a0-\u00a7\u00ab\u00b7\u00bb\u2010-\u202e\u2030-\u205e\u3000-\u3004\u3008-\u3020]+"
)
_JOINT = re.compile(r"(?<=[^\W\d_])(?=\d)")


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words side by side; with ``prefix`` the last one may go on."""

    words: tuple[str, ...]
    prefix: bool = False


def tokens(text: str) -> list[str]:
    """The words of a text, in order, each a run of letters and digits that neither database cuts further."""
    return _cut(text, asked=False)


def _cut(text: str, *, asked: bool) -> list[str]:
    """``asked``: as a query, whose last character may be followed by more in the text searched."""
    if not text.isascii():
        text = _fold(text)
    if text.isascii():
        if "#" not in text and "++" not in text:
            # Nearly every text: three passes in C instead of a match a word.
            plain = text.lower().translate(_ASCII_SPACES).split()
            return plain if max(map(len, plain), default=0) <= MAX_WORD else [w[:MAX_WORD] for w in plain]
        found: list[str] = []
        for word, sign in _ASCII_PARTS.findall(text.lower()):
            found.append(word[:MAX_WORD])
            if sign:
                found.append(sign)
        return found
    out: list[str] = []
    run = ""
    for part in _PARTS.finditer(text):
        run, word, sign, other = part.groups(default="")
        if run:
            out.extend(a + b for a, b in pairwise(run))
            out.append(run[-1])
        elif word:
            out.append(word[:MAX_WORD])
            if sign:
                out.append(sign)
        elif unicodedata.category(other) == "So":
            out.append(other)
        else:
            run = ""
    if asked and len(run) > 1:
        out.pop()
    return out


def _fold(text: str) -> str:
    """Case, width and accents folded, typographic punctuation made space: most Latin text is ASCII then."""
    folded = _IGNORED.sub("", unicodedata.normalize("NFKC", _DASHES.sub(" ", text)).casefold())
    return _ACCENTED.sub(_without_marks, folded)


def _without_marks(run: re.Match[str]) -> str:
    return _MARKS.sub("", unicodedata.normalize("NFD", run.group())).translate(_LETTERS)


def phrases(text: str, *, exact: bool = False, prefix: bool = False) -> tuple[Phrase, ...]:
    """What finds these words side by side, any of several spellings; () if nothing can be searched.

    ``qwen3`` is also looked for as ``qwen 3``, and ``GPT-4o`` as ``gpt4o``: makers and press do not
    agree on hyphens before a number. Not so for ``exact`` words.
    """
    words = tuple(_cut(text, asked=True))
    if not words:
        return ()
    # A single character of a paired script is found as the beginning of the pairs it opens.
    last = words[-1]
    prefix = prefix or (len(last) == 1 and re.match(f"[{_PAIRED}]", last) is not None)
    spellings = [words]
    if not exact and " " not in text.strip():
        apart = tuple(piece for word in words for piece in _JOINT.split(word))
        spellings += [apart, _joined(apart)]
    return tuple(Phrase(s, prefix) for s in dict.fromkeys(spellings))


def _joined(words: tuple[str, ...]) -> tuple[str, ...]:
    """Each number joined to the letters before it."""
    out: list[str] = []
    for word in words:
        if out and word[0].isdigit() and out[-1].isalpha() and out[-1].isascii():
            out[-1] += word
        else:
            out.append(word)
    return tuple(out)


def bounded(*fields: str) -> tuple[list[str], ...]:
    """The words of an article's fields as both databases can hold them, longest texts cut."""
    # A word has at least one character: what lies beyond cannot come in.
    cut = tuple(tokens(text[: 16 * MAX_POSITIONS]) for text in fields)
    # No word can come more often than there are repetitions in all.
    repeated = sum(map(len, cut)) - len(set(chain.from_iterable(cut)))
    if (
        repeated < MAX_REPEATS
        and 4 * sum(map(len, fields)) <= MAX_BYTES
        and sum(map(len, cut)) <= MAX_POSITIONS
    ):
        return cut
    commonest = max(Counter(chain.from_iterable(cut)).values(), default=0)
    small = 4 * sum(map(len, fields)) <= MAX_BYTES and sum(map(len, cut)) <= MAX_POSITIONS
    return cut if small and commonest <= MAX_REPEATS else tuple(_kept(cut))


def _kept(fields: Iterable[list[str]]) -> Iterator[list[str]]:
    room, size = MAX_POSITIONS, MAX_BYTES
    repeats: Counter[str] = Counter()
    for words in fields:
        kept: list[str] = []
        for word in words[:room]:
            size -= len(word.encode())
            if size < 0:
                break
            repeats[word] += 1
            kept.append(word if repeats[word] <= MAX_REPEATS else FILLER)
        room -= len(kept)
        yield kept
