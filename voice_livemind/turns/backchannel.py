"""Words that say no more than "I'm listening": they interrupt nobody. English and German."""

import re

_WORDS = {
    *("mhm", "mmhm", "mm", "mmm", "mmhmm", "hm", "hmm", "hmmm", "uhhuh", "uh", "huh", "um", "ah", "aha", "oh", "ooh"),
    *("okay", "ok", "yeah", "yep", "yes", "yup", "right", "sure", "alright", "exactly", "wow", "cool", "great", "nice"),
    *("ja", "jaja", "genau", "gut", "klar", "stimmt", "ach", "so", "achso", "ähm", "äh", "super"),
}
_PHRASES = {"i see", "got it", "all right", "of course", "thank you", "thanks", "alles klar", "ach so", "you"}
"""Among them what Whisper makes of a short noise."""


def is_backchannel(text: str) -> bool:
    """Whether nothing else is in ``text``."""
    for part in re.split(r"[.,!?;:…]+", text.lower()):
        plain = " ".join(re.findall(r"\w+", part.replace("-", "").replace("'", "")))
        if plain and plain not in _PHRASES and not set(plain.split()) <= _WORDS:
            return False
    return True
