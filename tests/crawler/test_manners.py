"""What servers tell us is kept to: waits for the whole host, robots.txt, private headers, proxies."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from crawler.gather import CrawlSettings, Manners, PollJob, poll_sources
from crawler.manners import UNTOLD_WAIT, wait_asked
from crawler.walls import wall_of
from pipeline.model import Poll, PollOutcome, Source, SourceKind, SourceState

from .conftest import NOW, XML, FaultyServer, Gatherer, LoopThread, Visit, answer, job, rss, settings

MINUTE = timedelta(minutes=1)


def polled(on_loop: LoopThread, manners: Manners, *jobs: PollJob, **changes: object) -> dict[str, Poll]:
    taken: dict[str, Poll] = {}

    async def on_poll(poll: Poll) -> None:
        taken[poll.source_id] = poll

    crawl: CrawlSettings = settings(**changes)
    on_loop(poll_sources(jobs, crawl, on_poll, now=lambda: NOW, manners=manners))
    return taken


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [
        (429, {"retry-after": "120"}, 2 * MINUTE),
        (503, {"retry-after": "120"}, 2 * MINUTE),
        (429, {}, UNTOLD_WAIT),
        (429, {"retry-after": "soon"}, UNTOLD_WAIT),
        (503, {}, None),
        (500, {"retry-after": "120"}, None),
        (200, {"retry-after": "120"}, None),
        (301, {"retry-after": "120"}, None),
        (429, {"retry-after": "99999999"}, timedelta(days=1)),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "60"}, MINUTE),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW.timestamp()) + 60)}, MINUTE),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9" * 4000}, None),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1000000001"}, None),
        (403, {"x-ratelimit-remaining": "5", "x-ratelimit-reset": "60"}, None),
        (403, {"retry-after": "60"}, None),
    ],
)
def test_what_an_answer_asks_of_its_whole_host(
    status: int, headers: dict[str, str], wait: timedelta | None
) -> None:
    assert wait_asked(status, headers, NOW) == (None if wait is None else NOW + wait)


def test_after_a_429_no_source_of_the_host_is_asked_and_others_are(
    server: FaultyServer, on_loop: LoopThread
) -> None:
    server.answers["/busy"] = answer(429, b"", Retry_After="600")
    server.answers["/feed"] = answer(200, rss("One"), Content_Type=XML)
    jobs = [job("busy", server.url("/busy"))]
    jobs += [job(f"same-{n}", server.url("/feed"), etag="e", failures=n) for n in range(3)]
    jobs += [job("other", server.url("/feed", "localhost"))]
    manners = Manners()
    polls = polled(on_loop, manners, *jobs, per_host=1, allow=("127.0.0.0/8", "localhost"))
    assert polls["other"].outcome is PollOutcome.OK
    assert polls["busy"].outcome is PollOutcome.FAILED
    assert polls["busy"].problem is not None
    assert "asks to wait 10 minutes" in polls["busy"].problem.message
    for n in range(3):
        poll = polls[f"same-{n}"]
        assert poll.outcome is PollOutcome.DEFERRED
        assert poll.problem is not None
        assert "has asked us to wait" in poll.problem.message
        assert (poll.state.etag, poll.state.failures) == ("e", n)
        assert poll.state.next_at == NOW + 10 * MINUTE
    assert server.paths().count("/feed") == 1
    assert manners.waits(NOW) == {"127.0.0.1": NOW + 10 * MINUTE}
    assert manners.waits(NOW + 11 * MINUTE) == {}
    # and the next gathering of the same process keeps to it
    again = polled(on_loop, manners, job("same-0", server.url("/feed")))
    assert again["same-0"].outcome is PollOutcome.DEFERRED


def test_robots_txt_is_asked_for_once_a_day_and_the_last_rules_outlive_a_failure() -> None:
    manners = Manners()
    assert manners.robots("https://a.example", NOW) is None
    manners.keep_robots("https://a.example", b"Disallow: /x", NOW)
    assert manners.robots("https://a.example", NOW + timedelta(hours=23)) == b"Disallow: /x"
    assert manners.robots("https://b.example", NOW) is None
    tomorrow = NOW + timedelta(hours=25)
    assert manners.robots("https://a.example", tomorrow) is None
    manners.keep_robots("https://a.example", None, tomorrow)
    assert manners.robots("https://a.example", tomorrow) == b"Disallow: /x"
    assert manners.robots("https://a.example", tomorrow + timedelta(hours=1)) is None


def test_one_robots_txt_serves_all_kinds_and_the_next_gathering(
    server: FaultyServer, on_loop: LoopThread
) -> None:
    server.answers["/robots.txt"] = answer(200, b"User-agent: *\nDisallow: /private")
    server.answers["/feed"] = answer(200, rss("One"), Content_Type=XML)
    manners = Manners()
    for _ in range(2):
        polls = polled(
            on_loop,
            manners,
            job("feed", server.url("/feed")),
            job("map", server.url("/private"), SourceKind.SITEMAP),
            obey_robots=True,
        )
        assert polls["feed"].outcome is PollOutcome.OK
        assert polls["map"].problem is not None
        assert polls["map"].problem.code == "robots"
    # the two kinds may have asked at the same moment
    assert server.paths().count("/robots.txt") <= 2


def test_a_huge_robots_txt_is_cut_between_two_rules(server: FaultyServer, gather: Gatherer) -> None:
    filler = b"Disallow: /" + b"x" * 1012 + b"\n"
    rules = b"User-agent: *\n" + filler * 499
    rules += b"Disallow: /" + b"y" * (500 * 2**10 - len(rules) - 11) + b"long\n" + filler * 2000
    server.answers["/robots.txt"] = answer(200, rules)
    server.answers["/feed"] = answer(200, rss("One"), Content_Type=XML)
    assert gather.poll(job("a", server.url("/feed")), obey_robots=True).outcome is PollOutcome.OK


def source(server: FaultyServer, path: str, host: str = "127.0.0.1", **values: object) -> PollJob:
    made = Source("a", "A", SourceKind.FEED, server.url(path, host))
    return PollJob(replace(made, **values), SourceState())  # type: ignore[arg-type]


def test_a_sources_own_headers_and_name_go_to_its_site_and_nowhere_else(
    server: FaultyServer, gather: Gatherer
) -> None:
    server.answers["/feed"] = answer(200, rss("One"), Content_Type=XML)
    server.answers["/here"] = answer(302, Location="/feed")
    server.answers["/away"] = answer(302, Location=server.url("/feed", "localhost"))
    own = {"headers": {"X-Api-Key": "secret", "Authorization": "Bearer secret"}, "user_agent": "reader/2"}
    allow = ("127.0.0.0/8", "localhost")
    gather.poll(source(server, "/here", **own), allow=allow)
    assert [visit.headers.get("x-api-key") for visit in server.visits] == ["secret", "secret"]
    assert {visit.headers["user-agent"] for visit in server.visits} == {"reader/2"}
    server.visits.clear()
    gather.poll(source(server, "/away", **own), allow=allow)
    assert [visit.headers.get("x-api-key") for visit in server.visits] == ["secret", None]
    assert [visit.headers.get("authorization") for visit in server.visits] == ["Bearer secret", None]


async def _proxied(visit: Visit) -> None:
    await visit.send(answer(200, rss("By proxy"), Content_Type=XML))


def test_a_source_may_go_by_a_proxy_with_a_login_which_no_site_sees(
    server: FaultyServer, gather: Gatherer
) -> None:
    target = "http://news.example/feed"
    server.answers[target] = _proxied
    one = source(server, "/", proxy=server.url("").replace("http://", "http://me:s%40fe@"))
    poll = gather.poll(PollJob(replace(one.source, url=target), SourceState()))
    assert [entry.title for entry in poll.entries] == ["By proxy"]
    assert server.visits[0].headers["proxy-authorization"] == "Basic bWU6c0BmZQ=="
    refused = gather.poll(PollJob(replace(one.source, url=target), SourceState()), allow=())
    assert refused.problem is not None
    assert refused.problem.code == "address-refused"


@pytest.mark.parametrize("host", ["10.0.0.1", "169.254.169.254", "2130706433", "0x7f.1", "[::1]"])
def test_a_proxy_is_no_way_round_the_gate_for_addresses(
    server: FaultyServer, gather: Gatherer, host: str
) -> None:
    one = source(server, "/", proxy=server.url(""))
    allow = (f"127.0.0.1:{server.port}",)
    poll = gather.poll(PollJob(replace(one.source, url=f"http://{host}/"), SourceState()), allow=allow)
    assert poll.problem is not None
    assert poll.problem.code == "address-refused"
    assert server.visits == []


def test_https_goes_through_a_tunnel_and_a_proxy_that_refuses_is_told(
    server: FaultyServer, gather: Gatherer
) -> None:
    server.answers["news.example:443"] = answer(403, b"no")
    one = source(server, "/", proxy=server.url("", "localhost"))
    job_ = PollJob(replace(one.source, url="https://news.example/feed"), SourceState())
    poll = gather.poll(job_, allow=("localhost",))
    assert server.paths() == ["news.example:443"]
    assert poll.problem is not None
    assert poll.problem.code == "proxy"
    assert "proxy" in poll.problem.message


def test_a_permanent_redirect_is_seen_and_a_pace_is_read(server: FaultyServer, gather: Gatherer) -> None:
    feed = rss("One").replace(b"<description>", b"<ttl>90</ttl><description>")
    server.answers["/old"] = answer(301, Location="/new")
    server.answers["/new"] = answer(
        200, feed, Content_Type=XML, Cache_Control="max-age=60", ETag='"x"', Expires="0"
    )
    poll = gather.poll(job("a", server.url("/old")))
    assert poll.says.moved_to == server.url("/new")
    assert (poll.says.fresh, poll.says.pace) == (60.0, 5400.0)
    assert poll.state.etag == "", "Expires: 0 takes validators back"
    assert poll.state.moves == 1
    assert poll.state.next_at is not None
    assert poll.state.next_at - NOW >= timedelta(minutes=90)


def test_a_whole_body_is_asked_for_past_all_caches(server: FaultyServer, gather: Gatherer) -> None:
    server.answers["/feed"] = answer(200, rss("One"), Content_Type=XML)
    url = server.url("/feed")
    old = job("a", url, etag="e", full_at=NOW - timedelta(days=9), asked="")
    gather.poll(PollJob(old.source, replace(old.state, asked=gather.poll(old).state.asked)))
    assert "if-none-match" not in server.visits[-1].headers
    assert server.visits[-1].headers["cache-control"] == "no-cache"


PAGE = "<!DOCTYPE html><html><head><title>{}</title></head><body>{}</body></html>"
WALLS = [
    ("Cloudflare", 403, {"cf-mitigated": "challenge"}, ""),
    ("Cloudflare", 503, {}, PAGE.format("Just a moment...", "")),
    ("Cloudflare", 200, {}, PAGE.format("", "<script src=/cdn-cgi/challenge-platform/h/b/orchestrate>")),
    ("DataDome", 403, {}, PAGE.format("x", "<script src=https://geo.captcha-delivery.com/captcha/>")),
    ("AWS WAF", 202, {}, PAGE.format("", "window.awsWafCookieDomainList = []")),
    ("AWS WAF", 405, {"x-amzn-waf-action": "captcha"}, ""),
    ("Imperva", 200, {}, PAGE.format("", "<iframe src=/_Incapsula_Resource?x=1>")),
    (
        "Akamai",
        403,
        {},
        PAGE.format("Access Denied", "Reference&#32;&#35;18.2 https://errors.edgesuite.net/18"),
    ),
    ("HUMAN", 403, {}, PAGE.format("", '<div id="px-captcha">')),
    ("Vercel", 429, {}, PAGE.format("Vercel Security Checkpoint", "")),
    (
        "SiteGround",
        202,
        {},
        PAGE.format("", '<meta http-equiv=refresh content="0;/.well-known/sgcaptcha/?r=1">'),
    ),
    ("Anubis", 200, {}, PAGE.format("Making sure you&#39;re not a bot!", "")),
    ("Aliyun", 200, {}, PAGE.format("", "<script>var arg1='acw_sc__v2'</script>")),
    ("Distil", 403, {}, PAGE.format("Pardon Our Interruption", "")),
    ("reCAPTCHA", 403, {}, PAGE.format("", "<script src=https://www.google.com/recaptcha/api.js>")),
    ("", 200, {}, PAGE.format("Contact", "<script src=https://www.google.com/recaptcha/api.js>")),
    ("", 200, {"x-datadome": "protected"}, PAGE.format("Blog", "")),
    ("", 403, {}, PAGE.format("Forbidden", "nginx")),
    ("", 404, {}, PAGE.format("How captcha-delivery.com works", "")),
    ("", 200, {}, "<rss><title>Just a moment: how cf-chl- works</title></rss>"),
]


@pytest.mark.parametrize(("name", "status", "headers", "body"), WALLS)
def test_walls_are_known_by_name_and_nothing_else_is(
    name: str, status: int, headers: dict[str, str], body: str
) -> None:
    assert wall_of(status, headers, body.encode()) == name


def test_a_wall_behind_a_200_is_no_mere_wrong_page(server: FaultyServer, gather: Gatherer) -> None:
    body = PAGE.format("Making sure you're not a bot!", "").encode()
    server.answers["/feed"] = answer(200, body, Content_Type="text/html")
    poll = gather.poll(job("a", server.url("/feed")))
    assert poll.problem is not None
    assert poll.problem.code == "bot-wall"
    assert "programs out (Anubis)" in poll.problem.message
    assert poll.state.health == "blocked"


def test_the_robots_txt_of_the_oldest_site_is_forgotten_first() -> None:
    manners = Manners()
    for n in range(5000):
        manners.keep_robots(f"https://{n}.example", b"", NOW)
    assert manners.robots("https://0.example", NOW) is None
    assert manners.robots("https://4999.example", NOW) == b""
