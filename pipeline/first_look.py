"""The first look: is there a word in an item that could make it more than "other"?

Most of what a stream of news brings holds none. Reading it clause by clause would find nothing, so
that it gets its verdict here, in microseconds: kind ``other``, with the probability that such items
turned out to have among the labelled ones.

An item is worth reading if its title, its first words below or its address hold a word of opening, a
licence, a hub or an open family of models; or a word of releasing together with one for what can be
released. The words come from the lists that the rules listen for, a user's own included. Nothing of
their order is asked here, so a little too much is let through and next to nothing is missed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pipeline.knowledge import Knowledge
from pipeline.lexicon import CJK
from pipeline.model import Item

#: What an announcement says of openness, it says early; the rules' own lead is as long.
_SUMMARY_MAX = 450
_TITLE_MAX = 400

_OPENING = ("open_source", "open_weights", "open_data", "open_verb", "reversed", "weights", "hub", "show_hn")
_RELEASING = ("release_verb", "planned", "newness", "free_only", "update")
_THINGS = ("type_model", "type_dataset", "type_code", "type_benchmark", "type_protocol", "ai")
#: Words of the subject that the lists hold only as parts of longer phrases, or that the grammar alone knows.
_MORE = ("open", "oss", "opensource", "libre", "agpl", "llms")

_WORD = re.compile(r"[a-z\u00df-\u024f]+")
_CJK = re.compile(f"[{CJK}]")
_NUMBER = re.compile(r"\d")
_HUBS = re.compile(r"github\.com/|gitlab\.com/|huggingface\.co/|modelscope\.c|arxiv\.org/")
_FIRST_PERSON = re.compile(r"\b(?:we|our)\b|我们")
#: A version in a title may be an update of open software.
_VERSION = re.compile(r"\bv?\d+\.\d+(?:\.\d+)?\b|\bv\d+\b|\d+\.\d+\s?[版发発]")


class FirstLook:
    """Made once from the knowledge; holds no state between items."""

    def __init__(self, knowledge: Knowledge) -> None:
        opening = [*_phrases(knowledge, _OPENING), *_MORE]
        opening += [name for name in knowledge.licences if name != "Custom"]
        numbered: list[str] = []
        for family in knowledge.families.values():
            # A family whose name is a word counts with a number, as in the grammar.
            plain = not (family.digits or family.strict or family.members == "closed")
            (opening if plain else numbered).extend((family.name, *family.aliases))
        makers = [
            name
            for organisation in knowledge.organisations.values()
            if not organisation.context
            for name in (organisation.name, *organisation.aliases)
        ]
        self._opening = _Words(opening)
        self._numbered = _Words(numbered)
        self._releasing = _Words(_phrases(knowledge, _RELEASING))
        self._things = _Words([*_phrases(knowledge, _THINGS), *makers])

    def __call__(self, item: Item) -> bool:
        """Whether the item is worth reading; one with a page's text always is."""
        if item.text or item.artifact is not None or _HUBS.search(item.url[:300]):
            return True
        title = item.title[:_TITLE_MAX].lower()
        told = f"{title}\n{item.summary[:_SUMMARY_MAX].lower()}"
        words = frozenset(_WORD.findall(told))
        cjk = told if _CJK.search(told) else ""
        if self._opening.in_(words, cjk):
            return True
        # Below the title everybody releases something: there it must be the one who writes.
        head, above = (
            (words, cjk) if _FIRST_PERSON.search(told) else (frozenset(_WORD.findall(title)), cjk and title)
        )
        if _NUMBER.search(title) and self._numbered.in_(head, above):
            return True
        if not (self._releasing.in_(head, above) or _VERSION.search(title)):
            return False
        return self._things.in_(head, above)


class _Words:
    """Phrases by their longest word, each with the others it asks for."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self._by_word: dict[str, list[frozenset[str]]] = {}
        self._cjk: dict[str, set[str]] = {}
        begun: dict[str, list[frozenset[str]]] = {}
        for phrase in phrases:
            plain = phrase.lower().lstrip("=")
            if _CJK.search(plain):
                written = plain.rstrip("*")
                self._cjk.setdefault(written[:2], set()).add(written)
                continue
            words = _WORD.findall(plain)
            if not words:
                continue
            ended = words.pop() if plain.endswith("*") else None
            key = max(words, key=len, default=None)
            if key is None or (ended is not None and len(ended) > len(key)):
                # "releas*": the word in full is not known, its beginning is.
                begun.setdefault(ended or "", []).append(frozenset(words))
                continue
            self._by_word.setdefault(key, []).append(frozenset(words) - {key})
        self._keys = frozenset(self._by_word)
        self._begun = tuple(begun.items())
        self._begins = re.compile("|".join(sorted(map(re.escape, begun)))) if begun else None
        pairs = "|".join(sorted(map(re.escape, self._cjk)))
        self._pairs = re.compile(f"(?=({pairs}))") if pairs else None

    def in_(self, words: frozenset[str], cjk: str) -> bool:
        for word in words & self._keys:
            if any(others <= words for others in self._by_word[word]):
                return True
        if self._begins is not None:
            for word in filter(self._begins.match, words):
                for start, asked in self._begun:
                    if word.startswith(start) and any(others <= words for others in asked):
                        return True
        if cjk and self._pairs is not None:
            return any(phrase in cjk for pair in set(self._pairs.findall(cjk)) for phrase in self._cjk[pair])
        return False


def _phrases(knowledge: Knowledge, groups: Iterable[str]) -> list[str]:
    return [
        phrase
        for group in groups
        for phrases in knowledge.phrases.get(group, {}).values()
        for phrase in phrases
    ]
