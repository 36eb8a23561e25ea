"""The [[channel]] tables: where editions go, one model a kind, and their secrets.

A secret may stand in the settings, but belongs into ``UNSEALED_<NAME>_<KEY>`` or the file that
``<key>_file`` names. It is a ``SecretStr`` from then on: shown as stars wherever settings are shown.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Union

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from pipeline.model import ConfigError


def _none_if_empty(value: Any) -> Any:
    return value or None


# A key left as "" means that nothing is set, not the current folder or an empty password.
OptionalPath = Annotated[Path | None, BeforeValidator(_none_if_empty)]
OptionalSecret = Annotated[SecretStr | None, BeforeValidator(_none_if_empty)]


class Table(BaseModel):
    """A table of the settings: frozen, and unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Secret(NamedTuple):
    """A key that holds a secret, and what a person calls it."""

    key: str
    noun: str


class ChannelBase(Table):
    """What every channel has."""

    #: Secrets of this kind of channel.
    secrets: ClassVar[tuple[Secret, ...]] = ()
    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$", description="What subscriptions call it.")

    def needs(self, secret: Secret) -> str:
        """Why the channel cannot do without a secret, in the middle of a sentence; "" if it can."""
        return f"has no {secret.noun}"


class MailChannelSettings(ChannelBase):
    """A [[channel]] of kind mail."""

    secrets: ClassVar[tuple[Secret, ...]] = (Secret("password", "password"),)
    kind: Literal["mail"]
    host: str = Field(description="SMTP server.")
    port: int = Field(587, ge=1, le=65535, description="587 with starttls, 465 with tls, 25 with none.")
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="Encryption of the connection."
    )
    username: str = Field("", description="Empty: no log-in.")
    password: OptionalSecret = Field(None, description="Better in UNSEALED_<NAME>_PASSWORD or password_file.")
    password_file: OptionalPath = Field(None, description="A file that holds the password alone.")
    sender: str = Field(description="From address, as in Unsealed <digest@example.org>.")
    reply_to: str = Field("", description="Reply-To address.")
    recipients: tuple[str, ...] = Field(
        min_length=1, description="Addresses; each gets a message of its own."
    )
    unsubscribe_mailto: str = Field("", description="Address in List-Unsubscribe; empty: the sender's.")
    unsubscribe_url: str = Field("", description="https address for one-click unsubscription (RFC 8058).")
    timeout: float = Field(30.0, gt=0, le=300, description="Seconds the server may take for each step.")

    def needs(self, secret: Secret) -> str:
        """A log-in needs its password."""
        return "has a username but no password" if self.username else ""


class SlackChannelSettings(ChannelBase):
    """A [[channel]] of kind slack: an incoming webhook."""

    secrets: ClassVar[tuple[Secret, ...]] = (Secret("url", "webhook URL"),)
    kind: Literal["slack"]
    url: OptionalSecret = Field(
        None, description="Incoming webhook; better in UNSEALED_<NAME>_URL or url_file."
    )
    url_file: OptionalPath = Field(None, description="A file that holds the webhook's URL alone.")
    timeout: float = Field(20.0, gt=0, le=300, description="Seconds Slack may take to answer.")


class SlackBotChannelSettings(ChannelBase):
    """A [[channel]] of kind slack-bot: an app that posts with threads."""

    secrets: ClassVar[tuple[Secret, ...]] = (Secret("token", "bot token"),)
    kind: Literal["slack-bot"]
    token: OptionalSecret = Field(
        None, description="Bot token; better in UNSEALED_<NAME>_TOKEN or token_file."
    )
    token_file: OptionalPath = Field(None, description="A file that holds the token alone.")
    channel: str = Field(
        pattern=r"^[CGD][A-Z0-9]{2,20}$", description="The channel's id, as in C0123ABCD (not its name)."
    )
    top: int = Field(
        5, ge=1, le=20, description="Stories in the channel itself; the rest go into the thread."
    )
    api_url: str = Field("https://slack.com/api/", description="Slack's Web API, or a proxy before it.")
    timeout: float = Field(20.0, gt=0, le=300, description="Seconds Slack may take to answer.")


