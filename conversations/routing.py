from django.urls import path

from conversations.consumers import ConversationConsumer
from conversations.escalation.consumer import DeskConsumer

websocket_urlpatterns = [
    path("ws/conversations/<str:conversation_id>/", ConversationConsumer.as_asgi()),
    path("ws/desk/", DeskConsumer.as_asgi()),
]
