"""Imports articles from files: links put right, bad rows reported, the rest goes in."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from time import perf_counter

from conversations.models import Article
from conversations.retrieval.candidates import help_address
from conversations.retrieval.drafts import ArticleDraft, LinkTargets, RowError, with_links
from conversations.retrieval.readers import ArticleSource
from conversations.services.knowledge import KnowledgeService, Outcome, Planned
from conversations.services.shelves import arrange_sections, plan_slugs
from portal.core.events import emit

BATCH = 32  # articles cut and embedded together


@dataclass
class ImportReport:
    """What an import did. `kept` explains why nothing was archived although it was asked for."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    archived: int = 0
    errors: list[RowError] = field(default_factory=list)
    kept: str = ""
    seconds: float = 0.0

    @property
    def stored(self) -> int:
        return self.created + self.updated + self.unchanged


@dataclass(frozen=True)
class _Survey:
    """The first reading: how many articles there are, and where each will stand."""

    slugs: dict[str, str]
    targets: LinkTargets


def import_articles(
    *,
    service: KnowledgeService,
    source: ArticleSource,
    replace_all: bool = False,
    started: Callable[[int], object] = lambda total: None,
    advanced: Callable[[int], object] = lambda count: None,
    refused: Callable[[RowError], object] = lambda error: None,
) -> ImportReport:
    """Bring a source's articles in, by id. Run twice, the second run changes nothing.

    `replace_all` archives what the source does not have, but only if every row could be read.
    """
    began, report = perf_counter(), ImportReport()
    survey = _survey(source)
    started(len(survey.slugs))
    arrange_sections(source.sections())
    try:
        for batch in _batches(source, report, refused):
            planned = [_planned(draft, survey) for draft in batch]
            for outcome in service.save_articles(planned=planned):
                _count(report, outcome)
            advanced(len(batch))
        if replace_all:
            _archive_others(service, survey, report)
    finally:
        if report.created or report.updated or report.archived:
            service.finish_changes()
    report.seconds = perf_counter() - began
    emit(
        "knowledge.imported",
        created=report.created,
        updated=report.updated,
        unchanged=report.unchanged,
        archived=report.archived,
        refused=len(report.errors),
        seconds=round(report.seconds, 2),
    )
    return report


def _survey(source: ArticleSource) -> _Survey:
    places: dict[str, tuple[str, str, str]] = {}
    for row in source:
        if isinstance(row, ArticleDraft):
            places[row.external_id] = (row.title, row.path, row.url)
    slugs = plan_slugs((key, title) for key, (title, _, _) in places.items())
    by_id = {
        external_id: url or help_address(slug)
        for external_id, slug, url in Article.objects.published().values_list(
            "external_id", "slug", "url"
        )
    }
    by_id |= {key: url or help_address(slugs[key]) for key, (_, _, url) in places.items()}
    by_path = {path: by_id[key] for key, (_, path, _) in places.items() if path}
    return _Survey(slugs, LinkTargets(by_id=by_id, by_path=by_path))


def _batches(
    source: ArticleSource, report: ImportReport, refused: Callable[[RowError], object]
) -> Iterator[list[ArticleDraft]]:
    def good() -> Iterator[ArticleDraft]:
        for row in source:
            if isinstance(row, RowError):
                report.errors.append(row)
                refused(row)
            else:
                yield row

    drafts = good()
    while batch := list(islice(drafts, BATCH)):
        yield batch


def _planned(draft: ArticleDraft, survey: _Survey) -> Planned:
    body = with_links(draft, survey.targets)
    return Planned(replace(draft, body=body), survey.slugs[draft.external_id])


def _count(report: ImportReport, outcome: Outcome) -> None:
    if outcome == Outcome.CREATED:
        report.created += 1
    elif outcome == Outcome.UPDATED:
        report.updated += 1
    else:
        report.unchanged += 1


def _archive_others(service: KnowledgeService, survey: _Survey, report: ImportReport) -> None:
    if report.errors or not survey.slugs:
        report.kept = "Nothing was archived, because not every row could be read."
        return
    others = [
        pk
        for pk, external_id in Article.objects.exclude(status=Article.Status.ARCHIVED).values_list(
            "pk", "external_id"
        )
        if external_id not in survey.slugs
    ]
    report.archived = service.archive(article_ids=others)
