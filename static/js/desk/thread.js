// The open conversation as an agent reads it: every word in its order, internal notes among them.
// A person's or a model's words reach the page as text, or as HTML that the server sanitised.

import { element, fill, icon } from "../chat/dom.js";
import { renderStreaming } from "../chat/markup.js";

const DRAFT = "draft";
const ICONS = { assistant: "chat", agent: "person", customer: "person" };

export class Thread {
  /** `on` holds retry(clientId) and takeBack(clientId). */
  constructor({ list, typing, strings, on }) {
    this.list = list;
    this.typing = typing;
    this.strings = strings;
    this.on = on;
    this.nodes = new Map();
    const { lang } = document.documentElement;
    this.time = new Intl.DateTimeFormat(lang, { timeStyle: "short" });
    this.day = new Intl.DateTimeFormat(lang, { weekday: "long", day: "numeric", month: "long" });
    this.full = new Intl.DateTimeFormat(lang, { dateStyle: "medium", timeStyle: "medium" });
  }

  clear() {
    this.nodes.clear();
    this.list.replaceChildren();
  }

  /** `talk` is {state, notes, pending, isTyping, customerName}. */
  render(talk) {
    const order = [];
    let day = "";
    for (const [key, item, make] of this.#items(talk)) {
      const date = this.day.format(new Date(item.created_at));
      if (date !== day) {
        day = date;
        order.push(this.#keep(`day ${date}`, () => element("li", { class: "day" }, element("span", {}, date))));
      }
      order.push(this.#keep(key, make, item));
    }
    const sent = new Set(talk.state.messages.map((message) => message.id));
    for (const item of talk.pending) {
      if (item.messageId && sent.has(item.messageId)) continue;
      const node = this.#keep(item.clientId, () => this.#pending(item));
      this.#updatePending(node, item);
      order.push(node);
    }
    if (talk.state.draft) order.push(this.#draft(talk.state.draft));
    else this.nodes.delete(DRAFT);
    if (!order.length) {
      order.push(this.#keep("empty", () => element("li", { class: "entry-system" }, this.strings.emptyThread)));
    }
    this.#place(order);
    this.typing.hidden = !talk.isTyping;
    this.typing.textContent = talk.isTyping ? this.strings.typing : "";
  }

  #items({ state, notes, customerName }) {
    const items = [
      ...state.messages.map((message) => [
        message.id,
        message,
        () => (message.author === "system" ? this.#system(message) : this.#message(message, customerName)),
      ]),
      ...notes.map((note) => [`note ${note.id}`, note, () => this.#note(note)]),
    ];
    return items
      .map((item, index) => [Date.parse(item[1].created_at) || 0, index, item])
      .sort((a, b) => a[0] - b[0] || a[1] - b[1])
      .map(([, , item]) => item);
  }

  #keep(key, make, item = null) {
    let node = this.nodes.get(key);
    if (!node || (item && node.shown !== item)) {
      node = make();
      node.shown = item;
      this.nodes.set(key, node);
    }
    return node;
  }

  #place(order) {
    const wanted = new Set(order);
    for (const node of [...this.list.children]) if (!wanted.has(node)) node.remove();
    for (const [key, node] of this.nodes) if (!wanted.has(node)) this.nodes.delete(key);
    order.forEach((node, index) => {
      const present = this.list.children[index] ?? null;
      if (present !== node) this.list.insertBefore(node, present);
    });
  }

  #message(message, customerName) {
    const { strings } = this;
    const names = {
      customer: customerName || strings.customer,
      assistant: strings.assistant,
      agent: message.name || strings.you,
    };
    const text = element("div", { class: message.author === "customer" ? "words plain-words" : "words prose", dir: "auto" });
    if (message.html && message.author !== "customer") {
      const template = document.createElement("template");
      template.innerHTML = message.html; // sanitised by the server, see portal/core/markdown.py
      for (const link of template.content.querySelectorAll("a[href]")) link.target = "_blank";
      text.append(template.content);
    } else text.textContent = message.text;
    const head = this.#head(message, names[message.author]);
    if (message.decision) head.append(element("span", { class: "tag" }, strings.decisions[message.decision] ?? message.decision));
    if (message.stopped) head.append(element("span", { class: "tag" }, strings.stopped));
    if (message.rating) {
      const isGood = message.rating > 0;
      head.append(element("span", { class: `tag tag-${isGood ? "good" : "bad"}` }, isGood ? strings.rated : strings.ratedBad));
    }
    const node = element("li", { class: `entry entry-${message.author}`, "data-seq": message.seq }, head, text);
    if (message.citations?.length) node.append(this.#sources(message.citations));
    return node;
  }

  #head(item, name) {
    const date = new Date(item.created_at);
    return element(
      "p",
      { class: "entry-head" },
      icon(ICONS[item.author] ?? "note"),
      element("b", {}, name),
      element("time", { datetime: item.created_at, title: this.full.format(date) }, this.time.format(date)),
    );
  }

  #sources(citations) {
    const known = new Map(citations.map((cited) => [cited.url, cited.title]));
    const links = [...known].map(([url, title]) =>
      element("li", {}, element("a", { href: url, target: "_blank", rel: "noopener" }, icon("article"), title,
        element("span", { class: "sr-only" }, ` ${this.strings.newTab}`))),
    );
    return element("ul", { class: "entry-sources", "aria-label": this.strings.sources }, ...links);
  }

  #system(message) {
    return element(
      "li",
      { class: "entry-system", "data-seq": message.seq },
      element("span", { class: "sr-only" }, `${this.strings.system}: `),
      message.text,
    );
  }

  #note(note) {
    const name = fill(this.strings.noteBy, { name: note.author?.name ?? "" });
    return element(
      "li",
      { class: "entry entry-note" },
      this.#head(note, name),
      element("div", { class: "words plain-words", dir: "auto" }, note.text),
    );
  }

  #pending(item) {
    const kind = item.kind === "note" ? "note" : "agent";
    return element(
      "li",
      { class: `entry entry-${kind} entry-pending` },
      element("div", { class: "words plain-words", dir: "auto" }, item.text),
      element("p", { class: "entry-state" }),
    );
  }

  #updatePending(node, item) {
    const state = node.querySelector(".entry-state");
    const key = `${item.state} ${item.detail}`;
    if (node.stateKey === key) return;
    node.stateKey = key;
    node.classList.toggle("entry-failed", item.state === "failed");
    if (item.state !== "failed") {
      state.replaceChildren(this.strings.sending);
      return;
    }
    state.replaceChildren(
      `${this.strings.notSent} ${item.detail} `,
      this.#action(this.strings.retry, () => this.on.retry(item.clientId)),
      this.#action(this.strings.takeBack, () => this.on.takeBack(item.clientId)),
    );
  }

  #action(label, act) {
    const button = element("button", { type: "button", class: "button button-quiet" }, label);
    button.addEventListener("click", act);
    return button;
  }

  #draft(draft) {
    const node = this.#keep(DRAFT, () =>
      element(
        "li",
        { class: "entry entry-assistant entry-streaming", "aria-busy": "true" },
        element("p", { class: "entry-head" }, icon("chat"), element("b", {}, this.strings.assistant),
          element("span", { class: "tag" }, this.strings.writing)),
        element("div", { class: "words prose", dir: "auto" }),
      ),
    );
    renderStreaming(node.querySelector(".words"), draft.text);
    return node;
  }
}
