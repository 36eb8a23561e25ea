"""Slack's official client, with its connections made by this room.

The client knows the methods, their encoding and the shape of the answers. What it must not do is
open connections of its own: these go through ``alerts.outgoing``, which checks the address at the
moment it is connected to. Nor does it retry: the ledger decides when to try again.
"""

from __future__ import annotations

import json
from typing import Any, Final
from urllib.request import Request

from slack_sdk.errors import SlackApiError
from slack_sdk.web import WebClient

from alerts.channels import ChannelError
from alerts.outgoing import Guard, UnansweredError, post
from pipeline.model import DeliveryError, UnsealedError

API: Final = "https://slack.com/api/"
#: Bytes of an answer: a page of a hundred messages with their blocks, each at its limit.
_ANSWER: Final = 4 * 1024 * 1024
#: Where a 429 does not say how long to wait.
_RETRY_AFTER: Final = 30.0

#: The app, its token or its channel is at fault; no message would pass (methods/chat.postMessage).
_GONE: Final = frozenset(
    {
        "access_denied", "account_inactive", "channel_not_found", "ekm_access_denied", "enterprise_is_restricted",
        "invalid_auth", "is_archived", "messages_tab_disabled", "missing_scope", "no_permission",
        "not_allowed_token_type", "not_authed", "not_in_channel", "org_login_required", "restricted_action",
        "restricted_action_read_only_channel", "restricted_action_thread_only_channel", "team_access_not_granted",
        "team_not_found", "token_expired", "token_revoked", "two_factor_setup_required",
    }
)  # fmt: skip
#: Slack failed on its side, perhaps after taking the message.
_IN_DOUBT: Final = frozenset({"fatal_error", "internal_error", "request_timeout", "service_unavailable"})
_CURES: Final = {
    "channel_not_found": "Check the channel's id in the settings, and that the app is in the workspace.",
    "not_in_channel": "Invite the app: /invite @its-name in the channel.",
    "is_archived": "Name another channel in the settings.",
    "missing_scope": "Give the app the scope chat:write in Slack and install it anew.",
}


class GuardedClient(WebClient):
    """``slack_sdk.WebClient`` over connections that ``guard`` has let pass. Holds the token."""

    def __init__(self, token: str, *, guard: Guard, timeout: float, base_url: str = API) -> None:
        super().__init__(token, base_url=base_url, timeout=max(1, round(timeout)), retry_handlers=[])
        self._unsealed_guard = guard
        self._unsealed_timeout = timeout

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:
        """The one place where the client opens a connection."""
        data = req.data
        body = data if isinstance(data, bytes) else b""
        reply = post(
            url,
            body,
            dict(req.header_items()),
            guard=self._unsealed_guard,
            timeout=self._unsealed_timeout,
            max_bytes=_ANSWER,
        )
        text = reply.body.decode("utf-8", "replace")
        if not text.lstrip().startswith("{"):
            # An error page of something before Slack: its status is all that it says.
            text = json.dumps({"ok": False, "error": f"http_{reply.status}"})
        return {"status": reply.status, "headers": dict(reply.headers), "body": text}


def call(
    client: GuardedClient, method: str, about: str, fields: dict[str, Any], *, form: bool = False
) -> dict[str, Any]:
    """The answer to ``method``. Raises DeliveryError or ChannelError that says what it means.

    ``form``: send the fields as a form, which is all that Slack's reading methods understand.
    """
    try:
        answer = (
            client.api_call(method, params=fields) if form else client.api_call(method, json=fields)
        ).data
    except SlackApiError as error:
        response: Any = error.response
        raise judge(int(response.status_code), dict(response.headers), _word(response.data), about) from None
    except UnansweredError as error:
        raise ChannelError(error.message, about=error.about, unknown=True) from None
    except UnsealedError as error:
        raise ChannelError(error.message, about=error.about, cure=error.cure) from None
    assert isinstance(answer, dict)
    return answer


def judge(status: int, headers: dict[str, str], word: str, about: str) -> DeliveryError:
    """What a refusal means. Pure."""
    said = f"Slack answered {status if status != 200 else ''} {word}".replace("  ", " ").strip()
    if status == 429 or word == "ratelimited":
        pause = headers.get("retry-after", "")
        return ChannelError(
            f"{said}: too many posts.",
            about=about,
            retry_after=float(pause) if pause.isdigit() else _RETRY_AFTER,
        )
    if word in _GONE or status in (401, 403):
        cure = _CURES.get(
            word, "Check the app's token and rights in Slack, and put the token into the settings."
        )
        return ChannelError(f"{said}: the app may not post there.", about=about, cure=cure, permanent=True)
    if word in _IN_DOUBT or status >= 500:
        return ChannelError(f"{said}; it may have taken the message or not.", about=about, unknown=True)
    if word.startswith("http_"):
        return ChannelError(f"{said}: this is not Slack's API.", about=about, cure="Check api_url.")
    return DeliveryError(f"{said}: it refuses this message.", about=about, permanent=True)


def _word(data: object) -> str:
    value = data.get("error") if isinstance(data, dict) else None
    word = value if isinstance(value, str) else ""
    return word if word.replace("_", "").isalnum() and len(word) <= 60 else "unreadable"
