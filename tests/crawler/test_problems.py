"""Every failure has a stable code and a sentence that a reader understands."""

from __future__ import annotations

import pytest
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    NotSupported,
    ResponseDataLossError,
)
from scrapy.http import Response
from twisted.internet.error import ConnectBindError, ConnectionLost, NoRouteError
from twisted.python.failure import Failure
from twisted.web._newclient import ParseError, ResponseNeverReceived

from crawler import problems
from crawler.gate import GateError
from crawler.middlewares import RedirectLoop, RobotsForbid, TooManyRedirects
from pipeline.model import ConfigError, FeedError, PageError, Problem

from .conftest import settings


def _with_cause(error: BaseException, cause: BaseException) -> BaseException:
    error.__cause__ = cause
    return error


def _failed(cause: BaseException) -> BaseException:
    return _with_cause(DownloadFailedError(), ResponseNeverReceived([Failure(cause)]))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (GateError("is private.", about="a.example"), "address-refused"),
        (FeedError("The answer is a web page, not a feed."), "not-a-feed"),
        (PageError("No text."), "unreadable-page"),
        (RobotsForbid(), "robots"),
        (RedirectLoop(), "redirect-loop"),
        (TooManyRedirects(), "too-many-redirects"),
        (_with_cause(IgnoreRequest(), ValueError()), "too-large"),
        (DownloadCancelledError(), "too-large"),
        (DownloadTimeoutError(), "timeout"),
        (ResponseDataLossError(), "cut-short"),
        (CannotResolveHostError(), "dns"),
        (DownloadConnectionRefusedError(), "refused"),
        (NotSupported(), "bad-address"),
        (ValueError("Missing scheme"), "bad-address"),
        (NoRouteError(), "unreachable"),
        (ConnectBindError(), "unreachable"),
        (ConnectionLost(), "connection-lost"),
        (_failed(ConnectionLost()), "connection-lost"),
        (_failed(ParseError("no", b"")), "bad-http"),
        (EOFError(), "cut-short"),
    ],
)
def test_each_exception_has_its_code_one_sentence_and_no_technical_words(
    error: BaseException, code: str
) -> None:
    problem = problems.of_exception(error, settings(), 15 * 2**20)
    assert problem is not None
    assert problem.code == code
    assert problem.message.endswith(".")
    for word in ("Error", "Exception", "Deferred", "None", "object at"):
        assert word not in problem.message + problem.cure


@pytest.mark.parametrize(
    "error", [RuntimeError("bug"), KeyError("bug"), TypeError("bug"), IgnoreRequest("other")]
)
def test_an_exception_nobody_foresaw_is_not_explained_away(error: BaseException) -> None:
    assert problems.of_exception(error, settings(), 1) is None


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (500, "The server answered 500 (server error); it will be tried again at the next run."),
        (503, "The server answered 503 (service unavailable); it will be tried again at the next run."),
        (404, "The server answered 404 (not found)."),
        (403, "The server answered 403 (access denied); it will be tried again at the next run."),
        (520, "The server answered 520 (server error); it will be tried again at the next run."),
        (499, "The server answered 499 (no page)."),
    ],
)
def test_a_status_is_told_in_words(status: int, message: str) -> None:
    problem = problems.of_status(Response("http://a.example/", status=status))
    assert problem is not None
    assert (problem.code, problem.message) == (f"http-{status}", message)


@pytest.mark.parametrize("status", [200, 203, 206])
def test_a_good_status_is_no_problem_whatever_guards_the_site(status: int) -> None:
    assert (
        problems.of_status(Response("http://a.example/", status=status, headers={"X-DataDome": "protected"}))
        is None
    )


@pytest.mark.parametrize(
    ("status", "headers", "code"),
    [
        (403, {"cf-mitigated": "challenge"}, "bot-wall"),
        (503, {"CF-Mitigated": "challenge"}, "bot-wall"),
        (403, {"x-datadome": "protected"}, "bot-wall"),
        (405, {"x-amzn-waf-action": "captcha"}, "bot-wall"),
        (403, {"x-ratelimit-remaining": "0"}, "rate-limit"),
        (403, {"x-ratelimit-remaining": "10"}, "http-403"),
        (429, {"retry-after": "30"}, "http-429"),
    ],
)
def test_who_refuses_us_is_told_from_the_headers(status: int, headers: dict[str, str], code: str) -> None:
    problem = problems.of_status(Response("http://a.example/", status=status, headers=headers))
    assert problem is not None
    assert problem.code == code


@pytest.mark.parametrize("after", ["soon", "Wed, 21 Oct 2026 07:28:00 GMT", "-1", "9" * 50, ""])
def test_a_retry_after_that_is_no_number_of_seconds_is_left_out(after: str) -> None:
    response = Response("http://a.example/", status=429, headers={"retry-after": after})
    problem = problems.of_status(response)
    assert isinstance(problem, Problem)
    assert "asks to wait" not in problem.message


def test_a_size_is_told_in_the_unit_that_fits() -> None:
    for limit, words in ((15 * 2**20, "15 MiB"), (2**20 * 3 // 2, "1.5 MiB"), (1000, "1,000 bytes")):
        problem = problems.of_exception(DownloadCancelledError(), settings(), limit)
        assert problem is not None
        assert words in problem.message


def test_a_content_type_from_outside_is_bounded_and_printable() -> None:
    response = Response("http://a.example/", headers={"content-type": b"text/html\x1b[31m" + b"x" * 1000})
    assert problems.content_type(response).startswith("text/html[31m")
    assert len(problems.content_type(response)) == 200
    assert problems.content_type(Response("http://a.example/")) == ""


@pytest.mark.parametrize(
    "wrong", [{"user_agent": " "}, {"concurrency": 0}, {"per_host": 0}, {"timeout": 0.0}]
)
def test_settings_that_would_gather_nothing_are_refused_by_name(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError) as error:
        settings(**wrong)
    assert error.value.about == next(iter(wrong))
