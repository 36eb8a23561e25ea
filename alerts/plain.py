"""Text hygiene for what comes from outside: one line, bounded, no tricks; and safe links.

Everything a reader sees of somebody else's words goes through :func:`clean`, every address
through :func:`safe_link`. Widths count columns of a terminal: East Asian wide characters are two.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

#: Columns of a line of the text edition: 76 survives one level of quoting in an 80-column reader.
LINE = 76
#: Characters of a title that are shown. Real headlines end far below; long ones would push stories off the screen.
TITLE = 180
#: Characters of a quotation: two to four lines of a phone.
QUOTE = 320
#: Characters of a name (maker, artifact, outlet, licence).
NAME = 60
#: Longer addresses are not linked: mail clients and spam filters cut or refuse them.
LINK = 1000

_SPACE = re.compile(r"[\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
# Characters nobody sees that turn, hide or join text: direction marks and overrides, zero-width
# spaces, soft hyphens, tags, interlinear marks. Zero-width joiners stay: Persian and Hindi need them.
_HIDDEN = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
_SURROGATE = re.compile("[\ud800-\udfff\ufffe\uffff]")
# More than three marks on one letter is decoration that runs over the lines around it.
_MARKS = 3
_URL_SAFE = "/:?#[]@!$&*+,;=%~-._"


def clean(text: str, limit: int = TITLE) -> str:
    """``text`` on one line, without control and hidden characters, at most ``limit`` characters."""
    text = text[: limit * 8]  # before the work, so that a megabyte costs nothing
    if not text.isascii():
        text = _SURROGATE.sub("\ufffd", _HIDDEN.sub("", text))
        text = _calm(text)
    return clip(_SPACE.sub(" ", text).strip(), limit)


def clip(text: str, limit: int) -> str:
    """``text`` cut at a word's end where one is near, marked with an ellipsis."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    space = head.rfind(" ")
    if space > limit * 2 // 3:
        head = head[:space]
    return head.rstrip(" ,;:.-–—") + "…"


def _calm(text: str) -> str:
    """``text`` with no letter carrying more than a few combining marks."""
    marks, kept = 0, []
    for char in text:
        marks = marks + 1 if unicodedata.combining(char) else 0
        if marks <= _MARKS:
            kept.append(char)
    return "".join(kept)


def safe_link(url: str) -> str:
    """``url`` ready for an href, or "" unless it is a plain http(s) address.

    Refused: other schemes, no host, user names (they disguise the host), over-long addresses.
    Quotes, brackets, parentheses, pipes and everything beyond ASCII come out percent-encoded, so
    that the result is one word in HTML, Markdown, Slack and plain text alike.
    """
    url = url.strip()
    if not url or len(url) > LINK or "\\" in url or _SURROGATE.search(url):
        return ""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = parts.port
        if not host.isascii():
            host = host.encode("idna").decode("ascii")
    except (ValueError, UnicodeError):
        return ""
    if parts.scheme not in ("http", "https") or "@" in parts.netloc or not _HOST.fullmatch(host):
        return ""
    netloc = (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
    query = f"?{parts.query}" if parts.query else ""
    fragment = f"#{parts.fragment}" if parts.fragment else ""
    rest = quote(parts.path + query + fragment, safe=_URL_SAFE)
    rest = rest.replace("[", "%5B").replace("]", "%5D").replace("*", "%2A")
    link = f"{parts.scheme}://{netloc}{rest}"
    return link if len(link) <= LINK else ""


_HOST = re.compile(r"[a-z0-9_.-]+|[0-9a-f:.]+")


def columns(text: str) -> int:
    """Columns that ``text`` takes in a terminal."""
    if text.isascii():
        return len(text)
    return sum(_width(char) for char in text)


def _width(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Cf", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1


def wrap(text: str, *, first: str = "", rest: str = "", width: int = LINE) -> str:
    """``text`` in lines of at most ``width`` columns, led by ``first`` and then ``rest``.

    Breaks at spaces and, in scripts without them, between wide characters; a word wider than a
    line is cut, an address never is.
    """
    lines: list[str] = []
    line, used, lead = "", columns(first), first
    for piece in _pieces(text, width - max(columns(first), columns(rest))):
        wide = columns(piece)
        if line and used + columns(line) + wide > width and piece != " ":
            lines.append(lead + line.rstrip())
            lead, line, used = rest, "", columns(rest)
        if line or piece != " ":
            line += piece
    if line or not lines:
        lines.append((lead + line).rstrip())
    return "\n".join(lines)


def _pieces(text: str, room: int) -> Iterator[str]:
    """Unbreakable pieces of ``text``, spaces as pieces of their own."""
    for word in re.findall(r" |[^ ]+", text):
        if (
            word == " "
            or (columns(word) <= room and word.isascii())
            or word.startswith(("http://", "https://"))
        ):
            yield word
            continue
        piece = ""
        for char in word:
            if piece and (_breaks(piece[-1], char) or columns(piece) + _width(char) > room):
                yield piece
                piece = ""
            piece += char
        yield piece


# Must not begin a line / end a line in Chinese and Japanese setting.
_NO_START = frozenset(
    ",.:;?!)%\uff0c\u3002\u3001\uff1b\uff1a\uff1f\uff01\uff09\u300b\u300d\u300f\u3011\u3015\u3009”’…—·ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ"
)
_NO_END = frozenset("(\uff08\u300a\u300c\u300e\u3010\u3014\u3008“‘")


def _breaks(left: str, right: str) -> bool:
    """Whether a line may end between two letters of one word: next to a wide one, with manners."""
    if right in _NO_START or left in _NO_END or unicodedata.combining(right) or right == "\u200d":
        return False
    if "HANGUL" in unicodedata.name(right, "") and "HANGUL" in unicodedata.name(left, ""):
        return False
    return _width(left) == 2 or _width(right) == 2
