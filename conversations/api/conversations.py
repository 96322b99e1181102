"""`POST /api/v1/conversations/`: a new conversation and the secret that opens its socket."""

from typing import Any

from rest_framework import serializers, status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from conversations.services.intake import IntakeService


class ConversationsView(APIView):
    """Open to everybody: it reads nothing and carries no session, so it needs no CSRF token."""

    authentication_classes: tuple[Any, ...] = ()
    permission_classes = (AllowAny,)

    class InputSerializer(serializers.Serializer[Any]):
        channel = serializers.ChoiceField(choices=["web", "widget", "api", "cli"], default="web")
        identity = serializers.CharField(required=False, allow_blank=True, max_length=4_000)

        def validate_identity(self, value: str) -> str:
            if value:
                raise serializers.ValidationError(
                    "Signed identities are not set up on this portal. Leave the field out."
                )
            return value

    def post(self, request: Request) -> Response:
        serializer = self.InputSerializer(data=request.data or {})
        serializer.is_valid(raise_exception=True)
        created = IntakeService().open_conversation(channel=serializer.validated_data["channel"])
        body = {
            "id": str(created.id),
            "token": created.token,
            "socket": f"/ws/conversations/{created.id}/?token={created.token}",
        }
        return Response(body, status=status.HTTP_201_CREATED)
