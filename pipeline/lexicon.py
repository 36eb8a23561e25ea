"""Find every known name and phrase in a text in one pass, in time linear in its length.

Phrases of all lists sit in one tree keyed by word. A word is a run of letters, a number with its
points, or a single Chinese, Japanese or Korean character (those scripts are matched anywhere, as
they put no spaces between words). So "Qwen3-Coder" holds the words qwen, 3, coder, and "AI" is
never found inside "rain".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

#: Han, kana and Hangul: each character is a word of its own.
CJK = "\u2e80-\u2fdf\u3005-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff66-\uff9f"

_WORD = re.compile(rf"[{CJK}]|\d+(?:\.\d+)*|[^\W\d_{CJK}]+")

#: What may stand between two words of a phrase: "open source", "open-source", "open\u2011source".
_GLUE = frozenset(" -_.'’\u00a0\u2010\u2011\u2013/+\u3000·\n")
_GLUE_MAX = 2

#: No phrase is longer, so the walk from each word is bounded and the whole scan linear.
_WORDS_MAX = 24

#: So many different words are remembered; then the memory begins anew, so that hostile text cannot fill it.
_MEMORY_MAX = 50_000
_REMEMBERED_MAX = 40

_ANY, _INITIAL, _EXACT, _APART = 0, 1, 2, 3

#: Scripts that write foreign names by sound: 라마 (Llama) is also the end of 드라마 (drama).
_SOUNDS = re.compile("[\u30a1-\u30fa\u30fc\uac00-\ud7a3]")


class Hit(NamedTuple):
    """A phrase found: ``text[start:end]``, the list it is of, and what the list says of it."""

    start: int
    end: int
    tag: str
    value: object


class _Entry(NamedTuple):
    tag: str
    value: object
    case: int
    written: str


class _Node:
    __slots__ = ("endings", "entries", "lengths", "next")

    def __init__(self) -> None:
        self.next: dict[str, _Node] = {}
        self.entries: list[_Entry] = []
        self.endings: dict[str, list[_Entry]] = {}  # beginnings of a last word: "releas*"
        self.lengths: tuple[int, ...] = ()


def listed(text: str) -> frozenset[str]:
    """Return the words of a list written as one text, parted by spaces."""
    return frozenset(text.split())


def words(text: str) -> list[str]:
    """Lower-cased words of ``text`` as the lexicon cuts them."""
    return [match.group().lower() for match in _WORD.finditer(text)]


class Lexicon:
    """The tree of phrases. Built once, then only read."""

    def __init__(self) -> None:
        self._root = _Node()
        #: What begins with a word: most words of a text were looked up before, and begin nothing.
        self._begins: dict[str, tuple[_Node | None, tuple[_Entry, ...]] | None] = {}

    def add(self, phrase: str, tag: str, value: object, *, name: bool = False) -> None:
        """Add a phrase. ``=`` before it asks for exactly this case, ``*`` after it for any ending.

        ``name``: a proper name, which must begin with a capital in the text if it does here.
        Latin words of three letters or fewer that are all capitals are always exact.
        """
        exact = phrase.startswith("=")
        open_ended = phrase.endswith("*")
        plain = phrase.strip("=*").rstrip("-")
        parts = words(plain)
        if not parts or len(parts) > _WORDS_MAX:
            raise ValueError(f"{phrase!r} has no word in it, or more than {_WORDS_MAX}")
        letters = [c for c in plain if c.isalpha()]
        short = len(letters) <= 3 and plain.isascii() and any(c.isupper() for c in letters)
        if exact or (short and (name or plain.isupper())):
            case = _EXACT
        elif name and _SOUNDS.match(plain):
            case = _APART
        elif name and plain[0].isupper():
            case = _INITIAL
        else:
            case = _ANY
        self._begins.clear()
        entry = _Entry(tag, value, case, plain)
        node = self._root
        for part in parts[:-1] if open_ended else parts:
            node = node.next.setdefault(part, _Node())
        if open_ended:
            node.endings.setdefault(parts[-1], []).append(entry)
            node.lengths = tuple(sorted({len(e) for e in node.endings}))
        else:
            node.entries.append(entry)

    def scan(self, text: str) -> list[Hit]:
        """Return every phrase in ``text`` by start; of one list, the longest at each place."""
        return list(self._scan(text))

    def _scan(self, text: str) -> Iterator[Hit]:
        low = text.lower()
        if len(low) == len(text):
            cut = [(match[0], match.start(), match.end()) for match in _WORD.finditer(low)]
        else:  # a letter that grows in lower case (İ) would shift what follows
            cut = [(match[0].lower(), match.start(), match.end()) for match in _WORD.finditer(text)]
        begins, last = self._begins, len(cut) - 1
        taken: dict[str, int] = {}
        for index, (word, start, end) in enumerate(cut):
            try:
                first = begins[word]
            except KeyError:
                first = self._look_up(word)
            if first is None:
                continue
            node, entries = first
            found: dict[str, tuple[int, object]] | None = None
            if entries:
                found = {entry.tag: (end, entry.value) for entry in entries}
            if node is not None and (
                # "is", "the": they begin a phrase only before one of a few words.
                node.entries or node.endings or (index < last and cut[index + 1][0] in node.next)
            ):
                found = self._walk(text, cut, index, node, found)
            if not found:
                continue
            for tag, (stop, value) in found.items():
                # Of one list, nothing inside a longer find: "MIT License" hides "MIT".
                if stop > taken.get(tag, 0):
                    taken[tag] = stop
                    yield Hit(start, stop, tag, value)

    def _look_up(self, word: str) -> tuple[_Node | None, tuple[_Entry, ...]] | None:
        root = self._root
        node = root.next.get(word)
        entries = tuple(
            entry
            for length in root.lengths
            for entry in root.endings.get(word[:length], ())
            if length <= len(word)
        )
        first = (node, entries) if node is not None or entries else None
        if len(word) <= _REMEMBERED_MAX:
            if len(self._begins) >= _MEMORY_MAX:
                self._begins.clear()
            self._begins[word] = first
        return first

    @staticmethod
    def _walk(
        text: str,
        cut: list[tuple[str, int, int]],
        index: int,
        node: _Node,
        found: dict[str, tuple[int, object]] | None,
    ) -> dict[str, tuple[int, object]] | None:
        start, end = cut[index][1], cut[index][2]
        place, count = index, len(cut)
        while True:
            for entry in node.entries:
                if entry.case and not _case_fits(text, start, end, entry):
                    continue
                found = found or {}
                found[entry.tag] = (end, entry.value)
            place += 1
            if place >= count or not (node.next or node.endings):
                return found
            word, begin, stop = cut[place]
            gap = begin - end
            if gap > _GLUE_MAX or (gap and not _GLUE.issuperset(text[end:begin])):
                return found
            for length in node.lengths:
                for entry in node.endings.get(word[:length], ()):
                    if not entry.case or _case_fits(text, start, stop, entry):
                        found = found or {}
                        found[entry.tag] = (stop, entry.value)
            following = node.next.get(word)
            if following is None:
                return found
            node, end = following, stop


def _case_fits(text: str, start: int, end: int, entry: _Entry) -> bool:
    if entry.case == _INITIAL:
        return not text[start].islower()
    if entry.case == _APART:
        # Korean particles follow a name at once, so only what is before it tells.
        tail = "" if "\uac00" <= text[start] <= "\ud7a3" else text[end : end + 1]
        return not (_SOUNDS.match(text[start - 1 : start]) or (tail and _SOUNDS.match(tail)))
    letters = [c for c in text[start:end] if c.isalnum()]
    return letters == [c for c in entry.written if c.isalnum()]
