"""What must hold of the project as a whole: its settings, its migrations, its layers, its tests."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command

ROOT = Path(settings.BASE_DIR)
OURS = [app for app in apps.get_app_configs() if Path(app.path).parent == ROOT]


def run(*command, **environment):
    """Run a command at the project's root; returns its output and refuses a failure."""
    ours = {name: value for name, value in os.environ.items() if name != "DJANGO_ALLOW_ASYNC_UNSAFE"}  # Playwright's
    done = subprocess.run(command, cwd=ROOT, env=ours | environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.django_db
def test_no_migration_is_missing():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_the_settings_of_a_laptop_are_clean(tmp_path):
    output = run(sys.executable, "manage.py", "check", "--fail-level", "WARNING", VAR_DIR=str(tmp_path))

    assert "no issues" in output


def test_the_settings_of_the_production_example_are_clean(tmp_path):
    """Every warning of `check --deploy` counts; the database is not asked."""
    example = dict(
        line.split("=", 1)
        for line in (ROOT / ".env.example").read_text().splitlines()
        if line and not line.startswith("#")
    )

    output = run(
        sys.executable,
        "manage.py",
        "check",
        "--deploy",
        "--fail-level",
        "WARNING",
        **example | {"VAR_DIR": str(tmp_path)},
    )

    assert "no issues" in output


def test_every_setting_that_is_read_is_in_the_example():
    read = set(re.findall(r'env\.\w+\(\s*"(\w+)"', (ROOT / "config/settings.py").read_text()))
    documented = set(re.findall(r"^#?(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))

    assert read == documented


def test_imports_point_from_later_stages_to_earlier_ones():
    run(Path(sys.executable).with_name("lint-imports"), "--no-cache")


@pytest.mark.parametrize("app", OURS, ids=lambda app: app.label)
def test_every_constraint_has_a_test_that_the_database_refuses(app):
    tests = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    constraints = {constraint.name for model in app.get_models() for constraint in model._meta.constraints}

    assert {name for name in constraints if f'"{name}"' not in tests} == set()


def test_the_layers_name_every_app():
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]

    assert set(contract["root_packages"]) == {app.name for app in OURS}
