"""The picture is read back as XML: what is written in it, and where."""

import re
from collections.abc import Iterator
from dataclasses import fields
from itertools import combinations, pairwise
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np
import pytest

from voice_livemind.record.turn import ClauseRecord, Fate, Marks, SegmentRecord, TurnRecord
from voice_livemind.sound import Sound
from voice_livemind.timeline import svg
from voice_livemind.timeline.layout import MAX_WIDTH_PX, MIN_WIDTH_PX, Scale, envelope, lanes
from voice_livemind.timeline.picture import draw_timeline

SVG = "{http://www.w3.org/2000/svg}"
FATES: list[Fate] = ["used", "stale", "late", "aborted"]
SENTENCES = [
    "A baker makes forty-eight rolls and sells three quarters of them.",
    "Right.",
    "In the afternoon she bakes another thirty, but five of them burn in the old oven.",
    "So I bought six.",
    "How many of the rolls can she sell in the evening, if <ten> & \"more\" are 'given away'?",
]


class Box(NamedTuple):
    """In pixels."""

    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: "Box") -> bool:
        # Numbers in the picture are rounded to a tenth.
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return across > 0.2 and down > 0.2


def sound(seconds: float, level: float = 0.3, rate_hz: int = 16000) -> Sound:
    samples = np.random.default_rng(0).uniform(-level, level, int(seconds * rate_hz))
    return Sound(samples.astype(np.float32), rate_hz)


def spoken(count: int, sentence_s: float = 5.0) -> TurnRecord:
    """A turn of ``count`` sentences, each of which leads to a thought."""
    segments = []
    for index in range(count):
        start = 0.5 + index * (sentence_s + 0.3)
        end = start + sentence_s
        text = f"{SENTENCES[index % len(SENTENCES)]} Number {index}."
        note = f"Note {index}: 48 × 3/4 = 36, so <12> & a few more are left in the shop."  # noqa: RUF001
        fate = FATES[index % len(FATES)]
        segments.append(SegmentRecord(index, 0, text, start, end, "infer", note, end + 0.1, end + 1.4, fate))
    end = segments[-1].end_s
    clauses = [
        ClauseRecord("She can sell thirty-seven,", (end + 1.0, end + 1.3), (end + 1.5, end + 3.0)),
        ClauseRecord("if nobody is very hungry.", (end + 1.3, end + 1.6), (end + 3.0, end + 4.5)),
    ]
    return TurnRecord(
        turn=1,
        mode="livemind",
        transcript=" ".join(segment.text for segment in segments),
        reply="She can sell thirty-seven, if nobody is very hungry.",
        heard="She can sell thirty-seven, if nobody is very hungry.",
        segments=segments,
        marks=Marks(0.5, end, end + 0.3, end + 0.5, end + 0.6, end + 0.8, end + 1.0, end + 1.5, end + 4.5),
        transcription=[(segment.end_s, segment.end_s + 0.2) for segment in segments],
        generation=(end + 0.6, end + 1.4),
        clauses=clauses,
    )


def later(turn: TurnRecord, by_s: float) -> TurnRecord:
    """The same words in a later turn, with a mark for the arrow and no more."""
    marks = Marks(**{mark.name: getattr(turn.marks, mark.name) for mark in fields(Marks)})
    assert marks.speech_end is not None and marks.first_audio is not None
    marks.speech_end += by_s
    marks.first_audio += by_s + 1.0
    return TurnRecord(turn=turn.turn + 1, mode=turn.mode, marks=marks, transcript=turn.transcript)


def drawn(*turns: TurnRecord, question_s: float = 8.0, reply_s: float = 0.0) -> ElementTree.Element:
    return ElementTree.fromstring(draw_timeline(turns, sound(question_s), sound(reply_s, rate_hz=22050), "a title"))


def of_class(root: ElementTree.Element, *kinds: str) -> list[ElementTree.Element]:
    return [element for element in root.iter() if element.get("class") in kinds]


