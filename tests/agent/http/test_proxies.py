from __future__ import annotations

import pytest

from pagemeter.errors import PluginError, Refused
from pagemeter.http import HttpSettings
from pagemeter.http.proxies import Proxy, proxy_failure, proxy_of


def to(url: str = "https://meters.example/report", **settings: object) -> HttpSettings:
    return HttpSettings.model_validate({"url": url, "allow_plain_http": True, **settings})


def test_the_settings_win_over_the_environment() -> None:
    environ = {"HTTPS_PROXY": "http://other.lan:8080", "NO_PROXY": "*"}
    proxy = proxy_of(to(proxy="http://proxy.lan:3128", proxy_user="agent", proxy_password="pw"), environ)
    assert proxy is not None
    assert (proxy.url, proxy.origin) == ("http://proxy.lan:3128", "proxy")
    assert proxy.headers == {"Proxy-Authorization": "Basic YWdlbnQ6cHc="}


@pytest.mark.parametrize(
    ("url", "environ", "expected"),
    [
        ("https://a.example", {"HTTPS_PROXY": "http://p.lan:3128"}, "http://p.lan:3128"),
        ("https://a.example", {"https_proxy": "p.lan:3128", "HTTPS_PROXY": "http://q.lan"}, "http://p.lan:3128"),
        ("https://a.example", {"HTTP_PROXY": "http://p.lan:3128"}, None),
        ("http://a.example", {"HTTP_PROXY": "http://p.lan"}, "http://p.lan:80"),
        ("https://a.example", {"ALL_PROXY": "http://[::1]:3128/"}, "http://[::1]:3128"),
        ("https://a.example", {"HTTPS_PROXY": " "}, None),
        ("https://a.example", {}, None),
        ("https://localhost", {"HTTPS_PROXY": "http://p.lan"}, None),
        ("https://127.0.0.9", {"HTTPS_PROXY": "http://p.lan"}, None),
    ],
)
def test_the_environment_names_a_proxy_for_each_scheme(url: str, environ: dict[str, str], expected: str | None) -> None:
    proxy = proxy_of(to(url), environ)
    assert (proxy.url if proxy else None) == expected
    assert proxy_of(to(url, proxy_from_environment=False), environ) is None


@pytest.mark.parametrize(
    ("spared", "url", "is_spared"),
    [
        ("meters.example", "https://meters.example", True),
        ("example", "https://meters.example", True),
        (".example", "https://meters.example", True),
        ("*.example", "https://meters.example", True),
        ("METERS.Example.", "https://meters.example", True),
        ("ters.example", "https://meters.example", False),
        ("*", "https://meters.example", True),
        ("other.example, meters.example", "https://meters.example", True),
        ("meters.example:443", "https://meters.example", True),
        ("meters.example:8443", "https://meters.example", False),
        ("10.0.0.0/8", "https://10.1.2.3", True),
        ("10.1.2.3", "https://10.1.2.3", True),
        ("10.0.0.0/8", "https://11.1.2.3", False),
        ("10.0.0.0/8", "https://meters.example", False),
        ("fd00::/8", "https://[fd00::7]", True),
        ("[fd00::7]:443", "https://[fd00::7]", True),
        ("", "https://meters.example", False),
        (",,", "https://meters.example", False),
    ],
)
def test_no_proxy_spares_names_addresses_and_networks(spared: str, url: str, *, is_spared: bool) -> None:
    environ = {"HTTPS_PROXY": "http://p.lan:3128", "NO_PROXY": spared}
    assert (proxy_of(to(url), environ) is None) is is_spared


def test_the_user_of_the_environment_is_used_and_never_shown() -> None:
    proxy = proxy_of(to(), {"HTTPS_PROXY": "http://me%40lan:can%3Aary@p.lan:3128"})
    assert proxy is not None
    assert (proxy.user, proxy.url) == ("me@lan", "http://p.lan:3128")
    assert proxy.headers == {"Proxy-Authorization": "Basic bWVAbGFuOmNhbjphcnk="}
    assert "can:ary" not in repr(proxy)


@pytest.mark.parametrize("text", ["socks5://me:canary@p.lan", "https://p.lan", "http://", "http://p.lan:port"])
def test_a_proxy_of_the_environment_that_cannot_be_used_is_said_without_its_value(text: str) -> None:
    with pytest.raises(PluginError, match="HTTPS_PROXY names no proxy") as caught:
        proxy_of(to(), {"HTTPS_PROXY": text})
    assert "canary" not in str(caught.value)


def test_what_a_proxy_says_instead_of_a_tunnel_becomes_a_remedy() -> None:
    own = Proxy(host="p.lan", port=3128)
    assert isinstance(proxy_failure("a.example", own, 407), Refused)
    assert "proxy_password" in str(proxy_failure("a.example", own, 407))
    found = Proxy(host="p.lan", port=3128, origin="HTTPS_PROXY")
    assert "is HTTPS_PROXY right" in str(proxy_failure("a.example", found, 407))
    assert "has to allow" in str(proxy_failure("a.example", own, 403))
    assert "can't reach a.example" in str(proxy_failure("a.example", own, 503))
    assert "HTTP proxy?" in str(proxy_failure("a.example", own, 404))
