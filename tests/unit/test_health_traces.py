"""A turn as a trace."""

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.health import converse
from tests.scripted import Dialogue, on_virtual_time
from voice_livemind.health.traces import Traces


def test_each_work_of_a_station_is_a_span_in_that_of_the_turn() -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    view = Traces(provider.get_tracer("test"))
    dialogue = Dialogue((1.0, 2.0, "Tom has two boxes."), (2.6, 4.0, "How many boxes are there?"), (9.0, 9.2, ""))
    (turn,) = on_virtual_time(converse(dialogue, view, "paper", 3.0))
    *inside, root = sorted(exporter.get_finished_spans(), key=lambda span: span.name == "turn")
    assert root.name == "turn" and root.attributes is not None and root.attributes["tokens.reply"] == turn.tokens.reply
    assert {"hear", "turns", "transcribe", "mind", "reply", "speak", "play"} == {span.name for span in inside}
    assert root.start_time is not None and root.end_time is not None
    for span in inside:
        assert span.parent is not None and root.context is not None and span.parent.span_id == root.context.span_id
        assert span.start_time is not None and span.end_time is not None
        assert root.start_time <= span.start_time <= span.end_time <= root.end_time
    (hear,) = [span for span in inside if span.name == "hear"]
    assert hear.start_time is not None and hear.end_time is not None
    assert (hear.end_time - hear.start_time) / 1e9 == pytest.approx(3.0, abs=0.01)
    assert not any("boxes" in str(value) for span in (root, *inside) for value in (span.attributes or {}).values())
