"""What somebody sees of a conversation, and what the keys do."""

import asyncio
import io
import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from itertools import groupby

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from tests.scripted import Dialogue, Lines, ScriptedModel, on_virtual_time
from voice_livemind.clock import Clock
from voice_livemind.hear.frames import FRAME_SAMPLES, Frame
from voice_livemind.record.turn import Fate, SegmentRecord, TurnRecord
from voice_livemind.turns.machine import Reopen
from voice_livemind.view.controls import Controls
from voice_livemind.view.lines import LiveLines
from voice_livemind.view.open import view_open
from voice_livemind.view.render import render
from voice_livemind.view.state import Shown
from voice_livemind.view.terminal import REDRAW_S, TerminalApp


class Page:
    """A conversation on a page of 80x24, and the turns that it was told of."""

    def __init__(self) -> None:
        self.controls = Controls()
        self.shown = Shown(self.controls, "livemind")
        self.turns: list[TurnRecord] = []

    def hears(self, *sentences: str) -> TurnRecord:
        """A turn begins with these sentences."""
        turn = TurnRecord(len(self.turns) + 1, "livemind")
        self.turns.append(turn)
        self.shown.begun(turn)
        for index, text in enumerate(sentences):
            segment = SegmentRecord(index, 0, text, float(index), index + 1.0)
            turn.segments.append(segment)
            self.shown.segment(segment)
        turn.transcript = " ".join(sentences)
        return turn

    def answers(self, turn: TurnRecord, *clauses: str, heard: str = "", after_s: float = 0.7) -> None:
        """It is committed, and clauses are played."""
        marks = turn.marks
        marks.speech_end, marks.committed = 10.0, 10.6
        for clause in clauses:
            self.shown.clause(clause, 10.0 + after_s, prepared=False)
        marks.first_clause, marks.first_audio = 10.5, 10.0 + after_s
        turn.reply = " ".join(clauses)
        self.shown.heard(heard)
        turn.heard = heard

    def ends(self, turn: TurnRecord) -> None:
        """The turn is over."""
        self.shown.over(turn)

    def lines(self, width: int = 80, height: int = 24) -> list[str]:
        """As they stand on the page."""
        return [line.plain.rstrip() for line in render(self.shown, width, height)]

    @property
    def text(self) -> str:
        return "\n".join(self.lines())

    @property
    def status(self) -> str:
        """Whose turn the page says it is."""
        return re.split(" {2,}", self.lines()[0].strip())[0]

    def style(self, words: str) -> str:
        """In which ``words``, which stand in one line, are shown."""
        (line,) = (line for line in render(self.shown, 80, 24) if words in line.plain)
        return style_of(line, words)


def style_of(line: Text, words: str) -> str:
    start = line.plain.index(words)
    spans = [span for span in line.spans if span.start < start + len(words) and span.end > start]
    return " ".join(str(span.style) for span in spans)


def sound(level: float) -> Frame:
    """A frame whose samples are ``level`` of full scale."""
    return Frame(0, np.full(FRAME_SAMPLES, round(32767 * level), np.int16))


def test_whose_turn_it_is_from_the_first_word_to_the_last() -> None:
    page = Page()
    assert page.status == "listening"
    turn = page.hears("What is one?")
    assert page.status == "hearing you"
    turn.marks.speech_end, turn.marks.committed = 2.0, 2.6
    assert page.status == "thinking"
    page.answers(turn, "It is one.")
    assert page.status == "speaking"
    page.ends(turn)
    assert page.status == "listening"


def test_speech_that_goes_on_after_the_commitment_takes_the_reply_from_the_page() -> None:
    page = Page()
    turn = page.hears("Tell me.")
    page.answers(turn, "It is one.", heard="It is")
    turn.marks.committed = None
    page.shown.event(Reopen(11.0))
    assert page.status == "hearing you" and "It is one." not in page.text and "Tell me." in page.text


def test_words_are_dim_until_they_are_a_sentence() -> None:
    page = Page()
    turn = page.hears("Tom has two boxes.")
    page.shown.words("each holds for")
    assert "dim" in page.style("each holds for")
    assert not page.style("Tom has two boxes.")
    second = SegmentRecord(1, 0, "Each holds four eggs.", 2.0, 3.0)
    turn.segments.append(second)
    page.shown.segment(second)
    assert "each holds for" not in page.text and not page.style("Each holds four eggs.")


