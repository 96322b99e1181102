"""manage.py api_token: make, list and revoke the keys of programs that use the REST interface."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from conversations.models import ApiToken, Scope
from conversations.services.api_tokens import ApiTokenService
from portal.core.errors import ServiceError


class Command(BaseCommand):
    help = (
        "Make a token for a program (it is shown once), list all tokens, or revoke one. "
        "Scopes: " + ", ".join(Scope.values) + "."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        make = actions.add_parser("make", help="make a token and print it")
        make.add_argument("name", help="which program uses it")
        make.add_argument("--scopes", required=True, help="comma separated")
        make.add_argument("--days", type=int, default=90, help="0: it never ends (default: 90)")
        actions.add_parser("list", help="list all tokens, never their secrets")
        revoke = actions.add_parser("revoke", help="end a token at once")
        revoke.add_argument("id", type=int)

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['action']}")(options)
        except ServiceError as exc:
            raise CommandError(exc.detail) from exc

    def _make(self, options: dict[str, Any]) -> None:
        scopes = [scope.strip() for scope in options["scopes"].split(",") if scope.strip()]
        made = ApiTokenService().make(
            name=options["name"],
            scopes=scopes,
            days=options["days"] or None,
            now=timezone.now(),
        )
        self.stdout.write(made.secret)
        self.stderr.write("Keep it now: it is not shown again.")

    def _list(self, _options: dict[str, Any]) -> None:
        now = timezone.now()
        usable = set(ApiToken.objects.usable(now=now).values_list("pk", flat=True))
        for token in ApiToken.objects.all():
            state = "usable" if token.pk in usable else "revoked" if token.revoked_at else "expired"
            used = f"{token.last_used_at:%Y-%m-%d %H:%M}" if token.last_used_at else "never"
            ends = f"{token.expires_at:%Y-%m-%d}" if token.expires_at else "never"
            self.stdout.write(
                f"{token.pk}  {token.beginning}…  {token.name}  {state}  ends {ends}  "
                f"last used {used}  {','.join(token.scopes)}"
            )

    def _revoke(self, options: dict[str, Any]) -> None:
        ApiTokenService().revoke(token_id=options["id"], now=timezone.now())
        self.stdout.write("Revoked.")
