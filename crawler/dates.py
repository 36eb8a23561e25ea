"""Dates as publishers write them, read into aware UTC datetimes, or not at all.

A wrong day is worse for a news digest than none: what cannot be read for certain, or lies
before 2000 or more than a day in the future, is None, and the item is sorted by when it was
first seen. Dates without a zone are taken as UTC.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from email.utils import mktime_tz, parsedate_tz

#: No feed we read reports on anything older; earlier dates are epoch mistakes (1970, 1900, 0001).
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
#: Clocks and zones are off by up to a day; later dates are announcements of the future or mistakes.
SLACK = timedelta(days=1)
#: No date is longer, and a bound keeps the patterns below quick on hostile input.
_MAX_TEXT = 120

#: Month names by their first letters without accents: English, German, French, Spanish, Italian, Portuguese.
_MONTHS: dict[str, int] = {
    prefix: number
    for number, prefixes in enumerate(
        (
            "jan gen ene", "feb fev fevr", "mar marz mrz mars maer", "apr avr abr", "may mai mag maggio",
            "jun juin giu", "jul juil lug", "aug aou ago", "sep set sett", "oct okt ott out", "nov",
            "dec dez dic",
        ),
        start=1,
    )
    for prefix in prefixes.split()
}  # fmt: skip

#: Zone names that the standard library does not know. CST and IST are left out: they are ambiguous.
_ZONES = {
    "jst": 9, "kst": 9, "hkt": 8, "sgt": 8, "cet": 1, "cest": 2, "mez": 1, "mesz": 2, "bst": 1, "wet": 0, "west": 1,
    "eet": 2, "eest": 3, "msk": 3, "aest": 10, "aedt": 11, "akst": -9, "akdt": -8,
}  # fmt: skip

_ENGLISH = {
    name: number
    for number, name in enumerate(
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], start=1
    )
}
_USUAL_ISO = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]+)?(?:Z|([+-][0-9]{2}:[0-9]{2}))"
)
_USUAL_RFC822 = re.compile(
    r"(?:[A-Z][a-z]{2}, )?([0-9]{1,2}) ([A-Z][a-z]{2}) ([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) "
    r"(?:GMT|UTC|Z|([+-])([01][0-9])([0-5][0-9]))"
)
_EPOCH = re.compile(r"\d{9,10}(?:\.\d+)?|\d{12,13}")
_ISO = re.compile(
    r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})"
    r"(?:(?:T|\s+|,\s*)(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,]\d+)?)?)?"
    r"\s*(?P<z>Z|UTC|GMT|[+-]\d{2}:?\d{0,2})?",
    re.IGNORECASE,
)
_COMPACT = re.compile(
    r"(?P<y>20\d{2})(?P<m>\d{2})(?P<d>\d{2})(?:T?(?P<H>\d{2})(?P<M>\d{2})(?P<S>\d{2})?(?P<z>Z|[+-]\d{4})?)?"
)
_CJK = re.compile(
    r"(?P<y>\d{4})\s*[年년.]\s*(?P<m>\d{1,2})\s*[月월.]\s*(?P<d>\d{1,2})\s*[日일.号]?"
    r"\s*(?:\(?(?:星期|周|週)?[一二三四五六日天月火水木金土월화수목금토]?(?:曜日|요일)?\)?)?"
    r"\s*(?P<half>上午|下午|晚上|中午|凌晨|早上|午前|午後|오전|오후)?"
    r"\s*(?:(?P<H>\d{1,2})\s*[:時时시点點]\s*(?:(?P<M>\d{1,2})\s*[분分]?(?::(?P<S>\d{2}))?)?)?"
)
_DOTTED = re.compile(
    r"(?P<d>\d{1,2})\.\s?(?P<m>\d{1,2})\.\s?(?P<y>\d{4})(?:,?\s+(?P<H>\d{1,2})[:.](?P<M>\d{2}))?.{0,6}"
)
_TAIL = r"(?:,?\s+(?:at\s+|um\s+|a\s+las\s+|à\s+)?(?P<H>\d{1,2})[:h](?P<M>\d{2})(?::(?P<S>\d{2}))?\s*(?P<half>[ap]\.?m\.?)?)?\s*(?:uhr\s*)?(?P<z>[a-z]{2,4}|[+-]\d{2}:?\d{2})?"
_DAY_MONTH = re.compile(
    r"(?:[a-z]{2,12}\.?,?\s+)?(?P<d>\d{1,2})(?:st|nd|rd|th|er|\.)?[\s-]+(?:de\s+)?(?P<mon>[a-z]{3,10})\.?,?[\s-]+(?:de\s+)?(?P<y>\d{4})"
    + _TAIL
)
_MONTH_DAY = re.compile(
    r"(?:[a-z]{3,10}\.?,?\s+)?(?P<mon>[a-z]{3,10})\.?\s+(?P<d>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<y>\d{4})"
    + _TAIL
)
_AGO = re.compile(
    r"(?:(?:vor|il y a|hace|about)\s+)?(?P<n>\d{1,3}|an?|one)\s*(?P<unit>"
    r"m(?:in(?:ute)?s?)?|minuten?|minutos?|h(?:ours?|rs?|eures?|oras?)?|stunden?|d(?:ays?)?|tage?n?|jours?|d[ií]as?|w(?:eeks?)?|"
    r"分钟|分鐘|分|小时|小時|時間|天|日|周|分前|분|시간|일|주)\s*(?:ago|前|전)?"
)
_DAYS_BACK = {
    "today": 0, "yesterday": 1, "heute": 0, "gestern": 1, "aujourd'hui": 0, "hier": 1, "hoy": 0, "ayer": 1,
    "今天": 0, "今日": 0, "昨天": 1, "昨日": 1, "前天": 2, "오늘": 0, "어제": 1, "just now": 0, "now": 0, "刚刚": 0,
}  # fmt: skip
_AFTERNOON = frozenset({"下午", "晚上", "午後", "오후", "pm", "中午"})


def plausible(value: datetime | None, now: datetime) -> datetime | None:
    """Return ``value`` in UTC if it can be a publication date at ``now``, else None."""
    if value is None:
        return None
    try:
        value = value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    except (OverflowError, ValueError):
        return None
    return value if EARLIEST <= value <= now + SLACK else None


def parse_date(text: str | float | None, now: datetime) -> datetime | None:
    """Read one date as found in a feed, an attribute or on a page; None if it is none we trust.

    Reads RFC 822 (with or without a zone), ISO 8601 and its neighbours, Unix seconds and
    milliseconds, Chinese, Japanese and Korean dates, dates with month names in six European
    languages, ``02.03.2026`` (day first) and ages such as "2 hours ago", counted from ``now``.
    ``02/03/2026`` means two days and is None.
    """
    if text is None or isinstance(text, bool):
        return None
    if isinstance(text, int | float):
        text = repr(text)
    usual = _usual(text)
    if usual is not None:
        return plausible(usual, now)
    text = " ".join(unicodedata.normalize("NFKC", text[: 2 * _MAX_TEXT]).split())
    if not text or len(text) > _MAX_TEXT:
        return None
    for read in (_epoch, _iso, _rfc822, _cjk, _named, _dotted):
        value = read(text)
        if value is not None:
            return plausible(value, now)
    return plausible(_relative(text.lower(), now), now)


def _usual(text: str) -> datetime | None:
    """Read the two forms in which nearly every feed writes its dates; quick, and None for any other."""
    try:
        found = _USUAL_ISO.fullmatch(text)
        if found:
            return datetime.fromisoformat(found[1] + (found[2] or "+00:00"))
        found = _USUAL_RFC822.fullmatch(text)
        if found is None:
            return None
        day, month, year, hour, minute, second, sign, zone_hour, zone_minute = found.groups()
        value = datetime(
            int(year), _ENGLISH[month], int(day), int(hour), int(minute), int(second), tzinfo=UTC
        )
        if sign is None:
            return value
        offset = timedelta(hours=int(zone_hour), minutes=int(zone_minute))
        return value - offset if sign == "+" else value + offset
    except (ValueError, KeyError, OverflowError):
        return None


def parse_format(text: str, date_format: str, now: datetime) -> datetime | None:
    """Read a date by a strptime format; None if it does not fit."""
    try:
        value = datetime.strptime(" ".join(text.split()), date_format)  # noqa: DTZ007 - the zone is set by plausible()
    except ValueError:
        return None
    return plausible(value, now)


def _epoch(text: str) -> datetime | None:
    if not _EPOCH.fullmatch(text):
        return None
    seconds = float(text)
    if seconds >= 1e11:
        seconds /= 1000
    return datetime.fromtimestamp(seconds, UTC)


def _iso(text: str) -> datetime | None:
    match = _ISO.fullmatch(text) or _COMPACT.fullmatch(text)
    if match:
        return _build(match)
    try:
        # week dates, "24:00", fractions of any length
        return datetime.fromisoformat(text) if text[:4].isdigit() and len(text) >= 8 else None
    except ValueError:
        return None


def _rfc822(text: str) -> datetime | None:
    if not re.search(r"\d{1,2}[\s-]+[A-Za-z]{3}[a-z]*\.?,?[\s-]+\d{2,4}\s+\d{1,2}:\d{2}", text):
        return None
    fields = parsedate_tz(text)
    if fields is None or fields[3] > 24:
        return None
    zone = re.search(r"\b([A-Za-z]{3,4})$", text)
    if zone and zone[1].lower() in _ZONES:  # the library takes an unknown zone for UTC
        fields = (*fields[:9], _ZONES[zone[1].lower()] * 3600)
    try:
        # mktime_tz reads a missing zone as the machine's own
        return datetime.fromtimestamp(mktime_tz((*fields[:9], fields[9] or 0)), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _cjk(text: str) -> datetime | None:
    match = _CJK.match(text)
    return _build(match) if match and len(text) - match.end() <= 12 else None


def _dotted(text: str) -> datetime | None:
    match = _DOTTED.fullmatch(text)
    return _build(match) if match else None


def _named(text: str) -> datetime | None:
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
    match = _DAY_MONTH.fullmatch(plain) or _MONTH_DAY.fullmatch(plain)
    return _build(match) if match else None


def _relative(text: str, now: datetime) -> datetime | None:
    if text in _DAYS_BACK:
        return now - timedelta(days=_DAYS_BACK[text])
    match = _AGO.fullmatch(text)
    if not match or not re.search(r"ago$|前$|전$|^vor |^il y a |^hace |^\d+\s?[mhdw]$", text):
        return None
    count = int(match["n"]) if match["n"].isdigit() else 1
    unit = match["unit"]
    if unit[0] in "m分분":
        return now - timedelta(minutes=count)
    if unit[0] in "hs小時时시":
        return now - timedelta(hours=count)
    return now - timedelta(days=count * (7 if unit[0] in "w周주" else 1))


def _build(match: re.Match[str]) -> datetime | None:
    """Make a datetime of the named groups y, m or mon, d, and if there H, M, S, half, z."""
    part = match.groupdict()
    month = _month(part["mon"]) if part.get("mon") else int(part.get("m") or 0)
    hour = int(part.get("H") or 0)
    half = (part.get("half") or "").replace(".", "")
    if half in _AFTERNOON and hour < 12:
        hour += 12
    elif half in {"am", "上午", "午前", "오전", "凌晨"} and hour == 12:
        hour = 0
    zone = _zone(part.get("z") or "")
    if zone is None or not month:
        return None
    try:
        minute, second = int(part.get("M") or 0), min(int(part.get("S") or 0), 59)
        return datetime(int(part["y"]), month, int(part["d"]), hour, minute, second, tzinfo=zone)
    except (ValueError, OverflowError):
        return None


def _month(name: str) -> int:
    for length in (4, 3):
        if name[:length] in _MONTHS:
            return _MONTHS[name[:length]]
    return 0


def _zone(name: str) -> timezone | None:
    """Return the zone named, UTC where none is; None if it is unknown or impossible."""
    name = name.lower()
    if name in {"", "z", "utc", "gmt", "ut"}:
        return UTC
    if name[0] in "+-":
        digits = name[1:].replace(":", "").ljust(4, "0")
        minutes = int(digits[:2]) * 60 + int(digits[2:])
        return (
            timezone(timedelta(minutes=minutes if name[0] == "+" else -minutes))
            if minutes < 24 * 60
            else None
        )
    known = _ZONES | {
        "est": -5,
        "edt": -4,
        "cst": -6,
        "cdt": -5,
        "mst": -7,
        "mdt": -6,
        "pst": -8,
        "pdt": -7,
        "et": -5,
        "pt": -8,
    }
    return timezone(timedelta(hours=known[name])) if name in known else None
