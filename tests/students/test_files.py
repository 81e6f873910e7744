"""Files of a follow-up: what is kept, as what, and what is refused; no file without its row."""

import io
import struct
import zlib
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from PIL import Image

from students.models import FollowUp, FollowUpFile
from students.services import FileRefusedError, check_file, record_follow_up, record_student_follow_up
from students.services.files import MOST_BYTES, CheckedFile
from tests.factories import NOW, EnquiryFactory, StudentFactory, desk_of

GPS, LATITUDE, ORIENTATION, RIGHT_SIDE_UP = 0x8825, 2, 0x0112, 6
PLACE = b"PLACE-OF-THE-CHILD"
SCRIPT = b"<script>alert(1)</script>"
WEBM = bytes.fromhex("1a45dfa39f4286810142f7810142f2810442f381084282847765626d42878104428581021853806701")
PDF = b"%PDF-1.7\n%%EOF\n"
CONTENTS = {
    "webm": (WEBM, "voice", "audio/webm"),
    "ogg": (b"OggS\0\2" + bytes(20), "voice", "audio/ogg"),
    "safari": (b"\0\0\0\x1cftypiso5\0\0\2\0isomiso5hlsf" + bytes(20), "voice", "audio/mp4"),
    "m4a": (b"\0\0\0\x1cftypM4A \0\0\2\0M4A mp42isom" + bytes(20), "voice", "audio/mp4"),
    "pdf": (PDF, "paper", "application/pdf"),
}


def sent(content, name="x.jpg", content_type="image/jpeg"):
    return SimpleUploadedFile(name, content, content_type)


def picture(kind="JPEG", size=(40, 20), mode="RGB", **options):
    content = io.BytesIO()
    Image.new(mode, size, "red").save(content, kind, **options)
    return content.getvalue()


def photo_with_a_place():
    """As a phone writes it: lying on its side, with where it was taken, also as XMP and as a comment."""
    exif = Image.Exif()
    exif[ORIENTATION] = RIGHT_SIDE_UP
    exif.get_ifd(GPS)[LATITUDE] = (41.0, 48.0, 0.0)
    return picture(exif=exif.tobytes(), xmp=b"<x>" + PLACE + b"</x>", comment=PLACE)


def huge_png():
    """A few bytes that would unpack to 30,000 × 30,000 pixels."""
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


# --- what a file is --------------------------------------------------------------------------------------


def test_a_photo_loses_its_place_and_stands_upright():
    source = photo_with_a_place()
    assert Image.open(io.BytesIO(source)).getexif().get_ifd(GPS)  # or this test shows nothing
    assert PLACE in source

    file = check_file(sent(source))

    kept = Image.open(io.BytesIO(file.content))
    assert (kept.size, dict(kept.getexif()), PLACE in file.content) == ((20, 40), {}, False)
    assert not {"exif", "xmp", "comment", "icc_profile"} & set(kept.info)
    assert (file.kind, file.content_type) == ("photo", "image/jpeg")


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_other_pictures_become_jpeg_of_a_sensible_size(kind):
    file = check_file(sent(picture(kind, size=(5000, 100), mode="RGBA")))

    kept = Image.open(io.BytesIO(file.content))
    assert (file.content_type, kept.format, kept.size) == ("image/jpeg", "JPEG", (2000, 40))


@pytest.mark.parametrize("name", CONTENTS)
def test_a_file_is_what_its_content_shows_whatever_its_sender_says(name):
    content, kind, content_type = CONTENTS[name]

    file = check_file(sent(content, "page.html", "text/html"), seconds=7)

    assert (file.kind, file.content_type, file.content) == (kind, content_type, content)
    assert file.seconds == (7 if kind == "voice" else None)


def test_what_hides_behind_a_picture_does_not_come_along():
    assert SCRIPT not in check_file(sent(picture() + SCRIPT)).content