@pytest.mark.parametrize(
    ("fate", "word"), [("used", "kept"), ("stale", "stale"), ("aborted", "aborted"), ("late", "late")]
)
def test_each_thought_stands_under_its_sentence_with_its_fate(fate: Fate, word: str) -> None:
    page = Page()
    turn = page.hears("Tom has two boxes.", "How many eggs?")
    turn.segments[0].note_start_s = 1.1
    lines = page.lines()
    assert lines[lines.index("  you  Tom has two boxes.") + 1].strip() == "→  thinking …"
    turn.segments[0].note, turn.segments[0].note_end_s, turn.segments[0].fate = "boxes = 2", 1.9, fate
    lines = page.lines()
    place = lines.index("  you  Tom has two boxes.")
    assert lines[place + 1].strip() == f"→  boxes = 2 · {word}"
    assert lines[place + 2].strip() == "How many eggs?"
    assert ("strike" in page.style("boxes = 2")) is (fate != "used")


def test_a_sentence_that_was_heard_otherwise_stands_there_once_with_its_stale_thought() -> None:
    page = Page()
    turn = page.hears("Each holds for eggs.")
    turn.segments[0].note, turn.segments[0].fate = "for eggs", "stale"
    turn.segments.append(SegmentRecord(0, 1, "Each holds four eggs.", 0.0, 1.0))
    turn.segments.append(SegmentRecord(1, 0, "Yes.", 1.0, 2.0))
    turn.segments.append(SegmentRecord(1, 1, "", 2.0, 2.0))
    assert "holds for" not in page.text and "Yes." not in page.text
    assert [line.strip() for line in page.lines()[2:4]] == ["you  Each holds four eggs.", "→  for eggs · stale"]


def test_what_was_heard_of_the_reply_is_bright_and_the_rest_dim() -> None:
    page = Page()
    turn = page.hears("How many?")
    page.answers(turn, "There are nine eggs,", "as you said.", heard="There are nine")
    assert "bold" in page.style("There are nine") and "dim" in page.style("eggs, as you said.")
    assert "cut" not in page.text


def test_an_interrupted_reply_has_a_mark_where_it_was_cut() -> None:
    page = Page()
    first = page.hears("How many?")
    page.answers(first, "There are nine eggs,", heard="There are")
    second = page.hears("Wait.")
    assert page.status == "hearing you"
    page.shown.heard("There are nine")
    first.interrupted, first.heard, first.reply = True, "There are nine", "There are nine eggs, as you said."
    page.ends(first)
    assert " says  There are nine —cut— eggs, as you said." in page.lines()
    assert page.status == "hearing you"
    page.answers(second, "Yes?")
    assert page.lines()[2:6] == [
        "  you  How many?",
        " says  There are nine —cut— eggs, as you said.",
        "  you  Wait.",
        " says  Yes?",
    ]


def test_the_cut_is_seen_even_in_a_long_reply_of_the_past() -> None:
    page = Page()
    first = page.hears("Count.")
    numbers = [f"number-{number}" for number in range(60)]
    page.answers(first, *numbers, heard=" ".join(numbers[:40]))
    first.interrupted = True
    page.ends(first)
    page.hears("Stop.")
    assert "number-39 —cut— number-40" in " ".join(page.text.split())
    assert len([line for line in page.lines() if "number-" in line]) == 2


def test_noise_over_the_reply_leaves_the_page_as_it_was() -> None:
    page = Page()
    turn = page.hears("How many?")
    page.answers(turn, "There are nine eggs.", heard="There are")
    before = page.text
    cough = page.hears()
    page.ends(cough)
    assert page.text == before
    page.shown.heard("There are nine eggs.")
    assert "bold" in page.style("There are nine eggs.")


def test_times_of_the_last_turn_stand_over_the_median_of_the_session() -> None:
    page = Page()
    for after_s in (0.7, 1.5, 0.9):
        turn = page.hears("What is one?")
        page.answers(turn, "It is one.", after_s=after_s)
        page.ends(turn)
    unanswered = page.hears("Hm.")
    page.ends(unanswered)
    last, median = page.lines()[-3:-1]
    assert last == " last turn: speech end → commit 0.60 → first clause 0.50 → first audio 0.90 s"
    assert median == "           median of 3 → commit 0.60 → first clause 0.50 → first audio 0.90 s"
    page.shown.forgotten()
    assert "What is one?" not in page.text and "median of 3" in page.text


