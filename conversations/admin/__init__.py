"""The admin: conversations and their record, read-only; articles and sections, edited."""

from conversations.admin import conversations, knowledge

__all__ = ["conversations", "knowledge"]
