"""One person is given out and forgotten; what counts stays."""

import json
import uuid
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.utils import timezone
from psycopg import sql

from conversations import dispatch, return_key
from conversations.access import customer_conversation
from conversations.dialogue.sameness import asked
from conversations.escalation.desk import EscalationDeskService
from conversations.models import (
    AgentDraft,
    Article,
    AuditEntry,
    CachedAnswer,
    Conversation,
    Customer,
    IdempotentAnswer,
    MemoryFact,
    Message,
    Note,
    Rating,
    ResolutionSurvey,
    Review,
    ReviewChange,
    Turn,
)
from conversations.privacy.anonymising import ERASED
from conversations.services import turns
from conversations.services.intake import IntakeService, NewConversation
from conversations.services.outcome import Cited, Outcome, finish
from insights.ledger.refresh import LedgerService
from insights.models import ConversationFact, Rollup, TurnFact
from portal.backup.dump import columns, tables
from portal.core.errors import ServiceError

pytestmark = pytest.mark.django_db(transaction=True)

#: Words that nobody else says, in every place where a person's words can come to lie.
MARK = "quixotichedgehog"
EMAIL = f"{MARK}@example.com"
QUESTION = f"Can I return the {MARK} lamp of my aunt Ottilie?"


class Case:
    """A served conversation of one person, and one of somebody else with the same question."""

    def __init__(self) -> None:
        self.user = get_user_model().objects.create_user("ann", password="a long enough password")
        self.customer = Customer.objects.create(
            identity=f"shop-{MARK}", display_name=f"Mr {MARK}", email=EMAIL
        )
        self.article = Article.objects.create(
            external_id="a", slug="a", title="Returns", body="Within 30 days.", digest="d",
            asked_as=["How long?", QUESTION],
        )  # fmt: skip
        self.mine = self._conversation()
        self.other = self._conversation(text="Do you deliver to Norway?")
        self._fill()
        LedgerService().refresh(now=timezone.now())

    def _conversation(self, text: str = QUESTION) -> NewConversation:
        created = IntakeService().open_conversation()
        accepted = IntakeService().post_message(
            conversation_id=created.id, client_id=uuid.uuid4(), text=text, now=timezone.now()
        )
        assert accepted.turn_id
        lease = turns.claim(turn_id=accepted.turn_id)
        assert lease
        dispatch.open_stream(lease.turn_id, lease.epoch).append(f"You asked: {text}")
        outcome = Outcome(
            decision="answer", reason="confident", tier="cpu", text=f"You asked: {text}",
            hand_over="complaint", query=text,
            trace={"signals": {"text": text}, "kind": "question"},
            citations=(Cited(1, self.article.pk, 1, "Returns", "/help/a/"),),
        )  # fmt: skip
        finish(lease=lease, outcome=outcome, desk=EscalationDeskService(), now=timezone.now())
        return created

    def _fill(self) -> None:
        """Every other place that keeps words."""
        now = timezone.now()
        conversation = Conversation.objects.get(pk=self.mine.id)
        conversation.customer, conversation.contact_email = self.customer, EMAIL
        conversation.summary = f"About the {MARK} lamp."
        conversation.save()
        turn = Turn.objects.get(conversation=conversation)
        reply = Message.objects.get(conversation=conversation, author="assistant")
        Rating.objects.create(message=reply, score=1)
        MemoryFact.objects.create(conversation=conversation, kind="product", value=f"{MARK} lamp")
        Note.objects.create(
            conversation=conversation, author=self.user, text=f"{MARK}!", created_at=now
        )
        AgentDraft.objects.create(
            conversation=conversation, agent=self.user, text=f"Dear {MARK}", saved_at=now
        )
        escalation = conversation.escalations.get()
        ResolutionSurvey.objects.create(
            escalation=escalation, conversation=conversation, solved="yes", score=5,
            comment=f"{MARK} is happy", asked_at=now, answered_at=now,
        )  # fmt: skip
        one = asked(QUESTION)
        assert one
        CachedAnswer.objects.create(
            question=QUESTION, fingerprint=one.fingerprint, article=self.article, text="Yes.",
            citations=[], tier="cpu", turn=None,
        )  # fmt: skip
        IdempotentAnswer.objects.create(
            caller="c", key="k", fingerprint="f", conversation=conversation, body={"text": QUESTION}
        )
        draft = Article.objects.create(
            external_id="review-1", slug="r", title=QUESTION, body=f"{MARK}", digest="d",
            status="draft",
        )  # fmt: skip
        review = Review.objects.create(
            turn=turn, reviewer=self.user, verdict="right", reason=f"{MARK}",
            right_answer=f"{MARK} may", draft=draft,
        )  # fmt: skip
        ReviewChange.objects.create(
            turn=turn, actor=self.user, at=now, before={},
            after={"verdict": "right", "reason": review.reason, "right_answer": f"{MARK} may"},
        )  # fmt: skip
        LogEntry.objects.create(
            user=self.user, content_type=ContentType.objects.get_for_model(Customer),
            object_id=str(self.customer.pk), object_repr=str(self.customer), action_flag=CHANGE,
        )  # fmt: skip