def test_the_newest_is_seen_however_much_was_said() -> None:
    page = Page()
    old = page.hears("A question of long ago.")
    old.segments[0].note, old.segments[0].fate = "long ago", "used"
    page.answers(old, "Its answer.", heard="Its answer.")
    page.ends(old)
    turn = page.hears("What is one?")
    # A turn of the past is told in short.
    assert "A question of long ago." in page.text and "· kept" not in page.text
    sentences = [f"This is sentence {number}." for number in range(40)]
    turn.segments += [SegmentRecord(place + 1, 0, text, 1.0, 2.0) for place, text in enumerate(sentences)]
    page.answers(turn, "That was a lot.")
    lines = page.lines()
    assert lines[-4] == " says  That was a lot." and lines[-5].strip() == sentences[-1]
    assert page.status == "speaking" and "quit" in lines[-1]
    assert "long ago" not in page.text


@given(st.integers(1, 200), st.integers(1, 60), st.lists(st.text(max_size=90), max_size=9), st.text(max_size=200))
def test_the_page_fits_every_terminal_whatever_was_said(width: int, height: int, said: list[str], reply: str) -> None:
    page = Page()
    turn = page.hears(*said)
    for segment in turn.segments:
        segment.note, segment.fate = segment.text, "used"
    page.answers(turn, reply, heard=reply[:20])
    page.shown.device("microphone", "microphone: gone " * 9, False)
    lines = render(page.shown, width, height)
    assert len(lines) == height
    assert all(cell_len(line.plain) <= width for line in lines)
    # What somebody said cannot move the cursor.
    assert all(line.plain.isprintable() for line in lines)


def test_the_meter_follows_the_sound_at_once_and_falls_slowly() -> None:
    page = Page()
    page.shown.frame(sound(0), 0)
    assert "silent" in page.lines()[0] and "█" not in page.text
    page.shown.frame(sound(0.1), 0.9)
    assert "█" * 11 in page.lines()[0] and "-20 dB" in page.lines()[0]
    for _ in range(10):
        page.shown.frame(sound(0), 0)
    assert "-26 dB" in page.lines()[0]


def test_a_lost_device_is_said_until_it_is_back() -> None:
    page = Page()
    page.shown.device("loudspeaker", "loudspeaker USB is gone", False)
    page.shown.device("microphone", "microphone USB is gone", False)
    assert page.status == "microphone lost" and "loudspeaker lost" in page.lines()[0]
    assert page.lines()[1] == " microphone USB is gone"
    page.shown.device("microphone", "microphone USB is back", True)
    page.shown.device("loudspeaker", "loudspeaker USB is back", True)
    assert page.status == "listening" and "lost" not in page.text


def test_what_happened_to_a_device_is_news_for_a_while_and_until_it_works_again() -> None:
    page = Page()
    page.shown.device("microphone", "microphone USB is gone", False)
    for number in range(3000):
        page.shown.frame(sound(0)._replace(number=number), 0)
    assert "microphone USB is gone" in page.text
    page.shown.device("microphone", "microphone USB is back", True)
    page.shown.frame(sound(0)._replace(number=3000), 0)
    assert "microphone USB is back" in page.text
    page.shown.frame(sound(0)._replace(number=4000), 0)
    assert "microphone USB" not in page.text


def test_muted_is_said_in_every_state() -> None:
    page = Page()
    turn = page.hears("What is one?")
    page.answers(turn, "It is one.")
    page.controls.muted = True
    assert page.status == "speaking" and " muted " in page.lines()[0]
    page.ends(turn)
    assert page.status == "muted" and "unmute" in page.lines()[-1]
    page.controls.push_to_talk = True
    assert page.status == "listening" and "push-to-talk" in page.lines()[0] and "done talking" in page.lines()[-1]


# A whole conversation on virtual time:


class Watched(Lines):
    """Looks at the page whenever a frame was heard, and remembers it where it is another one."""

    def __init__(self) -> None:
        super().__init__()
        self.pages: list[str] = []
        self.parts: list[str] = []
        """Of the reply, as it was heard."""

    def heard(self, words: str) -> None:
        super().heard(words)
        self.parts.append(words)

    def frame(self, frame: Frame, speech: float) -> None:
        super().frame(frame, speech)
        page = "\n".join(line.plain.rstrip() for line in [Text(self.stage), *render(self, 80, 24)[1:]])
        if self.pages[-1:] != [page]:
            self.pages.append(page)

    @property
    def stages(self) -> list[str]:
        """Whose turn it was, one after the other."""
        return [stage for stage, _ in groupby(page.split("\n")[0] for page in self.pages)]