def rectangle(element: ElementTree.Element) -> Box:
    x, y, width, height = (float(element.attrib[name]) for name in ("x", "y", "width", "height"))
    return Box(x, y, x + width, y + height)


def part(group: ElementTree.Element, kind: str) -> Box:
    (element,) = of_class(group, kind)
    return rectangle(element)


def text_boxes(root: ElementTree.Element) -> Iterator[tuple[str, Box]]:
    """Where each line of text is, as wide as the widest usual font makes it."""
    for element in root.iter(f"{SVG}text"):
        pieces = [(element.text or "", element), *((span.text or "", span) for span in element)]
        sizes = [float(piece.get("font-size", element.attrib["font-size"])) for _, piece in pieces]
        width = sum(svg.text_width(text, size) for (text, _), size in zip(pieces, sizes, strict=True))
        x, y = float(element.attrib["x"]), float(element.attrib["y"])
        left = x - {"start": 0.0, "middle": width / 2, "end": width}[element.get("text-anchor", "start")]
        yield "".join(text for text, _ in pieces), Box(left, y - max(sizes) * 0.8, left + width, y + max(sizes) * 0.2)


def words(root: ElementTree.Element) -> str:
    return "\n".join(text for text, _ in text_boxes(root))


def test_nothing_of_it_comes_from_elsewhere() -> None:
    root = drawn(spoken(3))
    allowed = {"svg", "title", "desc", "g", "rect", "path", "polygon", "polyline", "line", "text", "tspan"}
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= allowed
    assert not [name for element in root.iter() for name in element.attrib if "href" in name or name == "style"]


def test_every_segment_note_and_clause_is_there_in_full() -> None:
    turn = spoken(5)
    root = drawn(turn)
    titles = [element.text or "" for element in root.iter(f"{SVG}title")]
    for segment in turn.segments:
        assert segment.text in titles
        assert any(title.startswith(segment.note or "-") for title in titles)
    for clause in turn.clauses:
        assert clause.text in titles


def test_text_is_escaped_and_forbidden_characters_are_replaced() -> None:
    turn = spoken(1)
    turn.segments[0].text = 'a < b & "c" \x00\x1b'
    picture = draw_timeline([turn], sound(8), sound(0), "<&\">'")
    root = ElementTree.fromstring(picture)
    assert "<&\">'" in words(root)
    assert '1 · a < b & "c" \ufffd\ufffd' in words(root)


def test_title_and_description_tell_the_same_story() -> None:
    root = drawn(spoken(1))
    title, description = root.findtext(f"{SVG}title"), root.findtext(f"{SVG}desc")
    assert title == "a title"
    assert description is not None
    assert "mode livemind" in description
    assert "First word 1.50 s after the end of speech." in description
    assert root.attrib["aria-labelledby"].split() == [
        element.attrib["id"] for element in root if "id" in element.attrib
    ]


def test_header_names_title_mode_and_fallback() -> None:
    turn = spoken(1)
    turn.fallback = "the notes came late"
    lines = words(drawn(turn)).splitlines()
    assert lines[:3] == ["a title", "mode livemind", "turn 1: the notes came late"]


def test_segments_and_thoughts_stand_at_their_times() -> None:
    turn = spoken(4)
    root = drawn(turn, question_s=30)
    scale = Scale.fitting(30)
    for kind, spans in (
        ("segment", [(segment.start_s, segment.end_s) for segment in turn.segments]),
        ("thought", [(segment.note_start_s or 0, segment.note_end_s or 0) for segment in turn.segments]),
    ):
        bars = [part(group, "bar") for group in of_class(root, kind)]
        assert [bar.left for bar in bars] == pytest.approx([scale.x(start) for start, _ in spans], abs=0.1)
        assert [bar.right for bar in bars] == pytest.approx([scale.x(end) - 1 for _, end in spans], abs=0.2)


def test_moments_are_in_order_of_time() -> None:
    marks = [float(line.attrib["x1"]) for line in of_class(drawn(spoken(2)), "mark")]
    assert len(marks) == 4
    assert marks == sorted(marks)
    assert len(set(marks)) == 4


