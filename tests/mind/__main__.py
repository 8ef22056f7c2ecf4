"""``python -m tests.mind revisions FILE|aborts``: see ``scripts/mind-check``."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from tests.mind.aborts import aborts
from tests.mind.revisions import revisions
from voice_livemind import clock
from voice_livemind.bench.questions import draw, read_questions
from voice_livemind.config import load_settings
from voice_livemind.serving.chat import OpenAIChat
from voice_livemind.serving.engines import ENGINES
from voice_livemind.serving.process import ServerProcess, free_port
from voice_livemind.weights.cache import model_path


def main() -> None:
    """Measure one thing with the configured thinker, on a server of its own, and say what came of it."""
    parser = argparse.ArgumentParser(prog="scripts/mind-check")
    commands = parser.add_subparsers(dest="what", required=True)
    of_questions = commands.add_parser("revisions")
    of_questions.add_argument("file", type=Path)
    of_questions.add_argument("--count", type=int, default=20)
    of_aborts = commands.add_parser("aborts")
    of_aborts.add_argument("--count", type=int, default=20)
    args = parser.parse_args()
    if args.what == "aborts":
        lines = clock.run(_served(lambda chat, server: aborts(chat, server, args.count)), "real")
    else:
        long_enough = [question for question in read_questions(args.file) if len(question.sentences) >= 3]
        questions = draw(long_enough, args.count, seed=2)
        lines = clock.run(_served(lambda chat, _: revisions(chat, questions)), "real")
    print("\n".join(lines))


async def _served(measure: Callable[[OpenAIChat, ServerProcess], Awaitable[Sequence[str]]]) -> Sequence[str]:
    role = load_settings(None).thinker
    weights = model_path(role.model)
    server = ServerProcess(role, weights, free_port(), print)
    chat = OpenAIChat(server.url, role.model, kept=ENGINES[role.engine].kept_prompts(weights))
    try:
        await server.start()
        return await measure(chat, server)
    finally:
        await asyncio.gather(chat.close(), server.stop())


if __name__ == "__main__":
    main()
