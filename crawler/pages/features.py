"""What is known of each block of a page, as numbers for `crawler.pages.model`.

Nothing here knows a publisher: all of it is shape (length, links, punctuation), surroundings
(tags, named areas, neighbours, what else looks alike on the page) and the few phrases that
pages of many languages set around their articles.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import log

from crawler.pages.blocks import BITS, Area, Cut

#: A paragraph of running text: this long, with a sentence's end, hardly linked. CJK says as much in a third.
_PROSE_LENGTH = 80
_CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\u0e00-\u0e7f]")
_MARKS = str.maketrans("", "", '.,;:!?…。，、；：！？·»«„“”"()')
_FIGURES = str.maketrans("", "", "0123456789")
_SENTENCE_ENDS = frozenset(".!?…。！？:»”\"'’)]")
#: Words of cookie notices, newsletter boxes, calls to follow and share, and imprints.
_BOILERPLATE = (
    "©", "copyright", "rights reserved", "alle rechte", "derechos reservados", "droits réservés", "riproduzione riservata",
    "cookie", "newsletter", "subscri", "sign up", "signup", "sign in", "log in", "login", "register", "abonn", "suscr",
    "iscriviti", "anmelden", "privacy", "datenschutz", "terms of ", "follow us", "folgen sie", "síguenos", "seguici",
    "suivez", "whatsapp", "telegram", "facebook", "twitter", "instagram", "advertis", "anzeige", "publicidad", "pubblicità",
    "publicité", "werbung", "sponsor", "click here", "hier klicken", "haz clic", "download our", "javascript", "browser",
    "版权", "著作権", "転載", "저작권", "무단", "关注", "登录", "会員",
)  # fmt: skip
_POINTER = re.compile(
    r"^(?:read (?:more|also|next)|also read|see also|related|more (?:on|from|about|stories)|don'?t miss|recommended|watch|"
    r"listen|lesen sie|mehr (?:zum|zu|dazu|aus|über)|auch interessant|das könnte|lies auch|lire aussi|à lire|à voir|"
    r"lee también|leer más|te puede|más información|más sobre|leggi anche|per approfondire|läs (?:mer|också)|les også|"
    r"czytaj|zobacz|читайте|leia (?:mais|também)|lees ook|share|teilen|compartir|tags?:|topics?:|themen:|updated|published|"
    r"photo|foto|image|bild|video|by |von |par |por |di |advertisement|anzeige|comments?|kommentare?|"
    r"相关|推荐|延伸|関連|あわせて|▶|►|→|>>|関連記事|ランキング|관련|추천)",
    re.IGNORECASE,
)
_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
_TAGS = ("p", "li", "div", "td", "figcaption", "blockquote", "pre", "dd", "dt", "section", "article", "th")


@dataclass(frozen=True, slots=True)
class Hints:
    """What the page's metadata says about its text; without blanks, for the text's are not to be relied on."""

    body: str = ""
    description: str = ""
    title: str = ""


#: Features of the area a block stands in, the same for all blocks of the area.
AREA_FEATURES = (
    *(f"above_{n}" for n in range(BITS)), *(f"near_{n}" for n in range(BITS)),
    "depth", "area_share", "area_links", "area_prose", "area2_prose", "area3_prose", "area2_links", "area3_links",
    "area_children", "from_trunk", "in_trunk",
)  # fmt: skip
#: Features of the block itself, its neighbours and its like.
BLOCK_FEATURES = (
    "log_length", "links", "marked", "bold", "marks", "sentence_end", "commas", "digits", "upper", "first_upper", "lines",
    "boilerplate", "pointer", "colon_end", "heading", *(f"tag_{tag}" for tag in _TAGS),
    "place", "after_title", "title_distance", "after_first", "before_last", "prose_before", "prose_after",
    "key_count", "key_length", "key_links", "key_prose", "key_share", "same_text",
    "prev_length", "prev_links", "prev_prose", "prev_heading", "prev_key", "next_length", "next_links", "next_prose",
    "next_heading", "next_key", "prev2_prose", "next2_prose", "near_prose", "page_blocks", "page_prose", "page_body",
    "in_body", "in_description", "is_title", "prose", "short_in_list", "prose_trunk", "heading_trunk",
)  # fmt: skip
FEATURES = (*AREA_FEATURES, *BLOCK_FEATURES)


def weigh(cut: Cut) -> list[float]:
    """Mark the blocks of running text, and sum lengths up the areas. Returns each block's share of links."""
    areas, links = cut.areas, []
    for block in cut.blocks:
        size = len(block.text)
        share = min(1.0, block.linked / size)
        links.append(share)
        effective = size if size >= _PROSE_LENGTH or not _CJK.search(block.text) else size * 3
        block.prose = (
            effective >= _PROSE_LENGTH
            and share < 0.4
            and (block.tag not in _HEADINGS)
            and block.text[-1] in _SENTENCE_ENDS
        )
        areas[block.area].children += 1
        area = block.area
        while area >= 0:
            node = areas[area]
            node.chars += size
            node.linked += block.linked
            if block.prose:
                node.prose += size
            area = node.parent
    return links