@pytest.fixture
def case() -> Case:
    return Case()


def places_of(word: str) -> list[str]:
    """Every table.column of the database that holds the word, whatever its type."""
    found = []
    with connection.cursor() as cursor:
        for table in tables(cursor):
            for column in columns(cursor, table):
                statement = sql.SQL("SELECT count(*) FROM {} WHERE {}::text ILIKE %s").format(
                    sql.Identifier(table), sql.Identifier(column)
                )
                cursor.execute(statement, [f"%{word}%"])
                if cursor.fetchone()[0]:
                    found.append(f"{table}.{column}")
    return found


def figures() -> tuple[Any, ...]:
    """All that the insights count from."""
    return (
        list(ConversationFact.objects.order_by("pk").values()),
        list(TurnFact.objects.order_by("pk").values()),
        list(Rollup.objects.order_by("grain", "dimension", "hour", "value").values()),
    )


def test_after_an_erasure_no_column_of_the_database_and_no_key_of_redis_holds_a_word(
    case: Case, redis_client: redis.Redis
) -> None:
    assert len(places_of(MARK)) > 20, "the case itself must have the word in many places"
    call_command("erase_customer", email=EMAIL.upper(), yes=True)
    assert places_of(MARK) == []
    assert places_of("Ottilie") == []
    texts = [str(key) for key in redis_client.scan_iter("portal:turn:*")]
    mine = str(Turn.objects.get(conversation=case.mine.id).pk)
    assert texts and not [key for key in texts if mine in key]


def test_e_mails_in_files_go_with_the_conversation(case: Case, settings: Any) -> None:
    folder = settings.CONFIG.var / "mail"
    folder.mkdir(exist_ok=True)
    for name, conversation in (("mine", case.mine.id), ("other", case.other.id)):
        broken = str(conversation)[:20] + "=\n" + str(conversation)[20:]
        (folder / f"{name}.log").write_text(f"{MARK} https://portal/#return=3D{broken}~x")
    call_command("erase_customer", conversation=[case.mine.id], yes=True)
    assert [path.name for path in folder.glob("*.log")] == ["other.log"]
    (folder / "other.log").unlink()


def test_what_counts_is_the_same_before_and_after_also_when_everything_is_read_again(
    case: Case,
) -> None:
    before = figures()
    call_command("erase_customer", identity=f"shop-{MARK}", yes=True)
    LedgerService().rebuild(now=timezone.now())
    after = figures()
    assert after == before
    assert Message.objects.filter(conversation=case.mine.id, text=ERASED).count() >= 2
    assert Rating.objects.get().score == 1


def test_others_keep_every_word_and_the_erased_conversation_opens_for_nobody(case: Case) -> None:
    call_command("erase_customer", conversation=[case.mine.id], yes=True)
    assert Message.objects.filter(conversation=case.other.id, text__contains="Norway").exists()
    customer_conversation(str(case.other.id), case.other.token)
    for key in (case.mine.token, return_key.make(case.mine.id)):
        with pytest.raises(ServiceError):
            customer_conversation(str(case.mine.id), key)
    assert AuditEntry.objects.filter(action="erased", conversation_id=case.mine.id).count() == 1


def test_a_turn_that_is_being_answered_is_fenced_by_the_erasure(case: Case) -> None:
    accepted = IntakeService().post_message(
        conversation_id=case.mine.id, client_id=uuid.uuid4(), text=f"And {MARK}?",
        now=timezone.now(),
    )  # fmt: skip
    assert accepted.turn_id
    lease = turns.claim(turn_id=accepted.turn_id)
    assert lease
    call_command("erase_customer", conversation=[case.mine.id], yes=True)
    with pytest.raises(turns.LostTurn):
        finish(
            lease=lease,
            outcome=Outcome(decision="answer", reason="x", text=MARK, tier="cpu"),
            desk=EscalationDeskService(),
            now=timezone.now(),
        )
    assert places_of(MARK) == []


