// Where an agent writes: replies and notes, the draft on the server, canned replies by /shortcut,
// mentions by @name, and the copilot's words. Nothing typed is ever thrown away.

import { element, fill } from "../chat/dom.js";
import { Picker } from "./picker.js";

const SAVE_AFTER = 800;
const TYPING_EVERY = 3_000;
const WARN_FROM = 0.9;

export class Editor {
  /** `on` holds send(kind, text), save(conversation, text), typing(), canned(), chooseCanned(),
   * people(). */
  constructor({ form, limit, strings, on, say }) {
    const part = (name) => form.querySelector(`[data-${name}]`);
    this.form = form;
    this.limit = limit;
    this.strings = strings;
    this.on = on;
    this.say = say;
    this.parts = Object.fromEntries(
      ["words", "words-label", "saved", "blocked", "editor-box", "reply-tools", "count", "send", "send-label", "send-hint"]
        .map((name) => [name, part(name)]),
    );
    this.text = this.parts.words;
    this.mode = "reply";
    this.conversation = null;
    this.kept = { reply: "", note: "" };
    this.notes = new Map(); // conversation -> note that was not added yet
    this.typedAt = 0;
    this.picker = new Picker({ list: part("picker"), text: this.text, strings, find: (sign, word) => this.#find(sign, word) });
    this.picker.onPick = (item) => this.#missing(item);
    for (const button of form.querySelectorAll("[data-mode-button]")) {
      button.addEventListener("click", () => this.focus(button.dataset.modeButton));
    }
    part("canned").addEventListener("click", () => this.on.chooseCanned());
    this.text.addEventListener("input", () => this.#typed());
    this.text.addEventListener("blur", () => this.saveNow());
    this.text.addEventListener("keydown", (event) => this.#key(event));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    const isApple = /Mac|iP(hone|ad)/.test(navigator.platform);
    this.parts["send-hint"].textContent = fill(strings.sendHint, { key: isApple ? "⌘" : "Ctrl" });
    window.addEventListener("pagehide", () => this.saveNow(true));
  }

  /** Another conversation: its draft comes in, the old one is saved. */
  load(conversation, draft) {
    this.saveNow();
    this.conversation = conversation;
    this.kept = { reply: draft?.text ?? "", note: this.notes.get(conversation) ?? "" };
    this.savedText = this.kept.reply;
    this.parts.saved.textContent = draft?.text ? this.strings.draftSaved : "";
    this.#show("reply");
  }

  /** Which modes are possible. `why` says what stands in the way of a reply. */
  allow({ canSend, canNote, why }) {
    this.canSend = canSend;
    this.canNote = canNote;
    this.why = why;
    if (!canSend && this.mode === "reply" && !this.text.value.trim() && canNote && this.wasAllowed) this.#show("note");
    this.wasAllowed = canSend;
    this.#update();
  }

  /** Write in this mode: the keys r and n, and the two buttons. */
  focus(mode) {
    if (mode !== this.mode) this.#show(mode);
    if (!this.text.disabled) this.text.focus();
  }

  get reply() {
    return this.mode === "reply" ? this.text.value : this.kept.reply;
  }

  /** Words from elsewhere (a suggestion, an answer that was found) into the reply. */
  put(text, { append = false, focus = true } = {}) {
    if (this.mode !== "reply") this.#show("reply");
    const before = this.text.value.trimEnd();
    this.text.value = append && before ? `${before}\n\n${text}` : text;
    this.#changed();
    if (focus && !this.text.disabled) this.text.focus();
  }

  saveNow(isLast = false) {
    clearTimeout(this.timer);
    if (!this.conversation) return;
    if (this.mode === "note") this.notes.set(this.conversation, this.text.value);
    const text = this.reply;
    if (!this.canSend || text === this.savedText) return;
    const { conversation } = this;
    const former = this.savedText;
    this.savedText = text;
    this.on.save(conversation, text, isLast).then(
      () => this.#tell(conversation, text ? this.strings.draftSaved : ""),
      () => {
        if (this.conversation === conversation) this.savedText = former;
        this.#tell(conversation, this.strings.draftFailed);
      },
    );
  }

  #tell(conversation, words) {
    if (this.conversation === conversation) this.parts.saved.textContent = words;
  }

  #show(mode) {
    this.kept[this.mode] = this.mode === mode ? this.kept[mode] : this.text.value;
    this.mode = mode;
    this.text.value = this.kept[mode];
    this.form.dataset.mode = mode;
    for (const button of this.form.querySelectorAll("[data-mode-button]")) {
      button.setAttribute("aria-pressed", String(button.dataset.modeButton === mode));
    }
    this.picker.close();
    this.#update();
  }

  #update() {
    const { strings, parts } = this;
    const isReply = this.mode === "reply";
    const isBlocked = isReply ? !this.canSend : !this.canNote;
    parts["words-label"].textContent = isReply ? strings.replyLabel : strings.noteLabel;
    this.text.placeholder = isReply ? strings.replyPlaceholder : strings.notePlaceholder;
    parts["send-label"].textContent = isReply ? strings.send : strings.addNote;
    parts["reply-tools"].hidden = !isReply || isBlocked;
    parts["editor-box"].hidden = isBlocked && !this.text.value.trim();
    parts.blocked.hidden = !isBlocked;
    parts.blocked.textContent = isBlocked ? this.why : "";
    this.text.readOnly = isBlocked;
    parts["send-hint"].hidden = isBlocked;
    parts.send.hidden = isBlocked;
    const points = [...this.text.value].length;
    parts.send.disabled = !this.text.value.trim() || points > this.limit;
    parts.count.hidden = points < this.limit * WARN_FROM;
    parts.count.textContent = parts.count.hidden ? "" : fill(strings.count, { used: points, limit: this.limit });
    this.#grow();
  }

  #grow() {
    this.text.style.height = "auto";
    this.text.style.height = `${this.text.scrollHeight}px`;
  }

