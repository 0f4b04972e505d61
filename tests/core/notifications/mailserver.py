"""The mail server of the test kit, under the name these tests know it by."""

from core.testing.mail import MailServer, mail_server

__all__ = ["MailServer", "mail_server"]