class WebhookChannelSettings(ChannelBase):
    """A [[channel]] of kind webhook: signed JSON to a program of yours."""

    secrets: ClassVar[tuple[Secret, ...]] = (Secret("url", "URL"), Secret("secret", "signing secret"))
    kind: Literal["webhook"]
    url: OptionalSecret = Field(None, description="Where it is posted; or UNSEALED_<NAME>_URL or url_file.")
    url_file: OptionalPath = Field(None, description="A file that holds the URL alone.")
    secret: OptionalSecret = Field(
        None, description="whsec_ and base64 of 24 to 64 bytes; or UNSEALED_<NAME>_SECRET or secret_file."
    )
    secret_file: OptionalPath = Field(None, description="A file that holds the signing secret alone.")
    timeout: float = Field(20.0, gt=0, le=300, description="Seconds the receiver may take to answer.")


class AppriseChannelSettings(ChannelBase):
    """A [[channel]] of kind apprise: any service that Apprise knows (extra unsealed[apprise])."""

    secrets: ClassVar[tuple[Secret, ...]] = (Secret("urls", "addresses"),)
    kind: Literal["apprise"]
    urls: OptionalSecret = Field(
        None,
        description="Apprise addresses, parted by spaces or lines; or UNSEALED_<NAME>_URLS or urls_file.",
    )
    urls_file: OptionalPath = Field(None, description="A file that holds the addresses, one a line.")


class FolderChannelSettings(ChannelBase):
    """A [[channel]] of kind folder."""

    kind: Literal["folder"]
    path: Path = Field(description="Where each edition's files are written.")
    home: str = Field("", description="Address under which a web server shows it; goes into its feeds.")


class StdoutChannelSettings(ChannelBase):
    """A [[channel]] of kind stdout: for cron's own mail, or a pipe."""

    kind: Literal["stdout"]
    format: Literal["text", "markdown", "json"] = Field("text", description="How it is written.")


ChannelSettings = Annotated[
    Union[  # noqa: UP007
        MailChannelSettings,
        SlackChannelSettings,
        SlackBotChannelSettings,
        WebhookChannelSettings,
        AppriseChannelSettings,
        FolderChannelSettings,
        StdoutChannelSettings,
    ],
    Field(discriminator="kind"),
]

KINDS: Mapping[str, type[ChannelBase]] = {
    "mail": MailChannelSettings,
    "slack": SlackChannelSettings,
    "slack-bot": SlackBotChannelSettings,
    "webhook": WebhookChannelSettings,
    "apprise": AppriseChannelSettings,
    "folder": FolderChannelSettings,
    "stdout": StdoutChannelSettings,
}


def with_secrets(channel: ChannelSettings, about: str) -> ChannelSettings:
    """``channel`` with its secrets from the environment or their files. Raises ConfigError for a missing one."""
    found: dict[str, SecretStr | None] = {}
    for secret in channel.secrets:
        value = _secret(channel, secret.key, about)
        lack = channel.needs(secret)
        if value is None and lack:
            raise ConfigError(
                f"channel {channel.name!r} {lack}.",
                about=about,
                cure=f"Set {_variable(channel.name, secret.key)} or {secret.key}_file.",
            )
        found[secret.key] = value
    return channel.model_copy(update=found)


def _variable(channel: str, key: str) -> str:
    return f"UNSEALED_{channel.upper().replace('-', '_')}_{key.upper()}"


def _secret(channel: ChannelBase, key: str, about: str) -> SecretStr | None:
    if value := os.environ.get(_variable(channel.name, key)):
        return SecretStr(value.strip())
    file: Path | None = getattr(channel, f"{key}_file")
    if file is not None:
        try:
            return SecretStr(file.read_text("utf-8").strip())
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"channel {channel.name!r}: its {key}_file cannot be read.", about=f"{about}, {file}"
            ) from error
    given: SecretStr | None = getattr(channel, key)
    return given
