"""Who may answer: claiming, keeping, ending and passing on a turn.

The database's clock decides. Every write is one conditional UPDATE that carries the fencing epoch,
so a worker that lost its turn can change nothing.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import DateTimeField, F, Q, Value
from django.db.models.functions import Coalesce, Now

from conversations.models import Conversation, Message, Turn
from conversations.services.liveness import own_name
from conversations.tables import LIVE, MESSAGES, TURNS
from portal import limits
from portal.core.events import emit
from portal.core.table import Table


class LostTurn(Exception):
    """Another worker owns this turn now."""


@dataclass(frozen=True)
class Lease:
    """The right to answer one turn, until it is lost or ended.

    `claim` notes the turn's times, and the turn with its question as they were in that moment.
    """

    turn_id: UUID
    conversation_id: UUID
    owner: UUID
    epoch: int
    accepted_at: datetime | None = None
    claimed_at: datetime | None = None
    turn: Turn | None = field(default=None, compare=False, repr=False)


def live(conversation_id: UUID) -> Turn | None:
    """The turn that is being answered or waits for it, if there is one."""
    return TURNS.first(f"conversation_id = %s AND {LIVE}", [conversation_id])


def open_turn(*, conversation: Conversation, question: Message, now: datetime) -> Turn:
    """The live turn that answers `question`, in a locked conversation.

    A turn that waits takes the new message along (a burst gets one reply). A turn that runs is
    left alone: when it ends it opens the next one for what it did not cover.
    """
    turn = live(conversation.pk)
    if turn is None:
        turn = Turn(
            conversation=conversation,
            question=question,
            covers_seq=question.seq,
            accepted_at=now,
            rung_at=now,
            deadline_at=now + timedelta(seconds=limits.DEADLINE),
        )
        TURNS.insert([turn])
        return turn
    if turn.state == Turn.State.QUEUED:
        Turn.objects.filter(pk=turn.pk, state=Turn.State.QUEUED).update(
            question=question, covers_seq=question.seq
        )
        turn.refresh_from_db()
    return turn


#: statement_timestamp() is the clock of Now() in `renew`: the database's, at each statement. It
#: does not join the question: a claim that waited for a customer's next message sees the turn anew,
#: and would compare it with the old question's row.
_CLAIM = f"""
UPDATE conversations_turn
   SET state = 'running', epoch = epoch + 1, attempts = attempts + 1, lease_owner = %s,
       lease_until = statement_timestamp() + %s, worker = %s,
       claimed_at = coalesce(claimed_at, statement_timestamp())
 WHERE id = %s AND attempts < %s
   AND (state = 'queued' OR (state = 'running' AND lease_until < statement_timestamp()))
RETURNING {TURNS.columns}
"""  # noqa: S608 - names of columns
_WITH_QUESTION = f"""
SELECT {TURNS.columns}, {MESSAGES.columns}
  FROM conversations_turn JOIN conversations_message ON conversations_message.id = question_id
 WHERE """  # noqa: S608 - as above


def _with_question(condition: str, values: list[object]) -> Turn | None:
    rows: list[tuple[Turn, Message]]
    rows = Table.joined(f"{_WITH_QUESTION} {condition}", values, TURNS, MESSAGES)
    for turn, question in rows:
        turn.question = question
        return turn
    return None


def claim(*, turn_id: UUID) -> Lease | None:
    """Take a queued turn, or one whose owner fell silent. None: another has it, or it ended."""
    owner = uuid4()
    lease = timedelta(seconds=limits.LEASE)
    taken = TURNS.returned(_CLAIM, [owner, lease, own_name(), turn_id, limits.MAX_ATTEMPTS])
    if not taken:
        return None
    turn = taken[0]
    (turn.question,) = MESSAGES.read("id = %s", [turn.question_id])
    emit("turn.claimed", turn=str(turn_id), epoch=turn.epoch)
    times = turn.accepted_at, turn.claimed_at
    return Lease(turn_id, turn.conversation_id, owner, turn.epoch, *times, turn)


#: The condition under which a lease's owner may write to its turn; `held` is the same for the ORM.
HELD = "conversations_turn.id = %s AND epoch = %s AND state = 'running'"


def held(lease: Lease) -> Q:
    """As HELD, where a statement adds up (`epoch + 1`) and is off the path of most turns."""
    return Q(pk=lease.turn_id, epoch=lease.epoch, state=Turn.State.RUNNING)


def reread(lease: Lease) -> Turn:
    """The turn of a lease with its question, as they are now."""
    turn = _with_question("conversations_turn.id = %s", [lease.turn_id])
    if turn is None:
        raise LostTurn
    return turn


def still_held(lease: Lease) -> Turn | None:
    """The turn with its question as it is now, if it is still the owner's."""
    return _with_question(HELD, [lease.turn_id, lease.epoch])


