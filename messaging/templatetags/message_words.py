from django import template

from messaging import states

register = template.Library()

register.filter("message_state", states.state_of)
register.filter("message_reason", states.reason_of)


@register.filter
def student_id(reference):
    """17 of "student:17"; "" of anything else."""
    return _number_of("student", reference)


@register.filter
def guardian_id(reference):
    """93 of "guardian:93"; "" of anything else."""
    return _number_of("guardian", reference)


def _number_of(sort, reference):
    prefix, _separator, number = reference.partition(":")
    return number if prefix == sort and number.isdecimal() else ""
