// The copilot: a suggested reply that streams into the editor, and rewriting. What stood in the
// editor before comes back with one press; typing or Stop ends a suggestion.

import { element } from "../chat/dom.js";
import { newId } from "./ids.js";

export class Copilot {
  /** `talk()` is the open conversation's id; `ask(style, text)` rewrites. */
  constructor({ editor, bar, strings, send, ask, talk, say }) {
    Object.assign(this, { editor, bar, strings, send, ask, talk, say });
    this.request = null;
    editor.text.addEventListener("input", () => this.stop());
  }

  suggest() {
    if (!this.editor.canSend) return;
    if (this.request) return this.stop();
    this.before = this.editor.reply;
    this.request = newId();
    this.words = "";
    const frame = { type: "copilot.suggest", conversation: this.talk(), request: this.request };
    if (!this.send(frame)) {
      this.request = null;
      return this.say(this.strings.notOnline);
    }
    this.editor.showCopilot(this.bar, this.strings.suggesting, [[this.strings.stop, () => this.stop()]]);
  }

  stop() {
    if (!this.request) return;
    this.send({ type: "copilot.stop", request: this.request });
    this.request = null;
    this.#offerUndo(this.strings.suggestedPlain);
  }

  clear() {
    if (this.request) this.send({ type: "copilot.stop", request: this.request });
    this.request = null;
    this.editor.showCopilot(this.bar, "");
  }

  heed(frame) {
    if (frame.request !== this.request) return;
    if (frame.type === "copilot.delta") {
      const points = Array.from(this.words);
      if (frame.offset > points.length) return; // the end brings the whole text
      this.words = points.slice(0, frame.offset).join("") + frame.text;
      this.editor.put(this.words, { focus: false });
    } else if (frame.type === "copilot.done") {
      this.request = null;
      this.editor.put(frame.text, { focus: document.activeElement === document.body });
      this.#offerUndo(this.#origin(frame));
      this.say(this.strings.suggestedPlain, true);
    } else if (frame.type === "copilot.error") {
      this.request = null;
      this.editor.put(this.before, { focus: false });
      this.editor.showCopilot(this.bar, frame.detail);
      this.say(frame.detail, true);
    }
  }

  #origin({ sources = [], grounded }) {
    const known = new Map(sources.map(({ url, title }) => [url, title]));
    const links = [...known].map(([url, title]) =>
      element("a", { href: url, target: "_blank", rel: "noopener" }, title),
    );
    const words = [element("span", {}, links.length ? this.strings.suggested : this.strings.suggestedPlain), ...links];
    if (grounded === false) words.push(element("span", { class: "strong" }, this.strings.notGrounded));
    return words;
  }

  #offerUndo(words) {
    const { before } = this;
    this.editor.showCopilot(this.bar, words, [
      [this.strings.undo, () => {
        this.editor.put(before);
        this.clear();
      }],
    ]);
  }

  async rewrite(style) {
    const text = this.editor.reply.trim();
    if (!text) return this.say(this.strings.nothingToRewrite);
    this.before = this.editor.reply;
    const conversation = this.talk();
    this.editor.showCopilot(this.bar, this.strings.rewriting);
    try {
      const answer = await this.ask(style, text);
      if (conversation !== this.talk()) return;
      this.editor.put(answer.text);
      this.#offerUndo(this.strings.rewritten);
    } catch (error) {
      if (conversation === this.talk()) this.editor.showCopilot(this.bar, error.message);
    }
  }
}
