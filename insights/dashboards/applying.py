"""What applying the slider's value changes: the live limit, who changed it, and the way back."""

from django.utils import formats, timezone
from django.utils.translation import gettext as _

from conversations.services import error_limit
from conversations.services.error_limit import Change
from insights.dashboards.blocks import Apply
from insights.figures.wording import value_text

SHOWN = 5


def offer(now: float, chosen: float, *, allowed: bool) -> Apply:
    """The limit that holds now, the one that could be applied, and the last changes."""
    made = error_limit.changes(SHOWN)
    fits = error_limit.LOWEST <= chosen <= error_limit.HIGHEST
    differs = abs(now - chosen) > 1e-9 and fits
    newest = made[0] if made else None
    return Apply(
        now=_("Holds now: at most %s wrong.") % value_text(now, "share"),
        seen=str(newest.id) if newest else "",
        wrong=f"{chosen * 100:g}" if differs else "",
        text=_("Apply: at most %s wrong") % value_text(chosen, "share"),
        undo=_("Take the last change back: %s again") % _value(newest.before) if newest else "",
        allowed=allowed,
        changes=tuple(_line(change) for change in made),
    )


def _value(limit: float | None) -> str:
    return str(_("the setting")) if limit is None else value_text(limit, "share")


def _line(change: Change) -> str:
    text = _("%(at)s, %(who)s: %(before)s → %(after)s") % {
        "at": formats.date_format(timezone.localtime(change.at), "j M Y, H:i"),
        "who": change.actor, "before": _value(change.before), "after": _value(change.max_error),
    }  # fmt: skip
    return text + (" " + _("(taken back)") if change.is_undo else "")
