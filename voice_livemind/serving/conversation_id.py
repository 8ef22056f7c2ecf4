"""A name for the conversation under way, so that all its requests reach the server whose prefix cache knows it.

It goes along as ``X-Session-ID``: vLLM's router (``--policy consistent_hash``), the production stack's
(``--routing-logic session --session-key x-session-id``) and vLLM itself read this header.
"""

from uuid import uuid4


class ConversationId:
    """Random, so that it says nothing about who speaks, or where."""

    def __init__(self) -> None:
        self.value = uuid4().hex

    def renew(self) -> None:
        """Another conversation begins; it may be served elsewhere."""
        self.value = uuid4().hex
