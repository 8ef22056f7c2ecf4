"""What the recogniser makes of a recording with all of it at hand: one full-window pass, as faster-whisper does it."""

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import ctranslate2
from faster_whisper import WhisperModel

from voice_livemind.bench.hearing_runs import Transcriber
from voice_livemind.clock import in_thread
from voice_livemind.config import Transcribe
from voice_livemind.hear.frames import Samples, as_float
from voice_livemind.transcribe.language import AUTO
from voice_livemind.weights.cache import model_path


@asynccontextmanager
async def full_window_ready(settings: Transcribe) -> AsyncIterator[Transcriber]:
    """The configured model, without any of this project's own ways. Raises UserError for missing weights."""
    folder = model_path(settings.model)
    with ThreadPoolExecutor(1, "full-window") as thread:
        whisper = await in_thread(thread, _load, str(folder), settings)

        async def transcribe(samples: Samples) -> str:
            return await in_thread(thread, _transcribe, whisper, samples, settings.language)

        yield transcribe


def _load(folder: str, settings: Transcribe) -> WhisperModel:
    return WhisperModel(
        folder,
        device=settings.device,
        compute_type=settings.compute_type,
        cpu_threads=settings.threads,
        local_files_only=True,
    )


def _transcribe(whisper: WhisperModel, samples: Samples, language: str) -> str:
    # Where it doubts its text it tries again by chance: the same in every run.
    ctranslate2.set_random_seed(0)
    segments, _ = whisper.transcribe(
        as_float(samples),
        language=None if language == AUTO else language,
        beam_size=1,
        condition_on_previous_text=False,
    )
    return " ".join(segment.text.strip() for segment in segments)
