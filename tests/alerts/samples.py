"""Sample digests: a rich day, a quiet one, a hostile one, one of any size. Fictional throughout."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from pipeline.model import (
    Announcement,
    ArtifactType,
    Brief,
    Coverage,
    Digest,
    Evidence,
    Kind,
    Openness,
    Promise,
    PromiseState,
    SourceNote,
    Story,
    StoryRole,
    TrendWeek,
    Verification,
)

DAY = date(2026, 11, 23)
UNTIL = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
SINCE = UNTIL - timedelta(days=1)

OUTLETS = (
    ("The Model Post", "en", "model-post.example"),
    ("智源观察", "zh", "zhiyuan-guancha.example"),
    ("オープンAI通信", "ja", "open-tsushin.example"),
    ("KI-Rundschau", "de", "ki-rundschau.example"),
    ("Le Fil Neuronal", "fr", "fil-neuronal.example"),
    ("Red Abierta", "es", "red-abierta.example"),
    ("열린지능신문", "ko", "yeollin.example"),
    ("Weights & Measures", "en", "weights-measures.example"),
    ("Gradient Daily", "en", "gradient-daily.example"),
    ("Open Stack Weekly", "en", "open-stack.example"),
    ("芯潮", "zh", "xinchao.example"),
    ("Datenblatt", "de", "datenblatt.example"),
)


def cover(
    n: int, outlet: int = 0, *, title: str = "", minutes: int = 60, role: StoryRole = StoryRole.COVER
) -> Coverage:
    """Coverage number ``n``, published ``minutes`` after the period's beginning."""
    name, language, host = OUTLETS[outlet % len(OUTLETS)]
    return Coverage(
        article_id=n * 100 + outlet,
        outlet=name,
        title=title or f"Story {n} as told by {name}",
        url=f"https://{host}/2026/11/22/story-{n}?from=feed&part={outlet}",
        language=language,
        published=SINCE + timedelta(minutes=minutes),
        role=role,
    )


def announcement(
    what: str = "Lumen-3",
    who: str = "Northlight",
    openness: Openness = Openness.OPEN_SOURCE,
    licence: str | None = "Apache-2.0",
    type: ArtifactType = ArtifactType.MODEL,
    stage: Kind = Kind.RELEASED,
    quote: str = "",
    due: date | None = None,
) -> Announcement:
    """One announcement with its proof."""
    quote = quote or f"{who} has released {what}."
    return Announcement(
        (who,) if who else (), (what,) if what else (), type, stage, openness, licence,
        Evidence("text", 0, len(quote), quote), due=due,
    )  # fmt: skip


def story(
    id: int = 1,
    *,
    title: str = "Northlight opens Lumen-3 under Apache 2.0",
    openness: Openness = Openness.OPEN_SOURCE,
    licence: str | None = "Apache-2.0",
    who: str = "Northlight",
    what: str = "Lumen-3",
    type: ArtifactType = ArtifactType.MODEL,
    stage: Kind = Kind.RELEASED,
    outlets: tuple[int, ...] = (0,),
    evidence: str = "",
    rows: tuple[Announcement, ...] = (),
    claimed: Openness | None = None,
    licences: tuple[tuple[str, int], ...] = (),
    verification: Verification | None = None,
    minutes: int = 60,
    first_seen: datetime | None = None,
    due: date | None = None,
) -> Story:
    """A story covered by ``outlets``; the first of them is the best, the last one told it first."""
    covers = tuple(
        cover(id, outlet, title=title if place == 0 else "", minutes=minutes + 25 * (len(outlets) - place))
        for place, outlet in enumerate(outlets)
    )
    own = announcement(what, who, openness, licence, type, stage, evidence, due)
    by_time = tuple(sorted(covers, key=lambda c: c.published))
    return Story(
        id=id,
        title=title,
        stage=stage,
        openness=openness,
        claimed=claimed,
        licence=licence,
        licences=licences or (((licence, len(outlets)),) if licence else ()),
        who=own.who,
        what=own.what,
        type=type,
        evidence=evidence or own.evidence.quote,
        evidence_from=covers[0],
        first=by_time[0],
        best=covers[0],
        coverage=by_time,
        announcements=rows or (own,),
        first_seen=first_seen or by_time[0].published + timedelta(minutes=5),
        verification=verification,
    )


def verified(
    what: str, licence: str | None, *, files: bool | None = True, gated: bool = False
) -> Verification:
    """What the fictional model hub shows."""
    return Verification(f"https://hub.example/{what.lower()}", "Model Hub", licence, gated, files, UNTIL)


