"""The customers' pages: chat and help centre. Each asks one query and renders its answer."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe

from conversations import chat_strings, queries
from portal import limits
from portal.core.markdown import render_article

SEARCH_CHARS = 200


@require_safe
def chat(request: HttpRequest) -> HttpResponse:
    """The chat page. The conversation itself comes over the socket."""
    config: dict[str, Any] = {
        "createUrl": reverse("api-conversations"),
        "limit": limits.MESSAGE_CHARS,
        "strings": chat_strings.strings(),
    }
    suggestions = queries.suggested_questions()
    return render(request, "chat/chat.html", {"config": config, "suggestions": suggestions})


@require_safe
def help_index(request: HttpRequest) -> HttpResponse:
    return render(request, "help/index.html", {"sections": queries.help_sections()})


@require_safe
def help_section(request: HttpRequest, slug: str) -> HttpResponse:
    section = queries.help_section(slug)
    if section is None:
        raise Http404
    return render(request, "help/section.html", {"section": section})


@require_safe
def help_article(request: HttpRequest, slug: str) -> HttpResponse:
    article = queries.help_article(slug)
    if article is None:
        raise Http404
    body = render_article(article.body, image_hosts=settings.CONFIG.image_hosts)
    context = {
        "article": article,
        "body": mark_safe(body),  # noqa: S308 (an allow-list's output, see portal/core/markdown.py)
        "canonical": request.build_absolute_uri(reverse("help-article", args=[article.slug])),
    }
    return render(request, "help/article.html", context)


@require_safe
def help_search(request: HttpRequest) -> HttpResponse:
    query = " ".join(request.GET.get("q", "").replace("\x00", "").split())[:SEARCH_CHARS]
    results = queries.help_search(query) if query else []
    return render(request, "help/search.html", {"query": query, "results": results})
