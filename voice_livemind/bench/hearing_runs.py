"""Listens to every recording under every condition and policy."""

from collections.abc import Awaitable, Callable, Sequence

import numpy as np

from voice_livemind.bench.conditions import Changes, Recording, changed
from voice_livemind.bench.heard import Listener
from voice_livemind.bench.hearing import Run, summarize
from voice_livemind.hear.frames import FRAME_SAMPLES, Samples

Transcriber = Callable[[Samples], Awaitable[str]]
"""One pass over a whole recording."""


async def listen_to_all(
    listener: Listener,
    recordings: Sequence[Recording],
    policies: Sequence[str],
    changes: Changes,
    snrs_db: Sequence[float | None],
    full_window: Transcriber | None,
    advance: Callable[[str], None],
) -> list[Run]:
    """A run for each policy, recording and condition; ``advance`` is told of each before it begins."""
    for policy in policies:
        # A wrong name is to show before the work has begun.
        await listener.listen(np.zeros(5 * FRAME_SAMPLES, np.int16), policy)
    runs = []
    for snr_db in snrs_db:
        for recording in recordings:
            heard = changed(recording, changes, snr_db)
            whole = None
            for policy in policies:
                advance(f"{key_of(policy, snr_db, snrs_db)} {recording.file}")
                listened = await listener.listen(heard.samples, policy)
                if full_window is not None and whole is None and heard.label and heard.label.wanted:
                    whole = await full_window(heard.samples)
                runs.append(Run.of(heard, policy, snr_db, listened, whole))
    return runs


def key_of(policy: str, snr_db: float | None, snrs_db: Sequence[float | None]) -> str:
    """The name of a policy in the summary: where several conditions are compared, with its own, as ``default@10dB``."""
    return f"{policy}@{snr_db:g}dB" if len(snrs_db) > 1 else policy


def summaries(runs: Sequence[Run], snrs_db: Sequence[float | None]) -> dict[str, dict[str, object]]:
    """Figures for each policy and condition, in their order."""
    grouped: dict[str, list[Run]] = {}
    for run in runs:
        grouped.setdefault(key_of(run.policy, run.snr_db, snrs_db), []).append(run)
    return {key: summarize(group) for key, group in grouped.items()}
