"""Who gets what answer at which address. A new route needs a row here, or the tests fail.

A row has one letter for each of people.ROLES, in their order:

    nobody, customer, outsider, stranger, agent, supervisor, manager, admin, root, logged out

L: must log in. R: refused. H: told that there is nothing. O: let in. -: no such method. A
`customer` holds the key of another conversation, an `outsider` has an account without a role, a
`stranger` is an agent of another team. A POST without a row is one that nobody can make (405).

Run `pytest tests/security/test_access_table.py`: a route without a row is printed as the row that
its answers would give. Read it, and only then put it in.
"""

ALL = "OOOOOOOOOO"
STAFF = "LLLLLOOOOL"
STAFF_POST = "LLLLL----L"
NOBODY_YET = "LLLLLHHHHL"  # staff only, and the row that it is about is not there
INSIGHTS = "LLRRROOOOL"
DESK = "LLROOOOOOL"
TEAM = "LLRHOOOOOL"

_REVIEW = "/admin/conversations/reviewitem/"
_OF = "/api/v1/desk/conversations/<uuid:conversation_id>/"

TABLE: dict[str, str] = {
    # --- probes
    "GET /healthz": ALL,
    "GET /readyz": ALL,
    "GET /metrics": ALL,
    "GET /.well-known/security.txt": "HHHHHHHHHH",  # until the operator names a contact
    # --- customers' pages
    "GET /": ALL,
    "GET /help/": ALL,
    "GET /help/search/": ALL,
    "GET /help/sections/<str:slug>/": "HHHHHHHHHH",
    "GET /help/<str:slug>/": ALL,
    "POST /api/v1/conversations/": ALL,
    # --- the login
    "GET /desk/login/": ALL,
    "POST /desk/login/": ALL,
    "GET /desk/login/code/": "LLLLLLLLLL",  # after a password only
    "POST /desk/login/code/": "LLLLLLLLLL",
    "GET /desk/login/app/": "LLOOOOOOOL",
    "POST /desk/login/app/": "LLOOOOOOOL",
    "GET /desk/logout/": "----------",
    "POST /desk/logout/": "LLLLLLLLLL",
    "GET /admin/login/": ALL,
    "POST /admin/login/": ALL,
    # --- the admin's own pages; those of models are in MODELS
    "GET /admin/": STAFF,
    "POST /admin/": STAFF,
    "GET /admin/logout/": "HHHHH----H",
    "POST /admin/logout/": "HHHHHOOOOH",
    "GET /admin/password_change/": STAFF,
    "POST /admin/password_change/": STAFF,
    "GET /admin/password_change/done/": STAFF,
    "POST /admin/password_change/done/": STAFF_POST,
    "GET /admin/autocomplete/": "LLLLLRRRRL",  # asked without a model
    "POST /admin/autocomplete/": STAFF_POST,
    "GET /admin/jsi18n/": STAFF,
    "POST /admin/jsi18n/": STAFF_POST,
    "GET /admin/r/<path:content_type_id>/<path:object_id>/": "LLLLLHHHHL",
    "POST /admin/r/<path:content_type_id>/<path:object_id>/": "LLLLLHHHHL",
    "GET /admin/APP/": STAFF,
    "POST /admin/APP/": STAFF,
    "GET /admin/(?P<url>.*)$": NOBODY_YET,
    "POST /admin/(?P<url>.*)$": NOBODY_YET,
    "GET /admin/auth/user/<id>/password/": "LLLLLRRRHL",
    "POST /admin/auth/user/<id>/password/": "LLLLLRRRHL",
    "GET /admin/otp_totp/totpdevice/<int:pk>/config/": "LLLLLRRRRL",
    "POST /admin/otp_totp/totpdevice/<int:pk>/config/": "LLLLLRRRRL",
    "GET /admin/otp_totp/totpdevice/<int:pk>/qrcode/": "LLLLLRRRRL",
    "POST /admin/otp_totp/totpdevice/<int:pk>/qrcode/": "LLLLLRRRRL",
    # --- the review queue
    "GET /admin/conversations/article/preview/": STAFF_POST,
    "POST /admin/conversations/article/preview/": STAFF,
    f"GET {_REVIEW}next/": STAFF,
    f"POST {_REVIEW}next/": STAFF,
    f"GET {_REVIEW}articles/": STAFF,
    f"POST {_REVIEW}articles/": STAFF,
    f"GET {_REVIEW}undo/": STAFF_POST,
    f"POST {_REVIEW}undo/": STAFF,
    f"GET {_REVIEW}add/<uuid:turn_id>/": STAFF_POST,
    f"POST {_REVIEW}add/<uuid:turn_id>/": STAFF,
    f"GET {_REVIEW}<int:item_id>/judge/": STAFF_POST,
    f"POST {_REVIEW}<int:item_id>/judge/": NOBODY_YET,
    f"GET {_REVIEW}<int:item_id>/skip/": STAFF_POST,
    f"POST {_REVIEW}<int:item_id>/skip/": NOBODY_YET,
    f"GET {_REVIEW}<int:item_id>/snooze/": STAFF_POST,
    f"POST {_REVIEW}<int:item_id>/snooze/": NOBODY_YET,
    f"GET {_REVIEW}<int:item_id>/assign/": STAFF_POST,
    f"POST {_REVIEW}<int:item_id>/assign/": NOBODY_YET,
    # --- insights
    "GET /insights/": INSIGHTS,
    "GET /insights/ask/": INSIGHTS,
    "GET /insights/brief/": INSIGHTS,
    "GET /insights/brief/mail/": "LLRRR----L",
    "POST /insights/brief/mail/": INSIGHTS,
    "GET /insights/automation/": INSIGHTS,
    "GET /insights/automation/limit/": "LLRRR----L",
    "POST /insights/automation/limit/": "LLRRRROOOL",
    "GET /insights/ladder/": INSIGHTS,
    "GET /insights/ladder.json": INSIGHTS,
    "GET /insights/ladder/<slug:rung>/breaker/": "----------",
    "POST /insights/ladder/<slug:rung>/breaker/": "LLRRRRROOL",
    "GET /insights/savings/": INSIGHTS,
    "GET /insights/topics/": INSIGHTS,
    "GET /insights/desk/": INSIGHTS,
    "GET /insights/quality/": INSIGHTS,
    "GET /insights/performance/": INSIGHTS,
    "GET /insights/knowledge/": INSIGHTS,
    "GET /insights/figures/": INSIGHTS,
    "GET /insights/rows/": INSIGHTS,
    "GET /insights/rows/<slug:name>/": INSIGHTS,
    "GET /insights/rows.csv": INSIGHTS,
    "GET /insights/figures.csv": INSIGHTS,
    "GET /insights/rows.parquet": INSIGHTS,
    "GET /insights/figures.parquet": INSIGHTS,
    "GET /api/v1/insights/measures/": INSIGHTS,
    "GET /api/v1/insights/figures/": INSIGHTS,
    "POST /api/v1/insights/questions/": INSIGHTS,
    # --- the public interface; a customer comes with the key of another conversation
    "GET /api/docs/": ALL,
    "GET /api/v1/schema/": ALL,
    "GET /api/v1/health/": DESK,
    "GET /api/v1/ladder/": DESK,
    "GET /api/v1/conversations/": DESK,
    "GET /api/v1/conversations/<uuid:conversation_id>/": "LLRHOOOOOL",
    "GET /api/v1/conversations/<uuid:conversation_id>/messages/": "LLRHOOOOOL",
    "POST /api/v1/conversations/<uuid:conversation_id>/messages/": "LLRRRRRRRL",  # its customer's
    "GET /api/v1/conversations/<uuid:conversation_id>/events/": "LLLLLLLLLL",  # its customer's
    "GET /api/v1/conversations/<uuid:conversation_id>/turns/": TEAM,
    "GET /api/v1/turns/": DESK,
    "GET /api/v1/turns/<uuid:turn_id>/": TEAM,
    "GET /api/v1/escalations/": DESK,
    "GET /api/v1/escalations/<uuid:escalation_id>/": TEAM,
    "GET /api/v1/agents/": DESK,
    "GET /api/v1/articles/": INSIGHTS,
    "POST /api/v1/articles/": INSIGHTS,
    "GET /api/v1/articles/<int:article_id>/": INSIGHTS,
    "PATCH /api/v1/articles/<int:article_id>/": INSIGHTS,
    "GET /api/v1/articles/<int:article_id>/revisions/": INSIGHTS,
    # --- the desk
    "GET /desk/": DESK,
    "GET /api/v1/desk/me/": DESK,
    "PATCH /api/v1/desk/me/": DESK,
    "GET /api/v1/desk/agents/": DESK,
    "GET /api/v1/desk/queue/": DESK,
    "GET /api/v1/desk/knowledge/": DESK,
    "GET /api/v1/desk/past/": DESK,
    "GET /api/v1/desk/canned/": DESK,
    "POST /api/v1/desk/canned/": DESK,
    "PATCH /api/v1/desk/canned/<int:reply_id>/": "LLRHROOOOL",  # a team's: supervisors change it
    "DELETE /api/v1/desk/canned/<int:reply_id>/": "LLRHROOOOL",
    "GET /api/v1/desk/views/": DESK,
    "POST /api/v1/desk/views/": DESK,
    "DELETE /api/v1/desk/views/<int:view_id>/": "LLRHHHHHHL",  # nobody's view
    f"GET {_OF}": TEAM,
    f"GET {_OF}messages/": TEAM,
    f"POST {_OF}messages/": "LLRHRRRRRL",  # only who holds the conversation speaks
    f"POST {_OF}notes/": TEAM,
    f"PUT {_OF}draft/": TEAM,
    f"POST {_OF}flag/": "LLRHHHHHHL",  # no answer to flag yet
    f"POST {_OF}rewrite/": DESK,  # an unknown style is refused before anything is looked up
    f"POST {_OF}article/": TEAM,
    f"GET {_OF}audit/": "LLRHRROOOL",
    f"POST {_OF}facts/": TEAM,
    f"DELETE {_OF}facts/": TEAM,
    f"PUT {_OF}facts/<int:fact_id>/": TEAM,
    f"DELETE {_OF}facts/<int:fact_id>/": TEAM,
    f"POST {_OF}follow/": TEAM,
    f"POST {_OF}unfollow/": TEAM,
    f"POST {_OF}<slug:action>/": TEAM,
}