def watched(dialogue: Dialogue, mode: str = "livemind") -> Watched:
    view = dialogue.view = Watched()
    dialogue.replay(mode)
    return view


def test_a_question_and_its_answer_on_the_page() -> None:
    view = watched(Dialogue((1.0, 2.0, "What is one?")))
    assert view.stages == ["listening", "hearing you", "speaking", "listening"]
    assert view.pages[-1].split("\n")[2:4] == ["  you  What is one?", " says  It is one."]
    # Committed 1 s after the end of speech; the draft was there, and sounds at once.
    assert "commit 1.00" in view.pages[-1] and "first audio 1.00 s" in view.pages[-1]


def test_an_answer_that_is_not_drafted_is_thought_about_first() -> None:
    view = watched(Dialogue((1.0, 2.0, "What is one?")), "direct")
    assert view.stages == ["listening", "hearing you", "thinking", "speaking", "listening"]


def test_the_reply_is_seen_to_be_heard_word_by_word() -> None:
    dialogue = Dialogue((1.0, 2.0, "Count."))
    dialogue.speaker = ScriptedModel("One two three four five.")
    assert watched(dialogue).parts[:4] == ["One", "One two", "One two three", "One two three four"]


def test_a_thought_on_the_page_from_its_beginning_to_its_fate() -> None:
    dialogue = Dialogue((1.0, 2.0, "Tom has two boxes."), (2.6, 5.0, "Each holds four eggs."), (5.6, 7.0, "How many?"))
    dialogue.thinker = ScriptedModel("boxes = 2", "eggs = 2 * 4 = 8")
    view = watched(dialogue)
    thinking = next(place for place, page in enumerate(view.pages) if "→  thinking …" in page)
    kept = next(place for place, page in enumerate(view.pages) if "→  boxes = 2 · kept" in page)
    assert thinking < kept and "→  eggs = 2 * 4 = 8 · kept" in view.pages[-1]
    assert "thinking …" not in view.pages[-1]


def test_words_are_seen_before_their_sentence_is_settled() -> None:
    said = "One is here now. Two is here too. Three is here as well. Four is the last."
    view = watched(Dialogue((1.0, 13.0, said)), "direct")
    bodies = [[line.strip() for line in page.split("\n")[2:7] if line] for page in view.pages]
    # Two passes of the recogniser agree on the first sentence, and one has heard what follows it.
    unsettled = bodies.index(["you  One is here now.", "Two is here too. Three is here as well."])
    settled = bodies.index(["you  One is here now.", "Two is here too.", "Three is here as well.", "Four is the last."])
    assert unsettled < settled


def test_an_interruption_on_the_page() -> None:
    dialogue = Dialogue((1.0, 2.0, "Count."), (5.3, 6.2, "Stop it now."))
    dialogue.speaker = ScriptedModel("One two three four five six seven eight nine ten.", "Yes.", token_s=0.01)
    view = watched(dialogue, "paper")
    (cut,) = (line for line in view.pages[-1].split("\n") if "—cut—" in line)
    assert cut.startswith(" says  One two three four") and cut.endswith("ten.")
    assert view.stages[-5:] == ["speaking", "hearing you", "thinking", "speaking", "listening"]


# The page in a terminal:


def in_app(*keys: str, controls: Controls, shown: Shown, takes_more: bool = True) -> list[str]:
    """The lines of an 80x24 terminal after these keys."""

    async def pressed() -> list[str]:
        app = TerminalApp(shown, controls, lambda: takes_more)
        async with app.run_test(size=(80, 24)) as pilot:
            for key in keys:
                await pilot.press(key)
            await pilot.pause(2.5 * REDRAW_S)
            (page,) = app.screen.children
            return [page.render_line(y).text.rstrip() for y in range(24)]

    return asyncio.run(pressed())


def test_the_terminal_shows_the_page_to_its_last_line() -> None:
    page = Page()
    page.hears("What is one?")
    assert in_app(controls=page.controls, shown=page.shown) == page.lines()


def test_m_mutes_and_m_again_unmutes() -> None:
    page = Page()
    assert in_app("m", controls=page.controls, shown=page.shown)[0].startswith(" muted")
    assert page.controls.muted and not page.controls.hears
    assert in_app("m", controls=page.controls, shown=page.shown)[0].startswith(" listening")
    assert page.controls.hears


def test_space_opens_a_muted_microphone_until_space_is_pressed_again() -> None:
    page = Page()
    in_app("m", "space", controls=page.controls, shown=page.shown)
    assert page.controls.push_to_talk and page.controls.hears
    in_app("space", controls=page.controls, shown=page.shown)
    assert not page.controls.push_to_talk and not page.controls.hears


