// Shows the open conversation in its parts, and says to ears what came in.

import { fill } from "../chat/dom.js";
import { nameOf } from "./names.js";

export class TalkView {
  constructor(parts) {
    Object.assign(this, parts);
    this.nothing = this.part("nothing").querySelector("h2").textContent;
    this.talk.addEventListener("changed", ({ detail }) => this.#changed(detail));
  }

  /** Another conversation comes: nothing of the former one is left standing. */
  begin() {
    const { part, talk } = this;
    this.loaded = null;
    this.head.key = null;
    this.head.detail = null;
    part("nothing").hidden = Boolean(talk.id);
    part("nothing").querySelector("h2").textContent = this.nothing;
    for (const name of ["talk-head", "thread", "foot"]) part(name).hidden = true;
    part("conversation").toggleAttribute("aria-busy", Boolean(talk.id));
    if (!talk.id) {
      this.facts.clear();
      this.editor.load(null, null);
    }
    this.#changed({ what: "begin" });
  }

  #changed({ what, message }) {
    if (what === "said" && message && message.author !== "agent") {
      const name = this.strings[message.author] ?? this.strings.system;
      this.say(`${name}: ${message.text}`, true);
    }
    if (what === "loaded") this.#loaded();
    if (this.isDrawing) return;
    this.isDrawing = true;
    requestAnimationFrame(() => {
      this.isDrawing = false;
      this.#draw();
    });
  }

  #loaded() {
    const { part, talk } = this;
    part("conversation").removeAttribute("aria-busy");
    if (!talk.detail) return this.say(talk.failed || this.strings.loadFailed);
    const isFirst = this.loaded !== talk.id;
    this.loaded = talk.id;
    for (const name of ["talk-head", "thread", "foot"]) part(name).hidden = false;
    if (isFirst) {
      this.editor.wasAllowed = false;
      this.editor.canSend = talk.detail.may.includes("send");
      this.editor.load(talk.id, talk.detail.draft);
      this.follower.toEnd();
    }
    this.facts.render(talk.detail);
  }

  #draw() {
    const { talk, part } = this;
    if (!talk.detail) {
      if (talk.failed) this.#showFailure();
      return;
    }
    const { row } = talk.detail;
    this.thread.render({
      state: talk.state,
      notes: talk.notes,
      pending: talk.pending,
      isTyping: talk.isTyping,
      customerName: nameOf(row, this.strings),
    });
    this.head.render(talk.detail);
    this.facts.update(talk.detail);
    part("older").hidden = !talk.more;
    this.#presence();
    const canSend = talk.detail.may.includes("send");
    this.editor.allow({ canSend, canNote: talk.detail.may.includes("note"), why: canSend ? "" : this.#why() });
    this.follower.keep();
  }

  #showFailure() {
    this.part("nothing").hidden = false;
    this.part("nothing").querySelector("h2").textContent = this.talk.failed;
  }

  #why() {
    const { strings } = this;
    const { row, conversation } = this.talk.detail;
    if (!row) return strings.blockedAssistant;
    if (row.state === "waiting") return strings.blockedWaiting;
    if (row.state === "claimed") return fill(strings.blockedTheirs, { name: row.agent?.name ?? "" });
    return conversation.holder === "assistant" && conversation.status === "open" ? strings.blockedAssistant : strings.blockedEnded;
  }

  #presence() {
    const { strings, talk } = this;
    const { looking, typing } = talk.presence;
    const names = (people) => people.map(({ name }) => name).join(", ");
    let words = "";
    if (typing.length) words = fill(strings.colleagueTypes, { names: names(typing) });
    else if (looking.length) words = fill(looking.length > 1 ? strings.lookingMany : strings.looking, { names: names(looking) });
    const node = this.part("presence");
    node.hidden = !words;
    node.dataset.tone = typing.length ? "warn" : "calm";
    if (node.textContent !== words) node.textContent = words;
  }

  /** Earlier messages above; what the reader looks at stays where it is. */
  async older() {
    const scroller = this.part("thread");
    const fromEnd = scroller.scrollHeight - scroller.scrollTop;
    try {
      await this.talk.older();
      this.#draw();
      scroller.scrollTop = scroller.scrollHeight - fromEnd;
    } catch (error) {
      this.say(error.message);
    }
  }
}
