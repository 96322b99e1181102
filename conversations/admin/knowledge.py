"""Articles and sections in the admin. Saving goes through KnowledgeService, as an import does."""

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.postgres.search import SearchQuery
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from conversations import dispatch
from conversations.admin.fast import FastAdmin, NamedValues
from conversations.admin.history import ReadOnlyAdmin, ReadOnlyInline, link_to
from conversations.admin.phrasing_filter import PhrasingFilter, phrase_count
from conversations.admin.typed import ArticleModelForm, ModelAdmin
from conversations.models import Article, ArticleRevision, LearntPhrasing, Passage, Section
from conversations.retrieval.drafts import ArticleDraft, BadRow, make_draft
from conversations.services.knowledge import KnowledgeService
from conversations.services.phrasings import PhrasingService
from portal.core.markdown import render_article


class ArticleForm(ArticleModelForm):
    """The article's fields, checked by the rules of an import."""

    asked_as = forms.CharField(
        label=_("Asked as"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 12, "cols": 80}),
        help_text=_(
            "How customers put the question, one phrasing a line. Each one is searched. One or two "
            "for every detail that the article tells are worth it; some two dozen are plenty."
        ),
    )

    class Meta:
        model = Article
        fields = (
            "external_id", "title", "body", "asked_as", "section", "url", "status", "language",
            "audience", "product",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["asked_as"] = "\n".join(self.instance.asked_as)
        if "external_id" in self.fields:
            self.fields["external_id"].required = False
            self.fields["external_id"].help_text = _("Empty: made from the title.")

    def clean_asked_as(self) -> list[str]:
        return [line.strip() for line in self.cleaned_data["asked_as"].splitlines() if line.strip()]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        section = cleaned.get("section")
        external_id = self.instance.external_id or cleaned.get("external_id")
        external_id = external_id or slugify(cleaned["title"], allow_unicode=True)[:200]
        row = {**cleaned, "id": external_id, "section": section.slug if section else ""}
        try:
            self.draft: ArticleDraft = make_draft(row, source="admin")
        except BadRow as exc:
            raise forms.ValidationError(str(exc)) from None
        taken = Article.objects.filter(external_id=external_id).exclude(pk=self.instance.pk)
        if taken.exists():
            raise forms.ValidationError(_("Another article has this id; choose a different one."))
        self.instance.external_id = external_id
        return cleaned


class RevisionInline(ReadOnlyInline):
    model = ArticleRevision
    fields = ("number", "title", "author", "created_at")
    ordering = ("-number",)
    related = ("author",)


class LearntInline(ReadOnlyInline):
    """What reviewers taught the article; a phrasing that misleads can be taken out."""

    model = LearntPhrasing
    fields = ("text", "taught_by", "created_at")
    ordering = ("-pk",)
    can_delete = True
    show_change_link = False

    @admin.display(description=_("reviewed turn"))
    def taught_by(self, phrasing: LearntPhrasing) -> SafeString | str:
        return link_to("turn", phrasing.turn_id, str(phrasing.turn_id)[:8])

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site._registry[Article].has_view_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site._registry[Article].has_change_permission(request, obj)


@admin.register(Article)
class ArticleAdmin(FastAdmin):
    form = ArticleForm
    change_form_template = "admin/review/article.html"
    list_display = ("title", "section", "status", "language", "phrasings", "parts", "updated_at")
    list_filter = (
        "status",
        "section",
        PhrasingFilter,
        ("language", NamedValues),
        ("audience", NamedValues),
        ("product", NamedValues),
    )
    list_select_related = ("section",)
    sortable_by: ClassVar[Any] = ("phrasings", "parts")  # articles are few
    search_fields = ("title", "external_id__exact")
    search_help_text: ClassVar[Any] = _("Words of the title or the text, or an article's id.")
    readonly_fields = ("revision", "updated_at", "page")
    actions = ("publish", "archive")
    inlines: ClassVar = [LearntInline, RevisionInline]
    fieldsets = (
        (None, {"fields": ("title", "body", "asked_as", "section", "status")}),
        (_("Who it is for"), {"fields": ("language", "audience", "product")}),
        (_("Address"), {"fields": ("external_id", "url", "page", "revision", "updated_at")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Article]:
        parts = Passage.objects.filter(article=OuterRef("pk")).order_by().values("article")
        counted = Coalesce(Subquery(parts.values(count=Count("pk"))), 0)
        return (
            super().get_queryset(request).annotate(part_count=counted, phrase_count=phrase_count())
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Article], search_term: str
    ) -> tuple[QuerySet[Article], bool]:
        """By the index of published articles; of the few others the text is looked through."""
        words = search_term.strip()
        if not words:
            return queryset, False
        named = Q(title__icontains=words) | Q(external_id=words)
        said = Q(search=SearchQuery(words, config="english", search_type="websearch"))
        unpublished = ~Q(status=Article.Status.PUBLISHED) & Q(body__icontains=words)
        return queryset.filter(named | said | unpublished), False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.preview))
        return [path("preview/", view, name="conversations_article_preview"), *super().get_urls()]

    def preview(self, request: HttpRequest) -> HttpResponse:
        """The article's text as its page would show it."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        return HttpResponse(_rendered(request.POST.get("body", "")))

    def render_change_form(self, request, context, *args, **kwargs):  # type: ignore[no-untyped-def]
        article = kwargs.get("obj")
        context["preview"] = _rendered(article.body) if article else ""
        return super().render_change_form(request, context, *args, **kwargs)

    def get_readonly_fields(
        self, request: HttpRequest, obj: Article | None = None
    ) -> tuple[str, ...]:
        return (*self.readonly_fields, "external_id") if obj else self.readonly_fields

    def has_delete_permission(self, request: HttpRequest, obj: Article | None = None) -> bool:
        """Articles are archived: what was cited must stay readable."""
        return False

    @admin.display(description=_("phrasings"), ordering="phrase_count")
    def phrasings(self, article: Article) -> int:
        return len(article.asked_as)

    @admin.display(description=_("passages"), ordering="part_count")
    def parts(self, article: Article) -> int:
        return int(article.part_count)  # type: ignore[attr-defined]

    @admin.display(description=_("page"))
    def page(self, article: Article) -> SafeString | str:
        if article.status != Article.Status.PUBLISHED or not article.slug:
            return "–"
        return format_html('<a href="{0}">{0}</a>', article.get_absolute_url())

    def save_model(self, request: HttpRequest, obj: Article, form: Any, change: bool) -> None:
        KnowledgeService().save_article(
            draft=form.draft, status=form.cleaned_data["status"], author=request.user
        )
        stored = Article.objects.get(external_id=form.draft.external_id)
        obj.pk, obj.slug, obj.revision = stored.pk, stored.slug, stored.revision
        transaction.on_commit(dispatch.renew_knowledge)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        if formset.model is not LearntPhrasing:
            super().save_formset(request, form, formset, change)
            return
        formset.save(commit=False)
        if PhrasingService().forget(phrasings=formset.deleted_objects):
            transaction.on_commit(dispatch.renew_knowledge)

    @admin.action(description=_("Publish"), permissions=["change"])
    def publish(self, request: HttpRequest, queryset: QuerySet[Article]) -> None:
        ids = list(queryset.values_list("pk", flat=True))
        count = KnowledgeService().publish(article_ids=ids)
        transaction.on_commit(dispatch.renew_knowledge)
        self._tell(
            request, ngettext("%d article published.", "%d articles published.", count), count
        )

    @admin.action(description=_("Archive"), permissions=["change"])
    def archive(self, request: HttpRequest, queryset: QuerySet[Article]) -> None:
        ids = list(queryset.values_list("pk", flat=True))
        count = KnowledgeService().archive(article_ids=ids)
        transaction.on_commit(dispatch.renew_knowledge)
        self._tell(request, ngettext("%d article archived.", "%d articles archived.", count), count)

    def _tell(self, request: HttpRequest, text: str, count: int) -> None:
        self.message_user(request, text % count, messages.SUCCESS)


def _rendered(body: str) -> str:
    return render_article(body, image_hosts=settings.CONFIG.image_hosts)


@admin.register(ArticleRevision)
class ArticleRevisionAdmin(ReadOnlyAdmin):
    """What an article said at one time, as customers saw it."""

    list_display = ("title", "number", "article", "author", "created_at")
    list_select_related = ("article", "author")
    ordering = ("-id",)
    search_fields = ("title", "article__external_id__exact")
    search_help_text: ClassVar[Any] = _("Words of the title, or an article's id.")
    fields = readonly_fields = ("article", "number", "author", "created_at", "page", "asked_as")

    @admin.display(description=_("text"))
    def page(self, revision: ArticleRevision) -> SafeString:
        html = SafeString(_rendered(revision.body))
        return format_html('<div class="markdown-preview prose">{}</div>', html)


@admin.register(Section)
class SectionAdmin(ModelAdmin):
    list_display = ("title", "position", "article_count")
    list_editable = ("position",)
    prepopulated_fields: ClassVar = {"slug": ("title",)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Section]:
        return super().get_queryset(request).annotate(count=Count("articles"))

    @admin.display(description=_("articles"), ordering="count")
    def article_count(self, section: Section) -> int:
        return int(section.count)  # type: ignore[attr-defined]
