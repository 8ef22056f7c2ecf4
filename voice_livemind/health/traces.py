"""Each turn as an OpenTelemetry trace, once it is over: a span for each work of a station. No words are in it."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from voice_livemind import __version__
from voice_livemind.config import Health
from voice_livemind.errors import UserError
from voice_livemind.hear.frames import Frame
from voice_livemind.record.turn import TurnRecord
from voice_livemind.surroundings import View

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer


@contextmanager
def traced(settings: Health) -> Iterator[Sequence[View]]:
    """A view that sends traces to ``health.traces_url``; none where that is empty.

    Raises UserError where the extra is not installed.
    """
    if not settings.traces_url:
        yield ()
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise UserError('health.traces_url: needs: pip install "voice-livemind[otel]"') from None
    about = Resource.create({"service.name": "voice-livemind", "service.version": __version__})
    provider = TracerProvider(resource=about, shutdown_on_exit=False)
    # They are sent from a thread; what can't be sent is dropped.
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(settings.traces_url, timeout=2)))
    try:
        yield (Traces(provider.get_tracer("voice_livemind")),)
    finally:
        provider.shutdown()


class Traces(View):
    """Tells a tracer of each turn."""

    def __init__(self, tracer: "Tracer") -> None:
        self._tracer = tracer
        self._now_s = 0.0

    def frame(self, frame: Frame, speech: float) -> None:
        """Time passes."""
        del speech
        self._now_s = frame.end_s

    def over(self, turn: TurnRecord) -> None:
        """A turn in which nothing was said is none."""
        from opentelemetry import trace

        if not turn.segments:
            return
        zero_ns = time.time_ns() - _ns(self._now_s)
        spans = stations_of(turn)
        root = self._tracer.start_span("turn", start_time=zero_ns + _ns(min(start for _, start, _ in spans)))
        root.set_attributes(
            {
                "mode": turn.mode,
                "interrupted": turn.interrupted,
                "fallback": turn.fallback or "",
                "tokens.notes": turn.tokens.notes,
                "tokens.reply": turn.tokens.reply,
                "tokens.wasted": turn.tokens.wasted,
            }
        )
        inside = trace.set_span_in_context(root)
        for name, start_s, end_s in spans:
            span = self._tracer.start_span(name, inside, start_time=zero_ns + _ns(start_s))
            span.end(zero_ns + _ns(end_s))
        root.end(zero_ns + _ns(max(end for _, _, end in spans)))


def stations_of(turn: TurnRecord) -> list[tuple[str, float, float]]:
    """Station, start and end of each piece of work, in seconds on the sample clock."""
    marks = turn.marks
    found: list[tuple[str, float | None, float | None]] = [("hear", marks.speech_start, marks.speech_end)]
    found.append(("turns", marks.speech_end, marks.committed))
    found += [("transcribe", *span) for span in turn.transcription]
    found += [("mind", segment.note_start_s, segment.note_end_s) for segment in turn.segments]
    if turn.generation is not None:
        found.append(("reply", *turn.generation))
    for clause in turn.clauses:
        found.append(("speak", *clause.synthesis))
        if clause.played is not None:
            found.append(("play", *clause.played))
    return [(name, start, end) for name, start, end in found if start is not None and end is not None]


def _ns(seconds: float) -> int:
    return round(seconds * 1e9)
