"""How well a recording was heard, and all recordings together: pure, times in and figures out.

::

    speech       ▁▁▁▁██████▁▁████▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁
                               ▲        ▲ true end        (of the label, or measured on the clean recording)
    commit ──────────────────── ✗ premature     ✓
                                        [───────]  commit_wait_s
                                        [──] pause_wait_s

A commitment is in its place when a span of speech has ended and the next has not begun; any other is premature. Waits
are those of the last turn that began before the true end, over recordings without a premature commitment: up to its
last commitment, last pause, final text. A recording whose end was never committed is *missed*. A turn that touches no
speech is a false one, with words (it would be answered) or without; all are counted, per minute of sound without
speech. A turn without words that touches speech counts for premature commitments only. Computing takes no time
(stepped pace).
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from voice_livemind.bench.conditions import Recording
from voice_livemind.bench.figures import percentiles, share
from voice_livemind.bench.heard import Heard, HeardTurn
from voice_livemind.bench.labels import Span
from voice_livemind.bench.words import spelt, unheard, word_errors

_RANKS = (50, 90, 95)


@dataclass(frozen=True)
class Understood:
    """A transcript against its label."""

    transcript: str
    wanted_words: int
    """Words that must be heard: those of the slots, or of the text where there are no slots."""
    not_heard: tuple[str, ...]
    words: int
    """Of the text; 0 where it is not known."""
    word_errors: int

    @classmethod
    def of(cls, transcript: str, recording: Recording) -> "Understood":
        """Both are compared in a common spelling."""
        heard, label = spelt(transcript), recording.label
        wanted = spelt(label.wanted) if label else []
        text = spelt(label.text or "") if label else []
        errors = word_errors(text, heard) if text else 0
        return cls(transcript, len(wanted), tuple(unheard(wanted, heard)), len(text), errors)


@dataclass(frozen=True)
class Run:
    """One recording, listened to under one policy and condition."""

    file: str
    policy: str
    snr_db: float | None
    """Of added noise."""
    seconds: float
    speech: tuple[Span, ...]
    premature: bool | None
    """None where nobody speaks, as for ``missed``."""
    missed: bool | None
    commit_wait_s: float | None
    pause_wait_s: float | None
    text_wait_s: float | None
    last_commit_wait_s: float | None
    """Like ``commit_wait_s``, after a premature commitment too."""
    false_turns: int
    false_turns_without_words: int
    vad_cpu_share: float
    understood: Understood
    full_window: Understood | None
    """One pass of the same model over the whole recording."""
    turns: tuple[HeardTurn, ...]

    @classmethod
    def of(
        cls,
        recording: Recording,
        policy: str,
        snr_db: float | None,
        heard: Heard,
        full_window: str | None = None,
    ) -> "Run":
        """``recording`` as it was listened to, and what was heard."""
        turns = heard.turns
        speech = recording.speech
        premature = missed = None
        waits: tuple[float | None, float | None, float | None] = (None, None, None)
        last_wait_s = None
        if speech:
            end_s = speech[-1][1]
            premature = any(
                is_premature(commit_s, speech)
                for turn in turns
                if turn.segments or _touches(turn, speech)
                for commit_s in turn.commits
            )
            answered = (turn for turn in turns if turn.segments and turn.speech_start_s < end_s)
            last = max(answered, key=_committed_s, default=None)
            missed = last is None or last.committed_s < end_s
            if last is not None and not missed:
                last_wait_s = last.committed_s - end_s
                if not premature:
                    waits = (last_wait_s, last.pause_s - end_s, last.text_final_s - end_s)
        return cls(
            recording.file,
            policy,
            snr_db,
            recording.seconds,
            speech,
            premature,
            missed,
            *waits,
            last_commit_wait_s=last_wait_s,
            false_turns=sum(not _touches(turn, speech) for turn in turns),
            false_turns_without_words=sum(not _touches(turn, speech) and not turn.segments for turn in turns),
            vad_cpu_share=heard.vad_cpu_share,
            understood=Understood.of(" ".join(turn.transcript for turn in turns), recording),
            full_window=None if full_window is None else Understood.of(full_window, recording),
            turns=turns,
        )

    @property
    def without_speech_s(self) -> float:
        """Seconds in which nobody speaks."""
        return self.seconds - sum(end_s - start_s for start_s, end_s in self.speech)

    @property
    def segment_latencies_s(self) -> list[float]:
        """From the end of each sentence until it was handed on."""
        return [handed_s - end_s for turn in self.turns for _, end_s, handed_s, _ in turn.segments]

    def as_json(self) -> dict[str, Any]:
        """One of the ``runs`` in results.json."""
        return asdict(self) | {"segment_latencies_s": self.segment_latencies_s}


def is_premature(commit_s: float, speech: Sequence[Span]) -> bool:
    """Whether a commitment decided at ``commit_s`` came before the last word of what is being said."""
    starts = [start_s for start_s, _ in speech[1:]] + [float("inf")]
    return not any(end_s - 1e-6 <= commit_s < next_s for (_, end_s), next_s in zip(speech, starts, strict=True))


def summarize(runs: Sequence[Run]) -> dict[str, Any]:
    """The figures of all runs under one policy and condition."""
    spoken = [run for run in runs if run.speech]
    turns = [turn for run in runs for turn in run.turns]
    return {
        "recordings": len(runs),
        "premature_share": share(sum(run.premature is True for run in spoken), len(spoken)),
        "commit_wait_s": percentiles((run.commit_wait_s for run in spoken), _RANKS),
        "pause_wait_s": percentiles((run.pause_wait_s for run in spoken), _RANKS),
        "text_wait_s": percentiles((run.text_wait_s for run in spoken), _RANKS),
        "last_commit_wait_s": percentiles((run.last_commit_wait_s for run in spoken), _RANKS),
        "label_recall": _recall([run.understood for run in runs]),
        "full_window_label_recall": _recall([run.full_window for run in runs if run.full_window]),
        "wer": _wer([run.understood for run in runs]),
        "full_window_wer": _wer([run.full_window for run in runs if run.full_window]),
        "false_turns_per_minute": share(
            60 * sum(run.false_turns for run in runs), sum(run.without_speech_s for run in runs)
        ),
        "segment_latency_s": percentiles((latency for run in runs for latency in run.segment_latencies_s), _RANKS),
        "with_speech": len(spoken),
        "missed": sum(run.missed is True for run in spoken),
        "turns": len(turns),
        "false_turns": sum(run.false_turns for run in runs),
        "false_turns_without_words": sum(run.false_turns_without_words for run in runs),
        "reopened": sum(len(turn.commits) > 1 for turn in turns),
        "revised": sum(turn.revised for turn in turns),
        "rejected": sum(len(turn.rejected) for turn in turns),
        "vad_cpu_share": share(sum(run.vad_cpu_share * run.seconds for run in runs), sum(run.seconds for run in runs)),
    }


def _recall(understood: Sequence[Understood]) -> float | None:
    wanted = sum(one.wanted_words for one in understood)
    return share(wanted - sum(len(one.not_heard) for one in understood), wanted)


def _wer(understood: Sequence[Understood]) -> float | None:
    return share(sum(one.word_errors for one in understood), sum(one.words for one in understood))


def _committed_s(turn: HeardTurn) -> float:
    return turn.committed_s


def _touches(turn: HeardTurn, speech: Sequence[Span]) -> bool:
    return any(turn.speech_start_s < end_s and turn.speech_end_s > start_s for start_s, end_s in speech)
