"""What a URL may be, and which addresses nothing is sent to."""

from ipaddress import ip_address

import pytest

from core.outbound.addresses import Target, is_refused, networks, parse
from core.outbound.errors import AddressRefused
from core.outbound.guard import Guard


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://example.com", Target("https", "example.com", 443, "/")),
        ("https://EXAMPLE.com:443/a?b", Target("https", "example.com", 443, "/a?b")),
        ("https://example.com./x", Target("https", "example.com", 443, "/x")),
        ("https://example.com:8443?b", Target("https", "example.com", 8443, "/?b")),
        ("https://93.184.216.34/", Target("https", "93.184.216.34", 443, "/")),
        ("https://[2606:2800::1]/", Target("https", "2606:2800::1", 443, "/")),
        ("https://xn--bcher-kva.io/", Target("https", "xn--bcher-kva.io", 443, "/")),
    ],
)  # fmt: skip
def test_plain_addresses_are_taken_apart(url: str, target: Target) -> None:
    assert parse(url) == target


def test_the_host_header_names_an_unusual_port_and_brackets_ipv6() -> None:
    assert parse("https://a.example").authority == "a.example"
    assert parse("https://a.example:8443").authority == "a.example:8443"
    assert parse("https://[2606::1]:8443").authority == "[2606::1]:8443"
    assert parse("http://a.example:443", plain_http=True).authority == "a.example:443"


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "https://",
        "https:///path",
        "https:example.com",
        "//example.com",
        "example.com",
        "https://user@example.com/",
        "https://user:secret@example.com/",
        "https://example.com@127.0.0.1/",
        "https://127.0.0.1\\@example.com/",
        "https://example.com\\.evil.example/",
        "https://example.com/#fragment",
        "https://example.com/#",
        "https://exa mple.com/",
        "https://example.com/\n",
        "\thttps://example.com/",
        "https://ex\u00e4mple.com/",
        "https://\u2460.example/",
        "https://example.com:22/",
        "https://example.com:25/",
        "https://example.com:0/",
        "https://example.com:70000/",
        "https://example.com:x/",
        "https://-example.com/",
        "https://exa_mple.com/",
        "https://example..com/",
        "https://example.com../",
        f"https://{'a' * 64}.example/",
        f"https://example.com/{'a' * 2000}",
        # One and the same address in forms that only some programs understand:
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://017700000001/",
        "https://127.1/",
        "https://127.0.0.1./",
        "https://127.0.0.01/",
        "https://1.2.3.4.5/",
        "https://foo.0x10/",
        "https://[::1%25lo]/",
        "https://[fe80::1%25eth0]/",
        "https://[::1%lo]/",
        "https://[v1.x]/",
        "https://[127.0.0.1]/",
        "https://[::1/",
        "https://::1/",
        "https://%31%32%37.0.0.1/",
    ],
)
def test_other_forms_are_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        parse(url)


def test_plain_http_is_taken_where_the_installation_allows_it() -> None:
    assert parse("http://example.com", plain_http=True).port == 80
    with pytest.raises(AddressRefused):
        parse("ftp://example.com", plain_http=True)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104 — an address to refuse
        "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1",
        "100.100.100.200", "100.127.255.255", "127.0.0.1", "127.255.255.254",
        "168.63.129.16", "169.254.0.1", "169.254.169.254", "172.16.0.1",
        "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.1.1",
        "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1",
        "239.255.255.255", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
        "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::a00:1", "100::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:20::1", "2001:db8::1", "2002:7f00:1::", "2002:808:808::", "3fff::1",
        "4000::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "febf::1",
        "fec0::1", "ff02::1", "ff0e::1",
    ],
)  # fmt: skip
def test_what_is_not_public_is_refused(address: str) -> None:
    assert is_refused(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255",
        "100.128.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255",
        "198.17.255.255", "198.20.0.0", "223.255.255.255", "::ffff:8.8.8.8",
        "64:ff9b::808:808", "2001:4860:4860::8888", "2606:4700::1111", "2a00:1450::1",
    ],
)  # fmt: skip
def test_what_is_public_is_not(address: str) -> None:
    assert not is_refused(ip_address(address))


def test_the_operator_lets_networks_through() -> None:
    allowed = networks(["10.1.0.0/16", "::1/128"])
    assert not is_refused(ip_address("10.1.2.3"), allowed)
    assert not is_refused(ip_address("::ffff:10.1.2.3"), allowed)
    assert not is_refused(ip_address("::1"), allowed)
    assert is_refused(ip_address("10.2.0.1"), allowed)
    assert is_refused(ip_address("127.0.0.1"), allowed)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "[::ffff:a00:1]", "10.0.0.1"])
def test_literals_are_refused_before_anything_is_stored(host: str) -> None:
    with pytest.raises(AddressRefused):
        Guard().check(parse(f"https://{host}/").host)
    Guard().check("localhost")