def test_rows_come_one_under_another() -> None:
    root = drawn(spoken(3))
    rows = [(element.text, float(element.attrib["y"])) for element in of_class(root, "row")]
    names = [name for name, _ in sorted(rows, key=lambda row: row[1])]
    working = ["transcribe", "write reply", "synthesise"]
    assert names == ["speech", "words", "thoughts", *working, "reply", "its words", "seconds", "thoughts"]


def test_arrow_is_as_long_as_the_time_to_the_first_word() -> None:
    turn = spoken(1)
    root = drawn(turn, question_s=12)
    arrow = part(root, "dimension")
    assert turn.first_word_s is not None
    assert arrow.right - arrow.left == pytest.approx(turn.first_word_s * Scale.fitting(12).px_per_s, abs=0.2)
    assert "first word 1.50 s after the end of speech" in words(root)


def test_each_turn_has_its_own_arrow_and_number() -> None:
    first = spoken(1)
    root = drawn(first, later(first, 4.0), question_s=14)
    near, far = (part(group, "dimension") for group in of_class(root, "first-word"))
    assert near.left < far.left
    assert far.right - far.left > near.right - near.left
    assert "turn 1 · first word 1.50 s" in words(root)
    assert "turn 2 · first word 2.50 s" in words(root)


def test_word_before_the_end_of_speech_is_called_so() -> None:
    turn = spoken(1)
    turn.marks.first_audio = (turn.marks.speech_end or 0) - 0.25
    assert "first word 0.25 s before the end of speech" in words(drawn(turn))


def test_turn_without_a_first_word_says_so_and_has_no_arrow() -> None:
    turn = spoken(1)
    turn.marks.first_audio = None
    root = drawn(turn)
    assert "no word was spoken" in words(root)
    assert not of_class(root, "dimension")


@pytest.mark.parametrize("outcome", FATES)
def test_fate_is_told_by_colour_and_explained(outcome: Fate) -> None:
    turn = spoken(4)
    root = drawn(turn)
    groups = of_class(root, "thought")
    colours = [of_class(group, "bar")[0].attrib["fill"] for group in groups]
    assert len(set(colours)) == 4
    keys = {rect.attrib["fill"] for rect in of_class(root, "legend") if rect.tag == f"{SVG}rect"}
    assert colours[FATES.index(outcome)] in keys
    assert f"{outcome}: " in words(root)


def test_wait_is_small() -> None:
    turn = spoken(2)
    turn.segments[0].action, turn.segments[0].note = "wait", None
    root = drawn(turn)
    (waiting,) = of_class(root, "wait")
    (thinking,) = of_class(root, "thought")
    assert words(waiting) == "1 · wait"
    assert float(waiting[-1].attrib["font-size"]) < float(thinking[-1].attrib["font-size"])


def test_thought_without_an_end_has_only_its_beginning() -> None:
    turn = spoken(1)
    turn.segments[0].note_end_s = None
    bar = part(of_class(drawn(turn), "thought")[0], "bar")
    assert bar.right - bar.left <= 2


def test_thought_without_times_has_words_but_no_bar() -> None:
    turn = spoken(1)
    turn.segments[0].note_start_s = turn.segments[0].note_end_s = None
    (group,) = of_class(drawn(turn), "thought")
    assert not of_class(group, "bar")
    assert "Note 0" in words(group)


def test_replaced_revision_is_told_apart() -> None:
    turn = spoken(1)
    turn.segments.append(SegmentRecord(0, 1, "The newer words.", 0.5, 5.6))
    old, new = of_class(drawn(turn), "segment")
    assert old[0].text is not None and "replaced by revision 1" in old[0].text
    assert of_class(old, "bar")[0].attrib["fill"] != of_class(new, "bar")[0].attrib["fill"]


