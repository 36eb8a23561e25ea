"""An article's time and id in one number: one index then gives newest first, a period is a range of it, and
where a page ended is a cursor.

The word index has it for rowid: FTS5 hands out rowids in order, so "the newest fifty with this
word" reads fifty entries, not all of them.
"""

from __future__ import annotations

from datetime import datetime

#: Low bits of a sort key, for the id: a billion articles, and seconds to the year 2242.
ID_BITS = 30
ID_MASK = (1 << ID_BITS) - 1


def sort_key(moment: datetime, row_id: int) -> int:
    """Seconds since 1970 and the id: rows in this order are in the order of time, by the second."""
    return (int(moment.timestamp() // 1) << ID_BITS) + (row_id & ID_MASK)


def first_key(moment: datetime) -> int:
    """The least sort key of this second."""
    return int(moment.timestamp() // 1) << ID_BITS