def stories() -> tuple[Story, ...]:
    """Twelve stories in seven languages, every grade and every notice among them, in the order of a digest."""
    return (
        story(
            1, title="Northlight opens Lumen-3, a 120-billion-parameter reasoning model, under Apache 2.0",
            what="Lumen-3", outlets=(0, 1, 2, 3, 4, 5, 6, 7, 8),
            evidence="The weights, the training code and the evaluation suite are available today under the Apache 2.0 licence, the company said.",
            verification=verified("Lumen-3", "apache-2.0"),
        ),
        story(
            2, title="青禾智能开源语音大模型 Qinghe-Voice 2，支持二十种方言，权重与训练代码一并发布",
            who="Qinghe", what="Qinghe-Voice 2", licence="MIT", outlets=(1, 10, 2),
            evidence="公司表示，模型权重、推理代码和训练脚本即日起以 MIT 许可证全部开放下载。",
            verification=verified("Qinghe-Voice-2", "mit"), minutes=300,
        ),
        story(
            3, title="東雲研究所、日本語特化の埋め込みモデル「Shinonome Embed」をオープンソースで公開",
            who="Shinonome Lab", what="Shinonome Embed", licence="Apache-2.0", outlets=(2, 6),
            evidence="同研究所は、商用利用が可能なApache 2.0ライセンスでモデルと学習データの作成手順を公開した。", minutes=420,
        ),
        story(
            4, title="Stratos-70B: open weights, but read the licence before you ship",
            who="Stratos AI", what="Stratos-70B", licence="Stratos-Community", openness=Openness.OPEN_WEIGHTS,
            claimed=Openness.OPEN_SOURCE, outlets=(7, 0, 3, 8, 9),
            evidence="Anyone may download the weights, though companies with more than 100 million users must ask for permission first.",
            verification=verified("Stratos-70B", "stratos-community", gated=True), minutes=200,
        ),
        story(
            5, title="Donaudampfschifffahrtsgesellschaft veröffentlicht Sprachverarbeitungsgrundlagenmodell »Fährmann« mit offenen Gewichten",
            who="DDSG Digital", what="Fährmann-8B", licence="OpenRAIL-M", openness=Openness.OPEN_WEIGHTS, outlets=(3, 11),
            evidence="Die Gewichte des Rechtsschutzversicherungsgesellschaftsdokumentenklassifikators stehen ab sofort zum Herunterladen bereit.",
            licences=(("OpenRAIL-M", 2), ("Apache-2.0", 1)), minutes=610,
        ),
        story(
            6, title="한빛연구소, 한국어 음성 데이터 8천 시간 공개", who="Hanbit Institute", what="Hanbit Speech 8K",
            type=ArtifactType.DATASET, openness=Openness.OPEN_DATA, licence="CC-BY-4.0", outlets=(6,),
            evidence="연구소는 8천 시간 분량의 음성 데이터를 CC BY 4.0 조건으로 누구나 쓸 수 있게 공개했다고 밝혔다.", minutes=700,
        ),
        story(
            7, title="Atelier Sigma publie son moteur d’inférence Braise, entièrement libre", who="Atelier Sigma", what="Braise",
            type=ArtifactType.CODE, licence="GPL-3.0", outlets=(4,),
            evidence="Le code source complet est disponible depuis ce matin sous licence GPL 3.", minutes=80,
        ),
        story(
            8, title="Mirador libera un banco de pruebas para agentes en español", who="Mirador", what="Mirador Bench",
            type=ArtifactType.BENCHMARK, openness=Openness.OPEN_DATA, licence="CC-BY-SA-4.0", outlets=(5, 9),
            evidence="El conjunto de pruebas y el código de evaluación ya se pueden descargar.",
            verification=verified("Mirador-Bench", "cc-by-sa-4.0", files=False), minutes=900,
        ),
        story(
            9, title="Pelago-Vision arrives for researchers only", who="Pelago", what="Pelago-Vision",
            openness=Openness.RESTRICTED, licence="CC-BY-NC-4.0", outlets=(8, 0),
            evidence="Commercial use is excluded and access is granted on request.", claimed=Openness.OPEN_WEIGHTS, minutes=500,
        ),
        story(
            10, title="Kestrel says it will open its coding model before the end of the year", who="Kestrel", what="Kestrel Coder",
            stage=Kind.PLANNED, openness=Openness.OPEN_WEIGHTS, licence=None, outlets=(0, 9), due=date(2026, 12, 31),
            evidence="“We intend to put the weights of Kestrel Coder out by the end of December,” the chief scientist said on stage.", minutes=1000,
        ),
        story(
            11, title="Show: Pebble, a tiny agent runtime on a public repository", who="", what="Pebble", type=ArtifactType.CODE,
            openness=Openness.UNCLEAR, licence=None, outlets=(9,),
            evidence="The repository went public last night.", minutes=1100,
        ),
        story(
            12, title="Five openings that changed the week in Asia’s AI labs", openness=Openness.OPEN_SOURCE, outlets=(9, 10),
            who="Qinghe", what="Qinghe-Voice 2", licence="MIT", minutes=1200,
            rows=(
                announcement("Qinghe-Voice 2", "Qinghe", Openness.OPEN_SOURCE, "MIT"),
                announcement("Xinchao Edge 4B", "Xinchao", Openness.OPEN_WEIGHTS, "Custom"),
                announcement("Hanbit Speech 8K", "Hanbit Institute", Openness.OPEN_DATA, "CC-BY-4.0", ArtifactType.DATASET),
                announcement("Shinonome Embed", "Shinonome Lab", Openness.OPEN_SOURCE, "Apache-2.0"),
                announcement("Tanuki Chat", "Tanuki", Openness.FREE_ACCESS, None),
            ),
        ),
    )  # fmt: skip


