"""``python -m tests.live interruptions|noises|removals|soak|echo|report``: see ``scripts/live-check``."""

import argparse
from pathlib import Path

from tests.live.double_talk import double_talk
from tests.live.interruptions import interruptions
from tests.live.noises import noises_over_replies
from tests.live.removals import removals
from tests.live.report import report
from tests.live.soak import soak
from tests.sound_card import software_card
from voice_livemind.config import load_settings
from voice_livemind.speak.voice import Voice
from voice_livemind.transcribe.recognizer import Recognizer
from voice_livemind.weights.cache import model_path


def main() -> None:
    """Measure one thing; the lines that it writes may be added to by another call."""
    parser = argparse.ArgumentParser(prog="scripts/live-check")
    parser.add_argument("what", choices=["interruptions", "noises", "removals", "soak", "echo", "report"])
    parser.add_argument(
        "--over-echo", type=int, metavar="MS", help="the loudspeaker comes back so late (interruptions)"
    )
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--first", type=int, default=0, metavar="N", help="of all cases of removals")
    parser.add_argument("--seconds", type=float, default=900.0, help="no new trial after them")
    parser.add_argument("--out", type=Path, default=Path("out"), metavar="DIR")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    if args.what == "report":
        print("\n".join(report(args.out)))
        return
    settings = load_settings(None)
    recognizer = Recognizer(model_path(settings.transcribe.model), settings.transcribe)
    voice = Voice(model_path(settings.speak.voice), settings.speak)
    if args.what == "echo":
        for line in double_talk(settings, recognizer, voice):
            print(line, flush=True)
        return
    with software_card() as card:
        match args.what:
            case "interruptions":
                interruptions(card, recognizer, args.out, args.count, args.seconds, args.over_echo)
            case "noises":
                surplus = noises_over_replies(card, recognizer, voice, args.out, args.count, args.seconds)
                print(f"turns that nobody began: {surplus}")
            case "removals":
                removals(card, args.out, args.count, args.seconds, args.first)
            case "soak":
                soak(card, args.out, args.seconds)


if __name__ == "__main__":
    main()
