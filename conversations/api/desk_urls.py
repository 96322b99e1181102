"""Addresses of the desk's REST interface, below /api/v1/desk/."""

from django.urls import path

from conversations.api import desk, desk_actions, desk_memory

_CONVERSATION = "conversations/<uuid:conversation_id>/"

urlpatterns = [
    path("me/", desk.MeView.as_view(), name="desk-me"),
    path("agents/", desk.AgentsView.as_view(), name="desk-agents"),
    path("queue/", desk.QueueView.as_view(), name="desk-queue"),
    path("knowledge/", desk.KnowledgeView.as_view(), name="desk-knowledge"),
    path("past/", desk.PastView.as_view(), name="desk-past"),
    path("canned/", desk.CannedRepliesView.as_view(), name="desk-canned"),
    path("canned/<int:reply_id>/", desk.CannedReplyView.as_view(), name="desk-canned-reply"),
    path("views/", desk.ViewsView.as_view(), name="desk-views"),
    path("views/<int:view_id>/", desk.ViewView.as_view(), name="desk-view"),
    path(_CONVERSATION, desk.ConversationView.as_view(), name="desk-conversation"),
    path(f"{_CONVERSATION}messages/", desk_actions.MessagesView.as_view(), name="desk-messages"),
    path(f"{_CONVERSATION}notes/", desk_actions.NotesView.as_view(), name="desk-notes"),
    path(f"{_CONVERSATION}draft/", desk_actions.DraftView.as_view(), name="desk-draft"),
    path(f"{_CONVERSATION}flag/", desk_actions.FlagView.as_view(), name="desk-flag"),
    path(f"{_CONVERSATION}rewrite/", desk_actions.RewriteView.as_view(), name="desk-rewrite"),
    path(f"{_CONVERSATION}article/", desk_actions.ArticleView.as_view(), name="desk-article"),
    path(f"{_CONVERSATION}facts/", desk_memory.FactsView.as_view(), name="desk-facts"),
    path(f"{_CONVERSATION}facts/<int:fact_id>/", desk_memory.FactView.as_view(), name="desk-fact"),
    path(f"{_CONVERSATION}audit/", desk.AuditView.as_view(), name="desk-audit"),
    path(
        f"{_CONVERSATION}follow/",
        desk_actions.FollowView.as_view(),
        {"on": True},
        name="desk-follow",
    ),
    path(
        f"{_CONVERSATION}unfollow/",
        desk_actions.FollowView.as_view(),
        {"on": False},
        name="desk-unfollow",
    ),
    path(f"{_CONVERSATION}<slug:action>/", desk_actions.ActionView.as_view(), name="desk-action"),
]
