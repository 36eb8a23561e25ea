"""A commented unsealed.toml, written from the settings' own schema so that the two cannot part."""

from __future__ import annotations

import json
import textwrap
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from unsealed.channel_settings import KINDS
from unsealed.settings import Settings, SubscriptionSettings

_HEAD = """\
# Settings of unsealed. Every key has the value shown as its default; take the # away to change one.
# Relative paths count from this file's folder. `unsealed run` starts a cycle.
#
# To fill in:
#   1. gather.contact       where owners of the sites we read can reach you
#   2. a [[channel]]        where digests go; until then they are written to the folder "digests"
#   3. a [[subscription]]   which channels get the daily or weekly edition, in which time zone
"""

_EXAMPLES: dict[str, dict[str, Any]] = {
    "mail": {
        "name": "mail",
        "kind": "mail",
        "host": "smtp.example.org",
        "username": "digest@example.org",
        "password_file": "smtp-password",
        "sender": "Unsealed <digest@example.org>",
        "recipients": ["you@example.org"],
    },
    "slack": {"name": "slack", "kind": "slack", "url_file": "slack-webhook-url"},
    "slack-bot": {
        "name": "slack-bot",
        "kind": "slack-bot",
        "token_file": "slack-bot-token",
        "channel": "C0123ABCD",
    },
    "webhook": {
        "name": "webhook",
        "kind": "webhook",
        "url": "https://example.org/hooks/unsealed",
        "secret_file": "webhook-secret",
    },
    "apprise": {"name": "apprise", "kind": "apprise", "urls_file": "apprise-urls"},
    "folder": {"name": "folder", "kind": "folder", "path": "digests"},
    "stdout": {"name": "stdout", "kind": "stdout"},
}


def commented_settings() -> str:
    """The text of a settings file in which every key stands, commented out, with its meaning."""
    parts = [_HEAD]
    for name, field in Settings.model_fields.items():
        table = field.annotation
        if isinstance(table, type) and issubclass(table, BaseModel):
            parts.append(f"[{name}]\n" + _keys(table))
        elif name not in ("channel", "subscription"):
            # A bare key must stand before the first table.
            parts.insert(1, _key(name, field))
    for kind, model in KINDS.items():
        parts.append(_example(f"[[channel]]  # {kind}", model, _EXAMPLES[kind]))
    parts.append(
        _example("[[subscription]]", SubscriptionSettings, {"name": "daily", "channels": ["folder"]})
    )
    return "\n".join(parts)


def _keys(table: type[BaseModel]) -> str:
    return "\n".join(_key(name, field) for name, field in table.model_fields.items())


def _key(name: str, field: FieldInfo) -> str:
    default = field.get_default(call_default_factory=True)
    return f"{_comment(field)}# {name} = {_toml('' if default is None else default)}\n"


def _example(head: str, model: type[BaseModel], values: dict[str, Any]) -> str:
    lines = [f"# {head}"]
    for name, field in model.model_fields.items():
        value = values.get(name, None if field.is_required() else field.get_default())
        shown = _toml("" if value is None else value)
        lines.append(_comment(field) + f"# {name} = {shown}")
    return "\n".join(lines) + "\n"


def _comment(field: FieldInfo) -> str:
    return "".join(f"## {line}\n" for line in textwrap.wrap(field.description or "", 100))


def _toml(value: Any) -> str:
    if isinstance(value, SecretStr):
        return '""'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, StrEnum):
        return json.dumps(value.value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(v) for v in value) + "]"
    return json.dumps(str(value), ensure_ascii=False)
