"""A quick test that never misses: can these words speak of an opening at all?

Most sentences of an article cannot, and need not be read word by word. For each phrase without
which there is no opening (see pipeline.clauses.find_opening) the gate knows one telling word;
a text with none of them has none of the phrases. Texts in Chinese, Japanese or Korean, which put
no spaces between words, always pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pipeline.lexicon import CJK, listed, words

#: Lists and kinds of names of which an opening needs at least one.
NEEDED = listed("open_source open_weights open_data open_verb reversed weights restricted free_only")

#: Words too common in our field to tell, where a phrase has another.
_COMMON = listed(
    "a an the is are be was of in on to for and or it its not no as at by under with from only all now new model models data ai "
    "license licence use used available available language publicly research code will ist die der den das nicht für mit zu und "
    "agent agents training trained reasoning gpt k research world without own cost software access evaluation users prompt project "
    "scale think video step llm llms benchmark benchmarks release releases released audio image learning point production request x "
    "pro researchers change changes version making makes longer speech base public community stack code hub face hugging build "
    "system systems vision language multimodal foundation frontier here than can anyone company more out up "
    "les le la un une des du de en et pour est son ses el los las y con por sus que modelo modelos modèle modèles"
)
#: Words of the patterns of pipeline.clauses, which are no lists.
_OF_PATTERNS = listed(
    "source sources sourced sourcing opensource opensources opensourced opensourcing open opens offen frei quelloffen "
    "ouvre ouvrir ouvrira ouvrent ouvriront ouvri libérer libérera libéré abre abrir abrirá abren abrió öffnet öffnen license licence"
)
_SPACELESS = re.compile(f"[{CJK}]")
_WORDS = re.compile(r"\d+(?:\.\d+)*|[^\W\d_]+")


class Gate:
    """Made once of every phrase an opening may need; then only asked."""

    def __init__(self, phrases: Iterable[str]) -> None:
        whole, beginnings = set(_OF_PATTERNS), set[str]()
        for phrase in phrases:
            parts = words(phrase.strip("=*"))
            if not parts or _SPACELESS.search(phrase):
                continue
            open_ended = phrase.endswith("*")
            telling = max(parts, key=lambda part: (part not in _COMMON, len(part)))
            if open_ended and telling == parts[-1]:
                beginnings.add(telling)
            else:
                whole.add(telling)
        self._whole = frozenset(whole)
        self._beginnings = re.compile("|".join(sorted(map(re.escape, beginnings))) or r"(?!)")

    def may_open(self, text: str) -> bool:
        """Whether ``text`` holds a telling word; False only where it cannot speak of an opening."""
        if not text.isascii() and _SPACELESS.search(text):
            return True
        low = text.lower()
        return not self._whole.isdisjoint(_WORDS.findall(low)) or self._beginnings.search(low) is not None
