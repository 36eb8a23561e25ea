"""From the [[channel]] tables to channels that send."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from pydantic import SecretStr

from alerts.channels import Channel
from crawler.gate import Gate
from unsealed.channel_settings import (
    AppriseChannelSettings,
    ChannelSettings,
    FolderChannelSettings,
    MailChannelSettings,
    SlackBotChannelSettings,
    SlackChannelSettings,
    StdoutChannelSettings,
    WebhookChannelSettings,
)
from unsealed.settings import Settings


def guard(settings: Settings, *trusted: str) -> Callable[[str, str, int], None]:
    """The gate as the channels know it; hosts the owner configured as a channel are trusted.

    A mail server on the own network is the usual case, and its address comes from the owner's
    settings, never from a page; what it answers cannot send us anywhere else.
    """
    gate = Gate((*settings.network.allow, *trusted))

    def check(host: str, address: str, port: int) -> None:
        gate.check(host, address, port)

    return check


def build_channel(settings: Settings, chosen: ChannelSettings) -> Channel:
    """The channel of a table. Raises ConfigError for what could not work.

    Imports as it goes: a folder needs neither a mail library nor Slack's client.
    """
    language = _language(settings, chosen.name)
    match chosen:
        case MailChannelSettings():
            return _mail(settings, chosen, language)
        case SlackChannelSettings():
            from alerts.slack import SlackWebhookChannel

            url = _plain(chosen.url)
            return SlackWebhookChannel(
                chosen.name, url, guard=guard(settings, _host(url)), timeout=chosen.timeout, language=language,
                templates=settings.templates,
            )  # fmt: skip
        case SlackBotChannelSettings():
            from alerts.slack_bot import SlackBotChannel

            return SlackBotChannel(
                chosen.name, _plain(chosen.token), chosen.channel,
                guard=guard(settings, _host(chosen.api_url)), timeout=chosen.timeout, language=language,
                templates=settings.templates, top=chosen.top, api_url=chosen.api_url,
            )  # fmt: skip
        case WebhookChannelSettings():
            from alerts.webhook import WebhookChannel

            url = _plain(chosen.url)
            return WebhookChannel(
                chosen.name, url, _plain(chosen.secret),
                guard=guard(settings, _host(url)), timeout=chosen.timeout, language=language,
            )  # fmt: skip
        case AppriseChannelSettings():
            from alerts.apprise_channel import AppriseChannel

            # Not trusted by name: what Apprise connects to is the service's business, so only public
            # addresses and what [network] allow names.
            return AppriseChannel(
                chosen.name, _plain(chosen.urls).split(), guard=guard(settings), language=language,
                templates=settings.templates,
            )  # fmt: skip
        case FolderChannelSettings():
            from alerts.folder import FolderChannel

            return FolderChannel(
                chosen.name, chosen.path, language=language, templates=settings.templates, home=chosen.home
            )
        case StdoutChannelSettings():
            from alerts.terminal import TerminalChannel

            return TerminalChannel(
                chosen.name, style=chosen.format, language=language, templates=settings.templates
            )


def _mail(settings: Settings, chosen: MailChannelSettings, language: str) -> Channel:
    from alerts.mail import MailChannel, MailSettings

    return MailChannel(
        chosen.name,
        MailSettings(
            host=chosen.host,
            port=chosen.port,
            security=chosen.security,
            username=chosen.username,
            password=_plain(chosen.password),
            sender=chosen.sender,
            reply_to=chosen.reply_to,
            recipients=chosen.recipients,
            unsubscribe_mailto=chosen.unsubscribe_mailto,
            unsubscribe_url=chosen.unsubscribe_url,
            timeout=chosen.timeout,
        ),
        guard=guard(settings, chosen.host),
        language=language,
        templates=settings.templates,
    )


def _language(settings: Settings, channel: str) -> str:
    """The frame's language: that of the first subscription which goes there."""
    return next((s.language for s in settings.subscription if channel in s.channels), "en")


def _plain(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""


def _host(url: str) -> str:
    """The host the owner wrote, "" where there is none: the channel itself says what is wrong with it."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
