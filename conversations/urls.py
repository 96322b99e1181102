"""Addresses of the chat page, the help centre, the agents' desk and the API."""

from django.urls import URLPattern, URLResolver, include, path

from conversations import desk_views, views
from conversations.api import documentation
from conversations.login import views as login

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.chat, name="chat"),
    path("help/", views.help_index, name="help"),
    path("help/search/", views.help_search, name="help-search"),
    path("help/sections/<str:slug>/", views.help_section, name="help-section"),
    path("help/<str:slug>/", views.help_article, name="help-article"),
    path("desk/", desk_views.desk, name="desk"),
    path("desk/login/", login.Login.as_view(), name="desk-login"),
    path("desk/login/code/", login.SecondFactor.as_view(), name="second-factor"),
    path("desk/login/app/", login.SecondFactorSetup.as_view(), name="second-factor-setup"),
    path("desk/logout/", login.Logout.as_view(), name="desk-logout"),
    path("api/docs/", documentation.docs, name="api-docs"),
    path("api/v1/", include("conversations.api.urls")),
]
