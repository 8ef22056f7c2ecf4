"""The table after a replay, as it reaches a terminal."""

import io

import pytest
from rich.console import Console

from voice_livemind.record.summary import Delays, Hearing, print_summary
from voice_livemind.record.turn import Marks, SegmentRecord, TurnRecord

MARKS = Marks(speech_end=10.0, committed=10.6, text_final=10.9, first_token=11.1, first_clause=11.5, first_audio=11.75)


def printed(*turns: TurnRecord, width: int = 100) -> str:
    out = io.StringIO()
    print_summary(Console(file=out, width=width), turns)
    return out.getvalue()


def test_parts_add_up_to_the_time_to_the_first_word() -> None:
    delays = Delays.of(MARKS)
    assert delays == pytest.approx((0.6, 0.3, 0.2, 0.4, 0.25))
    assert sum(part or 0.0 for part in delays) == pytest.approx(1.75)


def test_text_that_was_ready_before_costs_nothing() -> None:
    delays = Delays.of(Marks(speech_end=10.0, committed=10.6, text_final=10.2, first_token=10.9))
    assert delays.text == 0
    assert delays.token == pytest.approx(0.3)


def test_drafted_reply_is_negative_and_the_sum_still_holds() -> None:
    delays = Delays.of(Marks(None, 10.0, 10.2, 10.3, 10.6, 10.4, 10.5, 10.7))
    assert delays.token == pytest.approx(-0.2)
    assert sum(part or 0.0 for part in delays) == pytest.approx(0.7)


def test_what_is_not_recorded_is_unknown() -> None:
    assert Delays.of(Marks()) == (None,) * 5
    without_text = Delays.of(Marks(speech_end=1.0, committed=1.5, first_token=1.8))
    assert without_text.text is None
    assert without_text.token == pytest.approx(0.3)


def test_how_soon_words_were_known_is_the_median_over_all_pauses_and_sentences() -> None:
    segments = [SegmentRecord(0, 0, "One.", 0, 2.0, heard_s=2.6), SegmentRecord(0, 1, "One two.", 0, 2.5, heard_s=5.0)]
    first = TurnRecord(1, "paper", segments=segments, pauses=[(2.2, 2.5), (3.2, 3.3)])
    second = TurnRecord(2, "paper", segments=[SegmentRecord(0, 0, "Two.", 8, 9.0, heard_s=9.4)], pauses=[(9.2, 9.4)])
    assert Hearing.of([first, second]) == pytest.approx((0.5, 0.2))
    assert Hearing.of([TurnRecord(1, "paper")]) == (None, None)
    assert "sentence heard after its end 0.50, text after a pause 0.20" in " ".join(printed(first, second).split())


def test_row_shows_words_and_times() -> None:
    table = printed(TurnRecord(3, "livemind", "How many?", "Seven [sic], I think.", marks=MARKS))
    assert "How many?" in table
    assert "Seven [sic], I think." in table
    assert [cell for cell in table.split() if "." in cell and cell[0].isdigit()] == [
        "1.75",
        "0.60",
        "0.30",
        "0.20",
        "0.40",
        "0.25",
    ]
    assert "mode livemind" in table


def test_turns_stand_one_under_another() -> None:
    table = printed(TurnRecord(1, "paper", "One?"), TurnRecord(2, "paper", "Two?", "Yes.", interrupted=True))
    assert table.index("One?") < table.index("Two?") < table.index("(interrupted)")
    assert table.count("–") == 2 * 6 + 1 + 2  # noqa: RUF001


def test_reason_of_a_fallback_is_told() -> None:
    assert "the notes came late" in printed(TurnRecord(1, "paper", "One?", fallback="the notes came late"))


def test_long_words_are_shortened_and_the_table_keeps_to_an_ordinary_terminal() -> None:
    table = printed(TurnRecord(1, "livemind", "word " * 200, "reply " * 200, marks=MARKS), width=80)
    assert len(table.splitlines()) < 25
    assert max(map(len, table.splitlines())) <= 80
    assert "0.25" in table


def test_silence_is_said_in_words() -> None:
    assert printed() == "nothing was said\n"
