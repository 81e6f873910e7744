"""Photos, papers and voice notes, for whoever may see the follow-up that they were kept with."""

import logging
import re

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.http import content_disposition_header
from django.views.generic import View

from branches.pages import StaffPageMixin
from students.models import FollowUpFile

access_log = logging.getLogger("access")
RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})")
# Whatever a file tries, it does so in a world of its own: no script, no form, no cookie.
SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


class FollowUpFileView(StaffPageMixin, View):
    """A player seeks by asking for parts (Range), so one part at a time is answered."""

    permission_required = "students.view_enquiry"
    http_method_names = ["get"]

    def get(self, request, pk):
        row = get_object_or_404(FollowUpFile.objects.visible_to(request.user), pk=pk)
        access_log.info("file %s of a follow-up opened by staff %s", row.pk, request.user.pk)
        part = part_of(request.headers.get("Range", ""), row.size)
        if part is None:
            response = HttpResponse(_bytes(row, range(row.size)))
        else:
            response = HttpResponse(_bytes(row, part), status=206 if part else 416)
            within = f"{part.start}-{part.stop - 1}" if part else "*"
            response["Content-Range"] = f"bytes {within}/{row.size}"
        response["Accept-Ranges"] = "bytes"
        response["Content-Type"] = row.content_type
        is_paper = row.kind == FollowUpFile.Kind.PAPER
        response["Content-Disposition"] = content_disposition_header(is_paper, row.name)
        response["Content-Security-Policy"] = SANDBOX
        response["X-Content-Type-Options"] = "nosniff"
        return response


def _bytes(row, part):
    """At most the 10 MB that are kept of a file: small enough to be held."""
    try:
        with row.file.open() as file:
            file.seek(part.start)
            return file.read(len(part))
    except FileNotFoundError as error:
        access_log.error("file %s of a follow-up is not on the disk", row.pk)
        raise Http404 from error


def part_of(asked, size):
    """The bytes that "bytes=0-99" asks for: empty when there are none; None: all, or it is not understood."""
    match = RANGE.fullmatch(asked)
    if not match or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        return range(max(size - int(last), 0), size)
    return range(int(first), min(int(last or size) + 1, size))
