"""The pages of the insights, in the order of the menu."""

from django.utils.translation import gettext_lazy as _

PAGES = (
    ("overview", "insights-overview", _("Overview")),
    ("ask", "insights-ask", _("Ask")),
    ("brief", "insights-brief", _("Morning brief")),
    ("automation", "insights-automation", _("Automation")),
    ("savings", "insights-savings", _("Savings")),
    ("topics", "insights-topics", _("Topics")),
    ("desk", "insights-desk", _("Desk")),
    ("quality", "insights-quality", _("Quality")),
    ("performance", "insights-performance", _("Performance")),
    ("ladder", "insights-ladder", _("Ladder")),
    ("knowledge", "insights-knowledge", _("Knowledge")),
    ("measures", "insights-measures", _("Figures")),
)
