"""Names of artifacts: one key for the many ways a name is written."""

from __future__ import annotations

import re
import unicodedata

from pipeline.lexicon import CJK

_PARTS = re.compile(rf"\d+(?:\.\d+)*|[^\W\d_{CJK}]+|[{CJK}]+")

#: Names are short; what is longer is not a name and need not be read to the end.
_NAME_MAX = 200

#: Words that say what kind of thing it is, not which one.
_FILLERS = frozenset({"model", "models", "the", "version", "series", "family", "模型", "大模型", "系列"})


def name_key(name: str) -> str:
    """Return the normalised key of an artifact's name: its words and numbers, parted by spaces.

    "Qwen3-Coder-480B", "Qwen 3 Coder 480b" and "QWEN3 Coder (480B)" share "qwen 3 coder 480 b";
    "v0.9" and "0.9" are one. Empty where nothing of a name is left. Idempotent.
    """
    plain = unicodedata.normalize("NFKC", name[:_NAME_MAX]).casefold()
    parts = _PARTS.findall(unicodedata.normalize("NFKC", plain))
    kept = [
        p for i, p in enumerate(parts) if p not in _FILLERS and not (p == "v" and _number_at(parts, i + 1))
    ]
    return " ".join(kept or parts)


def _number_at(parts: list[str], index: int) -> bool:
    return index < len(parts) and parts[index][0].isdigit()