def reversal() -> Story:
    """An opening taken back."""
    return story(
        30, title="Halden pulls the weights of Fjord-2 and moves it behind its API", who="Halden", what="Fjord-2",
        stage=Kind.REVERSED, openness=Openness.RESTRICTED, licence=None, outlets=(7, 3),
        evidence="The repository was emptied on Sunday; a note says that Fjord-2 is from now on offered through the API alone.",
    )  # fmt: skip


def promises() -> tuple[Promise, ...]:
    """One promise of each state."""

    def make(n: int, who: str, what: str, state: PromiseState, due: date | None, said: int) -> Promise:
        return Promise(
            id=n, story_id=900 + n, who=(who,), what=(what,), said_at=UNTIL - timedelta(days=said), due=due, state=state,
            quote=f"We will open {what} to everybody.", url=f"https://model-post.example/promise/{n}", outlet="The Model Post",
            changed_at=UNTIL - timedelta(hours=3 + n), kept_by=1 if state is PromiseState.KEPT else None,
        )  # fmt: skip

    return (
        make(1, "Northlight", "Lumen-3", PromiseState.KEPT, date(2026, 11, 19), 47),
        make(2, "Cobalt", "Cobalt Video", PromiseState.OVERDUE, date(2026, 10, 31), 120),
        make(3, "Halden", "Fjord-3", PromiseState.WITHDRAWN, None, 200),
        make(4, "Marlin", "Marlin Agents", PromiseState.OPEN, date(2027, 1, 15), 1),
    )


def briefs() -> tuple[Brief, ...]:
    """Lines in several languages."""
    titles = (
        ("Inference server Quickwell 2.4 halves memory for long contexts", 9, Kind.UPDATE),
        ("What “open” costs: the bill for training in public", 0, Kind.DISCUSSION),
        ("专访：开源模型的许可证之争才刚刚开始", 1, Kind.DISCUSSION),
        ("Bundesamt fragt, wann ein Modell als quelloffen gilt", 3, Kind.DISCUSSION),
        ("自治体が公開モデルの利用指針をまとめる", 2, Kind.DISCUSSION),
        ("Lumen-3 lands on three clouds within a day", 8, Kind.OTHER),
    )
    return tuple(
        Brief(title, f"https://{OUTLETS[o][2]}/brief/{n}", OUTLETS[o][0], OUTLETS[o][1], kind, UNTIL - timedelta(hours=n + 1))
        for n, (title, o, kind) in enumerate(titles)
    )  # fmt: skip


def trend() -> tuple[TrendWeek, ...]:
    """Twelve weeks that look like real ones."""
    counts = ((3, 4, 1, 1, 1), (2, 6, 0, 1, 0), (5, 3, 2, 0, 1), (4, 4, 1, 2, 0), (1, 2, 0, 1, 1), (6, 7, 1, 1, 2),
              (3, 5, 2, 0, 0), (7, 9, 2, 2, 1), (4, 6, 1, 1, 0), (5, 5, 3, 1, 1), (6, 8, 1, 2, 1), (3, 2, 2, 1, 1))  # fmt: skip
    monday = date(2026, 9, 7)
    return tuple(
        TrendWeek(monday + timedelta(weeks=n), dict(zip(tuple(Openness)[:5], row, strict=True)))
        for n, row in enumerate(counts)
    )


