"""Addresses below /insights/."""

from django.urls import path

from insights import change_views, export_views, ladder_views, row_set_views, views

urlpatterns = [
    path("", views.overview_page, name="insights-overview"),
    path("ask/", views.ask_page, name="insights-ask"),
    path("brief/", views.brief_page, name="insights-brief"),
    path("brief/mail/", change_views.brief_by_mail, name="insights-brief-mail"),
    path("automation/", views.automation_page, name="insights-automation"),
    path("automation/limit/", change_views.apply_limit, name="insights-limit"),
    path("savings/", views.savings_view, name="insights-savings"),
    path("topics/", views.topics_page, name="insights-topics"),
    path("desk/", views.desk_page, name="insights-desk"),
    path("quality/", views.quality_page, name="insights-quality"),
    path("performance/", views.performance_page, name="insights-performance"),
    path("ladder/", ladder_views.ladder_page, name="insights-ladder"),
    path("ladder.json", ladder_views.ladder_json, name="insights-ladder-json"),
    path(
        "ladder/<slug:rung>/breaker/", ladder_views.ladder_breaker, name="insights-ladder-breaker"
    ),
    path("knowledge/", views.knowledge_page, name="insights-knowledge"),
    path("figures/", views.measures_page, name="insights-measures"),
    path("rows/", views.rows_page, name="insights-rows"),
    path("rows/<slug:name>/", row_set_views.row_set_page, name="insights-row-set"),
    path("rows.csv", export_views.rows_export, {"form": "csv"}, name="insights-rows-export"),
    path(
        "rows.parquet", export_views.rows_export, {"form": "parquet"}, name="insights-rows-parquet"
    ),
    path(
        "figures.parquet", export_views.figures_export, {"form": "parquet"}, name="insights-parquet"
    ),
    path("figures.csv", export_views.figures_export, {"form": "csv"}, name="insights-export"),
]
