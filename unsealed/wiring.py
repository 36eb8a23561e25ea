"""From settings to the working parts: catalogue, crawler settings, guard, channels, classifier."""

from __future__ import annotations

from dataclasses import dataclass, field

from alerts.channels import Channel
from crawler.gather import CrawlSettings, Manners
from pipeline.archive import Archive
from pipeline.classify import Classifier
from pipeline.model import Source
from unsealed import __version__
from unsealed.catalogue import sources
from unsealed.channels import build_channel
from unsealed.settings import Settings


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything a cycle works with."""

    settings: Settings
    archive: Archive
    classifier: Classifier
    catalogue: tuple[Source, ...]
    crawl: CrawlSettings
    channels: tuple[Channel, ...]
    manners: Manners = field(default_factory=Manners)  # what servers have told us, for this process's life


def build(settings: Settings) -> Parts:
    """Open and load everything. Raises ConfigError or ArchiveError before anything is done."""
    chosen = sources(settings)
    classifier = Classifier.load(settings.knowledge.file, settings.knowledge.weights)
    channels = tuple(build_channel(settings, c) for c in settings.channel)
    return Parts(
        settings,
        Archive.open(settings.archive.url),
        classifier,
        chosen,
        crawl_settings(settings),
        channels,
    )


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
        shortest=settings.service.every_minutes * 60.0,
        longest=settings.service.slowest_minutes * 60.0,
    )
