"""SQL that turns the record into fact rows. Each statement is a pure function of the record.

`%(scope)s` is a list of conversation ids, `%(now)s` the time of the look. A row is written only
where it differs, so that running twice changes nothing and marks no hour. Rows are written in the
order of their time: a period then lies on few pages, which is what makes counting it fast.
"""

from insights.seeding.mark import MARK

QUIET = "interval '24 hours'"  # without a word for so long: it has ended
_CLAIMED = "coalesce(e.first_claimed_at, e.claimed_at)"
RETURN = "interval '7 days'"  # writing again within it on the same topic is a re-contact


def _upsert(table: str, key: str, columns: tuple[str, ...], select: str) -> str:
    names = ", ".join((key, *columns))
    updates = ", ".join(f"{name} = excluded.{name}" for name in columns)
    old = ", ".join(f"{table}.{name}" for name in columns)
    new = ", ".join(f"excluded.{name}" for name in columns)
    return (
        f"INSERT INTO {table} ({names}) {select} "
        f"ON CONFLICT ({key}) DO UPDATE SET {updates} WHERE ({old}) IS DISTINCT FROM ({new})"
    )


def _ms(start: str, end: str) -> str:
    """Whole milliseconds, never below zero (clocks differ); NULL where a step was not reached."""
    elapsed = f"round(extract(epoch FROM t.{end} - t.{start}) * 1000)::int"
    return f"CASE WHEN t.{end} < t.{start} THEN 0 ELSE {elapsed} END"


def _seconds(start: str, end: str) -> str:
    return f"CASE WHEN {end} < {start} THEN 0 ELSE extract(epoch FROM {end} - {start})::int END"


TURNS = _upsert(
    "insights_turnfact",
    "turn_id",
    (
        "conversation_id", "at", "topic", "language", "channel", "demo", "kind", "reason", "tier",
        "model", "article", "confidence", "failed", "stopped", "cached", "queue_ms", "search_ms",
        "write_ms", "first_token_ms", "reply_ms", "busy_ms", "tokens", "helped", "verdict",
        "thumb",
    ),
    f"""
    WITH turns AS (
        SELECT t.*, lead(t.decision) OVER next_one AS next_decision
          FROM conversations_turn t
         WHERE t.conversation_id = ANY(%(scope)s) AND t.state IN ('done', 'failed')
        WINDOW next_one AS (PARTITION BY t.conversation_id ORDER BY t.accepted_at, t.id)
    )
    SELECT t.id, t.conversation_id, t.accepted_at, coalesce(shelf.slug, ''), c.language,
           c.channel, c.token_hash = '{MARK}',
           CASE WHEN t.decision = 'answer' AND cited.article_id IS NULL AND t.trace ? 'kind'
                THEN 'courtesy' ELSE t.decision END,
           t.reason, t.tier, t.model, cited.article_id, t.confidence, t.state = 'failed',
           t.stopped, t.tier = 'cache',
           {_ms("accepted_at", "claimed_at")}, {_ms("claimed_at", "decided_at")},
           {_ms("first_token_at", "done_at")}, {_ms("accepted_at", "first_token_at")},
           {_ms("accepted_at", "done_at")}, {_ms("claimed_at", "done_at")},
           coalesce(t.prompt_tokens, 0) + coalesce(t.output_tokens, 0),
           CASE WHEN t.decision = 'clarify' AND t.next_decision <> ''
                THEN t.next_decision = 'answer' END,
           coalesce(judged.verdict, ''), thumb.score
      FROM turns t
      JOIN conversations_conversation c ON c.id = t.conversation_id
      LEFT JOIN LATERAL (SELECT x.article_id FROM conversations_citation x
                          WHERE x.message_id = t.reply_id AND x.article_id IS NOT NULL
                          ORDER BY x.number LIMIT 1) cited ON TRUE
      LEFT JOIN LATERAL (SELECT p.article_id FROM conversations_turnpassage p
                          WHERE cited.article_id IS NULL AND p.turn_id = t.id
                          ORDER BY p.rank LIMIT 1) seen ON TRUE
      LEFT JOIN conversations_article a ON a.id = coalesce(cited.article_id, seen.article_id)
      LEFT JOIN conversations_section shelf ON shelf.id = a.section_id
      LEFT JOIN conversations_rating thumb ON thumb.message_id = t.reply_id
      LEFT JOIN LATERAL (SELECT r.verdict FROM conversations_review r WHERE r.turn_id = t.id
                          ORDER BY r.created_at DESC, r.id DESC LIMIT 1) judged ON TRUE
     ORDER BY t.accepted_at
    """,
)  # fmt: skip