def test_first_token_ticks_within_the_reply_bar() -> None:
    writing = next(group for group in of_class(drawn(spoken(1)), "work") if of_class(group, "tick"))
    bar, tick = part(writing, "bar"), part(writing, "tick")
    assert bar.left < tick.left < tick.right < bar.right


def test_interrupted_reply_is_cut_and_its_unheard_words_are_left_out() -> None:
    turn = spoken(1)
    turn.interrupted, turn.heard = True, "She can"
    turn.clauses[0].played = (7.0, 7.6)
    turn.clauses[1].played = None
    turn.marks.reply_end = 7.6
    root = drawn(turn)
    (cut,) = of_class(root, "cut")
    xs = [float(point.split(",")[0]) for point in cut.attrib["points"].split()]
    assert min(xs) < Scale.fitting(8).x(7.6) < max(xs)
    (clause,) = of_class(root, "clause")
    assert "(cut short)" in words(clause).replace("\n", " ")


def test_reply_without_clauses_still_has_its_words() -> None:
    turn = spoken(1)
    turn.clauses = []
    (clause,) = of_class(drawn(turn), "clause")
    assert clause[0].text == turn.heard


def test_silence_is_a_flat_line_and_words() -> None:
    root = ElementTree.fromstring(draw_timeline([], sound(5, level=0.001), sound(0), "silence"))
    assert "nothing was said" in words(root)
    assert root.findtext(f"{SVG}desc") == "Nothing was said."
    (wave,) = of_class(root, "speech-wave")
    ys = [float(y) for y in re.findall(r",([\d.]+)", wave.attrib["d"])]
    assert max(ys) - min(ys) < 3


def test_nothing_at_all_can_be_drawn() -> None:
    root = ElementTree.fromstring(draw_timeline([], sound(0), sound(0), ""))
    assert float(root.attrib["width"]) == MIN_WIDTH_PX


def test_turn_without_marks_has_no_moments() -> None:
    turn = TurnRecord(1, "cot", transcript="Hello.", segments=[SegmentRecord(0, 0, "Hello.", 0.5, 0.9)])
    root = drawn(turn, question_s=2)
    assert not of_class(root, "mark", "first-word", "cut", "speech", "thought", "work", "legend")
    assert "1 · Hello." in words(root)


def test_background_is_painted_and_every_ink_reads_on_it() -> None:
    root = drawn(spoken(4))
    paper = next(element for element in root if element.tag == f"{SVG}rect")
    assert rectangle(paper) == (0, 0, float(root.attrib["width"]), float(root.attrib["height"]))
    for element in root.iter(f"{SVG}text"):
        assert contrast(element.attrib["fill"], paper.attrib["fill"]) > 4.5, element.text


def contrast(one: str, other: str) -> float:
    """As WCAG defines it."""
    darker, lighter = sorted(luminance(colour) for colour in (one, other))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(("count", "sentence_s"), [(20, 5.5), (20, 1.0), (3, 3.0), (40, 2.7)])
def test_no_text_overlaps_and_none_leaves_the_picture(count: int, sentence_s: float) -> None:
    turn = spoken(count, sentence_s)
    root = drawn(turn, question_s=count * (sentence_s + 0.3) + 1, reply_s=count * (sentence_s + 0.3) + 5)
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    boxes = list(text_boxes(root))
    for text, box in boxes:
        assert box.left >= 0 and box.right <= width and box.bottom <= height, text
    for (one_text, one), (other_text, other) in combinations(boxes, 2):
        assert not one.overlaps(other), (one_text, other_text)


@pytest.mark.parametrize("kind", ["segment", "thought", "clause"])
def test_cards_of_a_long_recording_do_not_overlap_and_hold_their_text(kind: str) -> None:
    groups = of_class(drawn(spoken(22, 5.2), question_s=122), kind)
    for one, other in combinations([part(group, "box") for group in groups], 2):
        assert not one.overlaps(other)
    for group in groups:
        card = part(group, "box")
        for text, box in text_boxes(group):
            assert card.left <= box.left and box.right <= card.right + 1, text


