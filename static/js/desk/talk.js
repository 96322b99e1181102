// The conversation that is open: its state, what the socket brings to it, and what the agent says.

import * as transcript from "../chat/transcript.js";
import { pathOf } from "./api.js";
import { newId } from "./ids.js";

const TYPING_SHOWN = 5_000;
const PRESENCE_SHOWN = 15_000;

export class Talk extends EventTarget {
  constructor({ api, connection, me }) {
    super();
    Object.assign(this, { api, connection, me });
    this.id = null;
    this.turn = 0;
    this.outbox = new Map(); // conversation -> [{clientId, kind, text, state, detail, messageId}]
  }

  async open(id) {
    this.#reset(id);
    if (!id) {
      this.connection.send({ type: "open", conversation: null, after: 0 });
      return this.#changed();
    }
    await this.refresh();
  }

  #reset(id) {
    this.id = id;
    this.turn += 1;
    this.detail = null;
    this.state = transcript.emptyState();
    this.notes = [];
    this.presence = { looking: [], typing: [] };
    this.isTyping = false;
    this.failed = "";
    clearTimeout(this.typingTimer);
    clearTimeout(this.presenceTimer);
  }

  get pending() {
    return this.outbox.get(this.id) ?? [];
  }

  /** Read everything anew; what was typed and not sent stays. */
  async refresh() {
    const { turn, id } = this;
    try {
      const detail = await this.api.get(pathOf(id));
      if (turn !== this.turn) return;
      this.#take(detail);
      this.failed = "";
      this.listen();
    } catch (error) {
      if (turn !== this.turn) return;
      this.failed = error.message;
    }
    this.#changed("loaded");
  }

  #take(detail) {
    if (detail.row) detail.row.at = Date.now();
    this.detail = detail;
    const head = detail.conversation.head_seq;
    const older = this.state.messages.filter(({ seq }) => seq < (detail.messages[0]?.seq ?? 0));
    this.state = {
      ...transcript.emptyState(),
      lastSeq: head,
      status: detail.conversation.status,
      messages: [...older, ...detail.messages.filter(({ seq }) => seq <= head)],
      draft: this.state.draft,
    };
    this.more = older.length ? this.more : detail.more;
    this.notes = detail.notes;
  }

  /** Have the socket follow this conversation from what is known on. */
  listen() {
    if (this.detail) this.connection.send({ type: "open", conversation: this.id, after: this.state.lastSeq });
  }

  async older() {
    const { turn } = this;
    const first = this.state.messages[0]?.seq ?? 0;
    const { messages, more } = await this.api.get(`${pathOf(this.id, "messages")}?before=${first}`);
    if (turn !== this.turn) return;
    const known = new Set(this.state.messages.map(({ id }) => id));
    const fresh = messages.filter(({ id }) => !known.has(id));
    this.state = { ...this.state, messages: [...fresh, ...this.state.messages] };
    this.more = more;
    this.#changed("older");
  }

  /** A frame of the socket about a conversation. */
  heed(frame) {
    if (frame.conversation !== this.id || !this.detail) return;
    switch (frame.type) {
      case "conversation.frame":
        return this.#durable(frame.frame);
      case "conversation.delta":
        return this.#delta(frame);
      case "conversation.typing":
        return this.#typing();
      case "presence":
        return this.#seen(frame);
      case "conversation.gone":
        this.dispatchEvent(new Event("gone"));
    }
  }

  #durable(frame) {
    const before = this.state;
    const isKnown = frame.message && before.messages.some(({ id }) => id === frame.message.id);
    this.state = transcript.apply(before, isKnown ? { ...frame, message: undefined } : frame);
    if (this.state.gap) {
      this.state = transcript.startReplay(this.state);
      return this.listen();
    }
    if (frame.message?.author === "customer") this.isTyping = false;
    this.#changed(frame.message && this.state.lastSeq > before.lastSeq ? "said" : "changed", frame.message);
  }

  #delta({ message, offset, text, stage }) {
    const frame = stage ? { type: "reply.progress", message, stage } : { type: "reply.delta", message, offset, text };
    this.state = transcript.apply(this.state, frame);
    if (this.state.gap) this.state = transcript.startReplay(this.state); // the final text replaces it
    this.#changed();
  }

  #typing() {
    this.isTyping = true;
    clearTimeout(this.typingTimer);
    this.typingTimer = setTimeout(() => {
      this.isTyping = false;
      this.#changed();
    }, TYPING_SHOWN);
    this.#changed();
  }

  #seen({ looking, typing }) {
    const others = (people) => people.filter(({ id }) => id !== this.me);
    this.presence = { looking: others(looking), typing: others(typing) };
    clearTimeout(this.presenceTimer);
    this.presenceTimer = setTimeout(() => {
      this.presence = { looking: [], typing: [] };
      this.#changed();
    }, PRESENCE_SHOWN);
    this.#changed();
  }

  /** An event of the desk. What it changes of the rights is read again. */
  event(event) {
    if (!this.detail || (event.conversation ?? event.row?.conversation) !== this.id) return;
    const { note } = event.details ?? {};
    if (event.event === "note.added" && note && !this.notes.some(({ id }) => id === note.id)) {
      this.notes = [...this.notes, note];
    }
    if (event.row) {
      const followed = event.row.followed ?? this.detail.followed;
      this.detail = { ...this.detail, row: { ...event.row, followed, at: Date.now() } };
    }
    this.#changed();
    if (!["note.added", "customer.wrote", "agent.wrote", "agent.availability"].includes(event.event)) {
      clearTimeout(this.reread);
      this.reread = setTimeout(() => this.id && this.refresh(), 150);
    }
  }

  /** Send or add; under one id, however often it is tried. */
  async say(kind, text) {
    const item = { clientId: newId(), kind, text, state: "sending", detail: "" };
    this.outbox.set(this.id, [...this.pending, item]);
    await this.#try(this.id, item);
  }

  async retry(clientId) {
    const item = this.pending.find((pending) => pending.clientId === clientId);
    if (item) await this.#try(this.id, item);
  }

  /** Take a message that was not sent back; returns its words. */
  takeBack(clientId) {
    const item = this.pending.find((pending) => pending.clientId === clientId);
    this.#drop(this.id, clientId);
    this.#changed();
    return item;
  }

  #drop(conversation, clientId) {
    const rest = (this.outbox.get(conversation) ?? []).filter((item) => item.clientId !== clientId);
    if (rest.length) this.outbox.set(conversation, rest);
    else this.outbox.delete(conversation);
  }

  async #try(conversation, item) {
    item.state = "sending";
    this.#changed();
    try {
      if (item.kind === "note") await this.#addNote(conversation, item);
      else await this.#sendReply(conversation, item);
    } catch (error) {
      item.state = "failed";
      item.detail = error.message;
      if (error.code === "not_holder" && conversation === this.id) this.refresh();
    }
    this.#changed();
  }

  async #sendReply(conversation, item) {
    const body = { text: item.text, client_id: item.clientId };
    const message = await this.api.post(pathOf(conversation, "messages"), body);
    this.#drop(conversation, item.clientId);
    if (conversation !== this.id || this.state.messages.some(({ id }) => id === message.id)) return;
    const isNext = message.seq === this.state.lastSeq + 1;
    const lastSeq = isNext ? message.seq : this.state.lastSeq;
    this.state = { ...this.state, lastSeq, messages: [...this.state.messages, message].sort((a, b) => a.seq - b.seq) };
  }

  async #addNote(conversation, item) {
    const note = await this.api.post(pathOf(conversation, "notes"), { text: item.text });
    this.#drop(conversation, item.clientId);
    if (conversation === this.id && !this.notes.some(({ id }) => id === note.id)) this.notes = [...this.notes, note];
  }

  #changed(what = "changed", message = null) {
    this.dispatchEvent(new CustomEvent("changed", { detail: { what, message } }));
  }
}
