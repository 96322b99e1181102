"""Addresses below /api/v1/insights/."""

from django.urls import path

from insights.api import views

urlpatterns = [
    path("measures/", views.MeasuresView.as_view(), name="api-measures"),
    path("figures/", views.FiguresView.as_view(), name="api-figures"),
    path("questions/", views.QuestionsView.as_view(), name="api-questions"),
]
