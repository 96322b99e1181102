"""manage.py ask "QUESTION" [--json] [--retrieve-only]: one question through the whole pipeline."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from conversations.asking import Asked, ask, look_up, why
from conversations.services.explanation_text import as_text
from portal.core.errors import ServiceError


class Command(BaseCommand):
    help = "Ask one question, as a customer would, and see the answer with its sources."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("question")
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument(
            "--retrieve-only", action="store_true", help="only search: show what was found and why"
        )
        parser.add_argument(
            "--explain", action="store_true", help="show everything that the decision is made of"
        )

    def handle(self, *args: Any, question: str, **options: Any) -> None:
        try:
            if options["explain"]:
                told = why(question)
                as_json = json.dumps(told, ensure_ascii=False, indent=1)
                self.stdout.write(as_json if options["json"] else as_text(told))
                return
            if options["retrieve_only"]:
                self._show_found(look_up(question), as_json=options["json"])
                return
            asked = ask(question)
            if options["json"]:
                self._show_json(asked)
            else:
                self._show_answer(asked)
        except ServiceError as exc:
            raise CommandError(exc.detail) from None

    def _show_answer(self, asked: Asked) -> None:
        for piece in asked.pieces():
            self.stdout.write(piece, ending="")
            self.stdout.flush()
        self.stdout.write("")
        message = asked.message()
        if not message:
            raise CommandError("No reply was written in time; the portal's log says why.")
        for source in message.get("citations", ()):
            self.stdout.write(f"  [{source['number']}] {source['title']}  {source['url']}")
        for choice in message.get("choices", ()):
            self.stdout.write(f"  - {choice['label']}")
        times = message.get("timings", {})
        self.stdout.write(
            f"{message.get('decision')} by {message.get('tier') or 'a set sentence'}"
            f"{' ' + message['model'] if message.get('model') else ''}"
            f"{' in this process' if asked.here else ''}; "
            f"first word after {times.get('first_token_ms', 0):.0f} ms, "
            f"done after {times.get('done_ms', 0):.0f} ms"
        )
        if asked.problem:
            self.stderr.write(f"Answered without a model: {asked.problem}")

    def _show_json(self, asked: Asked) -> None:
        text = "".join(asked.pieces())
        message = asked.message()
        if not message:
            raise CommandError("No reply was written in time; the portal's log says why.")
        shown = {
            "text": text,
            **message,
            "conversation": str(asked.conversation_id),
            "ladder": asked.ladder(),
        }
        self.stdout.write(json.dumps(shown, ensure_ascii=False, indent=1))

    def _show_found(self, found: dict[str, Any], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(found, ensure_ascii=False, indent=1))
            return
        if not found["articles"]:
            self.stdout.write("Nothing was found.")
        for place, article in enumerate(found["articles"], start=1):
            self.stdout.write(f"{place}. {article['title']}  {article['url']}  {article['score']}")
            self.stdout.write(f"   {' '.join(article['passage'].split())[:200]}")
