"""Addresses from outside: made absolute and safe, and one canonical form for one article.

Two questions are answered here. *May we follow or show this link?* (`absolute_url`: http and
https only, a host, bounded, no trickery in the authority.) *Is it the same article?*
(`canonical_url`: an identity, not an address to fetch.)
"""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from urllib.parse import (
    SplitResult,
    parse_qsl,
    quote,
    unquote_to_bytes,
    urlencode,
    urljoin,
    urlsplit,
    urlunsplit,
)

#: Longer addresses are refused: the usual limit of browsers, servers and sitemaps (2,048).
MAX_URL = 2048

_DEFAULT_PORTS = {"http": 80, "https": 443}
_CONTROLS = re.compile(r"[\x00-\x20\x7f]")
_UNWANTED_IN_AUTHORITY = re.compile(r"[\s\\<>\"^`{|}%\x00-\x20\x7f]")

#: Host names after IDNA; the underscore is no letter of theirs, but there are hosts that have it.
_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")

#: RFC 3986 unreserved and sub-delims, with ":" and "@": what a path segment may hold unescaped.
_PATH_SAFE = "/-._~!$&'()*+,;=:@"
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")

#: Addresses that `absolute_url` would return as they are: most links of most feeds. Taking one
#: apart and putting it together again costs some twenty times as much as seeing that.
_AS_IT_IS = re.compile(r"https?://[A-Za-z0-9.-]*[A-Za-z0-9](?::[1-9]\d{0,3})?(?:/(?!\.)[!-~]*)?")
_PERHAPS_NOT = re.compile(r"/\.|[?#;](?:$|[?#;])|[\\^`{|}<>\"]")
#: And those of which `canonical_url` changes at most a slash at the end.
_CANONICAL = re.compile(r"https?://[a-z0-9-]+(?:\.[a-z0-9-]+)*(?:/(?!\.)[A-Za-z0-9._~-]+)*/?")

#: Parameters that only ever tell the publisher where the reader came from.
_TRACKING = frozenset(
    {
        # advertising click ids
        "fbclid", "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "ysclid", "twclid", "ttclid",
        "igshid", "igsh", "li_fat_id", "rdt_cid", "srsltid", "_openstat",
        # newsletters
        "mc_cid", "mc_eid", "_hsenc", "_hsmi", "__hssc", "__hstc", "__hsfp", "mkt_tok", "vero_id", "vero_conv",
        "oly_enc_id", "oly_anon_id", "ck_subscriber_id", "sailthru", "sc_cid",
        # analytics and sharing
        "_ga", "_gl", "ref_src", "ref_url", "spm", "scm", "xtor", "cmpid", "wt_mc", "wt.mc", "wt_zmc", "ftag",
        "ocid", "smid", "sr_share", "guccounter", "guce_referrer", "guce_referrer_sig", "trk", "trkcampaign",
        "share_token", "share_source", "share_medium", "traffic_source", "isappinstalled", "nsukey", "cmp",
    }
)  # fmt: skip
_TRACKING_PREFIXES = (
    "utm_",
    "mtm_",
    "pk_",
    "piwik_",
    "matomo_",
    "hsa_",
    "at_medium",
    "at_campaign",
    "at_custom",
    "stm_",
)

#: Parameters that are tracking only with these values; "?from=2024" or "?source=arxiv" may choose a page.
_FEED_VALUES = frozenset(
    {"rss", "feed", "feeds", "atom", "rss_feed", "rssfeed", "newsletter", "email", "twitter", "x"}
)
_CHAT_VALUES = frozenset({"timeline", "groupmessage", "singlemessage", "weibo", "wechat"})
_TRACKING_BY_VALUE = {
    "ref": _FEED_VALUES,
    "referrer": _FEED_VALUES,
    "source": _FEED_VALUES,
    "src": _FEED_VALUES,
    "f": frozenset({"rss"}),
    "from": _FEED_VALUES | _CHAT_VALUES,
    "amp": frozenset({"", "1", "true"}),
    "outputtype": frozenset({"amp"}),
    # print views of the same article
    "print": frozenset({"", "1", "true", "yes", "print"}),
    "printable": frozenset({"", "1", "true", "yes"}),
    "view": frozenset({"print", "amp"}),
}

#: A path segment that looks like an article: "a-headline-like-this", "story12345", "page.html".
_ARTICLE_SEGMENT = re.compile(r"-|\d{4}|\.html?$")


#: Last steps of a path that name another rendering of the article before them.
_TWINS = frozenset({"amp", "print"})
#: First labels of hosts that serve the same articles to telephones.
_MOBILE = re.compile(r"^(?:m|mobile|amp)\.(?=[^.]+\.[^.]+)")
_PERHAPS_TWIN = re.compile(r"^https?://(?:m|mobile|amp)\.|/(?:amp|print)/?$")
#: "m.co.uk" is the site "m", not the telephone twin of "co.uk".
_PUBLIC_SECOND = re.compile(r"(?:co|com|net|org|gov|ac|edu|or|ne|go)\.[a-z]{2}")


