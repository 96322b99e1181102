"""Doctor names what is wrong and what to do, for each thing that can be broken here."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from django.utils import timezone

from conversations.inference.rungs import RungReport
from conversations.models import Article, Passage, Turn
from conversations.retrieval.chunking import embedding_text
from conversations.retrieval.embedding import configured_embedder
from conversations.services import pulse
from conversations.services.liveness import LivenessSession
from portal.doctor import (
    configuration,
    database,
    examination,
    host,
    knowledge,
    redis_and_broker,
    workers,
)
from portal.doctor.finding import Finding, Level
from tests.live import ROOT
from tests.operations.test_worker_loss import ask

pytestmark = pytest.mark.django_db(transaction=True)


def by_code(findings: Any) -> dict[str, Finding]:
    found = list(findings)
    for finding in found:
        assert bool(finding.todo) == (finding.level != Level.WELL), finding
    return {finding.code: finding for finding in found}


@pytest.fixture
def staff() -> Iterator[None]:
    """Both workers and beat, as far as doctor can see them."""
    sessions = [LivenessSession(name=name, queue=name) for name in ("default", "cpu")]
    for session in sessions:
        session.beat()
    pulse.tick()
    yield
    for session in sessions:
        session.end()


def test_a_well_database_and_well_services_have_no_fault() -> None:
    found = by_code([database.reachable(), *database.examine(), *redis_and_broker.examine()])
    assert {finding.level for finding in found.values()} <= {Level.WELL, Level.WARNING}, found
    assert found["database.migrations"].level == Level.WELL
    assert found["redis.persistence"].level == Level.WELL


def test_a_database_that_is_away_is_the_finding_and_what_needs_it_is_left_out(
    service_environment: dict[str, str], tmp_path: Path
) -> None:
    """From outside, as an operator would see it: exit status 2, and JSON that says why."""
    environment = {
        **service_environment,
        "DATABASE_URL": "postgres://portal@127.0.0.1:1/portal",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "CELERY_BROKER_URL": "redis://127.0.0.1:1/0",
        "PORTAL_VAR": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "doctor", "--json"],
        env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    report = json.loads(done.stdout)
    codes = {item["code"]: item for item in report["findings"]}
    assert report["status"] == "fault"
    assert {"database.away", "redis.away", "broker.away", "secret.local"} <= set(codes)
    assert "DATABASE_URL" in codes["database.away"]["todo"]
    assert "workers.default" not in codes and "examination.failed" not in codes


@pytest.mark.parametrize(
    ("answers", "look", "code", "level"),
    [
        ("140010", database.version, "database.old", Level.FAULT),
        (None, database.pgvector, "database.pgvector", Level.FAULT),
        ("0.5.1", database.pgvector, "database.pgvector", Level.WARNING),
        (timezone.now() - timedelta(seconds=100), database.clock, "clock", Level.FAULT),
        (timezone.now() + timedelta(seconds=65), database.clock, "clock", Level.FAULT),
        ("100", database.connections, "database.connections", Level.WARNING),
    ],
)
def test_a_database_that_is_old_odd_full_or_of_another_time_is_named(
    answers: Any, look: Any, code: str, level: Level, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_value", lambda statement: answers)
    found = by_code([look()])
    assert found[code].level == level


def test_a_slow_disk_is_named_with_its_milliseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter([0.0, 0.05] * 5)
    monkeypatch.setattr(database, "_value", lambda statement: 0)
    monkeypatch.setattr("portal.doctor.database.time.perf_counter", lambda: next(ticks))
    finding = by_code(database.commit_time())["database.disk"]
    assert finding.level == Level.WARNING and "50 ms" in finding.text


def test_redis_that_may_forget_or_is_full_is_named() -> None:
    info = {"maxmemory_policy": "allkeys-lru", "maxmemory": 100 << 20, "used_memory": 90 << 20}
    found = by_code(redis_and_broker.memory(info))
    assert found["redis.eviction"].level == Level.FAULT
    assert "90 of 100 MiB" in found["redis.full"].text
    assert redis_and_broker.persistence({"aof_enabled": 0}).level == Level.WARNING


def test_nobody_at_work_is_a_fault_and_everybody_at_work_is_well(
    staff: None, redis_client: redis.Redis
) -> None:
    assert {finding.level for finding in workers.examine()} == {Level.WELL}
    redis_client.delete(pulse.KEY)
    assert by_code([workers.beat()])["beat"].level == Level.FAULT


def test_workers_and_a_beat_that_are_missing_are_named_with_the_command() -> None:
    found = by_code(workers.examine())
    assert "manage.py worker default" in found["workers.default"].todo
    assert "manage.py worker model" in found["workers.model"].todo
    assert "manage.py beat" in found["beat"].todo


def test_a_rung_that_is_not_ready_says_its_reason(
    staff: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = RungReport("cpu", "w", "", ready=False, at=0.0, reason="The model is damaged.")
    monkeypatch.setattr(workers, "Rungs", lambda *_: SimpleNamespace(reports=lambda: [report]))
    assert "damaged" in by_code(workers.examine())["workers.model.reason"].text


def test_customers_who_wait_too_long_are_counted() -> None:
    assert workers.stuck_turns().level == Level.WELL
    turn = ask()
    Turn.objects.filter(pk=turn).update(accepted_at=timezone.now() - timedelta(minutes=2))
    assert by_code([workers.stuck_turns()])["turns.stuck"].text.startswith("1 customers")


def article(external_id: str) -> Article:
    return Article.objects.create(
        external_id=external_id, slug=external_id, title="Returns", body="30 days.", digest="d"
    )


def test_articles_without_passages_or_vectors_are_named() -> None:
    assert "articles.none" in by_code(knowledge.examine())
    article("bare")
    plain = article("plain")
    Passage.objects.create(article=plain, revision=1, ordinal=0, text="30 days.", plain="30 days.")
    found = by_code(knowledge.examine())
    assert "bare" in found["articles.passages"].text
    assert found["articles.vectors"].level == Level.WARNING


def test_vectors_of_another_model_are_a_fault_and_the_models_own_are_well(settings: Any) -> None:
    settings.CONFIG = replace(settings.CONFIG, embedding="hash")
    known = article("known")
    passage = Passage.objects.create(
        article=known, revision=1, ordinal=0, text="30 days.", plain="30 days.",
        embedding=[0.05] * 384,
    )  # fmt: skip
    mismatch = by_code(knowledge.foreign_vectors())["embedding.mismatch"]
    assert "embed_articles --again" in mismatch.todo
    text = embedding_text(title="Returns", kind=passage.kind, heading="", plain="30 days.")
    vector = configured_embedder().embed([text])[0]
    Passage.objects.filter(pk=passage.pk).update(embedding=vector)
    assert by_code(knowledge.foreign_vectors())["embedding"].level == Level.WELL


def test_disk_memory_models_and_static_files_are_looked_at(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = SimpleNamespace(free=host.GIB // 2)
    monkeypatch.setattr("portal.doctor.host.shutil.disk_usage", lambda _: half)
    assert host.disk(tmp_path / "not" / "there").level == Level.FAULT
    assert host.memory(host.GIB // 2).level == Level.WARNING
    settings.STATIC_ROOT = tmp_path
    assert host.static_files().level == Level.WARNING
    settings.CONFIG = replace(settings.CONFIG, cpu_model=str(tmp_path))
    assert host.model_files().code == "model.missing"
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "manifest.json").write_text('{"files": {"weights": "0"}}')
    assert "weights" in host.model_files().text


def test_secrets_debug_and_broken_settings_are_named(settings: Any) -> None:
    config = replace(settings.CONFIG, secret_key="", database_url="postgres://x@y/z", debug=True)
    assert {"secret.local", "debug"} == set(by_code(configuration.secrets_of(config)))
    settings.CONFIG = replace(settings.CONFIG, port=0)
    assert "check.portal.E005" in by_code(configuration.system_checks())


def test_mail_that_goes_nowhere_is_named(settings: Any) -> None:
    settings.CONFIG = replace(settings.CONFIG, mail_host="")
    assert "PORTAL_MAIL_HOST" in by_code([configuration.mail()])["mail"].todo
    settings.CONFIG = replace(settings.CONFIG, mail_host="127.0.0.1", mail_port=1)
    assert configuration.mail().code == "mail.away"


def test_an_examination_that_breaks_is_itself_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Iterator[Finding]:
        yield Finding("first", Level.WELL, "seen before it broke")
        raise RuntimeError("boom")

    found = by_code(examination._looked("the thing", broken))
    assert "first" in found
    assert found["examination.failed"].text.startswith("The thing could not be examined")


def test_pending_migrations_hide_what_they_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    pending = Finding("database.migrations", Level.FAULT, "1 change", "Run manage.py migrate.")
    monkeypatch.setattr(database, "examine", lambda: [pending])
    codes = {finding.code for finding in examination.examine()}
    assert "database.migrations" in codes and "workers.default" not in codes