@pytest.mark.parametrize("many", [2, 6])
def test_numbers_of_close_turns_do_not_overlap(many: int) -> None:
    turns = [spoken(1, 1.0)]
    for _ in range(many - 1):
        turns.append(later(turns[-1], 2.0))
    groups = of_class(drawn(*turns), "first-word", "mark-label")
    for one, other in combinations([part(group, "box") for group in groups], 2):
        assert not one.overlaps(other)


@pytest.mark.parametrize("seconds", [0.2, 1.0, 8.0, 17.0, 40.0, 120.0, 3600.0])
def test_width_grows_within_bounds_and_ticks_keep_apart(seconds: float) -> None:
    scale = Scale.fitting(seconds)
    assert MIN_WIDTH_PX <= round(scale.width, 6) <= MAX_WIDTH_PX
    ticks = scale.ticks_s()
    assert ticks[0] == 0 and ticks[-1] <= seconds + 1e-6
    assert all(scale.x(late) - scale.x(early) > 50 for early, late in pairwise(ticks))


def test_words_at_the_right_edge_stay_in_the_picture_and_their_bar_at_its_time() -> None:
    turn = TurnRecord(1, "livemind", segments=[SegmentRecord(0, 0, "Yes.", 7.0, 7.2)])
    turn.segments[0].note = "A note that is much longer than the little room that is left beside it."
    turn.segments[0].note_start_s, turn.segments[0].note_end_s = 7.8, 8.0
    root = drawn(turn)
    (group,) = of_class(root, "thought")
    assert part(group, "box").right <= float(root.attrib["width"])
    assert part(group, "bar").left == pytest.approx(Scale.fitting(8).x(7.8), abs=0.1)


def test_segment_that_nobody_thought_about_has_no_thought() -> None:
    turn = TurnRecord(1, "direct", segments=[SegmentRecord(0, 0, "Yes.", 7.0, 7.2, action="infer")])
    assert not of_class(drawn(turn), "thought", "legend")


def test_a_record_that_outlasts_its_sounds_is_drawn_to_its_end() -> None:
    turn = spoken(3)
    root = drawn(turn, question_s=1)
    right = max(part(group, "bar").right for group in of_class(root, "clause"))
    assert right < float(root.attrib["width"])


def test_coordinates_are_rounded_to_a_tenth() -> None:
    assert not re.search(r"\d\.\d\d+[\",]", draw_timeline([spoken(3)], sound(10), sound(12), "a title"))


def test_waveform_of_silence_takes_few_points() -> None:
    samples = np.zeros(60 * 16000, np.float32)
    samples[-16000:] = 0.5
    root = ElementTree.fromstring(draw_timeline([], sound(1), Sound(samples, 16000), ""))
    assert len(of_class(root, "reply-wave")[0].attrib["d"]) < 500


def test_envelope_keeps_each_peak() -> None:
    samples = np.zeros(1000, np.float32)
    samples[137], samples[640] = 0.9, -0.8
    lows, highs = envelope(samples, 10)
    assert highs.argmax() == 1 and highs.max() == np.float32(0.9)
    assert lows.argmin() == 6 and lows.min() == np.float32(-0.8)


def test_lanes_are_reused_as_soon_as_they_are_free() -> None:
    assert lanes([(0, 2), (1, 3), (2, 4), (2.5, 3), (3, 5)]) == [0, 1, 0, 2, 1]
    assert lanes([]) == []


@pytest.mark.parametrize(
    "text", ["several words in a row", "Donaudampfschifffahrtsgesellschaft", "日本語のとても長い文", ""]
)
@pytest.mark.parametrize("width", [20.0, 60.0, 300.0])
def test_wrapped_text_fits_and_says_where_it_was_cut(text: str, width: float) -> None:
    lines = svg.wrapped(text, width, 11, 2)
    assert len(lines) <= 2
    assert all(svg.text_width(line, 11) <= width for line in lines)
    assert "".join(lines).endswith("…") or "".join("".join(lines).split()) == "".join(text.split())
