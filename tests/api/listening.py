"""A program that follows a conversation by events and is cut off at any byte."""

import json
from contextlib import aclosing
from dataclasses import dataclass, field
from random import Random
from typing import Any

from django.test import AsyncClient

from conversations.services.intake import NewConversation


@dataclass
class Listener:
    """Keeps what arrived whole, comes back with the last id, and trusts nobody to repeat."""

    conversation: NewConversation
    last_id: str = ""
    seqs: list[int] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    final: dict[str, dict[str, Any]] = field(default_factory=dict)
    kinds: list[str] = field(default_factory=list)
    cuts: int = 0

    async def listen(
        self, *, cut_after: int | None = None, wait: int | None = None, replies: int = 99
    ) -> None:
        """One connection: until it ends, is cut after so many bytes, or so many replies came."""
        response = await self.open(wait=wait)
        assert response.status_code == 200, response.content
        held = b""
        got = 0
        async with aclosing(response._iterator) as chunks:  # what a server closes
            async for chunk in chunks:
                room = len(chunk) if cut_after is None else cut_after - got
                held += chunk[:room]
                got += len(chunk)
                while b"\n\n" in held:
                    block, held = held.split(b"\n\n", 1)
                    self.take(block.decode())
                if len(self.final) >= replies:
                    break
                if cut_after is not None and got >= cut_after:
                    self.cuts += 1
                    break

    async def open(self, *, wait: int | None = None) -> Any:
        headers = {"authorization": f"Bearer {self.conversation.token}"}
        if self.last_id:
            headers["last-event-id"] = self.last_id
        query = "" if wait is None else f"?wait={wait}"
        address = f"/api/v1/conversations/{self.conversation.id}/events/{query}"
        return await AsyncClient().get(address, headers=headers)

    async def until_done(self, random: Random, replies: int = 1) -> None:
        """Listen over as many connections as it takes, each cut at a random byte."""
        while len(self.final) < replies:
            most = random.choice((60, 700, 8_000))  # the largest event must fit now and then
            await self.listen(cut_after=random.randint(1, most), replies=replies)

    def take(self, block: str) -> None:
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if "data" not in fields:
            return
        frame = json.loads(fields["data"])
        assert frame["type"] == fields["event"]
        self.last_id = fields["id"]
        self.kinds.append(frame["type"])
        if "seq" in frame:
            self.seqs.append(frame["seq"])
        if frame["type"] == "reply.delta":
            known = self.texts.get(frame["message"], "")
            assert frame["offset"] == len(known), "a piece was lost or came twice"
            self.texts[frame["message"]] = known + frame["text"]
        if frame["type"] == "reply.done":
            self.final[frame["message"]["id"]] = frame["message"]
