"""The roles as Django groups: which permissions each has. Written after every migrate."""

from typing import Any

from django.apps import apps as current_apps
from django.apps.registry import Apps

AGENT, SUPERVISOR, MANAGER, ADMIN = "agent", "supervisor", "manager", "admin"

#: From the least to the most; who is in several groups has the last one's role.
ROLES = (AGENT, SUPERVISOR, MANAGER, ADMIN)

_AGENT = ("work_desk",)
_SUPERVISOR = (
    *_AGENT, "see_all_teams", "manage_others", "share_desk_tools",
    "view_conversation", "view_turn", "view_message", "view_escalation", "view_rating",
    "view_article", "add_article", "change_article", "view_review", "add_review",
    "view_synonym", "add_synonym", "change_synonym", "delete_synonym",
    "change_review", "view_reviewitem", "change_reviewitem", "view_reviewdraw",
    "view_reviewchange", "view_cachedanswer", "view_section", "view_articlerevision",
    "view_cannedreply", "add_cannedreply", "change_cannedreply", "view_ladder",
    "view_escalationrule", "add_escalationrule", "change_escalationrule", "delete_escalationrule",
)  # fmt: skip
_MANAGER = (
    *_SUPERVISOR, "read_audit", "view_auditentry", "view_agentprofile", "change_agentprofile",
    "view_team", "add_team", "change_team", "view_resolutionsurvey",
)  # fmt: skip
_ADMIN = (
    *_MANAGER, "add_agentprofile", "delete_team", "delete_cannedreply", "delete_article",
    "view_openinghours", "add_openinghours", "change_openinghours", "delete_openinghours",
    "view_holiday", "add_holiday", "change_holiday", "delete_holiday",
    "view_slapolicy", "add_slapolicy", "change_slapolicy", "delete_slapolicy",
    "view_customer", "change_customer", "operate_ladder", "view_apitoken", "add_apitoken",
)  # fmt: skip
PERMISSIONS: dict[str, tuple[str, ...]] = {
    AGENT: _AGENT,
    SUPERVISOR: _SUPERVISOR,
    MANAGER: _MANAGER,
    ADMIN: _ADMIN,
}


def write_groups(*, apps: Apps = current_apps, using: str = "default", **_: Any) -> None:
    """Give each role's group the permissions it lacks; what an operator added stays.

    A receiver of post_migrate, because Django makes the permissions only there.
    """
    group_model = apps.get_model("auth", "Group")
    permission_model = apps.get_model("auth", "Permission")
    known = {
        permission.codename: permission
        for permission in permission_model.objects.using(using).filter(
            content_type__app_label="conversations"
        )
    }
    for role, codenames in PERMISSIONS.items():
        group, _created = group_model.objects.using(using).get_or_create(name=role)
        group.permissions.add(*(known[name] for name in codenames if name in known))
