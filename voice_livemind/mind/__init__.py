"""The thinker works on each sentence while the speaker goes on, and keeps notes for the answer."""
