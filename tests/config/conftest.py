"""The large school is loaded by PostgreSQL's own SQL: there it is measured, on SQLite it is refused in a sentence."""

from django.conf import settings

IS_POSTGRESQL = "postgresql" in settings.DATABASES["default"]["ENGINE"]
ON_POSTGRESQL_ONLY = [
    "test_bench_timetable.py",
    "test_bench_money.py",
    "test_bench_messages.py",
    "test_bench_desk.py",
]
collect_ignore = ["test_bench_refused.py"] if IS_POSTGRESQL else ON_POSTGRESQL_ONLY
