"""The chaos harness: `manage.py chaos` kills, freezes and misleads the sending of messages, and counts what it cost.

Everything that takes part is the software itself, in processes of its own on this machine: the job queue under its
supervisor, the page that takes delivery reports, Twilio's client. Only Twilio is the stand-in, the messages are made
up, and the times are shorter (settings.py). docs/reliability.md says what each experiment shows, and its figures.
"""
