"""Slack's markup: text that stays text, links that stay links, and how long either comes out.

Slack escapes three characters (``&``, ``<``, ``>``) and has no escape for the rest of its markup, so
what could begin bold, italics, strike, code or an emoji is replaced by a character that looks the
same. Lengths are counted in UTF-16 units, the larger of the two ways a service may count.
"""

from __future__ import annotations

import re
from typing import Final

#: Look-alikes of the characters that have no escape.
_ALIKE: Final = str.maketrans({"*": "∗", "~": "∼", "`": "ˋ", "|": "¦"})
#: An underscore between two ASCII letters or digits marks nothing (``model_name``); any other may.
_UNDERSCORE = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
#: ``:tada:`` would become a picture.
_EMOJI = re.compile(r":(?=[\w+'-]+:)")
_ENTITIES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def units(text: str) -> int:
    """Length of ``text`` in UTF-16 units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def plain(text: str, limit: int) -> str:
    """``text`` for a plain_text object: at most ``limit`` units, nothing escaped."""
    return _fit(text, limit, {})


def escape(text: str, limit: int) -> str:
    """``text`` as literal mrkdwn of at most ``limit`` units after escaping, cut between characters."""
    text = _EMOJI.sub("꞉", _UNDERSCORE.sub("ˍ", text.translate(_ALIKE)))
    return _fit(text, limit, _ENTITIES)


def link(url: str, label: str, limit: int) -> str:
    """``<url|label>`` for a URL of ``alerts.plain.safe_link`` and a raw label of at most ``limit`` units.

    Where the URL is "" only the label; where the label is, the URL's host.
    """
    shown = escape(label, limit) or escape(url.partition("//")[2].partition("/")[0], limit)
    if not url:
        return shown
    target = url.replace("&", "&amp;").replace("|", "%7C").replace("<", "%3C").replace(">", "%3E")
    return f"<{target}|{shown}>"


def _fit(text: str, limit: int, entities: dict[str, str]) -> str:
    pieces = [entities.get(char, char) for char in text]
    whole = "".join(pieces)
    if units(whole) <= limit:
        return whole
    kept, used = 0, 1  # one unit for the ellipsis
    while used + units(pieces[kept]) <= limit:
        used += units(pieces[kept])
        kept += 1
    return "".join(pieces[:kept]).rstrip() + "…"
