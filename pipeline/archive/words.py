"""How text is cut into words for full-text search, the same way when stored and when asked.

SQLite's tokenizer takes a run of Chinese as one word, so 开源 would never be found inside
a sentence. Each character of a script written without spaces becomes a word of its own; a
query for several of them becomes a phrase, which finds exactly that run of characters.
"""

from __future__ import annotations

import re
import unicodedata

# Han, kana, hangul syllables, and the extensions of Han: scripts where words are not spaced
# (or, in Korean, carry particles that would hide the noun).
_UNSPACED = re.compile(
    r"([\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff])"
)
_SPACES = re.compile(r"\s+")


def segment(text: str) -> str:
    """Text as it is indexed: compatibility forms folded, unspaced scripts cut to characters."""
    folded = unicodedata.normalize("NFKC", text).replace("\x00", " ")
    return _SPACES.sub(" ", _UNSPACED.sub(r" \1 ", folded)).strip()


def phrase(text: str) -> str:
    """An FTS5 string literal that finds these words side by side; "" if nothing can be searched.

    Everything a user may type (``C++``, ``AND``, quotes, ``open-weights``) is data here: inside
    an FTS5 string nothing is an operator but the doubled quote.
    """
    cut = segment(text)
    if not any(c.isalnum() for c in cut):
        return ""
    return '"' + cut.replace('"', '""') + '"'
