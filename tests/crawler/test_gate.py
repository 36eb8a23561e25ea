"""The gate, as tables and over all the IPv6 forms that carry an IPv4 address."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.gate import AddressError, Gate, GateError, check_url
from pipeline.model import ConfigError

_CLOSED = """
0.0.0.0 0.1.2.3 10.0.0.0 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 127.255.255.255
169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1 192.0.2.7 192.88.99.1 192.168.0.1 192.168.255.255
198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.9 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
:: ::1 ::2 ::7f00:1 ::ffff:0:7f00:1 100::1 64:ff9b:1::1 64:ff9b::10.0.0.1 64:ff9b::169.254.169.254
::ffff:127.0.0.1 ::ffff:10.0.0.1 2001::1 2001:10::1 2001:20::1 2001:db8::1 2002:7f00:1:: 2002:a00:1::
2001:470:1::5efe:10.0.0.1 2a00:1450::200:5efe:7f00:1 3fff::1 3ffe:0:0::1%eth0 fc00::1 fd12:3456::1 fe80::1 fe80::1%lo fec0::1 ff02::1 5f00::1 4000::1
"""
_OPEN = """
1.1.1.1 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1 169.253.255.255
172.15.255.255 172.32.0.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255
2606:4700::1111 2a00:1450::1 2001:4860:4860::8888 ::ffff:1.1.1.1 64:ff9b::1.1.1.1 2002:101:101::1
"""


@pytest.mark.parametrize("address", _CLOSED.split())
def test_addresses_off_the_public_internet_are_refused(address: str) -> None:
    with pytest.raises(GateError) as refusal:
        Gate().check("news.example", address, 80)
    assert refusal.value.about == "news.example"
    assert address in refusal.value.message
    assert refusal.value.cure


@pytest.mark.parametrize("address", _OPEN.split())
def test_addresses_on_the_public_internet_pass(address: str) -> None:
    Gate().check("news.example", address, 443)


@pytest.mark.parametrize(
    "address", ["", "localhost", "127.1", "0x7f000001", "2130706433", "1.2.3.4.5", "a::b::c"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(GateError):
        Gate(["0.0.0.0/0", "::/0", "news.example"]).check("other.example", address)


def _passes(gate: Gate, address: str, host: str = "news.example", port: int | None = None) -> bool:
    try:
        gate.check(host, address, port)
    except GateError:
        return False
    return True


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_judged_the_same_in_every_ipv6_dress(address: IPv4Address) -> None:
    number = int(address)
    plain = _passes(Gate(), str(address))
    dresses = {
        "mapped": (0xFFFF << 32) | number,
        "nat64": (0x64FF9B << 96) | number,
        "6to4": (0x2002 << 112) | (number << 80) | 1,
        "teredo client": (0x20010000 << 96) | (int(IPv4Address("1.1.1.1")) << 64) | (number ^ 0xFFFF_FFFF),
        "teredo server": (0x20010000 << 96) | (number << 64) | (int(IPv4Address("1.1.1.1")) ^ 0xFFFF_FFFF),
    }
    for name, value in dresses.items():
        assert _passes(Gate(), str(IPv6Address(value))) is plain, name


@given(st.ip_addresses(v=6))
def test_an_ipv6_address_outside_the_public_range_passes_only_as_the_dress_of_an_ipv4_one(
    address: IPv6Address,
) -> None:
    if _passes(Gate(), str(address)) and int(address) >> 125 != 1:
        assert address.ipv4_mapped is not None or int(address) >> 32 == 0x64FF9B << 64


@given(st.ip_addresses(v=4))
def test_an_allowed_network_opens_its_mapped_form_too(address: IPv4Address) -> None:
    gate = Gate([f"{address}/24"])
    assert _passes(gate, str(address))
    assert _passes(gate, f"::ffff:{address}")


@pytest.mark.parametrize(
    ("entry", "host", "address", "port", "passes"),
    [
        ("127.0.0.0/8", "news.test", "127.9.9.9", 80, True),
        ("127.0.0.0/8", "news.test", "10.0.0.1", 80, False),
        ("127.0.0.1", "news.test", "127.0.0.1", 80, True),
        ("127.0.0.1", "news.test", "127.0.0.2", 80, False),
        ("127.0.0.1:8080", "news.test", "127.0.0.1", 8080, True),
        ("127.0.0.1:8080", "news.test", "127.0.0.1", 80, False),
        ("127.0.0.1:8080", "news.test", "127.0.0.1", None, False),
        ("::1", "localhost", "::1", 80, True),
        ("[::1]", "localhost", "::1", 80, True),
        ("[::1]:8080", "localhost", "::1", 8080, True),
        ("[::1]:8080", "localhost", "::1", 8081, False),
        ("localhost", "localhost", "127.0.0.1", 80, True),
        ("localhost", "LOCALHOST.", "::1", 80, True),
        ("localhost", "evil-localhost", "127.0.0.1", 80, False),
        ("localhost", "localhost.evil.example", "127.0.0.1", 80, False),
        ("News.Example:8080", "news.example", "10.0.0.1", 8080, True),
        ("news.example:8080", "news.example", "10.0.0.1", 8081, False),
        ("127.0.0.0/8", "news.test", "2002:7f00:1::", 80, False),
        ("fd00::/8", "news.test", "fd00::1", 80, True),
    ],
)
def test_what_is_allowed_by_name_passes_and_nothing_beside_it(
    entry: str, host: str, address: str, port: int | None, passes: bool
) -> None:
    assert _passes(Gate([entry]), address, host, port) is passes


@pytest.mark.parametrize(
    "entry",
    [
        "",
        " ",
        "http://news.example",
        "news.example/",
        "127.0.0.0/99",
        "a:b",
        "host:0",
        "host:65536",
        "*",
        "a b",
    ],
)
def test_an_entry_that_cannot_be_meant_is_refused_by_name(entry: str) -> None:
    with pytest.raises(ConfigError) as error:
        Gate([entry])
    assert entry in str(error.value)


def test_the_refusal_says_who_led_where() -> None:
    with pytest.raises(GateError) as refusal:
        Gate().check("news.example", "10.0.0.1", 80)
    assert refusal.value.message == (
        "It leads to news.example at 10.0.0.1, which is in a private network; no news is fetched from there."
    )
    with pytest.raises(GateError) as refusal:
        Gate().check("127.0.0.1", "127.0.0.1", 80)
    assert refusal.value.message.startswith("It leads to 127.0.0.1, which is this computer itself;")


@pytest.mark.parametrize(
    "host", ["10.0.0.1", "[::1]", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "10.0.0.1."]
)
def test_an_address_in_any_spelling_is_known_without_resolving(host: str) -> None:
    with pytest.raises(GateError):
        Gate().check_literal(host, 80)
    Gate().check_literal("news.example", 80)
    Gate().check_literal("1.1.1.1", 80)
    Gate().check_literal("3com.example", 80)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://news.example/",
        "javascript:alert(1)",
        "//news.example/",
        "http://",
        "http:///path",
        "http://user@news.example/",
        "http://user:password@news.example/",
        "http://news.example\\@10.0.0.1/",
        "http://news.example/a b",
        "http://news.example/\x00",
        "http://[::1/",
        "http://news.example:99999/",
        "http://news.example/" + "a" * 2048,
        "",
    ],
)
def test_addresses_that_nobody_asks_for_are_refused_as_they_are_written(url: str) -> None:
    with pytest.raises(AddressError):
        check_url(url)


@given(st.text(max_size=60))
def test_no_text_makes_the_check_of_an_address_fail_otherwise(text: str) -> None:
    for url in (text, f"http://{text}", f"https://news.example/{text}"):
        try:
            check_url(url)
        except AddressError:
            continue
        assert url.lower().startswith(("http://", "https://"))
