"""Any interleaving of customer, assistant, two agents, redelivered tasks and timeouts keeps the
invariants: one holder, one live turn, one open escalation, no gap, nobody but the holder spoke.
"""

import os

import pytest
from django.db import IntegrityError
from hypothesis import Phase

from conversations.escalation.desk import EscalationDeskService
from conversations.escalation.holding import HoldingService
from conversations.services import turns
from conversations.services.outcome import Outcome, finish
from conversations.services.turns import LostTurn
from tests.desk.life import AGENTS, Life, live


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_any_life_of_a_conversation_keeps_the_invariants() -> None:
    live(int(os.environ.get("LIFE_EXAMPLES", "12")))


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_made_up_lives_find_what_is_broken_on_purpose(monkeypatch: pytest.MonkeyPatch) -> None:
    """Anybody may let go what another holds."""
    place = "conversations.escalation.holding.require_holder"
    monkeypatch.setattr(place, lambda agent, escalation: None)
    with pytest.raises(AssertionError):
        live(
            60,
            phases=[Phase.generate],
            derandomize=True,
            database=None,
            report_multiple_bugs=False,
        )


@pytest.mark.django_db(transaction=True)
def test_an_assistant_that_is_not_silenced_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    life = Life()
    life.it_begins("asked, working", AGENTS[0])
    place = "conversations.escalation.holding.silence_assistant"
    monkeypatch.setattr(place, lambda **fields: None)
    life.agent_claims(AGENTS[0])
    with pytest.raises(AssertionError):
        life.there_is_at_most_one_live_turn_and_only_while_the_assistant_holds()


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_wrote_though_it_lost_its_turn_would_be_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    life = Life()
    life.it_begins("asked, working", AGENTS[0])
    life.agent_claims(AGENTS[0])
    [worker] = life.workers
    outcome = Outcome(decision="answer", reason="article", text="Here.", tier="cpu")
    desk = EscalationDeskService()
    with pytest.raises(LostTurn):
        finish(lease=worker.lease, outcome=outcome, desk=desk, now=life.tick())
    monkeypatch.setattr(turns, "HELD", "conversations_turn.id = %s AND %s > -1")
    with pytest.raises(IntegrityError, match="does not hold"):
        finish(lease=worker.lease, outcome=outcome, desk=desk, now=life.tick())


@pytest.mark.django_db(transaction=True)
def test_a_question_that_is_forgotten_when_it_is_handed_back_would_be_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    life = Life()
    life.it_begins("asked, held, wrote", AGENTS[0])
    monkeypatch.setattr(HoldingService, "_answer_last", lambda *arguments: None)
    life.agent_hands_back(AGENTS[0])
    with pytest.raises(AssertionError):
        life.a_question_to_the_assistant_is_never_forgotten()