def trunk_of(cut: Cut) -> int:
    """Return the deepest area that holds most of the page's running text."""
    if not cut.areas:
        return -1
    whole, best = cut.areas[0].prose, 0
    for number, area in enumerate(cut.areas):
        if area.prose > 0.6 * whole and area.depth >= cut.areas[best].depth:
            best = number
    return best


def rows(cut: Cut, hints: Hints) -> Iterator[tuple[int, list[float], list[float]]]:
    """Yield for each block that may be text its number, its area's features and its own.

    The list of an area's features is one and the same for all of its blocks. Left out are short
    links outside the trunk of the page: half of all blocks, and none is ever the article's.
    """
    links = weigh(cut)
    blocks, areas = cut.blocks, cut.areas
    count = len(blocks)
    trunk = trunk_of(cut)
    inside = [area == trunk or (area > trunk and _within(areas, area, trunk)) for area in range(len(areas))]
    prose_places = [n for n, b in enumerate(blocks) if b.prose and inside[b.area]]
    first, last = (prose_places[0], prose_places[-1]) if prose_places else (0, count)
    like: dict[str, list[int]] = {}  # key -> blocks, characters, characters in links, blocks of prose
    texts = Counter(b.text for b in blocks)
    for block in blocks:
        sums = like.setdefault(block.key, [0, 0, 0, 0])
        sums[0] += 1
        sums[1] += len(block.text)
        sums[2] += block.linked
        sums[3] += block.prose
    whole = max(1, areas[0].chars if areas else 1)
    whole_prose = max(1, areas[0].prose if areas else 1)
    lengths = [log(1 + len(b.text)) for b in blocks]
    total, seen = len(prose_places), 0
    page = [log(1 + count), log(whole_prose), log(1 + len(hints.body))]
    hinted = bool(hints.body or hints.description or hints.title)
    contexts: dict[int, list[float]] = {}
    prose = [0.0, 0.0, *(float(b.prose) for b in blocks), 0.0, 0.0]
    sums_of_prose = [0.0]
    for value in prose:
        sums_of_prose.append(sums_of_prose[-1] + value)
    for n, block in enumerate(blocks):
        text, tag, key = block.text, block.tag, block.key
        size = len(text)
        if links[n] > 0.8 and size < 100 and not inside[block.area]:
            continue
        context = contexts.get(block.area)
        if context is None:
            context = contexts[block.area] = _context(areas, block.area, trunk, whole, whole_prose)
        head = text[:200]
        lowered = head.lower()
        packed = "".join(text[:160].split()) if hinted else ""
        many, chars, linked, proses = like[key]
        in_trunk = inside[block.area]
        seen += block.prose and in_trunk
        heading = _HEADINGS.get(tag, 0)
        own = [
            lengths[n], links[n], block.marked / size, block.bold / size,
            1 - len(head.translate(_MARKS)) / len(head), float(text[-1] in _SENTENCE_ENDS),
            float(min(12, text.count(","))), 1 - len(head.translate(_FIGURES)) / len(head),
            float(text.isupper()), float(text[0].isupper()), float(min(12, text.count("\n"))),
            float(size < 400 and any(word in lowered for word in _BOILERPLATE)), float(_POINTER.match(lowered) is not None),
            float(text[-1] in ":："), float(heading),
            *_TAG_FLAGS.get(tag, _NO_FLAGS),
            n / count, float(n >= cut.title_at) if cut.title_at >= 0 else -1.0,
            float(max(-60, min(60, n - cut.title_at))) if cut.title_at >= 0 else -60.0,
            float(max(-40, min(40, n - first))), float(max(-40, min(40, last - n))),
            float(min(30, seen)), float(min(30, total - seen)),
            float(min(50, many)), min(500.0, chars / many), linked / chars, proses / many, chars / whole,
            float(min(5, texts[text])),
            lengths[n - 1] if n else 0.0, links[n - 1] if n else 0.0, prose[n + 1],
            float(n > 0 and blocks[n - 1].tag in _HEADINGS), float(n > 0 and blocks[n - 1].key == key),
            lengths[n + 1] if n + 1 < count else 0.0, links[n + 1] if n + 1 < count else 0.0, prose[n + 3],
            float(n + 1 < count and blocks[n + 1].tag in _HEADINGS), float(n + 1 < count and blocks[n + 1].key == key),
            prose[n], prose[n + 4], sums_of_prose[min(count + 4, n + 9)] - sums_of_prose[max(0, n - 4)],
            *page,
            _found(packed, hints.body), _found(packed, hints.description), _found(packed, hints.title),
            prose[n + 2], float(tag == "li" and size < _PROSE_LENGTH), float(block.prose and in_trunk),
            float(heading > 1 and in_trunk and first < n < last),
        ]  # fmt: skip
        yield n, context, own


