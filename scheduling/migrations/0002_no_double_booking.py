"""PostgreSQL: no two bookings of one teacher, room or child overlap, unless their lessons share a clash group.

SQLite keeps the same rule with triggers (scheduling.bookings), which also derive the bookings on both.
"""

from django.db import migrations

ADD = """
CREATE EXTENSION IF NOT EXISTS btree_gist;
ALTER TABLE scheduling_booking ADD CONSTRAINT no_double_booking EXCLUDE USING gist (
    kind WITH =, resource_id WITH =, clash_group WITH <>, tstzrange(starts_at, ends_at, '[)') WITH &&
);
"""
REMOVE = "ALTER TABLE scheduling_booking DROP CONSTRAINT no_double_booking;"


def on_postgresql(sql):
    def run(apps, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(sql)

    return run


class Migration(migrations.Migration):
    dependencies = [("scheduling", "0001_initial")]

    operations = [migrations.RunPython(on_postgresql(ADD), on_postgresql(REMOVE))]
