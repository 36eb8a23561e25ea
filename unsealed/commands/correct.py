"""``unsealed correct``: a person's verdict over the model's."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from pipeline.archive import Archive
from pipeline.corrections import Correction
from pipeline.knowledge import Knowledge, load_knowledge
from pipeline.model import ConfigError, Kind, Openness, Verdict
from unsealed.cli import config_of
from unsealed.regrouping import regroup
from unsealed.settings import find_config, load_settings

_OPENNESS = [o.value for o in Openness if o is not Openness.FREE_ACCESS]


@click.command("correct")
@click.argument("reference", metavar="ID|URL")
@click.option("--kind", type=click.Choice([kind.value for kind in Kind]))
@click.option("--openness", type=click.Choice(_OPENNESS))
@click.option("--licence", metavar="ID", help='SPDX id, a name such as Gemma, or "-" for none named.')
@click.option("--who", metavar="NAMES", help='Makers, most prominent first, joined by ";"; "-" for nobody.')
@click.option("--what", metavar="NAMES", help='Artifacts, joined by ";"; "-" for none named.')
@click.option("--note", default="", help="Why, for whoever reads it later.")
@click.option("--withdraw", is_flag=True, help="Take the correction back; the model's verdict counts again.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    reference: str,
    kind: str | None,
    openness: str | None,
    licence: str | None,
    who: str | None,
    what: str | None,
    note: str,
    withdraw: bool,
) -> None:
    """Say what the model got wrong of an article. Your word outranks it, now and after every later judgement.

    Only what you give is changed; a second correction is laid over the first. The article's story
    follows at once. `unsealed corrections` lists all, as labelled rows for `unsealed train` too.

    \b
    Example:
      unsealed correct 1234 --kind other --note "an API, no weights"
      unsealed correct https://example.org/news/1 --licence MIT --who "DeepSeek"
      unsealed correct 1234 --withdraw
    """
    settings = load_settings(find_config(config_of(ctx)))
    given = (kind, openness, licence, who, what)
    if withdraw and any(value is not None for value in given):
        raise click.UsageError("--withdraw takes back what was said; give nothing else with it.")
    if not withdraw and all(value is None for value in given):
        raise click.UsageError("say what is wrong: --kind, --openness, --licence, --who or --what.")
    now = datetime.now(UTC)
    correction = Correction(
        kind=Kind(kind) if kind else None,
        openness=Openness(openness) if openness else None,
        licence=_licence(licence, load_knowledge(settings.knowledge.file)) if licence is not None else None,
        who=_names(who),
        what=_names(what),
        note=note.strip(),
    )
    with Archive.open(settings.archive.url, create=False) as archive:
        article_id = archive.correcting.find(reference)
        if withdraw:
            changed = archive.correcting.withdraw(article_id)
            if changed is None:
                click.echo(f"unsealed: article {article_id} was not corrected; nothing changed.", err=True)
                return
        else:
            changed = archive.correcting.correct(article_id, correction, now)
        regroup(archive, now)
    click.echo(f"article {article_id}")
    click.echo(f"  before  {_said(changed[0])}")
    click.echo(f"  now     {_said(changed[1])}")


def _licence(given: str, knowledge: Knowledge) -> str:
    """The licence under its known id; "" for none. ConfigError with a did-you-mean for an unknown one."""
    from difflib import get_close_matches

    if given.strip() in ("", "-"):
        return ""
    known = {name.lower(): name for name in knowledge.licences}
    wanted = given.strip().lower()
    if wanted not in known:
        near = get_close_matches(wanted, known, n=1)
        raise ConfigError(
            f"there is no licence {given!r}.",
            about="--licence",
            cure=f"Did you mean {known[near[0]]}?" if near else "Use its SPDX id, or Custom.",
        )
    return known[wanted]


def _names(given: str | None) -> tuple[str, ...] | None:
    if given is None:
        return None
    return tuple(name.strip() for name in given.split(";") if name.strip() not in ("", "-"))


def _said(verdict: Verdict) -> str:
    """A verdict on one line: "released, open-source, MIT, by DeepSeek: R1 (human)"."""
    parts = [verdict.kind.value]
    if verdict.announcements:
        lead = verdict.announcements[0]
        parts += [lead.openness.value, lead.licence or "no licence named"]
        parts.append(f"by {', '.join(lead.who) or 'nobody named'}")
        parts.append(", ".join(lead.what) or "unnamed")
    source = "corrected by hand" if verdict.model == "human" else verdict.model
    return f"{', '.join(parts)} ({source})"
