"""The caller: how results reach it, and how it stops a gathering."""

from __future__ import annotations

import asyncio
import time

import pytest

from crawler.gather import fetch_pages, poll_sources
from pipeline.model import PageRequest, Poll, PollOutcome, SourceKind

from .conftest import (
    NOW,
    XML,
    FaultyServer,
    Gatherer,
    LoopThread,
    Visit,
    answer,
    job,
    rss,
    settings,
    stall,
)

# ------------------------------------------------------------------- the caller and the brake


def test_what_the_caller_raises_stops_the_gathering_and_is_raised(
    server: FaultyServer, on_loop: LoopThread
) -> None:
    server.answers["/feed"] = answer(200, rss("One"), Content_Type=XML)
    server.answers["/stall"] = stall
    taken: list[Poll] = []

    async def full(poll: Poll) -> None:
        taken.append(poll)
        raise OSError("disk full")

    jobs = [job("stall", server.url("/stall")), *(job(f"j{n}", server.url("/feed")) for n in range(50))]
    began = time.monotonic()
    with pytest.raises(OSError, match="disk full"):
        on_loop(poll_sources(jobs, settings(timeout=30.0), full, now=lambda: NOW))
    assert time.monotonic() - began < 5
    assert len(taken) == 1


def test_results_are_handed_over_one_at_a_time(server: FaultyServer, on_loop: LoopThread) -> None:
    server.answers["/feed"] = answer(200, rss("One"), Content_Type=XML)
    inside, most = 0, 0

    async def slow(poll: Poll) -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0.005)
        inside -= 1

    jobs = [job(f"j{n}", server.url("/feed"), SourceKind.FEED) for n in range(20)]
    on_loop(poll_sources(jobs, settings(), slow, now=lambda: NOW))
    assert most == 1


@pytest.mark.parametrize("where", ["downloading", "handing over", "before anything"])
def test_cancelling_stops_the_crawls_soon(server: FaultyServer, on_loop: LoopThread, where: str) -> None:
    server.answers["/feed"] = answer(200, rss("One"), Content_Type=XML)
    server.answers["/stall"] = stall

    async def scenario() -> tuple[float, set[str]]:
        reached = asyncio.Event()

        async def on_poll(poll: Poll) -> None:
            if where == "handing over":
                reached.set()
                await asyncio.sleep(60)

        async def noted(visit: Visit) -> None:
            reached.set()
            await stall(visit)

        if where == "downloading":
            server.answers["/feed"] = noted
        jobs = [job(f"j{n}", server.url("/feed")) for n in range(20)]
        before = asyncio.all_tasks()
        task = asyncio.create_task(poll_sources(jobs, settings(timeout=30.0), on_poll, now=lambda: NOW))
        if where == "before anything":
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        else:
            await reached.wait()
        began = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        left = asyncio.all_tasks() - before - server._tasks
        return time.monotonic() - began, {str(task) for task in left}

    took, left = on_loop(scenario())
    assert took < 3
    assert not left


def test_one_host_is_asked_politely_whatever_the_kind(server: FaultyServer, on_loop: LoopThread) -> None:
    times: list[float] = []
    at_once = 0
    most = 0

    async def note(visit: Visit) -> None:
        nonlocal at_once, most
        times.append(time.monotonic())
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.25)
        at_once -= 1
        await visit.send(answer(500))

    server.answers["/x"] = note
    kinds = [SourceKind.FEED, SourceKind.LISTING, SourceKind.SITEMAP, SourceKind.FEED]
    jobs = [job(f"j{n}", server.url("/x"), kind) for n, kind in enumerate(kinds)]

    async def on_poll(poll: Poll) -> None:
        pass

    on_loop(poll_sources(jobs, settings(delay=0.1, per_host=2), on_poll, now=lambda: NOW))
    assert most <= 2
    assert times[-1] - times[0] > 0.25


def test_waiting_for_a_turn_is_not_time_spent(server: FaultyServer, gather: Gatherer) -> None:
    server.answers["/feed"] = answer(200, rss("One"), Content_Type=XML)
    jobs = [job(f"j{n}", server.url("/feed")) for n in range(8)]
    polls = gather.polls(*jobs, delay=0.2, timeout=1.0)
    assert all(poll.outcome is PollOutcome.OK and poll.seconds < 1.0 for poll in polls.values())


def test_pages_stop_too_when_the_caller_fails(server: FaultyServer, on_loop: LoopThread) -> None:
    async def full(fetch: object) -> None:
        raise OSError("disk full")

    requests = [PageRequest(n, server.url("/none"), "s") for n in range(10)]
    with pytest.raises(OSError, match="disk full"):
        on_loop(fetch_pages(requests, settings(), full, now=lambda: NOW))
