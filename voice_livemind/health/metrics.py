"""Figures for Prometheus: counted as things happen, read when they are asked for."""

import time
from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from voice_livemind import __version__
from voice_livemind.health.report import obstacles
from voice_livemind.health.waits import Waits
from voice_livemind.kiosk.ladder import Rung
from voice_livemind.kiosk.state import KioskState
from voice_livemind.record.turn import TurnRecord
from voice_livemind.surroundings import DeviceName, View

_NAME = "voice_livemind"
_BUCKETS_S = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0)


class Metrics(View):
    """Watches the conversation, and counts."""

    def __init__(self, state: KioskState) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._registry.register(_State(state))
        self._waits = {name: self._histogram(name) for name in Waits._fields}
        self._clause_to_audio = self._histogram("clause_to_audio", "first clause written to first audible sample")
        self._turns = self._counter("turns", "turns in which something was said")
        self._interruptions = self._counter("interruptions", "replies that were interrupted")
        self._fallbacks = self._counter("fallbacks", "turns that were not answered in the way of the mode")
        self._tokens = self._counter("tokens", "language-model tokens", "kind")
        self._thoughts = self._counter("thoughts", "thoughts, by what became of them", "fate")
        self._losses = self._counter("device_losses", "times that a device was lost", "device")
        self._lost: set[DeviceName] = set()

    def text(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(self._registry)

    def over(self, turn: TurnRecord) -> None:
        """A turn in which nothing was said is none."""
        if not turn.segments:
            return
        self._turns.inc()
        self._interruptions.inc(turn.interrupted)
        self._fallbacks.inc(turn.fallback is not None)
        for name, value in Waits.of(turn)._asdict().items():
            if value is not None:
                self._waits[name].observe(value)
        if turn.clause_to_audio_s is not None:
            self._clause_to_audio.observe(turn.clause_to_audio_s)
        for kind in ("notes", "reply", "wasted"):
            self._tokens.labels(kind).inc(getattr(turn.tokens, kind))
        for segment in turn.segments:
            if segment.fate is not None:
                self._thoughts.labels(segment.fate).inc()

    def device(self, name: DeviceName, message: str, working: bool) -> None:
        """While it is lost, more is told about it; it is lost once."""
        del message
        if working:
            self._lost.discard(name)
        elif name not in self._lost:
            self._lost.add(name)
            self._losses.labels(name).inc()

    def _histogram(self, name: str, what: str = "") -> Histogram:
        words = what or f"end of speech to {name.removesuffix('_wait').replace('_', ' ')}"
        return Histogram(f"{_NAME}_{name}_seconds", words, registry=self._registry, buckets=_BUCKETS_S)

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(f"{_NAME}_{name}", what, labels, registry=self._registry)


class _State:
    """What is read when it is asked for."""

    def __init__(self, state: KioskState) -> None:
        self._state = state

    def collect(self) -> Iterator[Metric]:
        """For the registry."""
        state, now_s = self._state, time.monotonic()
        yield _gauge("info", "version", {__version__: 1.0}, "version")
        yield _gauge("answers", "1 where visitors can be answered", {"": not obstacles(state, now_s)})
        rungs = {rung.value: rung is state.rung for rung in Rung}
        yield _gauge("rung", "the step of the ladder: 1 for the one that it is on", rungs, "rung")
        yield _gauge("shedding", "0: nothing is shed, 1: thinking, 2: thinking and warming", {"": state.shed})
        yield _gauge("activity", "1 for what is going on", {state.activity: True}, "activity")
        yield CounterMetricFamily(f"{_NAME}_visitors", "visitors served", state.visitors)
        devices = {name: works for name, (works, _) in state.devices.items()}
        yield _gauge("device_works", "1 where it does", devices, "device")
        if state.last_frame_s is not None:
            yield _gauge("last_frame_age_seconds", "since the microphone was heard", {"": now_s - state.last_frame_s})
        if state.self_test is not None:
            yield _gauge("self_test_ok", "whether the own hearing works", {"": state.self_test.ok})
            yield _gauge("self_test_age_seconds", "since it was tested", {"": now_s - state.self_test.at_s})


def _gauge(name: str, what: str, values: Mapping[str, float], label: str | None = None) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"{_NAME}_{name}", what, labels=[label] if label else [])
    for key, value in values.items():
        family.add_metric([key] if label else [], float(value))
    return family
