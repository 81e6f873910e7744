import sys
from contextlib import closing

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from branches.roles import Role
from config.demo import DemoError
from config.demo.checks import (
    hold_folder,
    refuse_taken_port,
    refuse_unwritable_folder,
    refusing_broken_database,
)
from config.demo.environment import add_port_arguments
from config.demo.processes import are_up, processes
from config.demo.school import PASSWORD, load_school, open_database, sign_ins
from config.demo.supervisor import Supervisor
from config.demo.terminal import table


class Command(BaseCommand):
    help = "Load the demo school and run all of it: pages, jobs and a stand-in for Twilio. Ctrl-C ends it."
    requires_system_checks = ()

    def add_arguments(self, parser):
        parser.add_argument("--fresh", action="store_true", help="forget what was done and load the books again")
        parser.add_argument("--no-server", action="store_true", help="load and exit")
        add_port_arguments(parser)

    def handle(self, *args, **options):
        try:
            self._run(**options)
        except DemoError as error:
            self.stderr.write(str(error))
            sys.exit(1)
        except KeyboardInterrupt:  # while the school was loaded: the next start does it again
            sys.exit(130)

    def _run(self, *, port, twilio_port, fresh, no_server, **options):
        refuse_unwritable_folder()
        with closing(hold_folder()):
            if not no_server:
                refuse_taken_port(port, "--port")
                refuse_taken_port(twilio_port, "--twilio-port")
            with refusing_broken_database():
                self._prepare(fresh)
            if no_server:
                self._show_sign_ins()
            else:
                self._serve()

    def _prepare(self, fresh):
        if not open_database(fresh=fresh):
            self._say(_("The demo school is being loaded, which takes about half a minute the first time."))
            load_school(now=timezone.now())
        self.people = [(Role(role).label, user) for role, user in sign_ins()]
        connection.close()

    def _serve(self):
        with Supervisor(processes()) as supervisor:
            if supervisor.wait_until(are_up, seconds=60):
                self._show_addresses()
                self._show_sign_ins()
                self._say(_("Ctrl-C stops all of it; what was done is kept."))
                supervisor.wait_for_stop()
            elif not supervisor.is_stopping:
                raise DemoError(_("The pages do not answer: see the lines above, then start again."))

    def _show_addresses(self):
        self._say("")
        self._say(_("The school is open: %(url)s") % {"url": f"{settings.PUBLIC_BASE_URL}/"})
        self._say(_("The parents' phones: %(url)s") % {"url": f"{settings.TWILIO_API_BASE_URL}/"})

    def _show_sign_ins(self):
        rows = [(label, user.name, user.username, PASSWORD) for label, user in self.people]
        self._say(table((_("role"), pgettext("person", "name"), _("sign-in"), _("password")), rows))

    def _say(self, text):
        self.stdout.write(text)
        self.stdout.flush()
