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

#: Lists of which an opening needs one too, outside a headline.
MOVES = listed("open_verb release_verb planned reversed licence_word")

#: The commonest words of our field, by how many sentences hold them: the rarest of a phrase tells most.
_COMMONEST_TEXT = (
    "the and a to of for is on with it ai s model open we as models from are can source at by agent code new "
    "its not be t has have data use b all up now no re training will out language only v world k reasoning "
    "text gpt research llm api face large github m project release own without access hugging software used "
    "make d users nvidia app available x image deepseek weights cost small next under scale video qwen "
    "microsoft released free benchmark learning e de frontier web may back evaluation foundation prompt "
    "version set audio trained kimi making weight vision c community gemma step server made pro production "
    "public think developer llms multimodal apple mistral researchers makes point meta speech l fast hardware "
    "releases core stack ui change path machine down flash linux deep go zero la changes base fully dataset "
    "et o government le request business deployment usage published "
)
_COMMONEST = {word: rank for rank, word in enumerate(_COMMONEST_TEXT.split())}
#: A phrase with one of these needs no word of its own.
_LICENCE_WORDS = listed("license licence lizenz licencia")
#: Words of the patterns of pipeline.clauses, which are no lists.
_OF_PATTERNS = listed(
    "source sources sourced sourcing opensource opensources opensourced opensourcing open opens offen frei quelloffen "
    "ouvre ouvrir ouvrira ouvrent ouvriront ouvri libérer libérera libéré abre abrir abrirá abren abrió öffnet öffnen"
)
#: What makes a licence something that a thing becomes.
_TURNS = listed("goes went going turns turned now wird passe pasa")
_SPACELESS = re.compile(f"[{CJK}]")
_WORDS = re.compile(r"\d+(?:\.\d+)*|[^\W\d_]+")


def _rarity(part: str) -> tuple[bool, int, int]:
    return not part[0].isdigit(), _COMMONEST.get(part, len(_COMMONEST)), len(part)


def _telling(phrases: Iterable[str], given: frozenset[str]) -> tuple[frozenset[str], re.Pattern[str]]:
    """Return words, and beginnings of words, of which each phrase that is not covered has one."""
    whole, beginnings = set(given), set[str]()
    parted = (
        (words(phrase.strip("=*")), phrase.endswith("*"))
        for phrase in phrases
        if not _SPACELESS.search(phrase)
    )
    # Phrases of one word first: what they bring in covers many longer ones.
    for parts, open_ended in sorted(parted, key=lambda pair: (len(pair[0]), pair[0])):
        sure = parts[:-1] if open_ended else parts
        if not parts or not whole.isdisjoint(sure) or (open_ended and parts[-1] in beginnings):
            continue
        telling = max(parts, key=_rarity)
        if open_ended and telling == parts[-1]:
            beginnings.add(telling)
        else:
            whole.add(telling)
    return frozenset(whole), re.compile(rf"\b(?:{'|'.join(sorted(map(re.escape, beginnings))) or '(?!)'})")


class Gate:
    """Made once of every phrase an opening may need; then only asked.

    ``things``: what is open, and by which word; ``moves``: what is done with it.
    """

    def __init__(self, things: Iterable[str], moves: Iterable[str]) -> None:
        self._things, self._thing_beginnings = _telling(things, _OF_PATTERNS | _LICENCE_WORDS)
        self._moves, self._move_beginnings = _telling(moves, _OF_PATTERNS | _TURNS)

    def may_open(self, text: str, *, headline: bool = False) -> bool:
        """Whether ``text`` holds a telling word of both kinds; False only where it speaks of no opening.

        A headline may do without a verb.
        """
        if not text.isascii() and _SPACELESS.search(text):
            return True
        low = text.lower()
        heard = _WORDS.findall(low)
        if self._things.isdisjoint(heard) and self._thing_beginnings.search(low) is None:
            return False
        return headline or not self._moves.isdisjoint(heard) or self._move_beginnings.search(low) is not None
