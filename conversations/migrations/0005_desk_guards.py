"""Only the holder speaks, and the audit log only grows: the database refuses the rest by name."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION conversation_event_from_holder() RETURNS trigger AS $$
DECLARE
    author text;
    speaker bigint;
    holder text;
    agent bigint;
BEGIN
    IF NEW.message_id IS NULL OR NEW.type = 'message.accepted' THEN
        RETURN NEW;
    END IF;
    SELECT m.author, m.user_id, c.holder, c.agent_id INTO author, speaker, holder, agent
      FROM conversations_message m
      JOIN conversations_conversation c ON c.id = m.conversation_id
     WHERE m.id = NEW.message_id;
    IF author = 'agent' AND (holder <> 'agent' OR speaker IS DISTINCT FROM agent) THEN
        RAISE EXCEPTION 'agent % does not hold conversation %', speaker, NEW.conversation_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'event_agent_is_holder';
    END IF;
    IF author = 'assistant' AND holder <> 'assistant' THEN
        RAISE EXCEPTION 'the assistant does not hold conversation %', NEW.conversation_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'event_assistant_is_holder';
    END IF;
    RETURN NEW;
END
$$ LANGUAGE plpgsql;

CREATE TRIGGER event_from_holder BEFORE INSERT ON conversations_conversationevent
    FOR EACH ROW EXECUTE FUNCTION conversation_event_from_holder();

CREATE FUNCTION audit_entry_append_only() RETURNS trigger AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'audit_append_only';
END
$$ LANGUAGE plpgsql;

CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON conversations_auditentry
    FOR EACH ROW EXECUTE FUNCTION audit_entry_append_only();

UPDATE conversations_escalation SET awaiting_since = opened_at
 WHERE awaiting_since IS NULL AND state IN ('waiting', 'claimed');
"""

BACKWARD = """
DROP TRIGGER audit_append_only ON conversations_auditentry;
DROP FUNCTION audit_entry_append_only();
DROP TRIGGER event_from_holder ON conversations_conversationevent;
DROP FUNCTION conversation_event_from_holder();
"""


class Migration(migrations.Migration):
    dependencies = [("conversations", "0004_desk")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
