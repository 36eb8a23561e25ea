"""Settings: one schema, every key with a default, a type and a meaning; unknown keys are errors.

Found by ``--config``, ``$UNSEALED_CONFIG``, ``./unsealed.toml``, then the user's configuration
folder; without any, the defaults hold. Relative paths count from the file's own folder.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

from pipeline.model import ConfigError, Openness, PagePolicy
from unsealed.channel_settings import KINDS, ChannelSettings, OptionalPath, Table, with_secrets

FILE_NAME = "unsealed.toml"


class ArchiveSettings(Table):
    """The [archive] table."""

    url: str = Field(
        "sqlite:///unsealed.db",
        description="Database: sqlite:///file, relative to this file, or postgresql://user@host/database.",
    )


class SourceSettings(Table):
    """The [sources] table."""

    catalogue: bool = Field(True, description="Poll the shipped catalogue of real sources.")
    file: OptionalPath = Field(None, description="Your own sources (TOML, [[source]] tables), added to it.")


class GatherSettings(Table):
    """The [gather] table."""

    contact: str = Field(
        "",
        max_length=200,
        description="A page or address where site owners reach you; sent with each request.",
    )
    timeout: float = Field(30.0, gt=0, le=300, description="Seconds for a whole answer.")
    concurrency: int = Field(32, ge=1, le=256, description="Requests under way at once.")
    per_host: int = Field(2, ge=1, le=16, description="Requests under way at once to one host.")
    delay: float = Field(0.25, ge=0, le=60, description="Seconds between two requests to one host.")
    obey_robots: bool = Field(True, description="Leave alone what robots.txt forbids.")
    pages: PagePolicy = Field(
        PagePolicy.AUTO, description="Fetch article pages: auto (where the verdict needs it), all, never."
    )


class NetworkSettings(Table):
    """The [network] table."""

    allow: tuple[str, ...] = Field(
        (), description="Hosts, addresses or networks that may be reached although they are not public."
    )


class KnowledgeSettings(Table):
    """The [knowledge] table."""

    file: OptionalPath = Field(
        None, description="Your own organisations, families, licences and phrases (TOML)."
    )
    weights: OptionalPath = Field(
        None, description="Weights of your own fit, written by `unsealed train --out`."
    )


class ServiceSettings(Table):
    """The [service] table."""

    every_minutes: int = Field(
        30, ge=1, le=1440, description="Minutes between two polls of a busy source by `unsealed serve`."
    )
    slowest_minutes: int = Field(
        240, ge=1, le=10080, description="The same of a quiet one; the source's own rhythm decides between."
    )


Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class SubscriptionSettings(Table):
    """A [[subscription]]."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$", description="Its name in the ledger.")
    edition: Literal["daily", "weekly", "breaking"] = Field(
        "daily", description="How often; breaking: as soon as something has been opened or closed again."
    )
    at: str = Field(
        "07:00", description="When `unsealed serve` sends it: HH:MM, 24 hours, local time of the zone below."
    )
    weekday: Weekday = Field(
        "monday", description="The day a weekly edition is sent on; daily ones have none."
    )
    timezone: str = Field("UTC", description="IANA name; decides which day it is.")
    language: Literal["en", "zh"] = Field("en", description="Language of the frame; stories keep their own.")
    channels: tuple[str, ...] = Field(min_length=1, description="Names of channels it goes to.")
    max_stories: int = Field(25, ge=1, le=60, description="More are counted and left to the archive.")
    max_stories_per_outlet: int = Field(
        8, ge=1, le=60, description="Of stories that one outlet alone tells, an outlet."
    )
    max_promises: int = Field(12, ge=0, le=60, description="Promises kept, overdue or withdrawn.")
    max_briefs: int = Field(12, ge=0, le=60, description="One-liners about what is no opening.")
    minimum_openness: Openness = Field(
        Openness.UNCLEAR, description="Leave out what is less open than this grade."
    )
    min_outlets: int = Field(
        1, ge=1, le=50, description="Outlets that must tell a story before a breaking alert goes out."
    )
    quiet: Literal["send", "line", "skip"] = Field(
        "send", description="An edition without news: sent whole, as one line, or not at all."
    )

    @field_validator("at")
    @classmethod
    def _is_a_time(cls, value: str) -> str:
        if re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", value) is None:
            raise ValueError('this is no time of day as HH:MM, such as "07:30"')
        return value

    @property
    def local_time(self) -> time:
        """``at`` as a time of day."""
        return time.fromisoformat(self.at)

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError("this is no IANA time zone, such as Europe/Berlin") from error
        return value


_DEFAULT_CHANNEL: Mapping[str, Any] = {"name": "folder", "kind": "folder", "path": "digests"}
_DEFAULT_SUBSCRIPTION: Mapping[str, Any] = {"name": "daily", "channels": ("folder",)}


