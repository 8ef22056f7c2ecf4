"""Sound comes in as numbered frames, and each frame is judged: speech or not."""
