"""Sound devices: found by name, opened in a child process each, watched, and opened again when they are lost.

A device lives in a process of its own because PortAudio looks for devices only once in its life, hangs where a device
is dead, and calls back into Python: there the callback never waits for whatever the conversation is computing.
"""
