"""The thinker and the speaker, ready to be asked: by URL, from ``voice-livemind serve``, or served for this run."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from voice_livemind.config import Role, Settings
from voice_livemind.serving.chat import OpenAIChat
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
    urls = {name: role.url or await _already_served(role) for name, role in roles.items()}
    missing = {name: role for name, role in roles.items() if not urls[name]}
    async with _processes(missing, weights, say, lambda _: free_port()) as served, AsyncExitStack() as stack:
        chats: dict[str, OpenAIChat] = {}
        for name, role in roles.items():
            chats[name] = OpenAIChat(urls[name] or served[name], role.model)
            stack.push_async_callback(chats[name].close)
        yield Models(**chats)


@asynccontextmanager
async def models_served(
    settings: Settings, weights: Callable[[str], Path], say: Callable[[str], None]
) -> AsyncIterator[Mapping[str, str]]:
    """Every role that names no URL is served at its configured port; yields the URL of each.

    Raises UserError if a port is in use, Failure if a server does not start.
    """
    roles = {"thinker": settings.thinker, "speaker": settings.speaker}
    own = {name: role for name, role in roles.items() if not role.url}
    for name, role in own.items():
        require_free(role.port, f"{name}.port")
    async with _processes(own, weights, say, lambda role: role.port) as urls:
        yield urls


@asynccontextmanager
async def _processes(
    roles: Mapping[str, Role],
    weights: Callable[[str], Path],
    say: Callable[[str], None],
    port: Callable[[Role], int],
) -> AsyncIterator[dict[str, str]]:
    """Start what ``roles`` need, in parallel; equal roles share a server. Yields the URL of each role."""
    servers: dict[tuple[str, str], ServerProcess] = {}
    for role in roles.values():
        servers.setdefault((role.engine, role.model), ServerProcess(role, weights(role.model), port(role), say))
    watchers: list[asyncio.Task[None]] = []
    try:
        await _all(server.start() for server in servers.values())
        watchers += [asyncio.create_task(server.watch()) for server in servers.values()]
        yield {name: servers[role.engine, role.model].url for name, role in roles.items()}
    finally:
        for watcher in watchers:
            watcher.cancel()
        await asyncio.gather(*watchers, return_exceptions=True)
        await asyncio.gather(*(server.stop() for server in servers.values()))


async def _all(jobs: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Run jobs at once; raises the first error, not a group of them."""
    try:
        async with asyncio.TaskGroup() as tasks:
            for job in jobs:
                tasks.create_task(job)
    except ExceptionGroup as group:
        raise group.exceptions[0] from None


async def _already_served(role: Role) -> str:
    """The URL at which ``voice-livemind serve`` serves this very model, or nothing."""
    url = f"http://127.0.0.1:{role.port}/v1"
    try:
        async with httpx2.AsyncClient(trust_env=False, timeout=2) as client:
            served = (await client.get(f"{url}/models")).json()["data"]
            return url if any(model["id"] == role.model for model in served) else ""
    except (httpx2.HTTPError, ValueError, KeyError, TypeError):
        return ""
