from django import template

from messaging import states

register = template.Library()

register.filter("message_state", states.state_of)
register.filter("message_reason", states.reason_of)


@register.filter
def student_id(reference):
    """17 of "student:17"; "" of anything else."""
    prefix, _separator, number = reference.partition(":")
    return number if prefix == "student" and number.isdecimal() else ""
