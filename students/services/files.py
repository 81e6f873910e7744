"""What is kept with a follow-up: photos, papers (PDF) and voice notes. A file is what its content shows it to be."""

from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO

import filetype
from django.core.files.base import ContentFile
from django.db import transaction
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from students.models import FollowUpFile

Kind = FollowUpFile.Kind
MEGABYTE = 1024 * 1024
MOST_FILES = 5  # of one follow-up
MOST_BYTES = {Kind.PHOTO: 10 * MEGABYTE, Kind.PAPER: 10 * MEGABYTE, Kind.VOICE: 5 * MEGABYTE}
MOST_SECONDS = 5 * 60  # of a voice note; at the 32 kbit/s of our recorder that is 1.2 MB
MOST_PIXELS = 50_000_000  # as many as a phone takes; unpacked they fill 200 MB
LONGEST_SIDE = 2000  # pixels of a photo as it is kept: a page of A4 stays legible
PHOTO_FORMATS = ["JPEG", "PNG", "WEBP"]
HEAD = 8192  # bytes that tell what a file is

# What a content is found to be: its kind, and as what it is served. WebM and MP4 hold sound alone as well.
KINDS = {
    "image/jpeg": (Kind.PHOTO, "image/jpeg"),
    "image/png": (Kind.PHOTO, "image/jpeg"),
    "image/webp": (Kind.PHOTO, "image/jpeg"),
    "application/pdf": (Kind.PAPER, "application/pdf"),
    "video/webm": (Kind.VOICE, "audio/webm"),
    "audio/ogg": (Kind.VOICE, "audio/ogg"),
    "video/mp4": (Kind.VOICE, "audio/mp4"),
    "audio/mp4": (Kind.VOICE, "audio/mp4"),
}


class FileRefusedError(Exception):
    """A file that is not kept; carries the sentence the user reads."""


@dataclass(frozen=True)
class CheckedFile:
    """What may be kept: `content` is a photo's new picture, and the very bytes of anything else."""

    kind: str
    content_type: str
    content: bytes
    seconds: int | None = None


def check_file(upload, *, seconds=None):
    """Look at what was sent and return it as it may be kept. `seconds`: how long a voice note says it is."""
    kind, content_type = _kind_of(upload)
    if upload.size > MOST_BYTES[kind]:
        raise FileRefusedError(
            _("%(name)s is too large: at most %(size)d MB are kept. Choose a smaller file.")
            % {"name": upload.name, "size": MOST_BYTES[kind] // MEGABYTE}
        )
    if kind == Kind.PHOTO:
        return CheckedFile(kind, content_type, _picture(upload))
    upload.seek(0)
    return CheckedFile(kind, content_type, upload.read(), seconds if kind == Kind.VOICE else None)


def _kind_of(upload):
    upload.seek(0)
    found = filetype.guess_mime(upload.read(HEAD))
    if found not in KINDS:
        raise FileRefusedError(
            _("%(name)s is neither a photo (JPEG, PNG, WebP) nor a PDF nor a voice note: it is not kept.")
            % {"name": upload.name}
        )
    return KINDS[found]


def _picture(upload):
    """The picture alone, as JPEG: upright, smaller, without place, camera or anything that was hidden in the file."""
    upload.seek(0)
    try:
        with Image.open(upload, formats=PHOTO_FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise Image.DecompressionBombError
            image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
            upright = ImageOps.exif_transpose(image).convert("RGBA")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise FileRefusedError(
            _("%(name)s has too many pixels: at most %(number)d million. Choose a smaller photo.")
            % {"name": upload.name, "number": MOST_PIXELS // 1_000_000}
        ) from error
    except Exception as error:  # decoders fail on damaged files in every way there is
        raise FileRefusedError(
            _("%(name)s cannot be read as a photo: it is damaged. Take or choose it again.") % {"name": upload.name}
        ) from error
    picture, content = Image.new("RGB", upright.size, "white"), BytesIO()
    picture.paste(upright, mask=upright)
    picture.save(content, "JPEG", quality=85)
    return content.getvalue()


@contextmanager
def keeping_files(files):
    """A transaction with `keep(follow_up)` in it, which keeps the files with that row.

    They are on the disk before the rows are committed, and go again when these are not: so it is the outermost
    transaction. Only a process that is killed in between leaves a file behind that no row names.
    """
    kept = []

    def keep(follow_up):
        for file in files:
            row = FollowUpFile(
                follow_up=follow_up,
                kind=file.kind,
                content_type=file.content_type,
                size=len(file.content),
                seconds=file.seconds,
                file=ContentFile(file.content, name="new"),
            )
            kept.append(row)
            row.save()

    try:
        with transaction.atomic(durable=bool(files)):
            yield keep
    except BaseException:
        for row in kept:
            row.file.delete(save=False)
        raise
