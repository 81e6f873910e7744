class NoticeError(Exception):
    """It cannot be done with this notice now; the sentence says why, and what to do instead."""
