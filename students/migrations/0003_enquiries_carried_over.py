"""What enquiries had so far, in the fields that they have now."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

from django.db import migrations

from core.names import initials

STAGES = {"trial_done": "came", "enrolled": "signed"}
STAMPS = {
    "contacted": "contacted_at",
    "trial_booked": "booked_at",
    "came": "came_at",
    "signed": "signed_at",
    "lost": "lost_at",
}
BEFORE = {after: before for before, after in STAGES.items()}


def carry_over(apps, schema_editor):
    """A day becomes nine in the morning of the branch; the moment of a stage is not known: it is the enquiry's."""
    Channel, Enquiry = apps.get_model("students", "Channel"), apps.get_model("students", "Enquiry")
    EnquiryChange = apps.get_model("students", "EnquiryChange")
    names = Enquiry.objects.exclude(channel_name="").order_by("channel_name").values_list("channel_name", flat=True)
    channels = {name: Channel.objects.create(name=name) for name in names.distinct()}
    changes = []
    for enquiry in Enquiry.objects.select_related("branch").iterator(500):
        _carry_over(enquiry, channels.get(enquiry.channel_name))
        enquiry.save()
        changes.append(
            EnquiryChange(
                enquiry=enquiry,
                kind="created",
                at=enquiry.created_at,
                to_stage=enquiry.stage,
                to_owner=enquiry.owner,
                channel=enquiry.channel,
            )
        )
    EnquiryChange.objects.bulk_create(changes, batch_size=500)


def _carry_over(enquiry, channel):
    zone = ZoneInfo(enquiry.branch.time_zone)
    enquiry.created_at = datetime.combine(enquiry.registered_date, time(9), zone)
    enquiry.channel = enquiry.last_channel = channel
    enquiry.name_initials = initials(enquiry.child_name)
    enquiry.stage = STAGES.get(enquiry.stage, enquiry.stage)
    enquiry.owned_at = enquiry.created_at if enquiry.owner_id else None
    if enquiry.next_follow_up_day:
        enquiry.next_follow_up_at = datetime.combine(enquiry.next_follow_up_day, time(9), zone)
    if enquiry.stage in STAMPS:
        setattr(enquiry, STAMPS[enquiry.stage], enquiry.created_at)
    if enquiry.stage == "lost":
        enquiry.lost_reason = "other"
    if enquiry.phone and not enquiry.phone.startswith("+"):
        enquiry.note, enquiry.phone = f"{enquiry.phone} {enquiry.note}"[:500], ""


def take_back(apps, schema_editor):
    Enquiry = apps.get_model("students", "Enquiry")
    for enquiry in Enquiry.objects.select_related("branch", "channel").iterator(500):
        zone = ZoneInfo(enquiry.branch.time_zone)
        enquiry.channel_name = enquiry.channel.name if enquiry.channel else ""
        enquiry.stage = BEFORE.get(enquiry.stage, enquiry.stage)
        if enquiry.next_follow_up_at:
            enquiry.next_follow_up_day = enquiry.next_follow_up_at.astimezone(zone).date()
        enquiry.save()


class Migration(migrations.Migration):
    dependencies = [("students", "0002_enquiry_history")]

    operations = [
        migrations.RunPython(carry_over, take_back),
    ]
