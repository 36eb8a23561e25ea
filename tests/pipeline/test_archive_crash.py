"""kill -9, a full disk and a read-only file while writing, upgrading, backing up and pruning: the archive
opens afterwards, is whole, and lacks nothing that was acknowledged."""

from __future__ import annotations

import os
import resource
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipeline.archive import Archive, revisions
from pipeline.archive.backup import back_up
from pipeline.archive.checking import check, stats
from pipeline.archive.pruning import Retention, prune
from pipeline.archive.schema import articles
from pipeline.model import ArchiveError, Kind
from tests.conftest import PostgreSQL
from tests.pipeline.builders import NOW, entry, poll, source, verdict
from tests.pipeline.killing import Acknowledge, run
from tests.pipeline.old_archives import engine_of, make_v1

KILLED = -9
OLD = NOW - timedelta(days=400)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/archive.db"
    server: PostgreSQL = request.getfixturevalue("postgresql")
    return server.database()


def instants(total: int, count: int) -> list[int]:
    """Instants spread over a piece of work, its last commit among them."""
    return sorted({max(1, total * n // count) for n in range(1, count + 1)})


def slugs(url: str) -> set[str]:
    with Archive.open(url) as archive:
        assert check(archive.database) == ()
        with archive.database.read() as tx:
            return {u.rsplit("/", 1)[1] for u in tx.scalars(sa.select(articles.c.url))}


def write(url: str) -> Callable[[Acknowledge], None]:
    """Polls of five entries, judged and grouped; each is acknowledged once its call has come back."""

    def work(acknowledge: Acknowledge) -> None:
        with Archive.open(url) as archive:
            archive.gathering.sync_sources([source()])
            for n in range(4):
                made = [entry(f"{n}-{i}", published=OLD) for i in range(5)]
                archive.gathering.save_polls([poll(*made)])
                for e in made:
                    acknowledge(e.url.rsplit("/", 1)[1])
                due = archive.judging.due(10)
                archive.judging.save([(a, verdict(Kind.OTHER, model="m")) for a in due], NOW)
                archive.storying.group(archive.storying.due(10), NOW)

    return work


@pytest.mark.timeout(240)
def test_killed_while_writing_it_lacks_nothing_acknowledged(empty_url: str) -> None:
    Archive.open(empty_url).close()
    acknowledged: set[str] = set()
    for instant in (30, 40, 50, 45):  # each run begins with what the one before left
        code, lines, _ = run(write(empty_url), statement=instant)
        acknowledged |= set(lines)
        assert code == KILLED
        assert acknowledged <= slugs(empty_url)
    assert acknowledged
    assert run(write(empty_url))[0] == 0
    assert len(slugs(empty_url)) == 20


def fresh(url: str, request: pytest.FixtureRequest, tmp_path: Path, name: str) -> str:
    """Another empty place on the same kind of database."""
    if url.startswith("sqlite"):
        return f"sqlite:///{tmp_path}/{name}.db"
    server: PostgreSQL = request.getfixturevalue("postgresql")
    return server.database()


@pytest.mark.timeout(240)
def test_killed_while_writing_into_a_new_archive_each_poll_is_there_whole_or_not_at_all(
    empty_url: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    Archive.open(empty_url).close()
    _, _, total = run(write(empty_url))
    for instant in instants(total, 4)[:-1]:
        url = fresh(empty_url, request, tmp_path, f"at{instant}")
        Archive.open(url).close()
        code, acknowledged, _ = run(write(url), statement=instant)
        assert code == KILLED
        found = slugs(url)
        assert set(acknowledged) <= found
        assert {len([s for s in found if s.startswith(f"{n}-")]) for n in range(4)} <= {0, 5}


@pytest.mark.timeout(240)
def test_killed_while_upgrading_it_is_as_it_was_and_the_next_opening_upgrades_it(
    empty_url: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    def upgrade(url: str) -> Callable[[Acknowledge], None]:
        return lambda _: Archive.open(url).close()

    make_v1(empty_url, many=20)
    _, _, total = run(upgrade(empty_url))
    assert total > 20
    for instant in instants(total, 4):
        url = fresh(empty_url, request, tmp_path, f"at{instant}")
        make_v1(url, many=20)
        assert run(upgrade(url), statement=instant)[0] == KILLED
        engine = engine_of(url)
        with engine.connect() as tx:
            assert revisions.revision_of(tx)[0] == "0001"
        engine.dispose()
        with Archive.open(url) as archive:
            assert archive.database.revision() == revisions.head()
            assert stats(archive.database).rows["articles"] == 22


@pytest.mark.timeout(240)
def test_killed_while_pruning_what_went_stays_away_and_the_rest_is_whole(empty_url: str) -> None:
    run(write(empty_url))
    entries = [entry(f"{n}-{i}", published=OLD) for n in range(4) for i in range(5)]

    def work(_: Acknowledge) -> None:
        from pipeline.archive import pruning

        pruning.BATCH = 4
        with Archive.open(empty_url) as archive:
            prune(archive.database, Retention(NOW), NOW)

    sizes = []
    for instant in (20, 14, 12, 25, 0):
        code, _, _ = run(work, statement=instant)
        sizes.append(len(slugs(empty_url)))
        assert code in (KILLED, 0)
        with Archive.open(empty_url) as archive:
            archive.gathering.save_polls([poll(*entries)])  # the feed lists them all again
        assert len(slugs(empty_url)) == sizes[-1]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] == 1  # the newest number waits


def stocked(path: Path) -> str:
    url = f"sqlite:///{path}"
    with Archive.open(url) as archive:
        archive.gathering.sync_sources([source()])
        archive.gathering.save_poll(poll(*(entry(f"a{i}", summary="x" * 2000) for i in range(300))))
    return url


def test_killed_while_backing_up_the_earlier_backup_is_still_there(tmp_path: Path) -> None:
    url, target = stocked(tmp_path / "a.db"), tmp_path / "copy.db"
    back_up(url, target)
    before = target.read_bytes()
    with Archive.open(url) as archive:
        archive.gathering.save_poll(poll(*(entry(f"b{i}", summary="x" * 4000) for i in range(1500))))

    def work(_: Acknowledge) -> None:
        back_up(url, target, lambda _done, _all: os.kill(os.getpid(), 9))

    assert run(work)[0] == KILLED
    assert target.read_bytes() == before
    assert len(slugs(url)) == 1800
    back_up(url, target)
    assert len(slugs(f"sqlite:///{target}")) == 1800
    assert [p for p in tmp_path.iterdir() if p.name.endswith(".part")] == []


def _no_file_larger_than(size: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def _full(work: Callable[[], None]) -> Callable[[Acknowledge], None]:
    """Acknowledges how the work failed, in words."""

    def attempt(acknowledge: Acknowledge) -> None:
        try:
            work()
        except ArchiveError as error:
            acknowledge(str(error))

    return attempt


@pytest.mark.parametrize("what", ["write", "upgrade", "backup", "prune"])
def test_on_a_full_disk_it_says_so_and_nothing_is_lost(tmp_path: Path, what: str) -> None:
    """A limit on the size of files stands for the disk: the kernel refuses the write as a full one does."""
    path = tmp_path / "a.db"
    url = f"sqlite:///{path}"
    if what == "upgrade":
        make_v1(url, many=3000)
    else:
        stocked(path)
        with Archive.open(url) as archive:
            archive.judging.save([(a, verdict(Kind.OTHER, model="m")) for a in archive.judging.due(999)], NOW)

    def more() -> None:
        with Archive.open(url) as archive:
            if what == "write":
                archive.gathering.save_poll(poll(*(entry(f"b{i}", summary="y" * 3000) for i in range(900))))
            elif what == "prune":
                prune(archive.database, Retention(NOW), NOW)
            elif what == "backup":
                back_up(url, tmp_path / "copy.db")

    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    limit = path.stat().st_size // 4 if what == "backup" else 200_000
    code, said, _ = run(_full(more), prepare=_no_file_larger_than(limit))
    assert code == 0
    assert len(said) == 1, "it did not fail"
    assert "full" in said[0] or "cannot be written" in said[0], said[0]
    assert not (tmp_path / "copy.db").exists()
    if what == "upgrade":
        with Archive.open(url) as archive:
            assert stats(archive.database).rows["articles"] == 3002
    else:
        assert len(slugs(url)) == 300


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that other users can reach; pytest's own are closed to them."""
    folder = Path(tempfile.mkdtemp(prefix="unsealed-ro-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_a_read_only_file_is_refused_in_words_and_left_as_it_is(public_folder: Path) -> None:
    url = stocked(public_folder / "a.db")
    path = public_folder / "a.db"
    path.chmod(0o444)
    before = path.read_bytes()

    def somebody() -> None:
        if os.getuid() == 0:
            os.setuid(65534)  # root may write whatever the file's bits say

    def work() -> None:
        with Archive.open(url) as archive:
            archive.gathering.save_poll(poll(entry("b")))

    _, said, _ = run(_full(work), prepare=somebody)
    assert len(said) == 1
    assert "read-only" in said[0] or "cannot be opened" in said[0], said[0]
    assert path.read_bytes() == before
    path.chmod(0o644)
    assert len(slugs(url)) == 300
