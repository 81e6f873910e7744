"""PostgreSQL: the index behind no_double_booking sorts by resource and time, and by clash group last.

By clash group before time, an insertion read all that a teacher or child ever had: with half a million bookings that
took four times as long already. And the triggers that waited for each booked resource by itself are gone (scheduling.bookings).
"""

from django.db import migrations

DROP = "ALTER TABLE scheduling_booking DROP CONSTRAINT no_double_booking;"
ADD = """
ALTER TABLE scheduling_booking ADD CONSTRAINT no_double_booking EXCLUDE USING gist (
    resource_id WITH =, tstzrange(starts_at, ends_at, '[)') WITH &&, kind WITH =, clash_group WITH <>
);
"""
ADD_AS_BEFORE = """
ALTER TABLE scheduling_booking ADD CONSTRAINT no_double_booking EXCLUDE USING gist (
    kind WITH =, resource_id WITH =, clash_group WITH <>, tstzrange(starts_at, ends_at, '[)') WITH &&
);
"""
NO_WAITS = "".join(
    f"DROP TRIGGER IF EXISTS {name} ON scheduling_booking; DROP FUNCTION IF EXISTS {name};"
    for name in ("booking_waits", "booking_waits_for_teacher", "booking_waits_for_room")
)


def on_postgresql(sql):
    def run(apps, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(sql)

    return run


class Migration(migrations.Migration):
    dependencies = [("scheduling", "0005_make_up_goes_with_missed_lesson")]

    operations = [migrations.RunPython(on_postgresql(DROP + ADD + NO_WAITS), on_postgresql(DROP + ADD_AS_BEFORE))]
