"""The thinker and the speaker, ready to be asked: by URL, from ``voice-livemind serve``, or served for this run."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from voice_livemind.config import Role, Settings
from voice_livemind.modes import Answerer
from voice_livemind.secret import read_secret
from voice_livemind.serving.breaker import Breaker
from voice_livemind.serving.chat import OpenAIChat
from voice_livemind.serving.conversation_id import ConversationId
from voice_livemind.serving.engines import ENGINES
from voice_livemind.serving.guarded import Guarded
from voice_livemind.serving.kept_prompts import KeptPrompts
from voice_livemind.serving.process import ServerProcess, free_port, require_free
from voice_livemind.serving.shedding import Shed, Shedding

_CALM_S = (10.0, 15.0)
"""The time after which what was shed is tried again lies somewhere between these."""


@dataclass(frozen=True)
class Models:
    """The two roles; both may be the same model."""

    thinker: Guarded
    speaker: Guarded
    conversation: ConversationId
    """Of both: where they share a server, they share its prefix cache."""
    shedding: Shedding

    def healthy(self, role: Answerer) -> bool:
        """Whether the server of that role answers, as far as is known."""
        return (self.thinker if role == "thinker" else self.speaker).healthy

    def sheds(self) -> Shed:
        """What is not to be asked for at present."""
        return self.shedding.level(asyncio.get_running_loop().time())


@asynccontextmanager
async def models_ready(
    settings: Settings, weights: Callable[[str], Path], say: Callable[[str], None], *, at_once: bool = False
) -> AsyncIterator[Models]:
    """Both roles answer within this context. What had to be started is watched, and stopped at the end.

    With ``at_once`` nothing is waited for: requests to a server fail until it is there, and one that does not start is
    tried again, ever more slowly.

    Raises UserError for a key that can't be read, Failure if a server does not start that is waited for.
    """
    roles = _roles(settings)
    ports = [role.port for role in roles.values()]
    urls = {name: role.url or await _already_served(role, ports) for name, role in roles.items()}
    missing = {name: role for name, role in roles.items() if not urls[name]}
    async with _processes(missing, weights, say, lambda _: free_port(), at_once) as served:
        kept = {
            name: None if role.url else ENGINES[role.engine].kept_prompts(weights(role.model))
            for name, role in roles.items()
        }
        async with models_at(settings, {name: urls[name] or served[name] for name in roles}, kept) as models:
            yield models


@asynccontextmanager
async def models_at(
    settings: Settings, urls: Mapping[str, str], kept: Mapping[str, KeptPrompts | None] | None = None
) -> AsyncIterator[Models]:
    """The roles at servers that run, by ``urls``. ``kept``: the prompts of those that are ours.

    Raises UserError for a key that can't be read.
    """
    requests, conversation = settings.requests, ConversationId()
    shedding = Shedding(requests.shed_after_s, random.uniform(*_CALM_S))
    breakers = {url: Breaker() for url in urls.values()}
    async with AsyncExitStack() as stack:
        guarded: dict[str, Guarded] = {}
        for name, role in _roles(settings).items():
            chat = OpenAIChat(
                urls[name],
                role.model,
                role.engine,
                kept[name] if kept else None,
                key=read_secret(role.api_key_env, role.api_key_file, f"{name}.api_key") if role.url else None,
                connect_s=requests.connect_s,
                conversation=conversation,
            )
            stack.push_async_callback(chat.close)
            guarded[name] = Guarded(chat, requests, breakers[urls[name]], shedding)
        yield Models(guarded["thinker"], guarded["speaker"], conversation, shedding)


@asynccontextmanager
async def models_served(
    settings: Settings, weights: Callable[[str], Path], say: Callable[[str], None]
) -> AsyncIterator[Mapping[str, str]]:
    """Every role that names no URL is served at its configured port, or at that of the role whose server it shares.

    Yields the URL of each.

    Raises UserError if a port is in use, Failure if a server does not start.
    """
    roles = _roles(settings)
    own = {name: role for name, role in roles.items() if not role.url}
    for names in _shared(own).values():
        require_free(own[names[0]].port, f"{names[0]}.port")
    async with _processes(own, weights, say, lambda role: role.port, at_once=False) as urls:
        yield urls


def _roles(settings: Settings) -> dict[str, Role]:
    return {"thinker": settings.thinker, "speaker": settings.speaker}


@asynccontextmanager
async def _processes(
    roles: Mapping[str, Role],
    weights: Callable[[str], Path],
    say: Callable[[str], None],
    port: Callable[[Role], int],
    at_once: bool,
) -> AsyncIterator[dict[str, str]]:
    """Start what ``roles`` need, in parallel. Yields the URL of each role, with ``at_once`` before anything runs."""
    servers: dict[str, ServerProcess] = {}
    for names in _shared(roles).values():
        role = roles[names[0]]
        server = ServerProcess(role, weights(role.model), port(role), say, slots=len(names))
        servers.update(dict.fromkeys(names, server))
    unique = list(dict.fromkeys(servers.values()))
    watchers: list[asyncio.Task[None]] = []
    try:
        if not at_once:
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