def test_an_erasure_that_runs_again_changes_nothing_and_an_unknown_person_is_said_so(
    case: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("erase_customer", conversation=[case.mine.id], dry_run=True)
    assert places_of(MARK), "a dry run erases nothing"
    for _ in range(2):
        call_command("erase_customer", conversation=[case.mine.id], yes=True)
    with pytest.raises(CommandError, match="No conversation and no customer"):
        call_command("erase_customer", email=EMAIL, yes=True)
    with pytest.raises(CommandError, match="Name a conversation"):
        call_command("erase_customer", yes=True)


def test_an_export_holds_every_word_of_the_person_and_none_of_others(
    case: Case, tmp_path: Path
) -> None:
    Message.objects.filter(conversation=case.mine.id, author="customer").update(
        text=f"<script>alert('{MARK}')</script>"
    )
    call_command("export_customer", email=EMAIL, out=tmp_path / "data.zip")
    with zipfile.ZipFile(tmp_path / "data.zip") as archive:
        data = json.loads(archive.read("data.json"))
        page = archive.read("index.html").decode()
    assert (tmp_path / "data.zip").stat().st_mode & 0o077 == 0
    conversation = data["conversations"][0]
    assert data["customers"][0]["email"] == EMAIL and len(data["conversations"]) == 1
    assert [item["author"] for item in conversation["messages"]][:2] == ["customer", "assistant"]
    assert conversation["remembered"][0]["value"] == f"{MARK} lamp"
    assert conversation["surveys"][0]["comment"] == f"{MARK} is happy"
    assert conversation["notes"] and conversation["decisions"][0]["decision"] == "answer"
    assert "Norway" not in page + json.dumps(data)
    assert "&lt;script&gt;" in page and "<script>" not in page
    assert f"{MARK} lamp" in page


def test_retention_by_the_clock_says_what_would_go_and_then_lets_it_go(
    case: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    long_ago = timezone.now() - timedelta(days=1000)
    Conversation.objects.filter(pk=case.mine.id).update(updated_at=long_ago)
    case.customer.__class__.objects.update(created_at=long_ago)
    CachedAnswer.objects.update(created_at=long_ago)
    AgentDraft.objects.update(saved_at=long_ago)

    call_command("apply_retention", dry_run=True)
    assert "0 would go" in capsys.readouterr().out  # a person is still asked for
    assert places_of(MARK)
    Conversation.objects.get(pk=case.mine.id).escalations.update(
        state="withdrawn", ended_at=timezone.now()
    )
    LedgerService().rebuild(now=timezone.now())
    before = figures()
    call_command("apply_retention", dry_run=True)
    told = capsys.readouterr().out
    assert "transcripts          after 730 days     1 would go" in told
    assert Message.objects.filter(text__contains=MARK).exists()

    call_command("apply_retention")
    assert places_of(MARK) == []
    assert Message.objects.filter(conversation=case.other.id, text__contains="Norway").exists()
    LedgerService().rebuild(now=timezone.now())
    assert figures() == before


def test_old_decisions_lose_their_reasons_and_old_entries_of_the_log_go_only_by_retention(
    case: Case, settings: Any
) -> None:
    from dataclasses import replace

    long_ago = timezone.now() - timedelta(days=400)
    settings.CONFIG = replace(settings.CONFIG, keep_audit_days=365)
    Turn.objects.filter(conversation=case.mine.id).update(accepted_at=long_ago)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE conversations_auditentry DISABLE TRIGGER USER")
        cursor.execute("UPDATE conversations_auditentry SET at = at - interval '400 days'")
        cursor.execute("ALTER TABLE conversations_auditentry ENABLE TRIGGER USER")
    entries = AuditEntry.objects.count()
    assert entries
    with pytest.raises(Exception, match="append-only"):
        AuditEntry.objects.all().delete()
    call_command("apply_retention")
    assert AuditEntry.objects.count() == 0
    told, kept = Turn.objects.order_by("accepted_at").values_list("query", "trace", "decision")
    assert told == ("", {"kind": "question"}, "answer")
    assert kept[0] and kept[1]["signals"]
