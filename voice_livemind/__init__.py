"""A voice assistant that thinks while you are still talking.

The folders are the stations that sound passes, in this order:

    hear        frames of sound from a recording (or a microphone), and which of them are speech
    turns       when a turn starts, pauses, resumes and is committed
    transcribe  sound between pauses becomes words with times
    segments    words become sentences
    mind        a thinker works on each sentence while the speaker goes on, and keeps notes
    reply       sentences and notes become an answer, clause by clause
    speak       clauses become sound
    play        sound reaches the listener

Beside them: ``devices`` (microphones and loudspeakers), ``record`` (what happened when, and the picture of it),
``serving`` (the language models), ``weights`` (where models come from), ``commands`` (what can be typed).
"""

__version__ = "0.1.0"
