"""Column types that give back what they were given, on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Dialect


class Json(sa.types.TypeDecorator[Any]):
    """JSON, with NULL for None. Binary on PostgreSQL, where only JSONB can be compared and indexed."""

    impl = sa.JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        """JSON text on SQLite, JSONB on PostgreSQL."""
        if dialect.name == "postgresql":
            # Not at the top: it takes as long to import as a search to answer.
            from sqlalchemy.dialects.postgresql import JSONB

            return dialect.type_descriptor(JSONB(none_as_null=True))
        return dialect.type_descriptor(sa.JSON(none_as_null=True))

    def coerce_compared_value(self, op: Any, value: Any) -> Any:
        """Operators are JSON's own."""
        return self.impl_instance.coerce_compared_value(op, value)


def json_text(value: Any) -> str:
    """JSON as it is stored: names in their own script, and nothing that PostgreSQL refuses (NUL)."""
    text = json.dumps(value, ensure_ascii=False)
    if "\\u0000" in text:
        text = json.dumps(_without_nul(value), ensure_ascii=False)
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, list):
        return [_without_nul(v) for v in value]
    if isinstance(value, dict):
        return {_without_nul(k): _without_nul(v) for k, v in value.items()}
    return value


class _IsoTime(sqlite.DATETIME):
    """``2026-11-23T12:00:00.000000Z``: read by every tool, and in the order of time when sorted as text.

    Always six decimals: without them ``12:00:00Z`` would sort after ``12:00:00.5Z``. A bound without
    zone (``2026-11-23`` or ``2026-11-23T12:00:00``) sorts right before that instant.
    """

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], str | None]:
        return _to_text

    def literal_processor(self, dialect: Dialect) -> Callable[[datetime], str]:
        return lambda value: f"'{_to_text(value)}'"

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[str | None], datetime | None]:
        return _from_text


_ISO_TIME: sa.types.TypeEngine[Any] = _IsoTime()  # type: ignore[no-untyped-call]


def _to_text(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat(timespec="microseconds")[:26] + "Z"


def _from_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


class UtcTime(sa.types.TypeDecorator[datetime]):
    """An aware instant, kept in UTC; naive ones are refused.

    SQLAlchemy's own type drops the zone on SQLite without converting: 10:00 in New York would come
    back as 10:00 UTC.
    """

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        """ISO text on SQLite, timestamptz on PostgreSQL."""
        kind = _ISO_TIME if dialect.name == "sqlite" else sa.DateTime(timezone=True)
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC on the way in; ValueError for a naive time."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone cannot be stored: {value!r}")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Give back an aware UTC time."""
        if value is None:
            return None
        assert isinstance(value, datetime)
        return value.astimezone(UTC)  # a PostgreSQL session may have a zone of its own


#: Text in the order of its bytes on both databases, so that what begins with something is a range.
Bytes = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