def rich() -> Digest:
    """A day with everything on it."""
    return Digest(
        subscription="main", edition="daily", day=DAY, timezone="Europe/Berlin", since=SINCE, until=UNTIL,
        stories=stories(), reversals=(reversal(),), promises=promises(), briefs=briefs(), trend=trend(), sources_ok=31,
        sources_failed=(
            SourceNote("fil", "Le Fil Neuronal", "answered 503 three times in a row; the next attempt is at 09:40.", SINCE),
            SourceNote("daten", "Datenblatt", "the feed is not well-formed XML and held no entries.", SINCE - timedelta(days=4)),
        ),
        left_out={"only free to use, nothing opened": 3, "further brief items of an outlet already quoted": 5},
        articles_read=412,
    )  # fmt: skip


def quiet() -> Digest:
    """A day without anything."""
    return Digest(
        subscription="main", edition="daily", day=DAY, timezone="Europe/Berlin", since=SINCE, until=UNTIL, stories=(),
        reversals=(), promises=(), briefs=(), trend=(), sources_ok=31, sources_failed=(), left_out={}, articles_read=88,
    )  # fmt: skip


def sized(number: int) -> Digest:
    """A day of ``number`` stories, for measuring."""
    base = stories()[:11]
    many = tuple(replace(base[n % len(base)], id=n + 1) for n in range(number))
    return replace(rich(), stories=many)


HOSTILE = (
    '<script>alert("x")</script><b>bold</b>',
    "[click](javascript:alert(1)) ![img](http://evil.example/p.png) <https://evil.example>",
    "a\nb\r\nSubject: injected\x00\x07\u2028c",
    "# Heading\n- item\n1. one\n> quote\n```\ncode",
    "\u202egnp.exe\u2066 \u200fmarks\u200b",
    "A" * 10_000,
    "超长标题" * 2_500,
    "www.evil.example https://evil.example/a user@evil.example <!channel> @everyone",
    "{{ 7 * 7 }} {% include 'x' %} &lt;i&gt; &amp;",
    "\ud800 lone \udfff surrogates \ufffe",
    "z" + "\u0301" * 500,
    "",
    "| table | cell |\n|---|---|",
    "' onmouseover='x' \" onclick=\"y\" `z`",
    "*bold* _it_ ~no~ $math$ ~~~",
)
BAD_LINKS = (
    "javascript:alert(1)",
    "data:text/html,<script>x</script>",
    'https://a.example/"><script>x</script>',
    "https://a.example/)[x](javascript:y)",
    "https://user:pass@evil.example/",
    "https://evil.example\\@good.example/",
    "http://[::1",
    "ftp://a.example/",
    "https://a.example/" + "x" * 10_000,
    "https://a.example/|pipe|<b>\n",
    " \x00javascript:alert(1)",
    "",
)


def hostile(text: str, url: str) -> Digest:
    """A day on which every text and every address from outside is ``text`` and ``url``."""

    def spoil(told: Story) -> Story:
        covers = tuple(replace(c, outlet=text, title=text, url=url, language=text) for c in told.coverage)
        found = tuple(
            replace(a, who=(text,), what=(text,), licence=text, evidence=Evidence("text", 0, len(text), text))
            for a in told.announcements
        )
        shown = told.verification and replace(told.verification, url=url, outlet=text, licence=text)
        return replace(
            told, title=text, licence=text, licences=((text, 2), ("MIT", 1)), who=(text,) * 6, what=(text,) * 6, evidence=text,
            evidence_from=covers[0], first=covers[0], best=covers[-1], coverage=covers, announcements=found, verification=shown,
        )  # fmt: skip

    day = rich()
    return replace(
        day,
        stories=tuple(spoil(s) for s in day.stories),
        reversals=tuple(spoil(s) for s in day.reversals),
        promises=tuple(
            replace(p, who=(text,), what=(text,), quote=text, outlet=text, url=url) for p in day.promises
        ),
        briefs=tuple(replace(b, title=text, outlet=text, url=url, language=text) for b in day.briefs),
        sources_failed=tuple(replace(n, name=text, message=text) for n in day.sources_failed),
        left_out={text: 3},
    )