class Settings(Table):
    """The whole of unsealed.toml."""

    archive: ArchiveSettings = ArchiveSettings()
    sources: SourceSettings = SourceSettings()
    gather: GatherSettings = GatherSettings()
    network: NetworkSettings = NetworkSettings()
    knowledge: KnowledgeSettings = KnowledgeSettings()
    service: ServiceSettings = ServiceSettings()
    templates: OptionalPath = Field(
        None, description="Your own templates; each file replaces the shipped one."
    )
    channel: tuple[ChannelSettings, ...] = Field((_DEFAULT_CHANNEL,), validate_default=True)
    subscription: tuple[SubscriptionSettings, ...] = Field((_DEFAULT_SUBSCRIPTION,), validate_default=True)

    @model_validator(mode="after")
    def _names_agree(self) -> Settings:
        names = [c.name for c in self.channel]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two channels are called {name!r}")
        known = [s.name for s in self.subscription]
        for subscription in self.subscription:
            if known.count(subscription.name) > 1:
                raise ValueError(f"two subscriptions are called {subscription.name!r}")
            for channel in subscription.channels:
                if channel not in names:
                    raise ValueError(
                        f"subscription {subscription.name!r} names no known channel: {channel!r}"
                    )
        return self


def find_config(given: Path | None) -> Path | None:
    """The settings file to read, None if there is none. ConfigError if a named one is missing."""
    named = given or (Path(v) if (v := os.environ.get("UNSEALED_CONFIG")) else None)
    if named is not None:
        if not named.is_file():
            raise ConfigError(
                "there is no such settings file.", about=str(named), cure="`unsealed init` writes one."
            )
        return named
    base = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    for path in (Path(FILE_NAME), base / "unsealed" / FILE_NAME):
        if path.is_file():
            return path
    return None


def load_settings(path: Path | None) -> Settings:
    """Read and check settings; relative paths become absolute. ConfigError names file and key."""
    folder = (path.parent if path else Path()).resolve()
    raw: dict[str, Any] = {}
    if path is not None:
        try:
            raw = tomllib.loads(path.read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"this is not TOML: {error}.", about=str(path)) from error
        except OSError as error:
            raise ConfigError(f"it cannot be read ({error.strerror}).", about=str(path)) from error
    try:
        settings = Settings.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(_first_fault(error), about=str(path or "default settings")) from error
    return _with_secrets(_absolute(settings, folder), str(path or "default settings"))


def _absolute(settings: Settings, folder: Path) -> Settings:
    """The same settings with every path counted from the settings file's folder."""

    def walk(value: Any) -> Any:
        if isinstance(value, Path):
            return folder / value.expanduser()
        if isinstance(value, Table):
            changed = {name: walk(getattr(value, name)) for name in type(value).model_fields}
            return value.model_copy(update=changed)
        if isinstance(value, tuple):
            return tuple(walk(v) for v in value)
        return value

    out: Settings = walk(settings)
    prefix = "sqlite:///"
    url = out.archive.url
    if url.startswith(prefix) and not Path(url.removeprefix(prefix)).is_absolute():
        url = prefix + str(folder / url.removeprefix(prefix))
    return out.model_copy(update={"archive": out.archive.model_copy(update={"url": url})})


def _with_secrets(settings: Settings, about: str) -> Settings:
    """Secrets from the environment or their files, so that none need stand in the settings."""
    channels = tuple(with_secrets(channel, about) for channel in settings.channel)
    return settings.model_copy(update={"channel": channels})


def _first_fault(error: ValidationError) -> str:
    """The first thing wrong, by the key as it stands in the file, with a did-you-mean."""
    fault = error.errors(include_input=False, include_url=False)[0]
    # A channel's location carries its kind as the union's tag; the file has no such level.
    parts = [
        p for i, p in enumerate(fault["loc"]) if not (i == 2 and fault["loc"][0] == "channel" and p in KINDS)
    ]
    # People count tables from one.
    where = [f"{p + 1}" if isinstance(p, int) else p for p in parts]
    name = ".".join(where) or "settings"
    if fault["type"] == "extra_forbidden":
        known = _keys_at(fault["loc"])
        near = difflib.get_close_matches(where[-1], known, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"Known here are {', '.join(known)}."
        return f"unknown key {name}. {hint}"
    return f"{name}: {fault['msg'].removeprefix('Value error, ')}."


def _keys_at(location: tuple[int | str, ...]) -> list[str]:
    """The keys that may stand where an unknown one was found."""
    if len(location) == 1:
        return list(Settings.model_fields)
    top = str(location[0])
    if top == "channel":
        return list(KINDS[str(location[2])].model_fields)
    if top == "subscription":
        return list(SubscriptionSettings.model_fields)
    table = Settings.model_fields[top].annotation
    return list(table.model_fields) if isinstance(table, type) and issubclass(table, BaseModel) else []
