"""The settings: what the system checks say, secrets, mail."""

import socket
from collections.abc import Iterator

from django.conf import settings
from django.core import checks

from portal.conf import Config
from portal.doctor.finding import Finding, fault, warning, well


def examine() -> Iterator[Finding]:
    yield from system_checks()
    yield from secrets_of(settings.CONFIG)
    yield mail()


def system_checks() -> Iterator[Finding]:
    messages = [message for message in checks.run_checks() if not message.is_silenced()]
    for message in messages:
        make = fault if message.is_serious() else warning
        yield make(f"check.{message.id}", message.msg, message.hint or "Correct the setting.")
    if not messages:
        yield well("checks", "The settings pass all checks.")


def secrets_of(config: Config) -> Iterator[Finding]:
    """A key that was made on this machine is unknown to the next one."""
    if not config.secret_key and (config.database_url or config.redis_url):
        yield warning(
            "secret.local",
            "PORTAL_SECRET_KEY is not set, so each machine makes a key of its own: logins and "
            "signed links of one are refused by the others.",
            "Set the same PORTAL_SECRET_KEY (50 random characters) everywhere.",
        )
    if config.debug:
        yield warning(
            "debug",
            "PORTAL_DEBUG is on: error pages show source and settings.",
            "Unset it wherever customers come.",
        )


def mail() -> Finding:
    """Customers who left an address get agents' words there; so does who asks for the brief."""
    config = settings.CONFIG
    if not config.mail_host:
        return warning(
            "mail",
            "No mail server is set: e-mails are written to mail/ below the state folder, and "
            "customers who left an address hear nothing.",
            "Set PORTAL_MAIL_HOST and PORTAL_MAIL_FROM.",
        )
    try:
        socket.create_connection((config.mail_host, config.mail_port), timeout=3).close()
    except OSError as error:
        return fault(
            "mail.away",
            f"The mail server {config.mail_host}:{config.mail_port} does not answer "
            f"({type(error).__name__}): e-mails wait and are tried again.",
            "Correct PORTAL_MAIL_HOST and PORTAL_MAIL_PORT, or open the way there.",
        )
    return well("mail", f"The mail server {config.mail_host} answers.")