@pytest.mark.parametrize(
    "content",
    [
        b"<html>" + SCRIPT,
        b"<svg xmlns='http://www.w3.org/2000/svg'>" + SCRIPT + b"</svg>",
        b" " + PDF,  # viewers look for the signature anywhere, browsers for HTML
        b"PK\3\4" + bytes(30),
        b"\xff\xd8\xff\xe0" + SCRIPT,  # begins like a JPEG and is none
        picture("GIF", mode="P"),
        picture("PNG")[:60],
        huge_png(),
        picture("PNG", size=(7100, 7100), mode="1"),  # more than 50 million pixels
        b"%PDF-" + bytes(MOST_BYTES["paper"]),
        WEBM + bytes(MOST_BYTES["voice"]),
    ],
    ids=["html", "svg", "late-pdf", "zip", "no-jpeg", "gif", "cut", "bomb", "pixels", "large-pdf", "large-voice"],
)
def test_refused_with_a_sentence_that_names_the_file(content):
    with pytest.raises(FileRefusedError, match=r"家长\.jpg"):
        check_file(sent(content, "家长.jpg"))


# --- rows and files --------------------------------------------------------------------------------------


@pytest.fixture
def media(tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def files_in(folder):
    return [path for path in Path(folder).rglob("*") if path.is_file()]


@pytest.fixture
def log(branch):
    """log(files=…): writes a follow-up of one enquiry down."""
    facts = {"enquiry": EnquiryFactory(branch=branch), "outcome": "thinking", "by": desk_of(branch), "now": NOW}
    return lambda **more: record_follow_up(**(facts | {"token": "t"} | more))


VOICE = CheckedFile("voice", "audio/webm", WEBM, 7)
PAPER = CheckedFile("paper", "application/pdf", PDF)


def test_files_are_kept_under_names_that_say_nothing_and_for_this_program_alone(media, log):
    follow_up = log(files=[VOICE, PAPER])

    voice, paper = follow_up.files.all()
    assert (voice.kind, voice.content_type, voice.size, voice.seconds) == ("voice", "audio/webm", len(WEBM), 7)
    assert [Path(row.file.path).read_bytes() for row in (voice, paper)] == [WEBM, PDF]
    assert {oct(path.stat().st_mode & 0o777) for path in files_in(media)} == {"0o600"}
    assert all(len(path.name) == 32 and int(path.name, 16) for path in files_in(media))
    assert voice.file.url.startswith("https://media.invalid/")  # a name that nobody can register


def test_a_double_click_keeps_the_files_once(media, log):
    assert log(files=[VOICE]) == log(files=[VOICE])

    assert (FollowUpFile.objects.count(), len(files_in(media))) == (1, 1)


def test_no_file_stays_when_its_row_does_not(media, log, branch, monkeypatch):
    def fails(**_facts):
        raise RuntimeError

    monkeypatch.setattr("students.services.follow_ups.close_as_lost", fails)

    with pytest.raises(RuntimeError):
        log(files=[VOICE, PAPER], lost_reason="price")

    assert (FollowUp.objects.exists(), files_in(media)) == (False, [])


def test_no_file_stays_when_the_database_refuses_its_row(media, log):
    too_large = CheckedFile("voice", "audio/webm", WEBM, -1)

    with pytest.raises(IntegrityError):
        log(files=[PAPER, too_large])

    assert (FollowUp.objects.exists(), files_in(media)) == (False, [])


@pytest.mark.django_db(transaction=True)
def test_files_are_not_written_within_a_transaction_that_may_still_fail(media, log):
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        log(files=[VOICE])

    assert files_in(media) == []
    assert log().pk  # without files it may be part of a larger step


def test_closing_in_the_same_step(log):
    log(outcome="not_interested", text="太远了", lost_reason="distance")

    enquiry = FollowUp.objects.get().enquiry
    assert (enquiry.stage, enquiry.lost_reason, enquiry.next_follow_up_at) == ("lost", "distance", None)
    assert enquiry.changes.first().reason == "太远了"


def test_what_was_said_with_a_students_family_is_written_once(media, branch):
    student, desk = StudentFactory(branches=[branch]), desk_of(branch)
    facts = {"student": student, "branch": branch, "outcome": "interested", "by": desk, "now": NOW, "token": "s"}

    first = record_student_follow_up(**facts, text="想加一门课", files=[VOICE])
    again = record_student_follow_up(**facts, text="想加一门课", files=[VOICE])

    assert first == again
    assert (first.student, first.branch, first.enquiry, first.at) == (student, branch, None, NOW)
    assert len(files_in(media)) == 1