  #typed() {
    const now = Date.now();
    if (this.mode === "reply" && now - this.typedAt > TYPING_EVERY) {
      this.typedAt = now;
      this.on.typing();
    }
    this.#changed();
    this.picker.look(this.mode === "reply" ? "/" : "@");
  }

  #changed() {
    this.#update();
    clearTimeout(this.timer);
    if (this.mode === "note") this.notes.set(this.conversation, this.text.value);
    else if (this.canSend && this.reply !== this.savedText) {
      this.parts.saved.textContent = this.strings.draftSaving;
      this.timer = setTimeout(() => this.saveNow(), SAVE_AFTER);
    }
  }

  #key(event) {
    if (event.isComposing) return;
    if (this.picker.key(event)) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.#submit();
    } else if (event.key === "Escape") {
      event.stopPropagation();
      this.text.blur();
    }
  }

  #submit() {
    const text = this.text.value.trim();
    if (!text || this.text.readOnly || [...text].length > this.limit) return;
    clearTimeout(this.timer);
    this.text.value = "";
    this.kept[this.mode] = "";
    if (this.mode === "note") this.notes.delete(this.conversation);
    else this.savedText = ""; // the server drops the draft with the message
    this.parts.saved.textContent = "";
    this.picker.close();
    this.#update();
    this.on.send(this.mode, text);
  }

  /** Words at the caret of the reply, with space around them; then what is still to be filled in. */
  insert(text, missing = []) {
    if (this.mode !== "reply") this.#show("reply");
    this.text.focus();
    const { selectionStart: at, value } = this.text;
    const space = at > 0 && !/\s/.test(value[at - 1]) ? " " : "";
    this.text.setRangeText(space + text, at, this.text.selectionEnd, "end");
    this.#missing({ text, missing });
  }

  async #find(sign, word) {
    const wanted = word.toLowerCase();
    if (sign === "@") {
      const people = await this.on.people();
      return people
        .filter(({ username, name }) => `${username} ${name}`.toLowerCase().includes(wanted))
        .map((person) => ({ label: `@${person.username}`, hint: person.name, text: `@${person.username} ` }));
    }
    const replies = await this.on.canned();
    return replies
      .filter(({ shortcut, title }) => shortcut.startsWith(wanted) || title.toLowerCase().includes(wanted))
      .sort((a, b) => b.shortcut.startsWith(wanted) - a.shortcut.startsWith(wanted))
      .map((reply) => ({
        label: `/${reply.shortcut}`,
        hint: reply.title,
        text: reply.rendered ?? reply.body,
        missing: reply.missing ?? [],
      }));
  }

  /** A variable without a value is selected: the next key takes its place. */
  #missing({ text, missing = [] }) {
    this.#changed();
    if (!missing.length) return;
    this.say(fill(this.strings.cannedMissing, { names: missing.join(", ") }));
    const begin = this.text.selectionStart - text.length;
    const found = /\{\{[^{}]+\}\}/.exec(text);
    if (found) this.text.setSelectionRange(begin + found.index, begin + found.index + found[0].length);
  }

  /** A line below the words: what the copilot did, with buttons. */
  showCopilot(node, words, actions = []) {
    node.hidden = !words;
    node.replaceChildren();
    if (!words) return;
    node.append(...(Array.isArray(words) ? words : [words]));
    for (const [label, act] of actions) {
      const button = element("button", { type: "button", class: "button button-quiet" }, label);
      button.addEventListener("click", act);
      node.append(button);
    }
  }
}
