from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate

from conversations.roles import write_groups


class ConversationsConfig(AppConfig):
    name = "conversations"

    def ready(self) -> None:
        # auth's turn comes after ours: the permissions of this app are there by then
        post_migrate.connect(write_groups, sender=apps.get_app_config("auth"))
