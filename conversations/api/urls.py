from django.urls import path

from conversations.api.conversations import ConversationsView

urlpatterns = [
    path("conversations/", ConversationsView.as_view(), name="api-conversations"),
]
