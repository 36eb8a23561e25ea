"""From what went wrong to a `Problem`: a stable code, one plain sentence, a cure where there is one.

Codes: ``http-NNN`` ``bot-wall`` ``rate-limit`` ``timeout`` ``dns`` ``refused`` ``unreachable``
``connection-lost`` ``cut-short`` ``bad-http`` ``tls`` ``too-large`` ``robots`` ``redirect-loop``
``too-many-redirects`` ``bad-redirect`` ``address-refused`` ``bad-address`` ``empty``
``not-a-feed`` ``not-html`` ``told-to-wait`` ``proxy`` ``unreadable-page`` ``slow-page``
``page-crash`` ``partial`` ``internal``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final

from OpenSSL import SSL
from scrapy.core.downloader.handlers.http11 import TunnelError
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    NotSupported,
    ResponseDataLossError,
    UnsupportedURLSchemeError,
)
from scrapy.http import Response
from service_identity.exceptions import VerificationError
from twisted.internet.error import ConnectError, ConnectionClosed
from twisted.python.failure import Failure
from twisted.web._newclient import ParseError, ResponseFailed

from crawler.download import ToldToWait, plain_headers
from crawler.gate import AddressError, GateError
from crawler.manners import wait_asked
from crawler.middlewares import RedirectLoop, RobotsForbid, TooManyRedirects
from crawler.scrapy_settings import CrawlSettings
from crawler.walls import wall_of
from pipeline.model import FeedError, PageError, Problem

__all__ = ["INTERNAL", "content_type", "of_exception", "of_status", "of_wall"]

INTERNAL: Final = Problem(
    "internal",
    "Reading it failed through an error of this program; the log has the details.",
    "Please report it, with the log, to the project.",
)

_AGAIN: Final = "it will be tried again at the next run"
_STATUS: Final[Mapping[int, tuple[str, str]]] = {
    400: ("the server does not accept the request", "Check its address."),
    401: ("it wants a login", "Use an address that can be read without one."),
    402: ("it wants a payment", "Use an address that can be read without one."),
    403: ("access denied", "The site may refuse automated readers; look for another address of it."),
    404: ("not found", "Check its address; it may have moved."),
    410: ("gone for good", "Look for its new address, or remove it."),
    429: ("too many requests", "Poll it less often."),
    451: ("withheld for legal reasons", ""),
}


def of_status(response: Response, now: datetime | None = None) -> Problem | None:
    """Say what the status of ``response`` means, None if it is one to read.

    ``now`` is needed to say how long a server asks to wait.
    """
    status = response.status
    if status != 304 and (status < 200 or status >= 400) and (problem := of_wall(response)):
        return problem
    if 200 <= status < 300:
        return None
    if status in {403, 429} and response.headers.get(b"x-ratelimit-remaining") == b"0":
        return Problem(
            "rate-limit",
            f"The server answered {status}: the requests it allows in a period are used up; {_AGAIN}.",
            "Poll it less often.",
        )
    code = f"http-{status}"
    if 300 <= status < 400 and status != 304:
        return Problem(
            "bad-redirect",
            f"The server answered {status} (redirect) without a web address to go to.",
            "Look for its new address.",
        )
    if status in _STATUS:
        words, cure = _STATUS[status]
    else:
        words, cure = _phrase(status), ""
    wait = wait_asked(status, plain_headers(response), now) if now and status in {429, 503} else None
    if now and wait and response.headers.get(b"retry-after"):
        words += f") and asks to wait {_span(wait - now)}"
        return Problem(code, f"The server answered {status} ({words}; it will be tried again then.", cure)
    again = f"; {_AGAIN}" if status >= 500 or status in {403, 408, 425, 429} else ""
    return Problem(code, f"The server answered {status} ({words}){again}.", cure)


def of_wall(response: Response) -> Problem | None:
    """Say whose wall against programs ``response`` is, None if it is none; also behind a 200."""
    wall = wall_of(response.status, plain_headers(response), response.body)
    if not wall:
        return None
    return Problem(
        "bot-wall",
        f"The site keeps programs out ({wall}): it answered {response.status} "
        "with a test that only a browser passes.",
        "Ask the site for a feed it lets programs read, or remove the source.",
    )


def _phrase(status: int) -> str:
    if status == 500:
        return "server error"
    try:
        return HTTPStatus(status).phrase.lower()
    except ValueError:
        return "server error" if status >= 500 else "no page"


def of_exception(error: BaseException, settings: CrawlSettings, max_bytes: int) -> Problem | None:
    """Say what ``error``, met while fetching or reading, means; None if it is a bug of ours.

    ``max_bytes`` is the cap that applied.
    """
    if isinstance(error, AddressError):
        return Problem("bad-address", error.message, error.cure)
    if isinstance(error, GateError):
        return Problem("address-refused", error.message, error.cure)
    if isinstance(error, FeedError):
        return Problem("not-a-feed", error.message, error.cure)
    if isinstance(error, PageError):
        return Problem("unreadable-page", error.message, error.cure)
    if isinstance(error, IgnoreRequest):
        return _of_ignored(error, settings, max_bytes)
    if isinstance(error, DownloadCancelledError):
        return _too_large(max_bytes)
    if isinstance(error, DownloadTimeoutError):
        return Problem("timeout", f"No whole answer came within {settings.timeout:g} s; {_AGAIN}.")
    if isinstance(error, ResponseDataLossError):
        return Problem("cut-short", f"The connection was closed before the whole answer had come; {_AGAIN}.")
    if isinstance(error, CannotResolveHostError):
        return Problem(
            "dns", "The name of its server is not known.", "Check its address and this computer's connection."
        )
    if isinstance(error, DownloadConnectionRefusedError):
        return Problem("refused", f"The server refused the connection; {_AGAIN}.", "Check its address.")
    if isinstance(error, NotSupported | UnsupportedURLSchemeError | ValueError | UnicodeError):
        return Problem("bad-address", "Its address is no web address.", "Write it with http:// or https://.")
    return _of_connection(error)


def _of_ignored(error: IgnoreRequest, settings: CrawlSettings, max_bytes: int) -> Problem | None:
    if isinstance(error, ToldToWait):
        return Problem("told-to-wait", f"Its server {error} has asked us to wait; it will be polled then.")
    if isinstance(error, RobotsForbid):
        return Problem(
            "robots",
            "The site's robots.txt forbids programs to read it.",
            "Use an address of the site that is not forbidden, or remove the source.",
        )
    if isinstance(error, RedirectLoop):
        return Problem("redirect-loop", "Its redirects go round in a circle.", "Look for its new address.")
    if isinstance(error, TooManyRedirects):
        return Problem(
            "too-many-redirects",
            f"It redirects more than {settings.redirects} times.",
            "Look for its new address.",
        )
    # Scrapy's only other reason here is a body that outgrew the cap while being decompressed.
    return _too_large(max_bytes) if error.__cause__ is not None else None


def _of_connection(error: BaseException) -> Problem | None:
    causes = list(_causes(error))
    if any(isinstance(cause, TunnelError) for cause in causes):
        return Problem("proxy", f"Its proxy let us not through; {_AGAIN}.", "Check the source's proxy.")
    for cause in causes:
        if isinstance(cause, SSL.Error | VerificationError):
            return _of_tls(causes)
    if any(isinstance(cause, ParseError) for cause in causes):
        return Problem("bad-http", f"What the server sends is not HTTP; {_AGAIN}.", "Check its address.")
    if any(isinstance(cause, ConnectError) for cause in causes):
        return Problem("unreachable", f"No connection to its server could be made; {_AGAIN}.")
    if any(isinstance(cause, ConnectionClosed | DownloadFailedError | ResponseFailed) for cause in causes):
        return Problem("connection-lost", f"The server broke off the connection; {_AGAIN}.")
    if isinstance(error, OSError | EOFError):  # a body that is not compressed as it says
        return Problem("cut-short", f"The answer is damaged: it cannot be decompressed; {_AGAIN}.")
    return None


def _of_tls(causes: list[BaseException]) -> Problem:
    words = " ".join(map(str, causes))
    if any(isinstance(cause, VerificationError) for cause in causes) or "certificate verify failed" in words:
        return Problem(
            "tls",
            "Its certificate cannot be trusted: expired, made for another name, or signed by nobody known.",
            "The site's owner must renew it; check also this computer's clock.",
        )
    return Problem(
        "tls", f"No secure connection to its server could be made; {_AGAIN}.", "Check its address."
    )


def _causes(error: BaseException | None, depth: int = 0) -> Iterator[BaseException]:
    """Yield ``error`` and all that stand behind it, as Twisted and Python chain them."""
    if error is None or depth > 5:
        return
    yield error
    if isinstance(error, ResponseFailed):
        for reason in error.reasons:
            yield from _causes(reason.value if isinstance(reason, Failure) else reason, depth + 1)
    yield from _causes(error.__cause__, depth + 1)


def _span(wait: timedelta) -> str:
    seconds = round(wait.total_seconds())
    if seconds < 600:
        return f"{seconds} s"
    return f"{seconds // 60} minutes" if seconds < 7200 else f"{seconds // 3600} hours"


def _too_large(max_bytes: int) -> Problem:
    size = f"{max_bytes / 2**20:g} MiB" if max_bytes >= 2**20 else f"{max_bytes:,} bytes"
    return Problem("too-large", f"The answer is larger than {size} and was not read.", "Check its address.")


def content_type(response: Response) -> str:
    """Return the header Content-Type of ``response``, "" if there is none, at most 200 characters."""
    value = (response.headers.get(b"content-type") or b"").decode("latin-1")
    return re.sub(r"[^\x20-\x7e]", "", value)[:200]
