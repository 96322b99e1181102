"""The admin: the review queue, the record (read-only), articles and sections, the desk."""

from django.contrib import admin

from conversations.admin import (
    api_tokens,
    conversations,
    desk,
    knowledge,
    review,
    rules,
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
    "rules",
    "synonyms",
    "turns",
    "verdicts",
]

admin.site.enable_nav_sidebar = False  # the front page lists everything; tables need the width