def test_n_begins_a_new_conversation_and_q_quits() -> None:
    page = Page()
    in_app("n", controls=page.controls, shown=page.shown)
    assert page.controls.new_conversation.is_set() and not page.controls.quit.is_set()
    in_app("q", controls=page.controls, shown=page.shown)
    assert page.controls.quit.is_set()


def test_other_keys_do_nothing() -> None:
    page = Page()
    before = page.lines()
    assert in_app("x", "tab", "escape", "ctrl+p", controls=page.controls, shown=page.shown) == before
    assert not page.controls.quit.is_set()


def test_a_stalled_terminal_is_not_drawn_on() -> None:
    page = Page()
    lines = in_app("m", controls=page.controls, shown=page.shown, takes_more=False)
    assert page.controls.muted and lines[0].startswith(" listening")


TALKING = """
import asyncio
from rich.console import Console
from voice_livemind import clock
from voice_livemind.errors import Failure
from voice_livemind.view.controls import Controls
from voice_livemind.view.open import view_open

async def main():
    controls = Controls()
    async with view_open(controls, "livemind", Console(), clock.Clock()) as view:
        while not controls.quit.is_set():
            if controls.new_conversation.is_set():
                view.turns = "not turns"
            await asyncio.sleep(0.01)
    print("quit, muted" if controls.muted else "quit")

try:
    clock.run(main(), "real")
except KeyboardInterrupt:
    print("interrupted")
except Failure as failure:
    print(failure)
"""


def in_terminal(keys: bytes) -> tuple[str, bool]:
    """What a terminal was sent until the end of the program, and whether it was left as it was found."""
    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    environment = {**os.environ, "TERM": "xterm-256color"}
    with subprocess.Popen(
        [sys.executable, "-c", TALKING], stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    ) as program:
        sent = b""
        deadline_s = time.monotonic() + 60
        while program.poll() is None and time.monotonic() < deadline_s:
            if select.select([ours], [], [], 0.05)[0]:
                sent += os.read(ours, 65536)
            if keys and b"listening" in sent:
                os.write(ours, keys)
                keys = b""
        program.kill()
    while select.select([ours], [], [], 0)[0]:
        sent += os.read(ours, 65536)
    restored = termios.tcgetattr(theirs) == before
    os.close(ours)
    os.close(theirs)
    return sent.decode(), restored


@pytest.mark.parametrize(
    ("keys", "last"), [(b"mq", "quit, muted"), (b"\x03", "interrupted"), (b"n", "works without it")]
)
def test_the_terminal_is_left_as_it_was_found_even_by_a_page_that_failed(keys: bytes, last: str) -> None:
    sent, restored = in_terminal(keys)
    # Back from the other screen, with a cursor, and then the program's own last words.
    page, _, after = sent.rpartition("\x1b[?1049l")
    assert "\x1b[?1049h" in page and "\x1b[?25h" in after
    assert after.strip().endswith(last) and restored


# Where there is no terminal:


def test_without_a_terminal_there_is_a_line_for_each_thing() -> None:
    output = io.StringIO()

    async def conversation() -> None:
        async with view_open(Controls(), "livemind", Console(file=output, width=200), Clock()) as view:
            assert isinstance(view, LiveLines)
            segment = SegmentRecord(0, 0, "Count [all].", 1.0, 2.0, note="one, two")
            turn = TurnRecord(1, "livemind", segments=[segment], interrupted=True, heard="One two")
            await asyncio.sleep(2.5)
            view.begun(turn)
            view.frame(sound(0.5), 1.0)
            view.segment(segment)
            view.note(segment)
            view.segment(SegmentRecord(0, 1, "Count them.", 1.0, 2.0))
            view.clause("One two three.", 3.25, prepared=False)
            view.event(Reopen(4.0))
            view.over(turn)
            view.device("microphone", "microphone USB is gone", False)
            view.forgotten()

    on_virtual_time(conversation())
    assert output.getvalue().splitlines() == [
        "   2.50 s  heard       Count [all].",
        "   2.50 s  thought     one, two",
        "   2.50 s  corrected   Count them.",
        "   3.25 s  says        One two three.",
        "   2.50 s  goes on     the same turn; the reply is taken back",
        "   2.50 s  cut off     after: One two",
        "   2.50 s  microphone  microphone USB is gone",
        "   2.50 s  begins      a new conversation",
    ]
