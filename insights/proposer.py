"""Which model proposes plans: a remote rung of the ladder that the operator names, or none.

The small local model is never asked: it is not able to.
"""

import time
from collections.abc import Callable
from uuid import uuid4

from django.conf import settings

from conversations.inference import remote_rungs
from conversations.inference.backend import ChatMessage, GenerationRequest
from conversations.inference.remote_backend import RemoteBackend
from portal.conf import secret

SECONDS, TOKENS = 8.0, 300


def proposer() -> Callable[[str], str] | None:
    """Asks the rung that PORTAL_PLAN_RUNG names; None where it names none."""
    wanted = settings.CONFIG.plan_rung
    rungs = remote_rungs.parse(settings.CONFIG.remote_rungs)
    rung = next((item for item in rungs if item.name == wanted), None) if wanted else None
    if rung is None:
        return None

    def generate(prompt: str) -> str:
        backend = RemoteBackend(rung, secret(rung.key))
        try:
            stream = backend.start(
                GenerationRequest(
                    request_id=f"plan-{uuid4()}",
                    messages=(ChatMessage("user", prompt),),
                    max_tokens=TOKENS,
                    deadline=time.monotonic() + SECONDS,
                )
            )
            return "".join(stream)
        finally:
            backend.close()

    return generate
