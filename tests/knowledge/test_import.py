"""Imports: idempotent by id, revisions kept, links intact, safe to run twice at once."""

import json
import threading
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from conversations.models import Article, ArticleRevision, KnowledgeState, Passage, Section, Term
from conversations.retrieval.drafts import ArticleDraft
from conversations.retrieval.embedding import EmbeddingUnavailable, HashEmbedder
from conversations.retrieval.readers import ArticleSource
from conversations.services.knowledge import KnowledgeService, Outcome
from conversations.services.knowledge_import import ImportReport, import_articles

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to_file(*rows: dict[str, Any], name: str = "kb.jsonl") -> Path:
        path = tmp_path / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return path

    return to_file


def row(number: int, **fields: Any) -> dict[str, Any]:
    return {"id": f"a{number}", "title": f"Article {number}", "body": f"Body {number}."} | fields


def service() -> KnowledgeService:
    return KnowledgeService(embedder=HashEmbedder)


def bring(path: Path, *, replace_all: bool = False) -> ImportReport:
    return import_articles(service=service(), source=ArticleSource(path), replace_all=replace_all)


@pytest.mark.django_db
def test_importing_again_changes_nothing(write: Write) -> None:
    path = write(row(1, asked_as=["how"]), row(2))
    assert bring(path).created == 2
    version = KnowledgeState.objects.get().version
    passages = set(Passage.objects.values_list("pk", flat=True))
    again = bring(path)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 2)
    assert set(Passage.objects.values_list("pk", flat=True)) == passages
    assert KnowledgeState.objects.get().version == version


@pytest.mark.django_db
def test_a_changed_text_is_a_new_revision_with_new_passages(write: Write) -> None:
    bring(write(row(1), row(2)))
    report = bring(write(row(1, body="Another body."), row(2)))
    assert (report.updated, report.unchanged) == (1, 1)
    article = Article.objects.get(external_id="a1")
    assert article.revision == 2
    assert [r.body for r in article.revisions.order_by("number")] == ["Body 1.", "Another body."]
    assert {p.revision for p in article.passages.all()} == {2}
    assert "Another body." in {p.text for p in article.passages.all()}
    assert Article.objects.get(external_id="a2").revision == 1


@pytest.mark.django_db
def test_a_changed_detail_keeps_revision_and_passages(write: Write) -> None:
    bring(write(row(1)))
    before = list(Passage.objects.values_list("pk", flat=True))
    assert bring(write(row(1, audience="resellers", section="Orders"))).updated == 1
    article = Article.objects.get()
    assert (article.revision, article.audience) == (1, "resellers")
    assert article.section == Section.objects.get(slug="orders")
    assert list(Passage.objects.values_list("pk", flat=True)) == before


@pytest.mark.django_db
def test_every_passage_has_its_vector_and_its_words(write: Write) -> None:
    bring(write(row(1, body="Refunds take five days.", asked_as=["when is my money back"])))
    kinds = Passage.objects.filter(embedding__isnull=False, search__isnull=False)
    assert sorted(kinds.values_list("kind", flat=True)) == ["asked_as", "body", "title"]
    assert Term.objects.get(lexeme="refund").articles == 1


@pytest.mark.django_db
def test_replace_archives_what_the_source_lacks(write: Write) -> None:
    bring(write(row(1), row(2)))
    report = bring(write(row(2)), replace_all=True)
    assert report.archived == 1
    gone = Article.objects.get(external_id="a1")
    assert gone.status == Article.Status.ARCHIVED
    assert not gone.passages.exists()
    assert not Term.objects.filter(lexeme="1").exists()
    assert bring(write(row(1), row(2))).updated == 1
    assert Article.objects.get(external_id="a1").status == Article.Status.PUBLISHED


@pytest.mark.django_db
def test_replace_archives_nothing_while_a_row_is_bad(write: Write) -> None:
    bring(write(row(1), row(2)))
    report = bring(write(row(2), {"id": "a1"}), replace_all=True)
    assert report.archived == 0
    assert "not every row" in report.kept
    assert Article.objects.published().count() == 2


