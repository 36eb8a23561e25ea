"""One article, story or promise on the terminal: facts first, then the proof, then where it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pipeline.archive import FoundPromise, FoundStory, Shown, ShownArticle, ShownPromise, ShownStory
from pipeline.corrections import is_human
from pipeline.model import Announcement, Coverage, Story, Verdict
from unsealed.tables import grade, linked

#: Of an article's text; all of it is in --format json.
_TEXT = 600


def print_shown(shown: Shown, console: Console | None = None) -> None:
    """Print it on stdout."""
    console = console or Console()
    if isinstance(shown, ShownArticle):
        _article(console, shown)
    elif isinstance(shown, ShownStory):
        _story(console, shown)
    else:
        _promise(console, shown)


def _article(console: Console, shown: ShownArticle) -> None:
    article = shown.article
    _head(console, f"article {article.id}", article.title, article.url)
    _facts(
        console,
        ("outlet", Text(" · ".join(p for p in (article.outlet, article.language, shown.country) if p))),
        ("published", _time(article.published) if article.published else Text("not known")),
        ("first seen", _time(article.first_seen)),
        ("authors", Text(", ".join(shown.authors))),
        ("seen in", Text(", ".join(source for source, _ in shown.seen_in))),
        ("page", Text(shown.page)),
        ("address", linked(article.canonical_url, article.canonical_url)),
    )
    if shown.verdict is not None:
        _verdict(console, shown.verdict)
    if len(shown.verdicts) > 1:
        _section(console, "judged")
        for v in shown.verdicts:
            mark = "in force" if v.in_force else ""
            line = f"{v.decided:%Y-%m-%d %H:%M}  {v.kind:<10} {v.probability:.2f}  {v.model}, on {v.basis}  {mark}"
            console.print(Padding(Text(line.rstrip()), (0, 0, 0, 2)))
    if shown.story is not None:
        _section(console, "story")
        _found_story(console, shown.story, shown.role)
        if shown.reasons:
            console.print(Padding(Text("joined by " + ", ".join(shown.reasons), style="dim"), (0, 0, 0, 2)))
    if article.summary:
        _section(console, "summary")
        console.print(Padding(Text(article.summary), (0, 0, 0, 2)))
    if article.text:
        _section(console, "text")
        cut = article.text[:_TEXT] + (" …" if len(article.text) > _TEXT else "")
        console.print(Padding(Text(cut), (0, 0, 0, 2)))
    _links(console, article.links)


def _verdict(console: Console, verdict: Verdict) -> None:
    _section(console, "verdict")
    line = Text.assemble(
        (verdict.kind.value, "bold"),
        f"  probability {verdict.probability:.2f}  ",
        (
            f"{'corrected by hand' if is_human(verdict) else f'by {verdict.model}'} on {'title, summary and text' if verdict.basis == 'text' else 'title and summary'}",
            "dim",
        ),
    )
    console.print(Padding(line, (0, 0, 0, 2)))
    for evidence in verdict.evidence:
        console.print(Padding(Text(f"“{evidence.quote}”  ({evidence.field})", style="italic"), (0, 0, 0, 2)))
    if verdict.reasons:
        console.print(Padding(Text("rules: " + ", ".join(verdict.reasons), style="dim"), (0, 0, 0, 2)))
    _announcements(console, verdict.announcements)


def _announcements(console: Console, told: Sequence[Announcement]) -> None:
    if not told:
        return
    _section(console, "opens" if len(told) == 1 else f"opens ({len(told)} announcements)")
    for a in told:
        line = Text.assemble(
            (", ".join(a.who) or "somebody", "bold"), ": ", ", ".join(a.what) or a.type.value, "  ",
            grade(a.openness.value), f"  {a.licence or 'no licence named'}", f"  {a.type.value}, {a.stage.value}",
        )  # fmt: skip
        if a.claimed and a.claimed is not a.openness:
            line.append(f"  called {a.claimed.value}, which it is not", style="bold red")
        if a.due:
            line.append(f"  due {a.due.isoformat()}", style="magenta")
        console.print(Padding(line, (0, 0, 0, 2)))
        console.print(
            Padding(Text(f"“{a.evidence.quote}”  ({a.evidence.field})", style="italic"), (0, 0, 0, 4))
        )


def _story(console: Console, shown: ShownStory) -> None:
    story = shown.story
    _head(console, f"story s{story.id}", story.title, story.best.url)
    _facts(
        console,
        ("opens", _grades(story)),
        ("stage", Text(story.stage.value)),
        ("licence", Text(_licences(story))),
        ("who", Text(", ".join(story.who))),
        ("what", Text(", ".join(story.what))),
        ("type", Text(story.type.value)),
        ("first told", Text.assemble(_time(story.first.published), f" by {story.first.outlet}")),
        ("told by", Text(f"{len(story.outlets)} outlets" + (f" in {', '.join(story.languages)}" if story.languages else ""))),
        ("sent in", Text(", ".join(shown.editions))),
    )  # fmt: skip
    _section(console, "proof")
    console.print(Padding(Text(f"“{story.evidence}”", style="italic"), (0, 0, 0, 2)))
    source = story.evidence_from
    console.print(
        Padding(Text.assemble("from ", linked(f"{source.outlet}: {source.title}", source.url)), (0, 0, 0, 2))
    )
    if story.verification is not None:
        v = story.verification
        gated = {True: "behind a gate", False: "not gated", None: ""}[v.gated]
        files = {True: "files are there", False: "no files yet", None: ""}[v.files_present]
        said = ", ".join(p for p in (f"licence {v.licence}" if v.licence else "", gated, files) if p)
        console.print(
            Padding(
                Text.assemble(("✓ ", "green"), linked(v.outlet, v.url), f" shows: {said or 'it is there'}"),
                (0, 0, 0, 2),
            )
        )
    if len(story.announcements) > 1:
        _announcements(console, story.announcements)
    _section(console, f"coverage ({len(story.coverage)})")
    _coverage(console, story.coverage)
    for title, some in (("promised", (shown.promise,) if shown.promise else ()), ("keeps", shown.keeps)):
        if some:
            _section(console, title)
            for promise in some:
                _found_promise(console, promise)


def _coverage(console: Console, coverage: Sequence[Coverage]) -> None:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True, style="dim")
    table.add_column(no_wrap=True, max_width=24, overflow="ellipsis")
    table.add_column(ratio=1, overflow="fold")
    for c in coverage:
        title = linked(c.title, c.url)
        if c.role.value != "cover":
            title = Text.assemble(title, ("  related", "dim"))
        table.add_row(
            f"{c.published:%Y-%m-%d %H:%M}", str(c.article_id), f"{c.outlet} {c.language}".strip(), title
        )
    console.print(Padding(table, (0, 0, 0, 2)))


def _promise(console: Console, shown: ShownPromise) -> None:
    promise = shown.promise
    _head(
        console, f"promise p{promise.id}", f"{', '.join(promise.who)}: {', '.join(promise.what)}", promise.url
    )
    _facts(
        console,
        ("state", Text(promise.state, style="bold")),
        ("said", Text.assemble(_time(promise.said), f" in {promise.outlet}")),
        ("due", Text(promise.due.isoformat() if promise.due else "no date named")),
        ("changed", _time(promise.changed)),
    )
    _section(console, "said")
    console.print(Padding(Text(f"“{promise.quote}”", style="italic"), (0, 0, 0, 2)))
    _section(console, "announced in")
    _found_story(console, shown.story, "")
    if shown.kept_by is not None:
        _section(console, "kept by")
        _found_story(console, shown.kept_by, "")


def _found_story(console: Console, story: FoundStory, role: str) -> None:
    told = f"told by {story.outlets} outlet{'s' if story.outlets != 1 else ''}"
    line = Text.assemble((f"s{story.id}  ", "dim"), linked(story.title, story.url))
    console.print(Padding(line, (0, 0, 0, 2)))
    facts = Text.assemble(
        grade(story.openness), f"  {story.licence or ''}  {told}  first {story.first:%Y-%m-%d}"
    )
    if role == "rel":
        facts.append("  (this article is related, it does not tell of it)", style="dim")
    console.print(Padding(facts, (0, 0, 0, 2)))


def _found_promise(console: Console, promise: FoundPromise) -> None:
    due = f", due {promise.due.isoformat()}" if promise.due else ""
    line = Text.assemble((f"p{promise.id}  ", "dim"), (promise.state, "bold"), f"  said {promise.said:%Y-%m-%d}{due}  ", linked(f"“{promise.quote}”", promise.url))  # fmt: skip
    console.print(Padding(line, (0, 0, 0, 2)))


def _head(console: Console, what: str, title: str, url: str) -> None:
    console.print(Text.assemble((f"{what}  ", "dim"), linked(title, url).copy()), style="bold")


def _section(console: Console, name: str) -> None:
    console.print()
    console.print(Text(name, style="bold cyan"))


def _facts(console: Console, *facts: tuple[str, Text]) -> None:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(ratio=1, overflow="fold")
    for name, value in facts:
        if value.plain:
            table.add_row(name, value)
    console.print(table)


def _links(console: Console, links: Sequence[str]) -> None:
    if links:
        _section(console, f"links ({len(links)})")
        for link in links[:20]:
            console.print(Padding(linked(link, link), (0, 0, 0, 2)))
        if len(links) > 20:
            console.print(Padding(Text(f"and {len(links) - 20} more", style="dim"), (0, 0, 0, 2)))


def _grades(story: Story) -> Text:
    found = grade(story.openness.value)
    if story.claimed and story.claimed is not story.openness:
        found.append(f"  called {story.claimed.value}, which it is not", style="bold red")
    return found


def _licences(story: Story) -> str:
    named = ", ".join(
        f"{name} ({count} article{'s' if count != 1 else ''})" for name, count in story.licences
    )
    return named if len(story.licences) > 1 else story.licence or ""


def _time(moment: datetime) -> Text:
    return Text(f"{moment:%Y-%m-%d %H:%M} UTC")
