"""Names that the shape of a headline gives away, whatever its capitals: "Show HN: Sx – …"."""

from __future__ import annotations

import re

from pipeline.lexicon import CJK, Hit, listed

#: "Show HN: NAME – what it is", "Launch HN: NAME (YC W25) – what it is".
_PRESENTED = re.compile(
    r"^(?:show|launch) hn:\s*(?P<name>[^\s:–—|(,][^:–—|(,]{1,38}?)\s*(?:\((?:YC|Y Combinator)[^)]*\)\s*)?(?:[:–—|,]|\s-\s)",
    re.I,
)
#: "Introducing NAME", "Meet NAME: an …", "Announcing the NAME (NM)": up to a mark or the end.
_INTRODUCED = re.compile(
    r"^(?:\W{1,3})?(?:Introducing|Announcing|Meet|Presenting|Releasing|Open[- ][Ss]ourcing):?\s+(?:the |our |a new )?"
    r"(?P<name>[A-Z0-9][\w.+-]*(?: (?:[A-Z0-9][\w.+-]*|for|of|in|and)){0,5}?)(?:\s*\([A-Za-z]{2,10}\))?\s*(?:[:：,.–—|]\s|[:：]|$)"
)
#: After the verb of a headline in title case, up to the colon: "Releases Antares: 350M and 1B …".
_RELEASED = re.compile(
    r"\s+(?:the |its |a new |new )?(?P<name>[A-Z0-9][\w.+-]*(?: (?:[A-Z0-9][\w.+-]*|for)){0,4}?)(?:\s*\([A-Za-z]{2,10}\))?\s*[:：]\s*(?=[A-Z\d]|an?\b|the\b)"
)
#: "GitHub - account/NAME: what it does".
_REPOSITORY = re.compile(r"^GitHub - [\w.-]{2,40}/(?P<name>[\w.-]{2,60})")
#: "NAME is now open source", also where the name is its maker's.
_IS_NOW = re.compile(
    r"^(?P<name>[A-Z][\w.+-]*(?: [A-Z0-9][\w.+-]*){0,2}) (?:is|are|goes|has gone|went) (?:now )?(?:fully )?(?:open|free and open)[ -]?(?:source|weights?)",
)
#: Words that make a head a description: "Show HN: Open-source AI SRE – …".
_DESCRIBES = listed(
    "open-source opensource open-weight free new my our your we i a an the ai-powered first running distilling local self-hosted"
)
_GENERIC = listed(
    "open source agent agents model models tool tools framework library platform family release dataset suite stack an a the"
)


def presented_name(text: str) -> tuple[int, str] | None:
    """Return the one name a board's headline or a repository presents, and where; None if it has no such shape."""
    match = _PRESENTED.match(text) or _REPOSITORY.match(text)
    if match is None:
        return None
    name = match["name"].strip()
    words = name.lower().split()
    if len(words) > 4 or not _is_name(words):
        return None
    if not re.match(r"GitHub - ", text) and len(words) > 1 and name.islower():
        return None
    return match.start("name"), name


def headline_names(text: str, verbs: list[Hit]) -> list[tuple[int, str]]:
    """Return the names that stand where a headline introduces or releases something."""
    if re.search(f"[{CJK}]", text[:80]):
        return []
    match = _INTRODUCED.match(text)
    for verb in verbs:
        if match is not None:
            break
        match = _RELEASED.match(text, verb.end)
    match = match or _IS_NOW.match(text)
    if match is None:
        return []
    name = match["name"].strip(" .-")
    words = name.lower().split()
    if not _is_name(words) or all(word in _GENERIC for word in words):
        return []
    return [(match.start("name"), name)]


def _is_name(words: list[str]) -> bool:
    if not words or words[0] in _DESCRIBES or words[:2] == ["open", "source"]:
        return False
    return not any(word in {"we", "i", "that", "is", "with", "how", "why"} for word in words[1:])