CONVERSATIONS = _upsert(
    "insights_conversationfact",
    "conversation_id",
    (
        "at", "topic", "language", "channel", "demo", "person", "last_at", "outcome", "messages",
        "answers", "escalated", "served", "reason", "agent", "team", "first_response_s",
        "resolution_s", "agent_s", "thumb", "solved", "csat", "recontact_at",
    ),
    f"""
    WITH said AS (
        SELECT m.conversation_id, count(*) AS messages,
               min(m.created_at) FILTER (WHERE m.author = 'customer') AS asked_at,
               min(m.seq) FILTER (WHERE m.author = 'customer') AS asked_seq,
               max(m.created_at) AS last_at
          FROM conversations_message m
         WHERE m.conversation_id = ANY(%(scope)s) AND m.author <> 'system'
         GROUP BY 1
    ), answered AS (
        SELECT m.conversation_id, min(m.created_at) AS at
          FROM conversations_message m JOIN said s USING (conversation_id)
         WHERE m.author IN ('assistant', 'agent') AND m.seq > s.asked_seq
         GROUP BY 1
    ), thumbs AS (
        SELECT DISTINCT ON (m.conversation_id) m.conversation_id, r.score
          FROM conversations_message m JOIN conversations_rating r ON r.message_id = m.id
         WHERE m.conversation_id = ANY(%(scope)s)
         ORDER BY m.conversation_id, m.seq DESC
    ), turns AS (
        SELECT f.conversation_id, count(*) FILTER (WHERE f.kind = 'answer' AND NOT f.failed) AS n,
               (array_agg(f.topic ORDER BY f.at, f.turn_id) FILTER (WHERE f.topic <> ''))[1]
                   AS topic
          FROM insights_turnfact f WHERE f.conversation_id = ANY(%(scope)s) GROUP BY 1
    ), people AS (
        SELECT e.conversation_id, (array_agg(e.reason ORDER BY e.opened_at, e.id))[1] AS reason,
               (array_agg(u.username ORDER BY e.opened_at DESC, e.id)
                    FILTER (WHERE u.username IS NOT NULL))[1] AS agent,
               (array_agg(g.slug ORDER BY e.opened_at DESC, e.id)
                    FILTER (WHERE g.slug IS NOT NULL))[1] AS team,
               (array_agg(e.topic ORDER BY e.opened_at, e.id)
                    FILTER (WHERE e.topic <> ''))[1] AS topic,
               bool_or(e.state = 'resolved') AS served,
               coalesce(sum({_seconds(_CLAIMED, "e.ended_at")})
                   FILTER (WHERE e.state = 'resolved'), 0)::int AS agent_s
          FROM conversations_escalation e
          LEFT JOIN auth_user u ON u.id = e.agent_id
          LEFT JOIN conversations_team g ON g.id = e.team_id
         WHERE e.conversation_id = ANY(%(scope)s) GROUP BY 1
    ), surveys AS (
        SELECT DISTINCT ON (s.conversation_id) s.conversation_id, s.solved, s.score
          FROM conversations_resolutionsurvey s
         WHERE s.conversation_id = ANY(%(scope)s) AND s.answered_at IS NOT NULL
         ORDER BY s.conversation_id, s.answered_at DESC
    )
    SELECT c.id, coalesce(said.asked_at, c.created_at),
           coalesce(turns.topic, people.topic, ''), c.language, c.channel,
           c.token_hash = '{MARK}', c.customer_id, coalesce(said.last_at, c.created_at),
           coalesce(known.outcome, CASE WHEN said.asked_at IS NULL THEN 'empty' ELSE 'open' END),
           coalesce(said.messages, 0), coalesce(turns.n, 0), people.conversation_id IS NOT NULL,
           coalesce(people.served, FALSE), coalesce(people.reason, ''),
           coalesce(people.agent, ''), coalesce(people.team, ''),
           {_seconds("said.asked_at", "answered.at")}, {_seconds("said.asked_at", "said.last_at")},
           coalesce(people.agent_s, 0), thumbs.score, coalesce(surveys.solved, ''),
           surveys.score, known.recontact_at
      FROM conversations_conversation c
      LEFT JOIN said ON said.conversation_id = c.id
      LEFT JOIN answered ON answered.conversation_id = c.id
      LEFT JOIN thumbs ON thumbs.conversation_id = c.id
      LEFT JOIN turns ON turns.conversation_id = c.id
      LEFT JOIN people ON people.conversation_id = c.id
      LEFT JOIN surveys ON surveys.conversation_id = c.id
      LEFT JOIN insights_conversationfact known ON known.conversation_id = c.id
     WHERE c.id = ANY(%(scope)s)
     ORDER BY c.created_at
    """,
)  # fmt: skip

