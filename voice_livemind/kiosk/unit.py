"""``python -m voice_livemind.kiosk.unit TEMPLATE HERE USER CONFIG [ADDRESS …]`` prints the unit for systemd.

For ``scripts/install-kiosk``. The service may reach this machine, the servers that the configuration names, and the
addresses given; nothing else.
"""

import ipaddress
import re
import socket
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from voice_livemind.config import Settings, load_settings
from voice_livemind.errors import UserError

Resolve = Callable[[str], Sequence[str]]


def unit_text(template: str, here: Path, user: str, config: Path, settings: Settings, addresses: Iterable[str]) -> str:
    """The template with everything filled in. ``here``: the folder of the project."""
    transcripts = settings.kiosk.transcripts
    values = {
        "HERE": str(here),
        "USER": user,
        "CONFIG": str(config),
        "HOME": "read-only" if here.parts[:2] in (("/", "home"), ("/", "root")) else "yes",
        "WRITES": f"ReadWritePaths=-{transcripts}" if Path(transcripts).is_absolute() else "",
        "ADDRESSES": "".join(f" {address}" for address in addresses),
    }
    filled = re.sub("@([A-Z]+)@", lambda match: values[match[1]], template.partition("\n")[2])
    return f"# Written by {here}/scripts/install-kiosk; run it again rather than edit this.\n{filled}"


def servers_of(settings: Settings, resolve: Resolve, name_servers: Sequence[str]) -> list[str]:
    """The addresses of the model servers on other machines; where any has a name, those of the name servers as well.

    Raises UserError for a name that is not known.
    """
    hosts = {urlsplit(role.url).hostname for role in (settings.thinker, settings.speaker) if role.url}
    found: list[str] = []
    for host in sorted(host for host in hosts if host):
        if _is_address(host):
            found.append(host)
        else:
            found += [*resolve(host), *name_servers]
    return [address for address in dict.fromkeys(found) if not ipaddress.ip_address(address).is_loopback]


def require_network(given: str) -> str:
    """An address, or a network such as 192.168.1.0/24. Raises UserError."""
    try:
        return str(ipaddress.ip_network(given))
    except ValueError:
        raise UserError(f"--allow {given}: expected an address or a network such as 192.168.1.0/24") from None


def main() -> None:
    """Print the unit. Exit status 2 for a wrong configuration or address."""
    template, here, user, config, *allowed = sys.argv[1:]
    try:
        networks = [require_network(given) for given in allowed]
        settings = load_settings(Path(config))
        servers = servers_of(settings, _resolve, _name_servers(Path("/etc/resolv.conf").read_text(encoding="utf-8")))
    except UserError as error:
        print(f"install-kiosk: {error}", file=sys.stderr)
        sys.exit(2)
    text = Path(template).read_text(encoding="utf-8")
    print(unit_text(text, Path(here), user, Path(config), settings, [*servers, *networks]), end="")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _resolve(host: str) -> list[str]:
    try:
        return sorted({str(found[4][0]) for found in socket.getaddrinfo(host, None)})
    except OSError as error:
        raise UserError(f"{host}: {error.strerror}; the service may only reach addresses that are known") from None


def _name_servers(resolv_conf: str) -> list[str]:
    listed = re.findall(r"^nameserver\s+(\S+)", resolv_conf, re.MULTILINE)
    return [address for address in listed if _is_address(address)]


if __name__ == "__main__":
    main()
