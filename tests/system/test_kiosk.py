"""The real ``kiosk`` on a sound card that is software: visitors speak to it, and what it plays is listened to."""

import json
import signal
import time
from pathlib import Path

from tests.audio import MANIFEST, plain, recording, says
from tests.chat_server import serving
from tests.kiosk import kiosk_on
from tests.sound_card import SoundCard, software_card
from tests.system.command import alive, run, started
from voice_livemind.hear.frames import RATE_HZ
from voice_livemind.kiosk.prepared import TEXTS
from voice_livemind.serving.process import free_port
from voice_livemind.transcribe.recognizer import Recognizer


def test_visitors_are_greeted_answered_and_forgotten(
    sound_card: SoundCard, recognizer: Recognizer, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    settings = ("kiosk.quiet_ends_s=4", f"kiosk.transcripts={kept}")
    with kiosk_on(sound_card, "The capital is Paris.", "It is Mercury.", settings=settings) as kiosk:
        kiosk.until_silent()
        before = len(kiosk.room.samples())
        kiosk.say(recording("capital"))
        kiosk.command.wait_for("the visitor has gone")
        heard = recognizer.transcribe(kiosk.room.samples()[before:], 0.0).text
        assert says(heard, "hello") and says(heard, "Paris")
        (file,) = kept.iterdir()
        (written,) = map(json.loads, file.read_text().splitlines())
        assert says(written["said"], "capital") and says(written["heard"], "Paris")
        assert (kept.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o700, 0o600)

        kiosk.command.send(signal.SIGUSR2)
        kiosk.command.wait_for("transcripts are off")
        kiosk.say(recording("planet"))
        kiosk.command.wait_for("the visitor has gone")
        told = json.dumps(kiosk.chat.asked[-1])
        assert "planet" in told and "France" not in told and "Paris" not in told
        assert len(file.read_text().splitlines()) == 1

        children = [int(child) for child in _children(kiosk.command.process.pid)]
        kiosk.command.send(signal.SIGTERM)
        assert kiosk.command.finish() == 0
        assert children and not any(map(alive, children))
        # What visitors say stands in no log.
        assert not says("".join(kiosk.command.lines), "France")


def test_without_a_model_a_prepared_sentence_answers(sound_card: SoundCard, recognizer: Recognizer) -> None:
    nowhere = ("thinker.url=http://127.0.0.1:9/v1", "speaker.url=http://127.0.0.1:9/v1")
    with kiosk_on(sound_card, settings=nowhere) as kiosk:
        kiosk.until_silent()
        before = len(kiosk.room.samples())
        kiosk.say(recording("capital"))
        kiosk.command.wait_for("no model can be reached")
        heard = plain(recognizer.transcribe(kiosk.room.samples()[before:], 0.0).text)
        assert heard == plain(TEXTS["out_of_order"])
        first_s = next(start_s for start_s, _ in kiosk.room.audible() if start_s >= before / RATE_HZ)
        spoken_s = before / RATE_HZ + MANIFEST["capital"]["speech"][-1][1]
        print(f"heard {first_s - spoken_s:.2f} s after the end of speech")


def test_it_waits_for_its_devices_and_the_button_greets(recognizer: Recognizer) -> None:
    with software_card() as card, serving("It is one.") as chat:
        card.kill()
        given = (f"thinker.url={chat.url}", f"speaker.url={chat.url}", f"health.port={free_port()}")
        options = [word for setting in (*given, "kiosk.local_speaker_model=") for word in ("--set", setting)]
        with started("kiosk", *options, **card.environment) as kiosk:
            kiosk.wait_for("waiting for the loudspeaker")
            card.start()
            kiosk.wait_for("the loudspeaker is there")
            kiosk.wait_for("ready")
            with card.record() as room:
                kiosk.send(signal.SIGUSR1)
                kiosk.wait_for("the button was pushed")
                time.sleep(4)
                assert says(recognizer.transcribe(room.samples(), 0.0).text, "do for you")
            kiosk.send(signal.SIGINT)
            assert kiosk.finish() == 130


def test_what_waiting_does_not_mend_is_said_at_once() -> None:
    done = run("kiosk", "--set", "kiosk.quiet_hours=at night")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and "kiosk.quiet_hours" in done.stderr


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