_NO_FLAGS = (0.0,) * len(_TAGS)
_TAG_FLAGS = {tag: tuple(float(tag == one) for one in _TAGS) for tag in _TAGS}


def _found(packed: str, where: str) -> float:
    if not where or not packed:
        return -1.0
    return float(packed in where) if len(packed) > 3 else 0.0


def _within(areas: list[Area], area: int, trunk: int) -> bool:
    while area > trunk:
        area = areas[area].parent
    return area == trunk


@lru_cache(maxsize=5_000)
def _flags(bits: int) -> tuple[float, ...]:
    return tuple(float(bits >> n & 1) for n in range(BITS))


def _context(areas: list[Area], own: int, trunk: int, whole: int, whole_prose: int) -> list[float]:
    area = areas[own]
    chain: list[Area] = []
    near, number = 0, own
    while number >= 0 and len(chain) < 3:
        near |= areas[number].bits
        chain.append(areas[number])
        number = areas[number].parent
    while len(chain) < 3:
        chain.append(chain[-1])
    steps, number = 0, own
    while number > trunk:
        number = areas[number].parent
        steps += 1
    return [
        *_flags(area.above), *_flags(near),
        float(min(40, area.depth)), area.chars / whole, area.linked / max(1, area.chars), chain[0].prose / whole_prose,
        chain[1].prose / whole_prose, chain[2].prose / whole_prose, chain[1].linked / max(1, chain[1].chars),
        chain[2].linked / max(1, chain[2].chars), float(min(60, area.children)), float(min(20, steps)),
        float(number == trunk),
    ]  # fmt: skip


__all__ = ["AREA_FEATURES", "BLOCK_FEATURES", "FEATURES", "Hints", "rows"]
