"""Who may see the page. On the loopback whoever is on this machine; anywhere else who has the token, over TLS."""

import base64
import binascii
import ipaddress
import ssl
import stat
from collections.abc import Mapping
from pathlib import Path
from secrets import compare_digest
from typing import NamedTuple

from voice_livemind.config import Health
from voice_livemind.errors import UserError
from voice_livemind.secret import read_secret

_SHORTEST_TOKEN = 16
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


class Access(NamedTuple):
    """What is asked of each request."""

    hosts: frozenset[str] | None
    """Names under which this machine may be asked for; ``None`` where TLS sees to that."""
    token: str | None
    tls: ssl.SSLContext | None


def access_to(settings: Health) -> Access:
    """Raises UserError where the settings would let in whoever comes by."""
    token = read_secret(settings.token_env, settings.token_file, "health.token")
    if token is not None and len(token) < _SHORTEST_TOKEN:
        raise UserError(
            f"health.token: it has fewer than {_SHORTEST_TOKEN} characters; `openssl rand -hex 32` makes a good one"
        )
    tls = _tls(settings)
    if is_loopback(settings.host):
        return Access(_LOOPBACK_NAMES | {settings.host.lower()}, token, tls)
    if token is None or tls is None:
        raise UserError(
            f"health.host = {settings.host!r}: anything but the loopback needs a token (health.token_file) and TLS "
            "(health.tls_certificate, health.tls_key)"
        )
    return Access(None, token, tls)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches it. A name other than localhost may mean anything."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def refusal(access: Access, method: str, headers: Mapping[str, str]) -> int | None:
    """The HTTP status that a request is refused with; ``None`` where it is not."""
    if access.hosts is not None and _name(headers.get("Host", "")) not in access.hosts:
        # A page of somebody else whose name was made to point here (DNS rebinding).
        return 421
    if access.token is not None and not _has_token(headers.get("Authorization", ""), access.token):
        return 401
    if method != "GET" and not _from_here(access, headers):
        # A page of somebody else (CSRF). Who is no browser sends none of these fields.
        return 403
    return None


def _name(host: str) -> str:
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return name.lower()


def _has_token(authorization: str, token: str) -> bool:
    """As programs send it, or as browsers do that have asked for a password: any user, the token."""
    scheme, _, given = authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            given = base64.b64decode(given, validate=True).decode("utf-8").partition(":")[2]
        except (binascii.Error, ValueError):
            return False
    elif scheme.lower() != "bearer":
        return False
    return compare_digest(given.strip().encode("utf-8", "surrogateescape"), token.encode())


def _from_here(access: Access, headers: Mapping[str, str]) -> bool:
    own = f"{'https' if access.tls else 'http'}://{headers.get('Host', '')}"
    return headers.get("Origin", own) == own and headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"


def _tls(settings: Health) -> ssl.SSLContext | None:
    certificate, key = settings.tls_certificate, settings.tls_key
    if not certificate and not key:
        return None
    if not certificate or not key:
        raise UserError("health.tls_certificate and health.tls_key go together: one of them is empty")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        if Path(key).stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise UserError(f"health.tls_key: {key}: others may read it: run chmod 600 {key}")
        # A key that is encrypted would be asked for at a terminal that nobody sits at.
        context.load_cert_chain(certificate, key, password="")
    except (OSError, ValueError) as error:
        raise UserError(f"health.tls_certificate {certificate}, health.tls_key {key}: {error}") from None
    return context
