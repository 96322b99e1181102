"""Addresses of the REST interface, below /api/v1/."""

from django.urls import URLPattern, URLResolver, include, path, re_path

from conversations.api import (
    articles,
    conversations,
    desk_reads,
    documentation,
    events,
    messages,
    turns,
)

_CONVERSATION = "conversations/<uuid:conversation_id>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path("conversations/", conversations.ConversationsView.as_view(), name="api-conversations"),
    path(_CONVERSATION, conversations.ConversationView.as_view(), name="api-conversation"),
    path(f"{_CONVERSATION}messages/", messages.MessagesView.as_view(), name="api-messages"),
    path(f"{_CONVERSATION}events/", events.events, name="api-events"),
    path(
        f"{_CONVERSATION}turns/",
        turns.TurnsOfConversationView.as_view(),
        name="api-conversation-turns",
    ),
    path("turns/", turns.TurnsView.as_view(), name="api-turns"),
    path("turns/<uuid:turn_id>/", turns.TurnView.as_view(), name="api-turn"),
    path("articles/", articles.ArticlesView.as_view(), name="api-articles"),
    path("articles/<int:article_id>/", articles.ArticleView.as_view(), name="api-article"),
    path(
        "articles/<int:article_id>/revisions/",
        articles.RevisionsView.as_view(),
        name="api-revisions",
    ),
    path("escalations/", desk_reads.EscalationsView.as_view(), name="api-escalations"),
    path(
        "escalations/<uuid:escalation_id>/",
        desk_reads.EscalationView.as_view(),
        name="api-escalation",
    ),
    path("agents/", desk_reads.AgentsView.as_view(), name="api-agents"),
    path("ladder/", desk_reads.LadderView.as_view(), name="api-ladder"),
    path("schema/", documentation.SchemaView.as_view(), name="api-schema"),
    path("desk/", include("conversations.api.desk_urls")),
    # With a slash only, so that an address without one is still sent to its own.
    re_path(r"^.*/$", documentation.UnknownAddressView.as_view(), name="api-unknown"),
]