#: Bodies of requests that are looked at before the right to make them.
BODIES: dict[str, dict[str, object]] = {
    f"POST {_OF}messages/": {"text": "hi", "client_id": "00000000-0000-4000-8000-000000000009"},
    f"POST {_OF}notes/": {"text": "hi"},
    f"PUT {_OF}draft/": {"text": "hi"},
    f"POST {_OF}rewrite/": {"text": "hi", "style": "none"},
    f"POST {_OF}article/": {"title": "hi", "text": "hi"},
    f"POST {_OF}facts/": {"kind": "name", "value": "Jo"},
    f"PUT {_OF}facts/<int:fact_id>/": {"kind": "name", "value": "Jo"},
}

#: The admin's model pages: from which role on one may view, add, change and delete.
#: s supervisor, m manager, a admin, r superusers only, - nobody.
MODELS: dict[str, str] = {
    "conversations.conversation": "s - - -",
    "conversations.message": "s - - -",
    "conversations.customer": "a - a -",
    "conversations.team": "m m m a",
    "conversations.agentprofile": "m a m r",
    "conversations.cannedreply": "s s s a",
    "conversations.openinghours": "a a a a",
    "conversations.holiday": "a a a a",
    "conversations.slapolicy": "a a a a",
    "conversations.escalationrule": "s s s s",
    "conversations.escalation": "s - - -",
    "conversations.auditentry": "m - - -",
    "conversations.note": "r - - -",
    "conversations.resolutionsurvey": "m - - -",
    "conversations.article": "s s s -",
    "conversations.section": "s r r r",
    "conversations.synonym": "s s s s",
    "conversations.apitoken": "a a - -",
    "conversations.articlerevision": "s - - -",
    "conversations.reviewitem": "s - s -",
    "conversations.turn": "s - - -",
    "conversations.rating": "s - - -",
    "conversations.cachedanswer": "s - r r",
    "conversations.review": "s - - -",
    "conversations.reviewchange": "s - - -",
    "conversations.reviewdraw": "s - - -",
    "insights.assumption": "r r r r",
    "insights.alertrule": "r r r r",
    "auth.group": "r r r r",
    "auth.user": "r r r r",
    "otp_static.staticdevice": "r r r r",
    "otp_totp.totpdevice": "r r r r",
}
