"""Where words were said in what people resolved, among millions of messages, in a bounded time."""

from uuid import UUID

from django.db import connection

from conversations.access import Agent
from conversations.models import Escalation, Message

#: Messages that are weighed before the best are shown, the newest first.
CANDIDATES = 300
#: Words that are so often in the conversations resolved last are common enough to be found there.
LATELY, COMMON = 500, 50
#: Hits of the index of words that are looked at; only words that were common once have more.
HITS = 50_000
EVERYBODY = tuple(Message.Author.values)
PEOPLE = (Message.Author.CUSTOMER.value, Message.Author.AGENT.value)

_INDEX = "to_tsvector('english'::regconfig, coalesce(text, ''))"  # the expression of message_words
_QUERY = "websearch_to_tsquery('english'::regconfig, %s)"
_LATELY = (
    "SELECT id, conversation_id FROM (SELECT id, conversation_id, text, created_at "  # noqa: S608
    "FROM conversations_message WHERE conversation_id = ANY(%s) AND author = ANY(%s) "
    f"OFFSET 0) said WHERE {_INDEX} @@ {_QUERY} ORDER BY created_at DESC LIMIT %s"
)
_ANYWHERE = (
    "WITH hits AS MATERIALIZED (SELECT id, conversation_id, author, created_at "  # noqa: S608
    f"FROM conversations_message WHERE {_INDEX} @@ {_QUERY} LIMIT %s) "
    "SELECT id, conversation_id FROM hits WHERE author = ANY(%s) AND EXISTS (SELECT 1 FROM "
    "conversations_escalation e WHERE e.conversation_id = hits.conversation_id "
    "AND e.state IN ('resolved', 'withdrawn')) ORDER BY created_at DESC LIMIT %s"
)


def ended_lately(agent: Agent) -> list[UUID]:
    """The conversations that were ended last, of those that the agent may see."""
    ended = Escalation.objects.ended().filter(agent.visible).order_by("-ended_at")
    return list(ended.values_list("conversation_id", flat=True)[:LATELY])


def messages_that_say(
    words: str, lately: list[UUID], authors: tuple[str, ...] = EVERYBODY
) -> list[tuple[UUID, UUID]]:
    """The newest messages with these words in ended conversations: (message, conversation).

    First in the conversations that ended lately: common words are found there. Rare ones are
    looked up in the index of words. The planner, left to choose, reads a whole table from its
    newest row on: half a minute for two rare words among three million messages.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LATELY, [lately, list(authors), words, CANDIDATES])
        rows: list[tuple[UUID, UUID]] = cursor.fetchall()
        if len(rows) < COMMON:
            cursor.execute(_ANYWHERE, [words, HITS, list(authors), CANDIDATES])
            rows = cursor.fetchall()
    return rows
