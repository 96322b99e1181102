"""The admin: the review queue, the record (read-only), articles and sections, the desk."""

from conversations.admin import (
    api_tokens,
    conversations,
    desk,
    knowledge,
    review,
    synonyms,
    turns,
    verdicts,
)

__all__ = [
    "api_tokens",
    "conversations",
    "desk",
    "knowledge",
    "review",
    "synonyms",
    "turns",
    "verdicts",
]
