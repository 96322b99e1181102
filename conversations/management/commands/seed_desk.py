"""`manage.py seed_desk`: a team of agents and customers who wait, to see the desk at work."""

import secrets
import uuid
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from conversations.models import AgentProfile, CannedReply, Team
from conversations.roles import AGENT, SUPERVISOR
from conversations.services.intake import IntakeService

PEOPLE = (("mira", "Mira", AGENT), ("noor", "Noor", AGENT), ("sam", "Sam", SUPERVISOR))
QUESTIONS = (
    "Where is my parcel? The order number is NG-20418.",
    "The coffee machine that came today leaks. I am quite disappointed.",
    "You charged my card twice! This is unacceptable.",
    "Can I change the delivery address of my order?",
    "My gift card does not work and nobody answers my e-mails.",
)
CANNED = (
    ("hello", "Greeting", "Hello {{customer.name}}, this is {{agent.name}} from {{company}}."),
    ("wait", "One moment", "Thank you for waiting. I am looking into it now."),
    ("order", "Ask for the order number", "Could you give me your order number, please?"),
)


class Command(BaseCommand):
    help = "Makes agents (their passwords are printed once), canned replies and waiting customers."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--conversations", type=int, default=5)
        parser.add_argument("--password", help="For all agents; without it each gets its own.")

    def handle(self, *args: Any, **options: Any) -> None:
        team, _ = Team.objects.get_or_create(slug="care", defaults={"name": "Customer care"})
        for username, name, role in PEOPLE:
            self._person(username, name, role, team, options["password"])
        for shortcut, title, body in CANNED:
            CannedReply.objects.get_or_create(
                shortcut=shortcut, defaults={"title": title, "body": body}
            )
        intake = IntakeService()
        for number in range(options["conversations"]):
            now = timezone.now()
            opened = intake.open_conversation()
            intake.post_message(
                conversation_id=opened.id,
                client_id=uuid.uuid4(),
                text=QUESTIONS[number % len(QUESTIONS)],
                now=now,
            )
            intake.request_person(conversation_id=opened.id, now=now)
        self.stdout.write(f"{options['conversations']} customers wait at the desk.")

    def _person(self, username: str, name: str, role: str, team: Team, given: str | None) -> None:
        user, created = get_user_model().objects.get_or_create(username=username)
        profile, _ = AgentProfile.objects.get_or_create(user=user, defaults={"name": name})
        profile.teams.add(team)
        user.groups.add(Group.objects.get(name=role))
        if created or given:
            password = given or secrets.token_urlsafe(9)
            user.set_password(password)
            user.is_staff = role == SUPERVISOR
            user.save()
            self.stdout.write(f"{role} {username}: {password}")
