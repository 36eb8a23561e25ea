"""Jinja environments, one a format, because each escapes differently.

Autoescaping is switched on by format, never guessed from a file's name. Templates come from the
user's folder file by file, else from the shipped ones.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined

from alerts.plain import LINE, clean, columns, safe_link, wrap


def template_folder() -> Path:
    """Where the shipped templates are: inside an installed package, else beside it in the repository."""
    inside = Path(__file__).parent / "_templates"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "templates"


@lru_cache(maxsize=16)
def environment(format: str, templates: Path | None) -> Environment:
    """The templates of a format: the user's, else ours; escaping as the format needs it."""
    folders = [*([templates] if templates else []), template_folder()]
    made = Environment(
        loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
        autoescape=format == "html",  # noqa: S701 - the other formats have escapers of their own
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    made.filters |= {
        "clean": clean,
        "safe_url": safe_link,
        "columns": columns,
        "wrap": wrap,
        "md": markdown_escape,
        "center": _center,
    }
    made.globals["LINE"] = LINE
    return made


def _center(text: str, width: int = LINE) -> str:
    return " " * max(0, (width - columns(text)) // 2) + text


_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~&!@$^])")
_AUTOLINK = re.compile(r"(?i)\b(https?|ftp)(:)(?=//)|\b(www)(\.)|\b(mailto|xmpp)(:)")
_LEADING = re.compile(r"^(\d{1,9})([.)])|^([-+=:])")


def markdown_escape(text: str) -> str:
    """``text`` as literal Markdown (CommonMark and GitHub's): no markup, no autolink, no list.

    Expects one line; everything that could begin a construct is preceded by a backslash.
    """
    text = _MARKUP.sub(r"\\\1", text)
    text = _AUTOLINK.sub(lambda m: "\\".join(part for part in m.groups() if part), text)
    return _LEADING.sub(lambda m: f"{m[1]}\\{m[2]}" if m[1] else f"\\{m[3]}", text)
