"""An edition as Slack messages (Block Kit), within every limit by construction.

Slack refuses a whole message for one block that is too long, so every text has a budget whose sum
stays under its block's limit, and blocks are packed into as many messages as needed. Sizes are of
the blocks as JSON, which is more than any way Slack may count.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from alerts.edition import DigestView, digest_view
from alerts.mrkdwn import escape, link, plain, units
from alerts.render import STRINGS
from alerts.view import Link, PromiseView, StoryView
from alerts.words import Words, load_words
from pipeline.model import Digest

Block = dict[str, Any]
#: Blocks that stay together: a story, a heading with the first of its section.
Unit = list[Block]

# Slack's limits (docs.slack.dev, block kit reference); the total is not in the reference: messages
# of more than about 13,200 characters are refused (slackapi/bolt-js#2509).
MAX_BLOCKS: Final = 50
MAX_TOTAL: Final = 13_000
MAX_HEADER: Final = 150
#: Characters of the fallback text: what a notification shows.
MAX_FALLBACK: Final = 300
#: Messages of one edition: more would be a flood in a channel, and Slack takes about one a second.
MAX_PARTS: Final = 5

# Budgets, in characters after escaping. A story's section (3000): address 1100, title 360, makers 140
# and three facts of 100, note 120, quotation 420, two warnings of 180. With its context and a
# round-up's rows it stays under one message even where JSON doubles every character of its texts.
_TITLE, _WHO, _FACT, _NOTE, _QUOTE, _WARNING = 360, 140, 100, 120, 420, 180
#: Longer addresses are not linked: of a title, of a brief item, of an outlet.
_URL, _BRIEF_URL, _OUTLET_URL = 1100, 400, 300
#: Lines shown of a list (promises, briefs, sources in trouble), rows of a round-up, closings.
_LINES, _ROWS = 10, 8
#: Stands before a round-up, which has no grade of its own.
_ROUNDUP: Final = "≡"
#: Characters of list lines in one section.
_LIST: Final = 2800


def payloads(
    digest: Digest, *, language: str = "en", templates: Path | None = None, top: int | None = None
) -> tuple[dict[str, Any], ...]:
    """``digest`` as the bodies of one to five posts, in order; framed in ``language``.

    Each is ``{"text": fallback, "blocks": […]}``. Stories that five messages cannot hold are counted
    among what was left out (the least important first, then closings). With ``top`` the first post
    holds that many stories at most. ``templates`` is the user's folder (for its ``strings.toml``).
    Raises ConfigError for an unknown language or time zone.
    """
    words = load_words(language, templates / STRINGS if templates else None)
    stories, closings = len(digest.stories), len(digest.reversals)
    while True:
        view = digest_view(digest, words, others=0, stories=stories)
        units_ = [*_top(view), *_body(view, words, closings)]
        messages = _packed(units_, room=_room(view), first=None if top is None else top + 1)
        if len(messages) <= MAX_PARTS or not (stories or closings):
            break
        if stories:
            stories = min(stories - 1, stories * MAX_PARTS // len(messages))
        else:
            closings -= 1
    total = len(messages)
    return tuple(_message(view, blocks, number, total) for number, blocks in enumerate(messages, start=1))


# ---------------------------------------------------------------------------- packing


def _message(view: DigestView, blocks: list[Block], number: int, total: int) -> dict[str, Any]:
    part = f" ({number}/{total})" if total > 1 else ""
    fallback = escape(view.subject, MAX_FALLBACK - len(part)) + part
    return {"text": fallback, "blocks": [_header(view, part), *blocks]}


def _header(view: DigestView, part: str) -> Block:
    title = plain(f"{view.edition} · {view.date}", MAX_HEADER - len(part)) + part
    return {"type": "header", "text": {"type": "plain_text", "text": title, "emoji": False}}


def _room(view: DigestView) -> int:
    """Characters a message has for its blocks beside the header."""
    return MAX_TOTAL - _size([_header(view, " (9/9)")])


def _packed(parts: Iterable[Unit], *, room: int, first: int | None) -> list[list[Block]]:
    """Units in as few messages as keep to the limits, in order; the first holds at most ``first`` units."""
    messages: list[list[Block]] = [[]]
    used = 0
    for place, unit in enumerate(parts):
        size = _size(unit)
        # one block is the header's
        full = used + size > room or len(messages[-1]) + len(unit) > MAX_BLOCKS - 1
        if messages[-1] and (full or place == first):
            messages.append([])
            used = 0
        messages[-1] += unit
        used += size
    return messages


def _size(blocks: Sequence[Block]) -> int:
    return units(json.dumps(blocks, ensure_ascii=False))


# ----------------------------------------------------------------------------- layout


def _section(*lines: str) -> Block:
    text = "\n".join(filter(None, lines))
    # verbatim: names and addresses in the text are not turned into links or mentions
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _context(*texts: str) -> Unit:
    elements = [{"type": "mrkdwn", "text": text, "verbatim": True} for text in texts if text]
    return [{"type": "context", "elements": elements}] if elements else []


def _top(view: DigestView) -> Iterator[Unit]:
    counts = "   ".join(f"{c.badge.symbol} {c.n} {escape(c.badge.label, 60)}" for c in view.counts)
    headline = escape(view.quiet, 300) if view.quiet else f"*{escape(view.headline, 300)}*"
    yield [_section(headline, counts), *_context(escape(view.scope, 300))]


def _body(view: DigestView, words: Words, closings: int) -> Iterator[Unit]:
    singles = [view.lead, *view.stories] if view.lead else list(view.stories)
    yield from (_story(s, words) for s in singles)
    yield from _headed(words("section.roundups"), [_story(s, words) for s in view.roundups])
    closed = [_story(s, words) for s in view.reversals[:closings]]
    if closings < len(view.reversals):
        closed.append(_context(escape(words("story.more", n=len(view.reversals) - closings), 60)))
    yield from _headed(words("section.reversals"), closed)
    yield from _listed(words("section.promises"), [_promise(p, words) for p in view.promises], words)
    yield from _listed(words("section.briefs"), [_brief(b) for b in view.briefs], words)
    trouble = [f"• {escape(t.name, 80)}: {escape(t.message, 240)}" for t in view.trouble]
    yield from _listed(words("section.trouble"), trouble, words)
    left_out = " · ".join(f"{count} {escape(reason, 100)}" for reason, count in view.left_out[:8])
    if left_out:
        yield _context(f"{escape(words('section.left_out'), 80)}: {left_out}")


def _headed(heading: str, told: list[Unit]) -> Iterator[Unit]:
    """Units of a section, its heading tied to the first."""
    for place, unit in enumerate(told):
        yield [{"type": "divider"}, _section(f"*{escape(heading, 100)}*"), *unit] if place == 0 else unit


def _listed(heading: str, lines: list[str], words: Words) -> Iterator[Unit]:
    """A list with its heading, as many lines a block as fit, the rest counted."""
    shown = lines[:_LINES]
    if len(lines) > len(shown):
        shown.append(f"• {escape(words('story.more', n=len(lines) - len(shown)), 60)}")
    blocks: list[list[str]] = []
    for line in shown:
        if not blocks or units("\n".join([*blocks[-1], line])) > _LIST:
            blocks.append([])
        blocks[-1].append(line)
    yield from _headed(heading, [[_section(*block)] for block in blocks])


def _story(story: StoryView, words: Words) -> Unit:
    title = link(_short(story.title.url, _URL), story.title.text or words("story.unnamed"), _TITLE)
    facts = [story.kind, story.licence or words("story.no_licence"), story.title.language_name]
    known = [escape(story.who, _WHO), *(escape(fact, _FACT) for fact in facts)]
    if story.rows:  # its announcements have makers, grades and licences of their own
        known = known[-1:]
    lines = [
        f"{_ROUNDUP if story.rows else story.badge.symbol} *{title}*",
        " · ".join([f"*{escape(story.holds or story.badge.label, 60)}*", *filter(None, known)]),
        f"◷ {escape(story.stage_note, _NOTE)}" if story.stage_note else "",
        # an escaped ">" at the beginning of a line is a quotation, as if typed
        f"&gt; {escape(story.quote, _QUOTE)}" if story.quote else "",
        *(f"! {escape(note, _WARNING)}" for note in story.warnings[:2]),
    ]
    if story.rows:
        return [_section(*lines), _section(*_rows(story, words)), *_context(_coverage(story, words))]
    return [_section(*lines), *_context(_coverage(story, words), _check(story))]


def _rows(story: StoryView, words: Words) -> Iterator[str]:
    for row in story.rows[:_ROWS]:
        told = [escape(v, 45) for v in (row.who, row.kind, row.licence, row.stage) if v]
        yield " · ".join([f"{row.badge.symbol} {escape(row.what, 80)}", *told])
    if len(story.rows) > _ROWS:
        yield f"• {escape(words('story.more', n=len(story.rows) - _ROWS), 60)}"


def _coverage(story: StoryView, words: Words) -> str:
    """How many told it, who first and who best; the others are a click away in the archive."""
    key = "story.first_and_best" if story.first_is_best else "story.first"
    named = [(words(key) if story.covered else words("story.told_by"), story.first)]
    if not story.first_is_best:
        named.append((words("story.best"), story.best))
    told = [f"{escape(label, 40)}: {_outlet(cover)}" for label, cover in named]
    return " · ".join([escape(story.covered, 120), *told] if story.covered else told)


def _outlet(told: Link) -> str:
    """A link named by its outlet."""
    url = _short(told.url, _OUTLET_URL)
    return f"{link(url, told.outlet, 80) or '–'} {escape(told.when, 40)}".strip()


def _short(url: str, most: int) -> str:
    """``url`` if it fits once its ampersands are escaped, else ""."""
    return url if len(url.replace("&", "&amp;")) <= most else ""


def _check(story: StoryView) -> str:
    check = story.check
    label = link(_short(check.url, _OUTLET_URL), check.label, 60)
    detail = f": {escape(check.detail, 300)}" if check.detail else ""
    return f"{check.symbol} {label}{detail}".strip()


def _promise(promise: PromiseView, words: Words) -> str:
    what = ": ".join(filter(None, (escape(promise.who, 80), escape(promise.what, 80))))
    facts = (promise.said, promise.due, promise.delay)
    told = " · ".join([*(escape(fact, 60) for fact in facts if fact), _outlet(promise.source)])
    return f"{promise.badge.symbol} *{escape(promise.badge.label, 60)}* {what} · {told}"


def _brief(brief: Link) -> str:
    title = link(_short(brief.url, _BRIEF_URL), brief.text, 260) or "–"
    return " · ".join([f"• {title}", *(escape(v, 60) for v in (brief.outlet, brief.language_name) if v)])
