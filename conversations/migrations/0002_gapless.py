"""A conversation's sequence numbers have no gaps: the database refuses an event that would make one."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION conversation_event_seq_gapless() RETURNS trigger AS $$
BEGIN
    IF NEW.seq <> 1 + COALESCE(
        (SELECT max(seq) FROM conversations_conversationevent
          WHERE conversation_id = NEW.conversation_id), 0)
    THEN
        RAISE EXCEPTION 'event % of conversation % would leave a gap', NEW.seq, NEW.conversation_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'event_seq_gapless';
    END IF;
    RETURN NEW;
END
$$ LANGUAGE plpgsql;

CREATE TRIGGER event_seq_gapless BEFORE INSERT ON conversations_conversationevent
    FOR EACH ROW EXECUTE FUNCTION conversation_event_seq_gapless();
"""

BACKWARD = """
DROP TRIGGER event_seq_gapless ON conversations_conversationevent;
DROP FUNCTION conversation_event_seq_gapless();
"""


class Migration(migrations.Migration):
    dependencies = [("conversations", "0001_first")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