def renew(owners: list[UUID]) -> dict[UUID, bool]:
    """Prolong the leases of one worker, in one query.

    Returns, for each owner that still holds its turn, whether the customer asked to stop. An owner
    that is missing has lost its turn.
    """
    mine = Turn.objects.filter(lease_owner__in=owners, state=Turn.State.RUNNING)
    mine.update(lease_until=Now() + timedelta(seconds=limits.LEASE))
    return {
        owner: stop
        for owner, stop in mine.values_list("lease_owner", "stop_requested")
        if owner is not None
    }


def record(lease: Lease, **fields: object) -> None:
    """Write to a running turn, its end too. Raises LostTurn when it is no longer the owner's."""
    if TURNS.update(HELD, [lease.turn_id, lease.epoch], **fields) != 1:
        raise LostTurn


def release(lease: Lease, *, counted: bool = False) -> bool:
    """Give a turn back unanswered, so that another worker takes it at once.

    `counted`: it was an attempt; a turn that fails each time is given up after some.
    """
    released = Turn.objects.filter(held(lease)).update(
        state=Turn.State.QUEUED,
        epoch=F("epoch") + 1,
        attempts=F("attempts") - (0 if counted else 1),
        lease_owner=None,
        lease_until=None,
        rung_at=Now(),
        queued_at=None,  # should the wake-up that follows be lost, the sweeper is quick
    )
    return released == 1


def pass_on(
    lease: Lease,
    *,
    tried: list[str],
    steps: list[dict[str, Any]],
    first_token_at: datetime | None,
) -> bool:
    """Give a turn to the next rung: as `release`, with what was tried and why in its record."""
    passed = Turn.objects.filter(held(lease)).update(
        state=Turn.State.QUEUED,
        epoch=F("epoch") + 1,
        attempts=F("attempts") - 1,
        lease_owner=None,
        lease_until=None,
        rung_at=Now(),
        queued_at=None,
        tiers_tried=tried,
        trace={"ladder": steps},
        first_token_at=Coalesce("first_token_at", Value(first_token_at, DateTimeField())),
    )
    return passed == 1


def request_stop(*, conversation_id: UUID) -> UUID | None:
    """Note that the customer pressed stop. Returns the live turn, or None when there is none."""
    turn = live(conversation_id)
    if turn is None:
        return None
    Turn.objects.filter(pk=turn.pk, state__in=Turn.LIVE).update(stop_requested=True)
    return turn.pk


_MORE_WAS_SAID = f"""
{HELD} AND EXISTS (
    SELECT FROM conversations_message
     WHERE conversations_message.conversation_id = conversations_turn.conversation_id
       AND author = 'customer' AND seq > covers_seq
)
"""


def cover_newer_messages(lease: Lease) -> bool:
    """Take along what the customer wrote since the claim. True: there was something.

    Usually there is nothing, which one look tells: what comes after it gets the next turn. To
    write, it locks the conversation first, like every other writer, so that none falls between.
    """
    if not TURNS.read(_MORE_WAS_SAID, [lease.turn_id, lease.epoch]):
        return False
    with transaction.atomic():
        Conversation.objects.select_for_update().get(pk=lease.conversation_id)
        newest = (
            Message.objects.filter(
                conversation_id=lease.conversation_id, author=Message.Author.CUSTOMER
            )
            .order_by("-seq")
            .first()
        )
        if newest is None:
            return False
        grown = Turn.objects.filter(held(lease), covers_seq__lt=newest.seq).update(
            covers_seq=newest.seq, question=newest
        )
        return grown == 1
