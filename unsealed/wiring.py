"""From settings to the working parts: catalogue, crawler settings, guard, channels, classifier."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from alerts.channels import Channel
from alerts.folder import FolderChannel
from alerts.mail import MailChannel, MailSettings
from alerts.slack import SlackWebhookChannel
from crawler.catalogue import Catalogue, UserFile, combine, load_catalogue, load_user_file
from crawler.gate import Gate
from crawler.gather import CrawlSettings
from pipeline.archive import Archive
from pipeline.classify import Classifier
from pipeline.model import ConfigError, Source
from unsealed import __version__
from unsealed.settings import (
    FolderChannelSettings,
    MailChannelSettings,
    Settings,
    SlackChannelSettings,
)


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything a cycle works with."""

    settings: Settings
    archive: Archive
    classifier: Classifier
    catalogue: tuple[Source, ...]
    crawl: CrawlSettings
    channels: tuple[Channel, ...]


def build(settings: Settings) -> Parts:
    """Open and load everything. Raises ConfigError or ArchiveError before anything is done."""
    chosen = sources(settings)
    classifier = Classifier.load(settings.knowledge.file)
    channels = tuple(_channel(settings, c.name) for c in settings.channel)
    return Parts(
        settings,
        Archive.open(settings.archive.url),
        classifier,
        chosen,
        crawl_settings(settings),
        channels,
    )


def catalogue(settings: Settings) -> Catalogue:
    """The shipped catalogue as the user's file adds to it, overrides and mutes it; may be empty."""
    shipped = load_catalogue() if settings.sources.catalogue else ()
    user = load_user_file(settings.sources.file) if settings.sources.file is not None else UserFile()
    return combine(shipped, user)


def sources(settings: Settings) -> tuple[Source, ...]:
    """The sources to poll. Raises ConfigError where there is none."""
    chosen = catalogue(settings)
    if not chosen.sources:
        raise ConfigError(
            "there is no source to poll.",
            cure="All of them are muted: see `unsealed sources list --state muted`."
            if chosen.muted
            else "Set sources.catalogue = true, or name a sources.file.",
        )
    return chosen.sources


def crawl_settings(settings: Settings) -> CrawlSettings:
    """The crawler's settings, with the name we give ourselves."""
    gather = settings.gather
    contact = gather.contact or ""
    agent = f"unsealed/{__version__}" + (f" (+{contact})" if contact else "")
    return CrawlSettings(
        user_agent=agent,
        allow=settings.network.allow,
        timeout=gather.timeout,
        concurrency=gather.concurrency,
        per_host=gather.per_host,
        delay=gather.delay,
        obey_robots=gather.obey_robots,
    )


def guard(settings: Settings, *trusted: str) -> Callable[[str, str, int], None]:
    """The gate as the channels know it; hosts the owner configured as a channel are trusted.

    A mail server on the own network is the usual case, and its address comes from the owner's
    settings, never from a page; what it answers cannot send us anywhere else.
    """
    gate = Gate((*settings.network.allow, *trusted))

    def check(host: str, address: str, port: int) -> None:
        gate.check(host, address, port)

    return check


def _channel(settings: Settings, name: str) -> Channel:
    chosen = next(c for c in settings.channel if c.name == name)
    subscription = next((s for s in settings.subscription if name in s.channels), None)
    language = subscription.language if subscription else "en"
    if isinstance(chosen, MailChannelSettings):
        return MailChannel(
            chosen.name,
            MailSettings(
                host=chosen.host,
                port=chosen.port,
                security=chosen.security,
                username=chosen.username,
                password=chosen.password.get_secret_value() if chosen.password else "",
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
    if isinstance(chosen, SlackChannelSettings):
        url = chosen.url.get_secret_value() if chosen.url else ""
        host = urlsplit(url).hostname or ""
        return SlackWebhookChannel(
            chosen.name, url, guard=guard(settings, host), timeout=chosen.timeout, language=language
        )
    assert isinstance(chosen, FolderChannelSettings)
    return FolderChannel(chosen.name, chosen.path, language=language, templates=settings.templates)
