"""Checks of weights, engines and servers."""

import socket

import httpx2

from voice_livemind.config import Role, Settings
from voice_livemind.doctor.finding import Finding
from voice_livemind.errors import UserError
from voice_livemind.serving.engines import ENGINES
from voice_livemind.serving.process import require_free
from voice_livemind.weights.cache import model_path


def weights(settings: Settings) -> list[Finding]:
    """All models that this machine is to hold, by name and size of their files."""
    findings = []
    for name in settings.models:
        try:
            findings.append(Finding("weights", True, f"{name}: {model_path(name)}"))
        except UserError as error:
            findings.append(Finding("weights", False, str(error)))
    return findings


async def roles(settings: Settings) -> list[Finding]:
    """How each language model is to be reached."""
    named = {"thinker": settings.thinker, "speaker": settings.speaker}
    return [await _role(name, role) for name, role in named.items()]


async def _role(name: str, role: Role) -> Finding:
    if role.url:
        served = await _served(role.url)
        if served is None:
            return Finding(
                name, False, f"no server answers at {role.url}: start it, or --set {name}.url= to serve here"
            )
        if role.model not in served:
            known = ", ".join(served) or "none"
            return Finding(name, False, f"{role.url} serves no {role.model}: --set {name}.model=… (it has: {known})")
        return Finding(name, True, f"{role.model} at {role.url}")
    try:
        ENGINES[role.engine].command(role, model_path(role.model), role.port, slots=1)
    except UserError as error:
        return Finding(name, False, str(error))
    if role.model in (await _served(f"http://127.0.0.1:{role.port}/v1") or ()):
        return Finding(name, True, f"{role.model} is served at port {role.port}")
    try:
        require_free(role.port, f"{name}.port")
    except UserError as error:
        # A run serves at any free port: only `serve` needs this one.
        return Finding(name, False, str(error), needed=False)
    return Finding(name, True, f"{role.model} by {role.engine}, port {role.port} is free")


async def _served(url: str) -> list[str] | None:
    """The models at that URL, or None where nothing of the kind answers."""
    async with httpx2.AsyncClient(trust_env=False, timeout=3) as client:
        try:
            answer = (await client.get(f"{url.rstrip('/')}/models")).raise_for_status().json()
            return [str(model["id"]) for model in answer["data"]]
        except (httpx2.HTTPError, socket.gaierror, ValueError, KeyError, TypeError):
            return None
