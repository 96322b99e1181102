from django.apps import AppConfig, apps
from django.contrib.auth.signals import user_logged_out
from django.db.models.signals import post_migrate

from conversations.escalation.sessions import ring_sockets
from conversations.roles import write_groups


class ConversationsConfig(AppConfig):
    name = "conversations"

    def ready(self) -> None:
        # auth's turn comes after ours: the permissions of this app are there by then
        post_migrate.connect(write_groups, sender=apps.get_app_config("auth"))
        user_logged_out.connect(ring_sockets)