def absolute_url(link: str, base: str = "") -> str | None:
    """Return ``link`` as an absolute http(s) URL, or None if it is none we would follow.

    Surrounding white space goes, inner white space is escaped. Refused: other schemes, no
    host, user names and passwords, control characters or back-slashes in the authority, a
    port that is none, more than `MAX_URL` characters.
    """
    link = link.strip()
    if not link or len(link) > MAX_URL:
        return None
    if _AS_IT_IS.fullmatch(link) and not _PERHAPS_NOT.search(link):
        return link
    try:
        joined = urljoin(base, link) if base else link
        # urlsplit drops tabs and newlines by itself; blanks inside are escaped below
        parts = urlsplit(joined)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme.lower() not in _DEFAULT_PORTS or not parts.hostname or "@" in parts.netloc or port == 0:
        return None
    if _UNWANTED_IN_AUTHORITY.search(parts.netloc):
        return None
    url = _CONTROLS.sub(
        lambda m: f"%{ord(m[0]):02X}", urlunsplit(parts._replace(scheme=parts.scheme.lower()))
    )
    url = url.encode("utf-8", "replace").decode("utf-8")
    return url if len(url) <= MAX_URL else None


def canonical_url(url: str) -> str:
    """Return the form of ``url`` that all addresses of the same article share.

    Scheme and host in lower case (IDNA), default port, fragment, tracking parameters and the
    slash at the end dropped, dots resolved, escapes normalised, query sorted, ``/amp``, ``/print``
    and telephone twins (``m.``) turned back. http and https stay apart, as do ``www.`` and the
    bare host: which of them a site means cannot be told from the address. Idempotent.

    Raises ValueError if ``url`` is not an http(s) URL with a host.
    """
    if _CANONICAL.fullmatch(url) and len(url) <= MAX_URL and not _PERHAPS_TWIN.search(url):
        host, _, path = url[8:].partition("/")
        return f"{url[:8]}{host}/{path.removesuffix('/')}"
    absolute = absolute_url(url)
    if absolute is None:
        raise ValueError(f"not an http(s) address with a host: {url[:200]!r}")
    parts = urlsplit(absolute)
    return urlunsplit(
        SplitResult(parts.scheme, _authority(parts), _path(parts.path), _query(parts.query), "")
    )


def _authority(parts: SplitResult) -> str:
    host = (parts.hostname or "").rstrip(".")
    if ":" in host:
        host = f"[{_ipv6(host)}]"
        return _with_port(host, parts)
    if not host.isascii():
        # compatibility forms ("①", full-width letters) become ASCII here, and may become what no host may hold
        host = host.encode("idna").decode("ascii").lower().rstrip(".")
    if not _HOST.fullmatch(host):
        raise ValueError(f"an address without a proper host: {host!r}")
    while _MOBILE.match(host) and not _PUBLIC_SECOND.fullmatch(host.partition(".")[2]):
        host = host.partition(".")[2]
    return _with_port(host, parts)


def _with_port(host: str, parts: SplitResult) -> str:
    port = parts.port
    return host if port is None or port == _DEFAULT_PORTS[parts.scheme] else f"{host}:{port}"


def _ipv6(host: str) -> str:
    address, _, zone = host.partition("%")
    if zone:
        raise ValueError("an address with an IPv6 zone")
    return IPv6Address(address).compressed


def _path(path: str) -> str:
    # decode what needs no escape, first, so that "%2e%2e" cannot hide a step upwards
    path = _ESCAPE.sub(_unescape_unreserved, path)
    path = quote(path, safe=_PATH_SAFE + "%")
    path = re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", path)
    path = _ESCAPE.sub(lambda m: m[0].upper(), path)
    steps: list[str] = []
    for step in path.split("/"):
        if step == "..":
            if steps:
                steps.pop()
        elif step not in {"", "."}:
            steps.append(step)
    while len(steps) >= 2 and steps[-1].lower() in _TWINS and _ARTICLE_SEGMENT.search(steps[-2]):
        steps.pop()
    return "/" + "/".join(steps)


def _unescape_unreserved(match: re.Match[str]) -> str:
    byte = unquote_to_bytes(match[0])
    return byte.decode("ascii") if byte[0] in _UNRESERVED else match[0]


def _query(query: str) -> str:
    if not query:
        return ""
    kept = [(k, v) for k, v in parse_qsl(query, keep_blank_values=True) if k and not _is_tracking(k, v)]
    return urlencode(sorted(kept))


def _is_tracking(key: str, value: str) -> bool:
    key = key.lower()
    if key in _TRACKING or key.startswith(_TRACKING_PREFIXES):
        return True
    return value.lower() in _TRACKING_BY_VALUE.get(key, ())
