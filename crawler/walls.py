"""Walls against programs, told by their headers and pages, and named. Pure.

Marks were taken from the refusals the vendors' own documents and open bypass trackers describe;
each is a word that stands in a challenge and hardly ever in a news feed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

__all__ = ["wall_of"]

#: (whose wall, header, what its value begins with)
_HEADERS: Final = (
    ("Cloudflare", "cf-mitigated", "challenge"),
    ("DataDome", "x-datadome", ""),
    ("AWS WAF", "x-amzn-waf-action", ""),
    ("Sucuri", "x-sucuri-block", ""),
    ("HUMAN", "x-px-blocked", ""),
    ("Vercel", "x-vercel-mitigated", ""),
    ("Kasada", "x-kpsdk-ct", ""),
    ("SiteGround", "sg-captcha", "challenge"),
)
#: (whose wall, a mark in the page). The first that is found names it.
_MARKS: Final = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        ("Cloudflare", r"/cdn-cgi/challenge-platform/|cf-chl-|_cf_chl_opt|cf-browser-verification"),
        ("Cloudflare", r"<title>\s*(?:just a moment|attention required! \| cloudflare)"),
        ("DataDome", r"captcha-delivery\.com"),
        ("AWS WAF", r"awswafcookiedomainlist|\.awswaf\.com/|aws-waf-token"),
        ("HUMAN", r"px-captcha|_pxappid|/captcha/captcha\.js\?a=c&u="),
        ("Imperva", r"_incapsula_resource|incapsula incident id"),
        (
            "Akamai",
            r"errors\.edgesuite\.net|<title>\s*access denied\s*</title>.{0,400}reference\s*(?:&#35;|#)",
        ),
        ("Sucuri", r"sucuri website firewall|sucuri_cloudproxy_js"),
        ("Vercel", r"vercel security checkpoint"),
        ("SiteGround", r"/\.well-known/sgcaptcha/"),
        (
            "Anubis",
            r"/\.within\.website/x/cmd/anubis/|anubis_challenge|making sure you(?:&#39;|'|’)re not a bot",
        ),
        ("DDoS-Guard", r"ddos-guard\.net|<title>\s*ddos-guard"),
        ("Kasada", r"/149e9513-01fa-4fb0-aad4-566afd725d1b/|kpsdk"),
        ("Aliyun", r"aliyun_waf|acw_sc__v2|awsc/et/punish|_waf_bd8ce2ce37"),
        ("Tencent", r"captcha\.gtimg\.com|tencentcaptcha"),
        ("WeChat", r"wappoc_appmsgcaptcha|环境异常"),
        ("reCAPTCHA", r"google\.com/recaptcha/(?:api|enterprise)\.js"),
        ("hCaptcha", r"(?:js\.)?hcaptcha\.com/1/api\.js"),
        ("Distil", r"distil_r_captcha|pardon our interruption"),
    )
)
#: A site's own contact form may hold a captcha: these count only where the site refuses us besides.
_ONLY_IF_REFUSED: Final = frozenset({"reCAPTCHA", "hCaptcha", "Tencent"})
#: Statuses by which walls refuse. 200 and 202 are in use too, with a page instead of a feed.
_REFUSALS: Final = frozenset({401, 403, 405, 406, 409, 418, 429, 444, 456, 468, 498, 503, 520, 521, 530})
#: Challenges are small, and their marks stand early.
_HEAD: Final = 64 * 2**10


def wall_of(status: int, headers: Mapping[str, str], body: bytes) -> str:
    """Whose wall has answered, "" if none has.

    ``headers`` has lower-case names. Only a web page is looked into: a feed may well write about walls.
    """
    refused = status in _REFUSALS
    if status >= 400:
        for name, header, value in _HEADERS:
            if header in headers and headers[header].lower().startswith(value):
                return name
    head = body[:_HEAD].decode("utf-8", "replace")
    if not re.search(r"<!doctype html|<html[\s>]", head[:2048], re.IGNORECASE):
        return ""
    if not refused and status >= 300:
        return ""
    for name, mark in _MARKS:
        if (refused or name not in _ONLY_IF_REFUSED) and mark.search(head):
            return name
    return ""