#: Outcomes of the conversations in scope and of those that they follow within seven days.
OUTCOMES = f"""
    WITH near AS (
        SELECT f.conversation_id FROM insights_conversationfact f
         WHERE f.conversation_id = ANY(%(scope)s)
        UNION
        SELECT earlier.conversation_id
          FROM insights_conversationfact f
          JOIN insights_conversationfact earlier
            ON earlier.person = f.person AND earlier.at <= f.at
           AND earlier.last_at >= f.at - {RETURN}
         WHERE f.conversation_id = ANY(%(scope)s)
        UNION
        SELECT f.conversation_id FROM insights_conversationfact f
         WHERE f.outcome = 'open' AND f.last_at <= %(now)s - {QUIET} AND %(sweep)s
    ), looked AS (
        SELECT f.conversation_id, again.at AS recontact_at,
               CASE
                 WHEN NOT EXISTS (SELECT 1 FROM conversations_message m
                       WHERE m.conversation_id = f.conversation_id AND m.author = 'customer')
                   THEN 'empty'
                 WHEN EXISTS (SELECT 1 FROM conversations_escalation e
                       WHERE e.conversation_id = f.conversation_id
                         AND e.state IN ('waiting', 'claimed')) THEN 'open'
                 WHEN again.at IS NOT NULL THEN 'recontacted'
                 WHEN c.status NOT IN ('resolved', 'closed')
                      AND f.last_at > %(now)s - {QUIET} THEN 'open'
                 WHEN f.solved IN ('no', 'not_yet') THEN 'rejected'
                 WHEN f.served THEN 'human_resolved'
                 WHEN f.escalated THEN 'unserved'
                 WHEN f.thumb = -1 THEN 'rejected'
                 WHEN f.thumb = 1 OR f.solved = 'yes' THEN 'confirmed'
                 ELSE 'silent'
               END AS outcome
          FROM near
          JOIN insights_conversationfact f USING (conversation_id)
          JOIN conversations_conversation c ON c.id = f.conversation_id
          LEFT JOIN LATERAL (
              SELECT later.at FROM insights_conversationfact later
               WHERE later.person = f.person AND later.topic = f.topic AND f.topic <> ''
                 AND later.at > f.at AND later.at <= f.last_at + {RETURN}
                 AND later.outcome <> 'empty' AND later.at <= %(now)s
               ORDER BY later.at LIMIT 1) again ON TRUE
    )
    UPDATE insights_conversationfact f
       SET outcome = looked.outcome, recontact_at = looked.recontact_at
      FROM looked
     WHERE f.conversation_id = looked.conversation_id
       AND (f.outcome, f.recontact_at) IS DISTINCT FROM (looked.outcome, looked.recontact_at)
"""

ESCALATIONS = _upsert(
    "insights_escalationfact",
    "escalation_id",
    (
        "conversation_id", "at", "topic", "language", "channel", "demo", "reason", "state",
        "agent", "team", "wait_s", "handle_s", "promised", "kept", "csat",
    ),
    f"""
    SELECT e.id, e.conversation_id, e.opened_at, f.topic, f.language, f.channel, f.demo,
           e.reason, e.state, coalesce(u.username, ''), coalesce(g.slug, ''),
           {_seconds("e.opened_at", _CLAIMED)}, {_seconds(_CLAIMED, "e.ended_at")},
           e.first_response_due IS NOT NULL OR e.resolution_due IS NOT NULL,
           CASE WHEN cardinality(e.breaches) > 0 THEN FALSE
                WHEN e.ended_at IS NULL THEN NULL
                ELSE (e.first_response_due IS NULL
                      OR coalesce(e.first_response_at, e.ended_at) <= e.first_response_due)
                 AND (e.resolution_due IS NULL OR e.ended_at <= e.resolution_due) END,
           s.score
      FROM conversations_escalation e
      JOIN insights_conversationfact f ON f.conversation_id = e.conversation_id
      LEFT JOIN auth_user u ON u.id = e.agent_id
      LEFT JOIN conversations_team g ON g.id = e.team_id
      LEFT JOIN conversations_resolutionsurvey s ON s.escalation_id = e.id
     WHERE e.conversation_id = ANY(%(scope)s)
    """,
)  # fmt: skip

#: A turn that is live again (a rerun) has no fact; what was deleted went with its row.
STALE_TURNS = """
    DELETE FROM insights_turnfact f USING conversations_turn t
     WHERE f.conversation_id = ANY(%(scope)s) AND t.id = f.turn_id
       AND t.state NOT IN ('done', 'failed')
"""

#: What changed since the last look, with the time that a slow transaction may have taken.
CHANGED = """
    SELECT id FROM conversations_conversation WHERE updated_at >= %(since)s
    UNION SELECT m.conversation_id FROM conversations_rating r
            JOIN conversations_message m ON m.id = r.message_id WHERE r.updated_at >= %(since)s
    UNION SELECT t.conversation_id FROM conversations_review r
            JOIN conversations_turn t ON t.id = r.turn_id WHERE r.updated_at >= %(since)s
    UNION SELECT t.conversation_id FROM conversations_reviewchange r
            JOIN conversations_turn t ON t.id = r.turn_id WHERE r.at >= %(since)s
    UNION SELECT conversation_id FROM conversations_resolutionsurvey
           WHERE answered_at >= %(since)s
    UNION SELECT conversation_id FROM conversations_escalation
           WHERE opened_at >= %(since)s OR ended_at >= %(since)s OR first_claimed_at >= %(since)s
"""
