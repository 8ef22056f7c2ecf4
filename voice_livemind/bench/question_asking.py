"""Asks every question in every mode. The modes take turns, and each is warm when its turn comes."""

from collections.abc import Callable, Mapping, Sequence

from voice_livemind.bench.question_run import QuestionRun
from voice_livemind.bench.question_store import QuestionStore
from voice_livemind.bench.questions import Question
from voice_livemind.bench.utterances import Utter
from voice_livemind.clock import Clock
from voice_livemind.config import Settings
from voice_livemind.conversation import Conversation
from voice_livemind.hear.frames import RATE_HZ
from voice_livemind.hear.recording import play_frames
from voice_livemind.modes import Mode
from voice_livemind.play.track import Track
from voice_livemind.stations import Stations
from voice_livemind.surroundings import Surroundings, View
from voice_livemind.warm_up import warm_up

Todo = list[tuple[Question, str]]


def still_to_ask(questions: Sequence[Question], modes: Sequence[str], store: QuestionStore) -> Todo:
    """Question by question, each time another mode first: none always follows the same other one."""
    done = {(run.id, run.mode) for run in store.runs}
    return [
        (question, mode)
        for place, question in enumerate(questions)
        for mode in (*modes[place % len(modes) :], *modes[: place % len(modes)])
        if (question.id, mode) not in done
    ]


async def ask_all(
    todo: Todo,
    modes: Mapping[str, Mode],
    settings: Settings,
    stations: Stations,
    utter: Utter,
    store: QuestionStore,
    advance: Callable[[str], None],
) -> None:
    """Ask and store; ``advance`` is told of each question before it is asked."""
    for question, name in todo:
        advance(f"{name} {question.id}")
        store.add(await ask(question, name, modes[name], settings, stations, utter))


async def ask(
    question: Question, name: str, mode: Mode, settings: Settings, stations: Stations, utter: Utter
) -> QuestionRun:
    """One conversation of its own, through the very path that a microphone takes."""
    utterance = await utter(question, stations)
    # The mode that ran before has left its own prompt in the models' caches: the talker finds this one's there.
    await warm_up(mode, utterance.stations)
    now = Clock()
    track = Track(now, stations.voice_rate_hz)
    around = Surroundings(settings, mode, utterance.stations, now, track, View())
    conversation = Conversation(around, utterance.speech)
    await conversation.listen(play_frames(utterance.samples, now), len(utterance.samples) / RATE_HZ)
    policy = settings.turns.policy
    return QuestionRun.of(question, name, policy, conversation.records, utterance.speech_end_s)
