"""How Scrapy is set up: nothing is left to defaults that trust the network or this machine.

Everything of Scrapy's that is not wanted is switched off by name from its own tables of
defaults, so that a part added by a later version is off until somebody decides otherwise.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, Final

from scrapy.settings import default_settings as defaults

from pipeline.model import ConfigError

__all__ = ["CrawlSettings", "quiet_logs", "scrapy_settings"]

_MIB: Final = 2**20

#: Levels of loggers whose owner has set none. What befalls a source is told by its Problem;
#: Scrapy would tell it once more, with a traceback.
_LEVELS: Final = {
    "scrapy": logging.ERROR,
    "scrapy.downloadermiddlewares.robotstxt": logging.CRITICAL,
}


@dataclass(frozen=True, slots=True)
class CrawlSettings:
    """How to fetch. Times in seconds, sizes in bytes after decompression."""

    user_agent: str  # names the program and says where its owner can be asked
    allow: tuple[str, ...] = ()  # see crawler.gate.Gate
    timeout: float = 30.0  # for one answer, its redirects included; waiting for a turn is not counted
    connect_timeout: float = 10.0
    feed_bytes: int = 15 * _MIB  # the longest feeds seen in the wild have 8
    page_bytes: int = 5 * _MIB
    entries: int = 2000  # read of one source
    redirects: int = 10
    concurrency: int = 32  # connections at one time, all sources together
    per_host: int = 2  # of them to one host
    delay: float = 0.25  # between the starts of two requests to one host
    obey_robots: bool = True
    shortest: float = 1800.0  # between two polls of a source, see crawler.policy
    longest: float = 4 * 3600.0

    def __post_init__(self) -> None:
        if not self.user_agent.strip():
            raise ConfigError(
                "It is empty.", about="user_agent", cure="Name the program and a contact address."
            )
        for name in ("timeout", "connect_timeout", "feed_bytes", "page_bytes", "concurrency", "per_host"):
            if getattr(self, name) <= 0:
                raise ConfigError("It must be greater than 0.", about=name)


def scrapy_settings(settings: CrawlSettings, *, max_bytes: int) -> dict[str, Any]:
    """Return the Scrapy settings of one crawl whose answers have at most ``max_bytes``."""
    downloads = dict.fromkeys(defaults.DOWNLOADER_MIDDLEWARES_BASE) | {
        "crawler.middlewares.Robots": 100,
        "scrapy.downloadermiddlewares.defaultheaders.DefaultHeadersMiddleware": 400,
        "scrapy.downloadermiddlewares.useragent.UserAgentMiddleware": 500,
        "crawler.middlewares.Decompression": 590,
        "crawler.middlewares.Redirects": 600,
    }
    handlers = dict.fromkeys(defaults.DOWNLOAD_HANDLERS_BASE) | dict.fromkeys(
        ("http", "https"), "crawler.download.GatedHandler"
    )
    return {
        # Who we are, and whom we obey.
        "USER_AGENT": settings.user_agent,
        "ROBOTSTXT_OBEY": settings.obey_robots,
        "ROBOTSTXT_USER_AGENT": settings.user_agent.split("/")[0].split()[0],
        "DEFAULT_REQUEST_HEADERS": {"Accept": "*/*"},
        # What may be opened: http and https through the gate; no file, ftp, data or s3.
        "DOWNLOAD_HANDLERS": handlers,
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "HTTPPROXY_ENABLED": False,
        "COOKIES_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,
        "EXTENSIONS": dict.fromkeys(defaults.EXTENSIONS_BASE),
        "DOWNLOADER_MIDDLEWARES": downloads,
        "SPIDER_MIDDLEWARES": dict.fromkeys(defaults.SPIDER_MIDDLEWARES_BASE),
        # How much, how long, how often.
        "DOWNLOAD_MAXSIZE": max_bytes,
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_TIMEOUT": settings.timeout,
        "REDIRECT_MAX_TIMES": settings.redirects,
        "METAREFRESH_ENABLED": False,
        "RETRY_ENABLED": False,  # the next run is the retry; 429 above all must not be answered at once
        # Turns are given by crawler.download.Traffic, which sees all crawls of a gathering.
        "CONCURRENT_REQUESTS": settings.concurrency,
        "CONCURRENT_REQUESTS_PER_DOMAIN": settings.concurrency,
        "DOWNLOAD_DELAY": 0,
        "CONCURRENT_ITEMS": 1,  # Scrapy starts that many tasks for each answer; we yield no items
        "DUPEFILTER_CLASS": "scrapy.dupefilters.BaseDupeFilter",
        "SCHEDULER_PRIORITY_QUEUE": "scrapy.pqueues.DownloaderAwarePriorityQueue",
        # Quiet.
        "STATS_DUMP": False,
        "LOG_INSTALL_ROOT_HANDLER": False,
        "WARN_ON_GENERATOR_RETURN_VALUE": False,
    }


def quiet_logs() -> None:
    """Keep Scrapy's own account of problems out of the log, unless somebody has set its level."""
    for name, level in _LEVELS.items():
        logger = logging.getLogger(name)
        if logger.level == logging.NOTSET:
            logger.setLevel(level)
