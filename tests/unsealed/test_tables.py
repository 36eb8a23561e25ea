from __future__ import annotations

import io

from rich.console import Console

from unsealed.report import RunReport, StoryLine, Trouble
from unsealed.tables import report_table


def shown(report: RunReport, width: int = 100) -> str:
    out = io.StringIO()
    report_table(report, Console(file=out, width=width))
    return out.getvalue()


def line(id: int, openness: str, stage: str = "released", **changes: object) -> StoryLine:
    values = {
        "who": "Acme",
        "title": f"Story {id}",
        "licence": "",
        "outlets": 1,
        "languages": ("en",),
    } | changes
    return StoryLine(id=id, openness=openness, stage=stage, **values)  # type: ignore[arg-type]


def test_stories_are_counted_by_grade_freest_first_and_promises_apart() -> None:
    stories = [
        line(1, "restricted"),
        line(2, "open-source"),
        line(3, "open-source", "planned"),
        line(4, "open-source"),
    ]
    report = RunReport(stories=stories)
    assert list(report.openness().items()) == [("open-source", 2), ("restricted", 1), ("planned", 1)]
    assert "stories   4  (● 2 open-source  ▲ 1 restricted  ◇ 1 planned)" in shown(report)


def test_what_fails_for_one_reason_is_told_once() -> None:
    failed = [
        Trouble(f"Source {n}", "dns", "The name of its server is not known.", "Check it.") for n in range(30)
    ]
    text = " ".join(
        shown(RunReport(sources_failed=[*failed, Trouble("Odd", "http-500", "It answered 500.")])).split()
    )
    assert text.count("The name of its server is not known. Check it.") == 1
    assert "Source 7 and 22 more" in text
    assert "Odd: It answered 500." in text


def test_brackets_in_names_and_titles_are_not_markup() -> None:
    report = RunReport(
        stories=[line(1, "open-source", title="[bold]A[/bold] [link=x]b")],
        sources_failed=[Trouble("[red]Out", "x", "no [/] answer.")],
        editions=["[daily]"],
    )
    text = shown(report)
    for raw in ("[bold]A[/bold] [link=x]b", "[red]Out", "no [/] answer.", "[daily]"):
        assert raw in text


def test_a_title_keeps_its_room_on_a_narrow_terminal() -> None:
    report = RunReport(
        stories=[line(1, "open-source", title="A model for everyone", licence="Apache-2.0", outlets=11)]
    )
    assert "everyone" in shown(report, width=70)
