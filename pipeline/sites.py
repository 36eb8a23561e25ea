"""Whose page an address is: a maker's own site, or its account on a release hub."""

from __future__ import annotations

import re

from pipeline.knowledge import Knowledge
from pipeline.lexicon import listed

#: Parts of a maker's site that speak for it. Others of its hosts carry what users write:
#: sites.google.com, developer.aliyun.com, news.ycombinator.com.
_OWN_PARTS = listed(
    "www blog blogs ai research developer developers docs api-docs engineering tech labs about open corp press "
    "machinelearning security cloud aws newsroom resources opensource seed hunyuan huggingface"
)
#: Hosts of universities and governments: any part of them is theirs.
_CAMPUS = re.compile(r"\.(?:edu|ac|gov|mil)(?:\.[a-z]{2})?$|\.(?:ethz|epfl)\.ch$|^mpg\.de$")
_ADDRESS = re.compile(r"https?://(?:[^/@\s]*@)?([a-z0-9.-]{3,120})(?::\d+)?(/[^?#\s]*)?", re.I)
#: Hubs, and where in the path the account stands. ``None``: the first part of any path.
_HUBS = {
    "github.com": None,
    "gitlab.com": None,
    "gitee.com": None,
    "huggingface.co": None,
    "modelscope.cn": {"models", "datasets", "studios"},
    "kaggle.com": {"models", "datasets"},
}
#: First parts of a hub's paths that are no account.
_NOT_ACCOUNTS = listed(
    "papers posts blog docs learn tasks models collections spaces datasets topics trending features orgs about search "
    "pulls issues explore marketplace sponsors readme news settings"
)
_LABEL = re.compile(
    r"(?:(?:www|blog|blogs|ai|news|research|developers?|docs|api-docs)\.){0,3}([a-z0-9-]{3,40})\.[a-z]"
)


def hub_account(url: str) -> str | None:
    """Return the account a hub's address belongs to, lower case; ``""`` a hub's page of nobody's,
    None where the address is no hub's.
    """
    match = _ADDRESS.match(url[:400])
    if match is None:
        return None
    host = match[1].lower().removeprefix("www.")
    if host not in _HUBS:
        return None
    parts = [part for part in (match[2] or "").lower().split("/") if part]
    under = _HUBS[host]
    if host == "huggingface.co" and parts[:1] in (["datasets"], ["spaces"], ["blog"], ["collections"]):
        # A post of the hub's own blog has one part, /blog/NAME; a guest's has /blog/ACCOUNT/NAME.
        if parts[0] == "blog" and len(parts) == 2:
            return "huggingface"
        parts = parts[1:] if len(parts) > 2 else []
    elif host == "github.com" and parts[:1] == ["orgs"]:
        parts = parts[1:]
    elif under is not None:
        parts = parts[1:] if parts[:1] and parts[0] in under else []
    return parts[0] if parts and parts[0] not in _NOT_ACCOUNTS else ""


def site_owner(url: str, knowledge: Knowledge) -> str:
    """Return the maker whose site or account an address is, ``""`` where it is nobody's known."""
    account = hub_account(url)
    if account is not None:
        return knowledge.accounts.get(account, "") if account else ""
    match = _ADDRESS.match(url[:400])
    if match is None:
        return ""
    host = match[1].lower().removeprefix("www.")
    parts = host.split(".")
    for cut in range(len(parts) - 1):
        known = knowledge.sites.get(".".join(parts[cut:]))
        if known:
            mine = not cut or set(parts[:cut]) <= _OWN_PARTS or _CAMPUS.search(host)
            return known if mine else ""
    label = _LABEL.match(host)
    return knowledge.hosts.get(label[1].replace("-", ""), "") if label else ""
