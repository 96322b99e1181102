"""The admin: conversations and their record, read-only; articles and sections, edited; the desk."""

from conversations.admin import conversations, desk, knowledge

__all__ = ["conversations", "desk", "knowledge"]
