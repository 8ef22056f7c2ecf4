"""The thinker and the speaker, ready to be asked: by URL, from ``voice-livemind serve``, or served for this run."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from voice_livemind.config import Role, Settings
from voice_livemind.serving.chat import OpenAIChat
from voice_livemind.serving.engines import ENGINES
from voice_livemind.serving.process import ServerProcess, free_port, require_free


@dataclass(frozen=True)
class Models:
    """The two roles; both may be the same model."""

    thinker: OpenAIChat
    speaker: OpenAIChat


@asynccontextmanager
async def models_ready(
    settings: Settings, weights: Callable[[str], Path], say: Callable[[str], None]
) -> AsyncIterator[Models]:
    """Both roles answer within this context. What had to be started is watched, and stopped at the end.

    Raises Failure if a server does not start.
    """
    roles = {"thinker": settings.thinker, "speaker": settings.speaker}
    ports = [role.port for role in roles.values()]
    urls = {name: role.url or await _already_served(role, ports) for name, role in roles.items()}
    missing = {name: role for name, role in roles.items() if not urls[name]}
    async with _processes(missing, weights, say, lambda _: free_port()) as served, AsyncExitStack() as stack:
        chats: dict[str, OpenAIChat] = {}
        for name, role in roles.items():
            kept = None if role.url else ENGINES[role.engine].kept_prompts(weights(role.model))
            chats[name] = OpenAIChat(urls[name] or served[name], role.model, role.engine, kept)
            stack.push_async_callback(chats[name].close)
        yield Models(**chats)


@asynccontextmanager
async def models_served(
    settings: Settings, weights: Callable[[str], Path], say: Callable[[str], None]
) -> AsyncIterator[Mapping[str, str]]:
    """Every role that names no URL is served at its configured port, or at that of the role whose server it shares.

    Yields the URL of each.

    Raises UserError if a port is in use, Failure if a server does not start.
    """
    roles = {"thinker": settings.thinker, "speaker": settings.speaker}
    own = {name: role for name, role in roles.items() if not role.url}
    for names in _shared(own).values():
        require_free(own[names[0]].port, f"{names[0]}.port")
    async with _processes(own, weights, say, lambda role: role.port) as urls:
        yield urls


@asynccontextmanager
async def _processes(
    roles: Mapping[str, Role],
    weights: Callable[[str], Path],
    say: Callable[[str], None],
    port: Callable[[Role], int],
) -> AsyncIterator[dict[str, str]]:
    """Start what ``roles`` need, in parallel. Yields the URL of each role."""
    servers: dict[str, ServerProcess] = {}
    for names in _shared(roles).values():
        role = roles[names[0]]
        server = ServerProcess(role, weights(role.model), port(role), say, slots=len(names))
        servers.update(dict.fromkeys(names, server))
    unique = list(dict.fromkeys(servers.values()))
    watchers: list[asyncio.Task[None]] = []
    try:
        await _all(server.start() for server in unique)
        watchers += [asyncio.create_task(server.watch()) for server in unique]
        yield {name: server.url for name, server in servers.items()}
    finally:
        for watcher in watchers:
            watcher.cancel()
        await asyncio.gather(*watchers, return_exceptions=True)
        await asyncio.gather(*(server.stop() for server in unique))


async def _all(jobs: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Run jobs at once; raises the first error, not a group of them."""
    try:
        async with asyncio.TaskGroup() as tasks:
            for job in jobs:
                tasks.create_task(job)
    except ExceptionGroup as group:
        raise group.exceptions[0] from None


def _shared(roles: Mapping[str, Role]) -> Mapping[Role, list[str]]:
    """The names of the roles by what their server must be: roles that differ in their port alone share one."""
    names: dict[Role, list[str]] = {}
    for name, role in roles.items():
        names.setdefault(role.model_copy(update={"port": 0}), []).append(name)
    return names


async def _already_served(role: Role, ports: Sequence[int]) -> str:
    """The URL at which ``voice-livemind serve`` serves this very model, or nothing; it may be another role's server."""
    async with httpx2.AsyncClient(trust_env=False, timeout=2) as client:
        for port in (role.port, *ports):
            url = f"http://127.0.0.1:{port}/v1"
            with suppress(httpx2.HTTPError, ValueError, KeyError, TypeError):
                served = (await client.get(f"{url}/models")).json()["data"]
                if any(model["id"] == role.model for model in served):
                    return url
    return ""
