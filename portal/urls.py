"""The web process's addresses."""

from django.contrib import admin
from django.urls import include, path

from conversations.login.views import Login
from portal import health, status_api
from portal.security_txt import security_txt

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path(".well-known/security.txt", security_txt, name="security-txt"),
    path("metrics", health.metrics, name="metrics"),
    path("admin/login/", Login.as_view(next_page="admin:index")),  # one login for all
    path("admin/", admin.site.urls),
    path("insights/", include("insights.urls")),
    path("api/v1/insights/", include("insights.api.urls")),
    path("api/v1/health/", status_api.HealthView.as_view(), name="api-health"),
    path("", include("conversations.urls")),
]
