"""`/api/v1/health/`: what /readyz knows, for programs that have a token."""

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from conversations.api import reference
from conversations.api.base import ApiView, read_query
from conversations.models import Scope
from portal import health


class CheckShape(serializers.Serializer[Any]):
    ok = serializers.BooleanField()
    reason = serializers.CharField()


class HealthShape(serializers.Serializer[Any]):
    """`degraded`: it takes and answers messages, but something is missing."""

    status = serializers.ChoiceField(["ready", "degraded", "unready"])
    checks = serializers.DictField(child=CheckShape())


class HealthView(ApiView):
    scopes = {"GET": Scope.SYSTEM_READ}

    @extend_schema(**reference.read("system", HealthShape, missing=False))
    def get(self, request: Request) -> Response:
        """Whether each service is well, and why not."""
        read_query(request, serializers.Serializer)
        found = health.look()
        ready = all(finding.ok for name, finding in found.items() if name in health.VITAL)
        well = all(finding.ok for finding in found.values())
        status = "ready" if well else "degraded" if ready else "unready"
        checks = {name: asdict(finding) for name, finding in found.items()}
        return Response({"status": status, "checks": checks})
