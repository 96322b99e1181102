"""The review queue: its list, and the page on which a turn is judged by keyboard."""

from datetime import timedelta
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from conversations.admin import review_actions
from conversations.admin.fast import FastAdmin
from conversations.admin.review_filters import FILTERS
from conversations.models import Review, ReviewChange, ReviewItem
from conversations.services.review_page import read_page
from conversations.services.review_queue import ReviewQueueService, next_item
from conversations.services.review_reading import find_articles, summary
from conversations.services.review_verdicts import Judged
from portal.core.errors import ServiceError

UNDO_WITHIN = timedelta(minutes=30)
SNOOZE = timedelta(days=1)
COLLEAGUES = 12  # to whom turns can be assigned from the list


@admin.register(ReviewItem)
class ReviewItemAdmin(FastAdmin):
    """Everybody who may change verdicts judges; nobody adds or deletes rows by hand."""

    change_list_template = "admin/review/queue.html"
    list_display = ("question", "reasons", "decided", "topic", "assignee", "judged", "added_at")
    list_display_links = ("question",)
    list_filter = FILTERS
    list_select_related = ("turn__question", "assignee")
    word_path = "turn__conversation"
    search_fields = ("turn__id__exact", "turn__conversation__id__exact")
    actions = review_actions.ACTIONS
    ordering = ("-priority", "added_at", "id")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReviewItem]:
        return super().get_queryset(request).prefetch_related("turn__reviews__reviewer")

    def get_urls(self) -> list[URLPattern]:
        name = "conversations_reviewitem_{}".format
        wrap = self.admin_site.admin_view
        posted = {
            "judge": self.judge, "skip": self.skip, "snooze": self.snooze, "assign": self.assign,
        }  # fmt: skip
        own = [
            path("next/", wrap(self.next), name=name("next")),
            path("articles/", wrap(self.articles), name=name("articles")),
            path("undo/", wrap(require_POST(self.undo)), name=name("undo")),
            path("add/<uuid:turn_id>/", wrap(require_POST(self.put_in)), name=name("put_in")),
            *(
                path(f"<int:item_id>/{key}/", wrap(require_POST(view)), name=name(key))
                for key, view in posted.items()
            ),
        ]
        return own + super().get_urls()

    # --- the list

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """The plain ones, and one for each colleague who may judge."""
        actions: dict[str, Any] = super().get_actions(request)
        if not self.has_change_permission(request):
            return actions
        colleagues = get_user_model().objects.with_perm(
            "conversations.change_reviewitem", backend="django.contrib.auth.backends.ModelBackend"
        )
        for user in colleagues.exclude(pk=int(request.user.pk or 0)).order_by("username")[
            :COLLEAGUES
        ]:
            name = user.get_full_name() or user.get_username()
            action = review_actions.assign_to(user.pk, name)
            actions[action[1]] = action
        return actions

    @admin.display(description=gettext_lazy("question"))
    def question(self, item: ReviewItem) -> str:
        text = item.turn.question.text
        return text if len(text) <= 90 else f"{text[:90]}…"

    @admin.display(description=gettext_lazy("why"), ordering="-priority")
    def reasons(self, item: ReviewItem) -> SafeString:
        return _tags([str(ReviewItem.Why(why).label) for why in item.why])

    @admin.display(description=gettext_lazy("decision"))
    def decided(self, item: ReviewItem) -> str:
        turn = item.turn
        return " · ".join(part for part in (turn.get_decision_display(), turn.tier) if part)

    @admin.display(description=gettext_lazy("verdicts"))
    def judged(self, item: ReviewItem) -> SafeString | str:
        found = [str(review.get_verdict_display()) for review in item.turn.reviews.all()]
        return _tags(found) if found else "–"

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        found = summary(user_id=int(request.user.pk or 0), now=timezone.now())
        strip: dict[str, Any] = {"summary": found}
        if (rate := found.wrong) is not None:
            strip["wrong"] = f"{rate.share:.1%}"
            strip["wrong_range"] = f"{rate.low:.1%}–{rate.high:.1%}"
        if found.agreement is not None:
            strip["agreed"] = f"{found.agreement.agreed:.0%}"
        return super().changelist_view(request, {**(extra_context or {}), **strip})

    # --- one turn

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        item = ReviewItem.objects.filter(pk=object_id).first() if object_id.isdigit() else None
        if item is None:
            raise Http404
        if not self.has_view_permission(request, item):
            raise PermissionDenied
        user_id = int(request.user.pk or 0)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Review"),
            "page": read_page(turn_id=item.turn_id, user_id=user_id),
            "verdicts": list(zip("123456", Review.Verdict.choices, strict=True)),
            "codes": list(zip("aoinmgtx", Review.Code.choices, strict=True)),
            "undoable": _undoable(user_id),
            "may_judge": self.has_change_permission(request, item),
            "left": _left(user_id),
            "why": [ReviewItem.Why(why).label for why in item.why],
            "moves": _moves(item, user_id),
        }
        return render(request, "admin/review/item.html", context)

    def next(self, request: HttpRequest) -> HttpResponse:
        """To what is judged next, or to the queue when nothing is left."""
        self._require(request)
        after = request.GET.get("after", "")
        found = next_item(
            user_id=int(request.user.pk or 0),
            now=timezone.now(),
            after=int(after) if after.isdigit() else None,
        )
        if found is None:
            self.message_user(request, _("Nothing is left to judge. Thank you."), messages.SUCCESS)
            return redirect("admin:conversations_reviewitem_changelist")
        return redirect("admin:conversations_reviewitem_change", found.pk)

    def judge(self, request: HttpRequest, item_id: int) -> HttpResponse:
        item = self._item(request, item_id)
        said = request.POST.get
        article = said("right_article", "")
        judged = Judged(
            verdict=said("verdict", ""),
            code=said("code", ""),
            reason=said("reason", "").strip(),
            right_article_id=int(article) if article.isdigit() else None,
            right_answer=said("right_answer", "").strip(),
        )
        service = partial(review_actions.service().judge, turn_id=item.turn_id, judged=judged)
        if not self._done(request, service):
            return redirect("admin:conversations_reviewitem_change", item_id)
        return redirect(f"{reverse('admin:conversations_reviewitem_next')}?after={item_id}")

    def undo(self, request: HttpRequest) -> HttpResponse:
        self._require(request)
        change = request.POST.get("change", "")
        service = partial(
            review_actions.service().undo, change_id=int(change) if change.isdigit() else 0
        )
        self._done(request, service)
        turn = ReviewChange.objects.filter(pk=change).values("turn") if change.isdigit() else None
        item = ReviewItem.objects.filter(turn__in=turn).first() if turn is not None else None
        if item is None:
            return redirect("admin:conversations_reviewitem_changelist")
        return redirect("admin:conversations_reviewitem_change", item.pk)

    def skip(self, request: HttpRequest, item_id: int) -> HttpResponse:
        self._item(request, item_id)
        ReviewQueueService().skip(items=[item_id], now=timezone.now())
        return redirect(f"{reverse('admin:conversations_reviewitem_next')}?after={item_id}")

    def snooze(self, request: HttpRequest, item_id: int) -> HttpResponse:
        self._item(request, item_id)
        ReviewQueueService().snooze(items=[item_id], until=timezone.now() + SNOOZE)
        return redirect(f"{reverse('admin:conversations_reviewitem_next')}?after={item_id}")

    def assign(self, request: HttpRequest, item_id: int) -> HttpResponse:
        """To oneself, or to whoever comes first if it is one's own."""
        item = self._item(request, item_id)
        mine = item.assignee_id == request.user.pk
        user_id = None if mine else int(request.user.pk or 0)
        ReviewQueueService().assign(items=[item_id], user_id=user_id)
        return redirect("admin:conversations_reviewitem_change", item_id)

    def put_in(self, request: HttpRequest, turn_id: Any) -> HttpResponse:
        """Put any turn into the queue and open it."""
        self._require(request)
        user_id = int(request.user.pk or 0)
        ReviewQueueService().add(
            turn_ids=[turn_id],
            why=ReviewItem.Why.FLAGGED,
            now=timezone.now(),
            flagged_by=user_id,
        )
        item = ReviewItem.objects.filter(turn=turn_id).first()
        if item is None:
            raise Http404
        return redirect("admin:conversations_reviewitem_change", item.pk)

    def articles(self, request: HttpRequest) -> HttpResponse:
        """Articles for the letters typed so far."""
        self._require(request)
        found = find_articles(request.GET.get("q", "")[:200])
        rows = [
            {
                "id": item.pk,
                "title": item.title,
                "section": item.section.title if item.section else "",
            }
            for item in found
        ]
        return JsonResponse({"articles": rows})

    def _done(self, request: HttpRequest, service: Any) -> bool:
        """Run a service call; what it refuses is told to the person."""
        try:
            service(reviewer_id=int(request.user.pk or 0), now=timezone.now())
        except ServiceError as exc:
            self.message_user(request, exc.detail, messages.ERROR)
            return False
        return True

    def _item(self, request: HttpRequest, item_id: int) -> ReviewItem:
        self._require(request)
        item = ReviewItem.objects.filter(pk=item_id).first()
        if item is None:
            raise Http404
        return item

    def _require(self, request: HttpRequest) -> None:
        if not self.has_change_permission(request):
            raise PermissionDenied


def _left(user_id: int) -> str:
    waiting = summary(user_id=user_id, now=timezone.now()).open
    return ngettext("%d turn is left", "%d turns are left", waiting) % waiting


def _moves(item: ReviewItem, user_id: int) -> list[tuple[str, str, str]]:
    """Key, address and words of what can be done with the item instead of judging it."""
    mine = item.assignee_id == user_id
    named = (
        ("s", "skip", _("Skip")),
        ("z", "snooze", _("Snooze a day")),
        ("h", "assign", _("Give back") if mine else _("Take")),
    )
    return [
        (key, reverse(f"admin:conversations_reviewitem_{name}", args=[item.pk]), words)
        for key, name, words in named
    ]


def _undoable(user_id: int) -> ReviewChange | None:
    """This person's last verdict, while it is fresh and stands."""
    last = ReviewChange.objects.filter(actor_id=user_id).order_by("-pk").first()
    if last is None or last.undoes_id or last.at < timezone.now() - UNDO_WITHIN:
        return None
    return last


def _tags(words: list[str]) -> SafeString:
    inner = "".join(format_html('<span class="tag">{}</span>', word) for word in words)
    return format_html('<span class="tags">{}</span>', SafeString(inner))
