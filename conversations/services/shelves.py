"""Sections and slugs: where articles stand in the help centre and under which address."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from django.utils.text import slugify

from conversations.models import Article, Section
from conversations.retrieval.readers import SectionInfo

SLUG_CHARS = 190


def base_slug(title: str, external_id: str) -> str:
    words = slugify(title, allow_unicode=True) or slugify(external_id, allow_unicode=True)
    return (words or "article")[:SLUG_CHARS].rstrip("-")


def unique_slug(title: str, external_id: str) -> str:
    """A slug that no other article has; where the title's is taken, with a mark of the id."""
    slug = base_slug(title, external_id)
    if not Article.objects.filter(slug=slug).exclude(external_id=external_id).exists():
        return slug
    mark = hashlib.sha256(external_id.encode()).hexdigest()[:8]
    return f"{slug[: SLUG_CHARS - 9]}-{mark}"


def plan_slugs(titles: Iterable[tuple[str, str]]) -> dict[str, str]:
    """A slug for each (external id, title): an article that exists keeps the one it has."""
    known: Mapping[str, str] = dict(Article.objects.values_list("external_id", "slug"))
    taken = set(known.values())
    planned = {}
    for external_id, title in titles:
        slug = known.get(external_id, "")
        if not slug:
            base, number = base_slug(title, external_id), 2
            slug = base
            while slug in taken:
                slug = f"{base}-{number}"
                number += 1
            taken.add(slug)
        planned[external_id] = slug
    return planned


def section_for(name: str) -> Section | None:
    """The section of a slug or a title, made if it is new; None for an empty name."""
    if not name:
        return None
    slug = slugify(name)[:80] or "section-" + hashlib.sha256(name.encode()).hexdigest()[:8]
    title = name if name != slug else name.replace("-", " ").capitalize()
    section, _ = Section.objects.get_or_create(slug=slug, defaults={"title": title[:120]})
    return section


def arrange_sections(sections: Sequence[SectionInfo]) -> None:
    """Give sections the titles, descriptions and order that their source names."""
    for position, info in enumerate(sections):
        Section.objects.update_or_create(
            slug=slugify(info.slug)[:80],
            defaults={
                "title": info.title[:120],
                "description": info.description[:300],
                "position": position,
            },
        )
