from django.urls import include, path

from conversations.api.conversations import ConversationsView

urlpatterns = [
    path("conversations/", ConversationsView.as_view(), name="api-conversations"),
    path("desk/", include("conversations.api.desk_urls")),
]
