"""Rendering an edition: HTML e-mail, plain text, Markdown, JSON, and feeds of its stories.

Templates come from the user's folder file by file, else from the shipped ones (alerts.environments).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import css_inline
from jinja2 import TemplateError

from alerts.edition import DigestView, digest_view, subject_line
from alerts.environments import environment
from alerts.machine import digest_json
from alerts.plain import safe_link
from alerts.syndication import atom_feed, feed_items, json_feed
from alerts.words import Words, load_words
from pipeline.model import ConfigError, Digest

#: Bytes of HTML. Gmail clips at about 102 KB and hides the footer with the way to unsubscribe.
HTML_BYTES = 90_000
#: Further outlets linked a story, step by step fewer where an edition is too large.
_OTHERS = (5, 2, 0)
#: Name of the file with a user's phrases in the templates folder.
STRINGS = "strings.toml"

_INDENT = re.compile(r"\n\s+")
_BLANKS = re.compile(r"\n{3,}")


def render(
    digest: Digest, format: str, *, language: str = "en", templates: Path | None = None, unsubscribe: str = ""
) -> str:
    """``digest`` in a format of ``FORMATS`` ("html", "text", "markdown", "json" …), framed in ``language``.

    ``templates`` is a folder whose files replace the shipped ones by name (``strings.toml`` replaces
    phrases). ``unsubscribe`` is an http(s) or mailto address for the footer; none, no line. Raises
    ConfigError for an unknown format, language or zone and for a template that fails, naming it.
    """
    if format not in FORMATS:
        raise ConfigError(
            f"there is no format {format!r}.", about="format", cure=f"Choose one of {', '.join(FORMATS)}."
        )
    words = load_words(language, templates / STRINGS if templates else None)
    try:
        return FORMATS[format](digest, words, templates, _way_out(unsubscribe))
    except TemplateError as error:
        name, line = getattr(error, "name", None), getattr(error, "lineno", None)
        where = f"{name or 'template'}{f', line {line}' if line else ''}"
        raise ConfigError(
            f"cannot be rendered: {error}.",
            about=where,
            cure="Mend the template, or remove it to use the shipped one.",
        ) from error


def subject(digest: Digest, language: str = "en") -> str:
    """Subject line: the date and the lead story, at most 120 characters, no control characters."""
    return subject_line(digest, load_words(language))


def _way_out(address: str) -> str:
    """The unsubscribe address if it is one: http(s), or a plain mailto."""
    if re.fullmatch(r"mailto:[\w.+=~-]+@[\w.-]+(\?subject=[\w%.+~-]*)?", address, re.ASCII):
        return address
    return safe_link(address)


# ------------------------------------------------------------------------------ formats


def _html(digest: Digest, words: Words, templates: Path | None, unsubscribe: str) -> str:
    """HTML with the CSS inlined; where it is too large, first links go and then the last stories."""
    for others in _OTHERS:
        page = _html_page(
            digest_view(digest, words, others=others, unsubscribe=unsubscribe), words, templates
        )
        size = len(page.encode())
        if size < HTML_BYTES:
            return page
    count = len(digest.stories)
    while size >= HTML_BYTES and count:
        count = min(count - 1, int(count * HTML_BYTES / size))
        view = digest_view(digest, words, others=0, stories=count, unsubscribe=unsubscribe)
        page = _html_page(view, words, templates)
        size = len(page.encode())
    return page


def _html_page(view: DigestView, words: Words, templates: Path | None) -> str:
    shipped = environment("html", templates)
    page = shipped.get_template("digest.html.j2").render(d=view, words=words)
    style = shipped.get_template("digest.css").render()
    # No <pre> in it: line breaks with indentation are only bytes.
    return _inliner(style).inline(_INDENT.sub("\n", page)) + "\n"


@lru_cache(maxsize=8)
def _inliner(style: str) -> css_inline.CSSInliner:
    # The page's own <style> (dark mode, narrow screens) stays; remote sheets are never fetched.
    return css_inline.CSSInliner(
        extra_css=style,
        inline_style_tags=False,
        keep_style_tags=True,
        load_remote_stylesheets=False,
        minify_css=True,
    )


def _text(digest: Digest, words: Words, templates: Path | None, unsubscribe: str) -> str:
    view = digest_view(digest, words, unsubscribe=unsubscribe)
    return _tidy(environment("text", templates).get_template("digest.txt.j2").render(d=view, words=words))


def _markdown(digest: Digest, words: Words, templates: Path | None, unsubscribe: str) -> str:
    view = digest_view(digest, words, unsubscribe=unsubscribe)
    return _tidy(environment("markdown", templates).get_template("digest.md.j2").render(d=view, words=words))


def _json(digest: Digest, words: Words, templates: Path | None, unsubscribe: str) -> str:
    return digest_json(digest, words)


def _atom(digest: Digest, words: Words, templates: Path | None, unsubscribe: str) -> str:
    return atom_feed(feed_items(digest, words, templates), words)


def _json_feed(digest: Digest, words: Words, templates: Path | None, unsubscribe: str) -> str:
    return json_feed(feed_items(digest, words, templates), words)


FORMATS: dict[str, Callable[[Digest, Words, Path | None, str], str]] = {
    "html": _html,
    "text": _text,
    "markdown": _markdown,
    "json": _json,
    "atom": _atom,
    "jsonfeed": _json_feed,
}


def _tidy(text: str) -> str:
    """No trailing blanks, no more than one empty line, one newline at the end."""
    lines = "\n".join(line.rstrip() for line in text.strip().splitlines())
    return _BLANKS.sub("\n\n", lines) + "\n"
