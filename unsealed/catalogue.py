"""Which sources the settings choose. Light: nothing of the crawler's machinery is loaded for it."""

from __future__ import annotations

from crawler.catalogue import Catalogue, UserFile, combine, load_catalogue, load_user_file
from pipeline.model import ConfigError, Source
from unsealed.settings import Settings


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
