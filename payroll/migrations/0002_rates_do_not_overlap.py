"""PostgreSQL: two rates of a teacher at a branch, for one course or for all, do not hold on the same day.

SQLite keeps the same rule with triggers (payroll.guards).
"""

from django.db import migrations

ADD = """
CREATE EXTENSION IF NOT EXISTS btree_gist;
ALTER TABLE payroll_payrate ADD CONSTRAINT payrate_no_overlap EXCLUDE USING gist (
    teacher_id WITH =, branch_id WITH =, (COALESCE(course_id, 0)) WITH =, daterange(valid_from, valid_until, '[]') WITH &&
);
"""
REMOVE = "ALTER TABLE payroll_payrate DROP CONSTRAINT payrate_no_overlap;"


def on_postgresql(sql):
    def run(apps, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(sql)

    return run


class Migration(migrations.Migration):
    dependencies = [("payroll", "0001_teacher_pay")]

    operations = [migrations.RunPython(on_postgresql(ADD), on_postgresql(REMOVE))]
