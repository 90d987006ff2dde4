"""Writes a link in the many ways that hide where it leads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

ALLOWED = "shop.example"


def _wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" and c != "." else c for c in text)


def _lookalike(host: str) -> str:
    return host.replace("a", "\u0430").replace("e", "\u0435").replace("o", "\u043e")


MUTATIONS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "plain": lambda host: f"https://{host}/pay",
        "http": lambda host: f"http://{host}",
        "upper case": lambda host: f"HTTPS://{host.upper()}/PAY",
        "user info": lambda host: f"https://{ALLOWED}@{host}/",
        "user info, encoded": lambda host: f"https://{ALLOWED}%40x@{host}/",
        "password": lambda host: f"https://{ALLOWED}:443@{host}/",
        "subdomain": lambda host: f"https://{ALLOWED}.{host}/",
        "path that looks like a host": lambda host: f"https://{host}/{ALLOWED}/",
        "fragment": lambda host: f"https://{host}#@{ALLOWED}/",
        "query": lambda host: f"https://{host}?{ALLOWED}",
        "backslashes": lambda host: f"https:\\\\{host}\\pay",
        "one backslash": lambda host: f"https:/\\{host}/",
        "backslash before at": lambda host: f"https://{host}\\@{ALLOWED}/",
        "at behind backslash": lambda host: f"https://{ALLOWED}\\@{host}/",
        "no slashes": lambda host: f"https:{host}/pay",
        "one slash": lambda host: f"https:/{host}/pay",
        "many slashes": lambda host: f"https:////{host}/pay",
        "no scheme": lambda host: f"//{host}/pay",
        "www": lambda host: f"www.{host}",
        "full width": lambda host: f"https://{_wide(host)}/",
        "ideographic dot": lambda host: f"https://{host.replace('.', '。')}/",
        "full-width dot": lambda host: f"https://{host.replace('.', '．')}/",
        "half-width dot": lambda host: f"https://{host.replace('.', '｡')}/",
        "trailing dot": lambda host: f"https://{host}./pay",
        "port": lambda host: f"https://{host}:8443/pay",
        "look-alike letters": lambda host: f"https://{_lookalike(host)}/",
        "punycode": lambda host: f"https://xn--{host}/",
        "zero width": lambda host: f"https://{host[:2]}\u200b{host[2:]}/",
        "soft hyphen": lambda host: f"https://{host[:2]}\u00ad{host[2:]}/",
        "percent": lambda host: f"https://%{ord(host[0]):02x}{host[1:]}/",
        "defanged": lambda host: f"hxxps://{host.replace('.', '[.]')}/pay",
        "defanged, round": lambda host: f"hxxp://{host.replace('.', '(.)')}",
        "defanged, word": lambda host: f"https://{host.replace('.', '[dot]')}/",
        "markdown": lambda host: f"[your order](https://{host}/)",
        "markdown, other shown": lambda host: f"[https://{ALLOWED}/](https://{host}/)",
        "markdown image": lambda host: f"![logo](https://{host}/a.png)",
        "markdown, angles": lambda host: f"[here](<https://{host}/>)",
        "markdown, reference": lambda host: f"[here][1]\n\n[1]: https://{host}/",
        "autolink": lambda host: f"<https://{host}/>",
        "html": lambda host: f'<a href="https://{host}/">{ALLOWED}</a>',
        "css": lambda host: f'<p style="background:url(//{host}/a)">',
        "other scheme": lambda host: f"ftp://{host}/pay",
        "javascript": lambda host: f"javascript:location='//{host}'",
        "javascript, mixed case": lambda host: f"JaVaScRiPt:open('//{host}')",
        "data": lambda host: f"data:text/html,<a href=//{host}>",
        "entity": lambda host: f"https&#58;//{host}/pay",
    }
)
"""By name: how a foreign host is written."""

NUMERIC = (
    "http://10.0.0.1/",
    "http://0x7f.1/",
    "http://2130706433/",
    "http://0177.0.0.1/",
    "http://[::1]/",
    "http://[fe80::1]:8080/x",
    "https://1.2.3.4:443/pay",
    "//192.168.0.1/a",
)
"""Addresses without a name."""
HOSTS = ("evil.com", "bad-site.net", "login.evil.org", "a1.xyz", "paypal-secure.info")
