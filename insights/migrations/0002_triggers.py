"""Facts leave with their conversation, and a changed fact marks its hour, whoever changed it."""

from django.db import migrations

GRAINS = ("conversation", "turn", "escalation")

CASCADE = """
DO $$
DECLARE link record;
BEGIN
    FOR link IN
        SELECT conrelid::regclass AS child, conname, pg_get_constraintdef(oid) AS body
          FROM pg_constraint
         WHERE contype = 'f' AND conrelid::regclass::text IN
               ('insights_conversationfact', 'insights_turnfact', 'insights_escalationfact')
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', link.child, link.conname);
        EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s', link.child, link.conname,
                       replace(link.body, 'DEFERRABLE', 'ON DELETE CASCADE DEFERRABLE'));
    END LOOP;
END $$;
"""


def _mark(grain: str) -> str:
    table = f"insights_{grain}fact"
    made = []
    for event, sources in (
        ("insert", ("fresh",)),
        ("update", ("fresh", "stale")),
        ("delete", ("stale",)),
    ):
        rows = " UNION ".join(f"SELECT at FROM {source}" for source in sources)
        references = " ".join(
            f"{'NEW' if source == 'fresh' else 'OLD'} TABLE AS {source}" for source in sources
        )
        name = f"insights_mark_{grain}_{event}"
        made.append(f"""
CREATE FUNCTION {name}() RETURNS trigger AS $$
BEGIN
    INSERT INTO insights_dirtyhour (grain, hour)
    SELECT DISTINCT '{grain}', date_trunc('hour', at, 'UTC') FROM ({rows}) changed
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$ LANGUAGE plpgsql;
CREATE TRIGGER {name} AFTER {event.upper()} ON {table}
    REFERENCING {references} FOR EACH STATEMENT EXECUTE FUNCTION {name}();
""")
    return "".join(made)


def _unmark(grain: str) -> str:
    return "".join(
        f"DROP TRIGGER insights_mark_{grain}_{event} ON insights_{grain}fact;"
        f"DROP FUNCTION insights_mark_{grain}_{event}();"
        for event in ("insert", "update", "delete")
    )


class Migration(migrations.Migration):
    dependencies = [("insights", "0001_first")]
    operations = [
        migrations.RunSQL(CASCADE, migrations.RunSQL.noop),
        *(migrations.RunSQL(_mark(grain), _unmark(grain)) for grain in GRAINS),
    ]