@pytest.mark.django_db
def test_links_between_files_lead_to_the_help_centre(tmp_path: Path) -> None:
    files = {
        "delivery/late.md": "---\nid: late\ntitle: Late\n---\nSee [costs](../returns/costs.md).",
        "returns/costs.md": "---\nid: 9001\ntitle: Costs\n---\nSee [late](../delivery/late.md), "
        "[it](https://x.example/hc/articles/9001-Costs) and [gone](gone.md).",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    bring(tmp_path)
    assert Article.objects.get(external_id="late").body == "See [costs](/help/costs/)."
    assert Article.objects.get(external_id="9001").body == (
        "See [late](/help/late/), [it](/help/costs/) and gone."
    )


@pytest.mark.django_db
def test_the_authors_date_is_kept_until_the_text_changes(write: Write) -> None:
    bring(write(row(1, updated="2026-01-29")))
    assert Article.objects.get().updated_at.date().isoformat() == "2026-01-29"
    bring(write(row(1, body="New text.")))
    assert Article.objects.get().updated_at.date().isoformat() > "2026-01-29"


@pytest.mark.django_db
def test_two_articles_of_one_title_get_two_addresses(write: Write) -> None:
    bring(write(row(1, title="Returns"), row(2, title="Returns"), row(3, title="返品")))
    slugs = dict(Article.objects.values_list("external_id", "slug"))
    assert slugs == {"a1": "returns", "a2": "returns-2", "a3": "返品"}
    bring(write(row(2, title="Sending back")))
    assert Article.objects.get(external_id="a2").slug == "returns-2"  # links to it go on working


@pytest.mark.django_db
def test_without_a_model_articles_go_in_and_vectors_follow(write: Write) -> None:
    def nothing() -> HashEmbedder:
        raise EmbeddingUnavailable("No model here.")

    path = write(row(1), row(2))
    import_articles(service=KnowledgeService(embedder=nothing), source=ArticleSource(path))
    assert Passage.objects.filter(embedding=None).count() == 4
    assert service().embed_pending() == 4
    assert service().embed_pending() == 0
    assert not Passage.objects.filter(embedding=None).exists()
    assert service().embed_pending(again=True) == 4


@pytest.mark.django_db
def test_a_draft_is_kept_out_of_search_until_it_is_published() -> None:
    draft = ArticleDraft("d1", "Draft", "Secret plans.")
    assert service().save_article(draft=draft, status="draft") == Outcome.CREATED
    article = Article.objects.get()
    assert not article.passages.exists()
    assert service().publish(article_ids=[article.pk]) == 1
    assert article.passages.count() == 2
    article.refresh_from_db()
    assert (article.revision, ArticleRevision.objects.count()) == (1, 1)


@pytest.mark.django_db
def test_an_article_of_two_megabytes_goes_in(write: Write) -> None:
    body = "\n\n".join(f"Part {n} speaks of thing{n}. " + "word " * 60 for n in range(6_000))
    assert len(body) > 1_900_000
    bring(write(row(1, body=body)))
    assert Passage.objects.count() > 2_000
    assert Passage.objects.filter(plain__contains="thing5999").exists()


@pytest.mark.django_db(transaction=True)
def test_two_imports_at_once_end_as_one_would(write: Write) -> None:
    rows = [row(n, section="Shared", asked_as=[f"way {n}"]) for n in range(40)]
    paths = [write(*rows, name="x.jsonl"), write(*reversed(rows), name="y.jsonl")]
    failures: list[BaseException] = []

    def run(path: Path) -> None:
        try:
            bring(path)
        except BaseException as exc:
            failures.append(exc)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(path,)) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert Article.objects.count() == 40
    assert ArticleRevision.objects.count() == 40
    assert Passage.objects.count() == 120
    assert Section.objects.count() == 1


@pytest.mark.django_db
def test_the_command_names_bad_rows_and_brings_in_the_rest(write: Write, settings: Any) -> None:
    path = write(row(1), {"id": "b"}, row(2))
    out, err = StringIO(), StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("conversations.retrieval.embedding.EMBEDDERS", {"minilm": HASH})
        call_command("import_articles", path, verbosity=0, stdout=out, stderr=err)
    assert "2 new, 0 changed" in out.getvalue()
    assert 'kb.jsonl:2: "title" is missing' in err.getvalue()
    assert "1 rows were refused" in err.getvalue()


HASH = "conversations.retrieval.embedding.HashEmbedder"


@pytest.mark.django_db
def test_the_command_fails_when_nothing_goes_in(write: Write, tmp_path: Path) -> None:
    err = StringIO()
    with pytest.raises(CommandError, match="No article went in"):
        call_command("import_articles", write({"id": 1}), verbosity=0, stderr=err)
    with pytest.raises(CommandError, match="does not exist"):
        call_command("import_articles", tmp_path / "nope", verbosity=0)
