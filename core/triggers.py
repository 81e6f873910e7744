"""Rules that the database keeps with triggers, on SQLite and PostgreSQL alike.

SQLite's migrations rebuild tables and drop their triggers silently, and refuse to rename a table that a
trigger names. So all of ours go before `migrate` and come back after it, on both databases.
"""

from dataclasses import dataclass, field

from django.db import connections
from django.db.models.signals import post_migrate, pre_migrate

_kept: dict[str, "Trigger"] = {}


@dataclass(frozen=True)
class Trigger:
    """`when` is the SQL between the name and the body, e.g. "AFTER INSERT ON students_student".

    `body` is one or more statements, each ending in `;`, in SQL that both databases read the same way.
    `refuse` is instead a sentence to abort with. `condition` is SQL over NEW and OLD. `for_all` is what PostgreSQL
    runs in place of `body` and `condition`, once for all rows of a statement: the tables new_rows and old_rows.
    """

    name: str
    when: str
    body: str = ""
    refuse: str = ""
    condition: str = ""
    for_all: str = ""
    vendors: tuple[str, ...] = field(default=("sqlite", "postgresql"))

    @property
    def table(self):
        return self.when.split(" ON ")[1].split()[0]

    def create_sql(self, vendor):
        return self._sqlite() if vendor == "sqlite" else self._postgresql()

    def drop_sql(self, vendor):
        on_table = "" if vendor == "sqlite" else f" ON {self.table}"
        return f"DROP TRIGGER IF EXISTS {self.name}{on_table}"

    def _sqlite(self):
        condition = f"WHEN {self.condition}" if self.condition else ""
        body = f"SELECT RAISE(ABORT, '{self.refuse}');" if self.refuse else self.body
        return f"CREATE TRIGGER {self.name} {self.when} FOR EACH ROW {condition} BEGIN {body} END"

    def _postgresql(self):
        """Planned anew each time: a plan made while the tables were empty would be kept, and read them whole.

        An import into a new database took minutes in a session that had such a plan.
        """
        refusal = f"RAISE EXCEPTION '{self.refuse}' USING ERRCODE = 'integrity_constraint_violation';"
        body = refusal if self.refuse else self.for_all or self.body
        return (
            f"CREATE OR REPLACE FUNCTION {self.name}() RETURNS trigger LANGUAGE plpgsql "
            "SET plan_cache_mode = force_custom_plan AS "
            f"$$ BEGIN {body} RETURN COALESCE(NEW, OLD); END $$; "
            f"CREATE TRIGGER {self.name} {self.when} {self._postgresql_scope()} EXECUTE FUNCTION {self.name}()"
        )

    def _postgresql_scope(self):
        if not self.for_all:
            return "FOR EACH ROW" + (f" WHEN ({self.condition})" if self.condition else "")
        new, old = "NEW TABLE AS new_rows", "OLD TABLE AS old_rows"
        tables = {"INSERT": new, "UPDATE": f"{old} {new}", "DELETE": old}[self.when.split()[1]]
        return f"REFERENCING {tables} FOR EACH STATEMENT"


def append_only(table, refusal):
    """The triggers of a table whose rows are only ever added: `refusal` says what corrects one instead."""
    name = table.partition("_")[2]
    return [
        Trigger(f"{name}_no_update", f"BEFORE UPDATE ON {table}", refuse=refusal),
        Trigger(f"{name}_no_delete", f"BEFORE DELETE ON {table}", refuse=refusal),
    ]


def keep(triggers, app_config):
    """Have the database keep `triggers`; called by the ready() of the app whose rules they are."""
    for trigger in triggers:
        _kept[trigger.name] = trigger
    pre_migrate.connect(remove_triggers, sender=app_config)
    post_migrate.connect(install_triggers, sender=app_config)


def kept(vendor):
    return [trigger for trigger in _kept.values() if vendor in trigger.vendors]


def remove_triggers(using="default", **kwargs):
    for trigger in _on_existing_tables(using):
        _execute(using, trigger.drop_sql(connections[using].vendor))


def install_triggers(using="default", **kwargs):
    remove_triggers(using)
    for trigger in _on_existing_tables(using):
        _execute(using, trigger.create_sql(connections[using].vendor))


def _on_existing_tables(using):
    """A first, partial or backward migration may lack a table."""
    tables = set(connections[using].introspection.table_names())
    return [trigger for trigger in kept(connections[using].vendor) if trigger.table in tables]


def _execute(using, sql):
    with connections[using].cursor() as cursor:
        cursor.execute(sql)
