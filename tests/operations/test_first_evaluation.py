"""Somebody measures before the portal has ever run: no tables are there yet."""

import json
from pathlib import Path

import pytest

from tests.operations.databases import manage

pytestmark = pytest.mark.django_db(transaction=True)


def test_evaluate_makes_the_tables_that_a_new_database_lacks(
    empty_database: dict[str, str], tmp_path: Path
) -> None:
    article = {"id": "late", "title": "My parcel is late", "body": "We search for it in 5 days."}
    asked = {
        "id": "1", "text": "my parcel is late", "gold": ["late"], "expected": "answer",
        "history": [], "fold": "cal", "meta": {},
    }  # fmt: skip
    (tmp_path / "kb.jsonl").write_text(json.dumps(article) + "\n")
    (tmp_path / "questions.jsonl").write_text(json.dumps(asked) + "\n")
    done = manage(
        "evaluate", "--articles", str(tmp_path / "kb.jsonl"),
        "--questions", str(tmp_path / "questions.jsonl"), "--json", str(tmp_path / "found.json"),
        env={**empty_database, "PORTAL_EMBEDDING": "hash"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "found.json").read_text())["questions"] == 1
