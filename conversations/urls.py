"""Addresses of the chat page, the help centre and the API."""

from django.urls import URLPattern, URLResolver, include, path

from conversations import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.chat, name="chat"),
    path("help/", views.help_index, name="help"),
    path("help/search/", views.help_search, name="help-search"),
    path("help/sections/<str:slug>/", views.help_section, name="help-section"),
    path("help/<str:slug>/", views.help_article, name="help-article"),
    path("api/v1/", include("conversations.api.urls")),
]
