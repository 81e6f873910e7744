"""What other systems send, and what they are answered; the OpenAPI description is made from it."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, Schema
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, ConfigDict

from sales.cleaning import NAME_LENGTH, clean_child, clean_phone, clean_required, clean_text
from sales.services.ways_in import NOTE_LENGTH

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
CLOCKS_DIFFER = timedelta(minutes=10)
BIGGEST_ID = 2**63 - 1


def only_text(value):
    """A moment as a number could be seconds, milliseconds or days."""
    if not isinstance(value, str):
        raise ValueError(_("Send the moment as text, for example 2026-11-23T10:00:00+08:00."))
    return value


def clean_moment(moment):
    if not EARLIEST <= moment <= timezone.now() + CLOCKS_DIFFER:
        raise ValueError(_("The consent must have been given already: check the clock of the sender."))
    return moment.astimezone(UTC)


Text = Annotated[str, AfterValidator(clean_text)]
RequiredText = Annotated[str, Field(min_length=1), AfterValidator(clean_required)]


class Strict(Schema):
    """An unknown field is a mistake of the sender's, which it should hear of."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class ConsentIn(Strict):
    """The guardian's consent, as the sender showed and recorded it. Without it nothing is taken in."""

    version: Annotated[RequiredText, Field(max_length=50, description="Version of the text that was agreed to.")]
    at: Annotated[
        AwareDatetime,
        BeforeValidator(only_text),
        AfterValidator(clean_moment),
        Field(description="When, with the time zone.", examples=["2026-11-23T10:00:00+08:00"]),
    ]


class EnquiryIn(Strict):
    id: Annotated[RequiredText, Field(max_length=64, description="The sender's own, one for each enquiry.")]
    child_name: Annotated[str, AfterValidator(clean_child), Field(min_length=1, max_length=NAME_LENGTH)]
    phone: Annotated[
        str,
        AfterValidator(clean_phone),
        Field(min_length=5, max_length=30, description="Of the guardian.", examples=["13812345678"]),
    ]
    consent: ConsentIn
    guardian_name: Annotated[Text, Field(max_length=NAME_LENGTH)] = ""
    course: Annotated[
        Annotated[int, Field(strict=True, ge=1, le=BIGGEST_ID)] | Annotated[Text, Field(max_length=50)] | None,
        Field(description="Name or number of a course. An unknown name is kept in the note."),
    ] = None
    campaign: Annotated[Annotated[Text, Field(max_length=50)] | None, Field(description="Its name.")] = None
    branch: Annotated[
        Annotated[Text, Field(max_length=20)] | None,
        Field(description="Code of the branch; needed when the token is of the whole school."),
    ] = None
    note: Annotated[Text, Field(max_length=NOTE_LENGTH - 60)] = ""


class EnquiryOut(Schema):
    id: str = Field(description="As it was sent.")
    received_at: datetime
    not_matched: list[str] = Field(description="Fields whose value this school does not know: course, campaign.")


class FieldProblem(Schema):
    field: str = Field(description="For example phone, or consent.at.")
    message: str


class Problem(Schema):
    detail: str = Field(description="What happened, and what to do.")
    errors: list[FieldProblem] = []
