"""Bodies as they come over the wire: which encoding they are in, and what else they may be."""

from __future__ import annotations

import re
import zlib

from lxml import etree

from crawler.sanitise import to_line
from crawler.urls import absolute_url
from pipeline.model import FeedError

#: How much of a body tells what it is.
_HEAD = 4096
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)
_BLOCKED = re.compile(
    r"captcha|just a moment|access denied|attention required|enable javascript|are you a (?:human|robot)|unusual traffic"
    r"|security check|verify you are|forbidden|验证码|安全验证",
    re.IGNORECASE,
)
#: A body that is UTF-8 but for fewer bad bytes than this share is damaged UTF-8, not another encoding.
_TOLERATED = 0.01


def charset_of(body: bytes, content_type: str) -> tuple[str, str]:
    """Return (encoding that reads ``body``, encoding it declares or "").

    The declaration is believed only if the bytes agree: a body with non-ASCII bytes that is
    valid UTF-8 is UTF-8, whatever header or prologue say; one that claims UTF-8 and is not
    is taken for GB 18030 if that reads it as Chinese, else for Windows-1252.
    """
    in_header = _CHARSET.search(content_type)
    in_body = _DECLARED.match(body[:_HEAD].removeprefix(b"\xef\xbb\xbf"))
    names = [in_header[1] if in_header else "", in_body[1].decode("ascii") if in_body else ""]
    declared = next(filter(None, names), "")
    if body.startswith(b"\xef\xbb\xbf"):
        return "utf-8", declared
    if body[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in body[:4]:
        return _utf16(body), declared
    if not body.isascii() and _reads(body, "utf-8"):
        return "utf-8", declared
    for name in filter(None, names):
        if name.lower() not in {"utf-8", "utf8", "us-ascii", "ascii"} and _reads(body, name):
            return name.lower(), declared
    if body.isascii() or _bad_share(body) < _TOLERATED:
        return "utf-8", declared
    return ("gb18030" if _looks_chinese(body) else "windows-1252"), declared


def decode(body: bytes, content_type: str = "") -> str:
    """Return ``body`` as text; bytes that do not fit become U+FFFD."""
    return body.decode(charset_of(body, content_type)[0], "replace").removeprefix("\ufeff")


def inflate(body: bytes, limit: int) -> bytes:
    """Return a gzip body inflated, any other as it is.

    Raises FeedError if it is broken or larger than ``limit`` bytes once inflated.
    """
    if not body.startswith(b"\x1f\x8b"):
        return body
    inflater = zlib.decompressobj(wbits=31)
    try:
        out = inflater.decompress(body, limit + 1)
    except zlib.error as error:
        raise FeedError("The compressed file is damaged.") from error
    if len(out) > limit:
        raise FeedError(f"The file is larger than {limit // 2**20} MiB when unpacked.")
    return out


def refusal(body: bytes, promised: str, url: str = "", content_type: str = "") -> FeedError:
    """Return the error for a body that is not what its source promises, in words that help.

    ``promised`` completes "is not …", e.g. "a feed".
    """
    if not body.strip():
        return FeedError(
            "The answer is empty.", about=url, cure="Open the address in a browser to see what it serves."
        )
    head = decode(body[:_HEAD], content_type).lstrip().lower()
    if re.search(r"<!doctype html|<html[\s>]", head):
        title = re.search(
            r"<title[^>]{0,200}>(.{0,200}?)</title", decode(body[: 16 * _HEAD]), re.IGNORECASE | re.DOTALL
        )
        words = f" (“{to_line(title[1], 80)}”)" if title else ""
        if _BLOCKED.search(head) or (title and _BLOCKED.search(title[1])):
            return FeedError(
                f"The answer is a page that keeps programs out{words}, not {promised}.",
                about=url,
                cure="The site may refuse automated readers; look for another address of it.",
            )
        feeds = advertised_feeds(body, url)
        cure = f"The page itself names this feed: {feeds[0]}" if feeds else "Check the address in a browser."
        return FeedError(f"The answer is a web page{words}, not {promised}.", about=url, cure=cure)
    kind = (
        "JSON of another kind"
        if head[:1] in {"{", "["}
        else "XML of another kind"
        if head[:1] == "<"
        else "something else"
    )
    return FeedError(
        f"The answer is {kind}, not {promised}.",
        about=url,
        cure="Check the address and the kind of the source.",
    )


def advertised_feeds(body: bytes, url: str) -> tuple[str, ...]:
    """Return the feed addresses that an HTML page names in its head."""
    parser = etree.HTMLParser(no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(body[: 128 * _HEAD], parser)
    except (etree.XMLSyntaxError, ValueError):
        return ()
    if root is None:
        return ()
    found: list[str] = []
    for link in root.iter("link"):
        kind = (link.get("type") or "").lower()
        if "alternate" in (link.get("rel") or "").lower().split() and kind.endswith(
            ("rss+xml", "atom+xml", "feed+json")
        ):
            target = absolute_url(link.get("href") or "", url)
            if target and not re.search(r"/comments/", target):
                found.append(target)
    return tuple(dict.fromkeys(found))


def _reads(body: bytes, name: str) -> bool:
    try:
        body.decode(name)
    except UnicodeDecodeError as error:
        # an answer cut off within a character is still of that encoding
        return error.start >= len(body) - 4 and len(body) > 64
    except (LookupError, ValueError, AttributeError):
        return False
    return True


def _utf16(body: bytes) -> str:
    if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    return "utf-16-be" if body[0] == 0 else "utf-16-le"


def _bad_share(body: bytes) -> float:
    foreign = sum(1 for byte in body if byte >= 0x80)
    return body.decode("utf-8", "replace").count("\ufffd") / max(1, foreign)


def _looks_chinese(body: bytes) -> bool:
    text = body.decode("gb18030", "replace")
    foreign = [char for char in text if ord(char) >= 0x80]
    common = sum(
        "\u4e00" <= char <= "\u9fff" or "\u3000" <= char <= "\u303f" or "\uff00" <= char <= "\uffef"
        for char in foreign
    )
    return text.count("\ufffd") * 50 <= len(foreign) and common >= 0.9 * len(foreign)
