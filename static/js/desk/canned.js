// The canned replies in a dialog: find one, read it with its variables filled, put it into the
// reply; write, change and delete those that are one's own. All of it by keyboard.

import { element, fill } from "../chat/dom.js";

const SHOWN = 50;

/** Replies in the order in which they fit the words: by shortcut, by title, by text. Pure. */
export function ranked(replies, words) {
  const wanted = words.trim().toLowerCase();
  const rank = ({ shortcut, title, body }) => {
    if (shortcut.startsWith(wanted)) return 0;
    if (title.toLowerCase().includes(wanted)) return 1;
    return `${shortcut} ${body}`.toLowerCase().includes(wanted) ? 2 : 3;
  };
  const found = replies.map((reply) => [rank(reply), reply]).filter(([value]) => value < 3);
  return found.sort((a, b) => a[0] - b[0]).map(([, reply]) => reply).slice(0, SHOWN);
}

export class Canned {
  /** `on` holds load() of replies, insert(text, missing), canInsert(), save(reply, fields),
   * remove(reply) and teams(). */
  constructor({ dialog, strings, on }) {
    Object.assign(this, { dialog, strings, on });
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close();
    });
  }

  async open() {
    if (this.dialog.open) return;
    this.words = "";
    this.chosen = null;
    this.dialog.replaceChildren(element("p", { class: "quiet", role: "status" }, this.strings.cannedLoading));
    this.dialog.showModal();
    await this.#list();
  }

  async #list() {
    const { strings } = this;
    try {
      this.replies = await this.on.load();
    } catch (error) {
      this.replies = [];
      this.trouble = error.message;
    }
    this.search = element("input", {
      id: "canned-search", class: "field", type: "search", autocomplete: "off", role: "combobox", value: this.words,
      "aria-expanded": "true", "aria-controls": "canned-list", "aria-label": strings.cannedSearch, placeholder: strings.cannedSearch,
    });
    this.list = element("ul", { id: "canned-list", class: "canned-list", role: "listbox", "aria-label": strings.cannedTitle });
    this.shown = element("div", { class: "canned-shown", "aria-live": "polite" });
    this.tools = element("div", { class: "actions" });
    this.dialog.replaceChildren(element("form", { method: "dialog", class: "dialog-form" },
      element("h2", { id: "canned-title" }, strings.cannedTitle), this.search,
      element("div", { class: "canned-panes" }, this.list, this.shown), this.tools));
    this.search.addEventListener("input", () => {
      this.words = this.search.value;
      this.chosen = null;
      this.#draw();
    });
    this.search.addEventListener("keydown", (event) => this.#key(event));
    this.list.addEventListener("mousedown", (event) => event.preventDefault()); // the focus stays in the search
    this.list.addEventListener("click", (event) => {
      const option = event.target.closest("[data-reply]");
      if (option) this.#choose(Number(option.dataset.reply));
    });
    this.list.addEventListener("dblclick", () => this.#insert());
    this.#draw();
    this.search.focus();
  }

  #key(event) {
    if (event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && this.found.length) {
      const at = this.found.findIndex(({ id }) => id === this.chosen);
      this.#choose(this.found[(at + step + this.found.length) % this.found.length].id);
    } else if (event.key === "Enter") this.#insert();
    else return;
    event.preventDefault();
  }

  #choose(id) {
    this.chosen = id;
    this.#draw();
    this.list.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }

  get reply() {
    return this.found.find(({ id }) => id === this.chosen) ?? null;
  }

  #draw() {
    this.found = ranked(this.replies, this.words);
    if (!this.reply) this.chosen = this.found[0]?.id ?? null;
    this.list.replaceChildren(...this.found.map(({ id, shortcut, title }) =>
      element("li", { role: "option", id: `canned-${id}`, "data-reply": id, "aria-selected": String(id === this.chosen) },
        element("b", {}, `/${shortcut}`), element("span", {}, title))));
    if (this.reply) this.search.setAttribute("aria-activedescendant", `canned-${this.chosen}`);
    else this.search.removeAttribute("aria-activedescendant");
    this.#show();
    this.#buttons();
  }

  #show() {
    const { reply, strings } = this;
    if (!reply) {
      const words = this.trouble || (this.replies.length ? strings.cannedNone : strings.cannedEmpty);
      this.shown.replaceChildren(element("p", { class: "quiet" }, words));
      return;
    }
    const text = reply.rendered ?? reply.body;
    const pieces = text.split(/(\{\{[^{}]+\}\})/).filter(Boolean);
    this.shown.replaceChildren(...[
      element("h3", {}, reply.title),
      element("p", { class: "canned-text", dir: "auto" }, ...pieces.map((piece) => (piece.startsWith("{{") ? element("mark", {}, piece) : piece))),
      reply.missing?.length ? element("p", { class: "canned-missing" }, fill(strings.cannedMissing, { names: reply.missing.join(", ") })) : null,
      element("p", { class: "quiet" }, [reply.team?.name ?? strings.noTeam, reply.language.toUpperCase()].filter(Boolean).join(" · ")),
    ].filter(Boolean));
  }

  #buttons() {
    const { reply, strings } = this;
    const focused = this.tools.contains(document.activeElement);
    const insert = this.#button(strings.insert, () => this.#insert(), "button-primary");
    insert.disabled = !reply || !this.on.canInsert();
    this.tools.replaceChildren(
      this.#button(strings.cannedNew, () => this.#edit(null), "button-quiet first"),
      ...(reply?.may_edit ? [this.#button(strings.cannedEdit, () => this.#edit(reply), "button-quiet"), this.#deleting(reply)] : []),
      this.#button(strings.cancel, () => this.dialog.close()), insert);
    if (focused) this.search.focus();
  }

  #button(label, act, kind = "") {
    const button = element("button", { type: "button", class: `button ${kind}` }, label);
    button.addEventListener("click", act);
    return button;
  }

  /** Pressed once it asks; pressed again it deletes. */
  #deleting(reply) {
    const button = this.#button(this.strings.cannedDelete, async () => {
      if (!button.dataset.sure) {
        button.dataset.sure = "yes";
        button.textContent = this.strings.cannedSure;
        return;
      }
      await this.#attempt(button, () => this.on.remove(reply));
    }, "button-quiet");
    button.addEventListener("blur", () => {
      delete button.dataset.sure;
      button.textContent = this.strings.cannedDelete;
    });
    return button;
  }

  #insert() {
    const { reply } = this;
    if (!reply || !this.on.canInsert()) return;
    this.dialog.close();
    this.on.insert(reply.rendered ?? reply.body, reply.missing ?? []);
  }

  async #edit(reply) {
    const { strings } = this;
    const field = (name, label, input) => [element("label", { class: "label", for: input.id }, label), input];
    const line = (name, more) => element("input", { id: `canned-${name}`, name, class: "field", autocomplete: "off", value: reply?.[name] ?? "", ...more });
    const text = element("textarea", { id: "canned-body", name: "body", class: "field", rows: "6", dir: "auto", required: true, maxlength: "8000" });
    text.value = reply?.body ?? "";
    const team = element("select", { id: "canned-team", name: "team", class: "field" }, element("option", { value: "" }, strings.noTeam),
      ...(await this.on.teams().catch(() => [])).map(({ id, name }) => element("option", { value: id, selected: reply?.team?.id === id }, name)));
    const save = element("button", { class: "button button-primary" }, strings.factSave);
    const form = element("form", { class: "dialog-form" },
      element("h2", { id: "canned-title" }, reply ? fill(strings.cannedChange, { name: `/${reply.shortcut}` }) : strings.cannedNew),
      ...field("shortcut", strings.cannedShortcut, line("shortcut", { required: true, maxlength: "40", pattern: "[a-z0-9][a-z0-9_\\-]*", title: strings.cannedShortcutHint })),
      ...field("title", strings.cannedName, line("title", { required: true, maxlength: "120" })),
      ...field("body", strings.cannedText, text),
      element("p", { class: "quiet" }, strings.cannedVariables),
      element("div", { class: "canned-pair" },
        element("div", {}, ...field("team", strings.team, team)),
        element("div", {}, ...field("language", strings.language, line("language", { maxlength: "12" })))),
      element("div", { class: "actions" }, this.#button(strings.cancel, () => this.#list()), save));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const { team: of, ...fields } = Object.fromEntries(new FormData(form));
      this.#attempt(save, () => this.on.save(reply, { ...fields, team: of ? Number(of) : null }));
    });
    form.addEventListener("keydown", (event) => {
      if (event.key === "Escape") (event.preventDefault(), event.stopPropagation(), this.#list());
    });
    this.dialog.replaceChildren(form);
    form.querySelector(reply ? "textarea" : "input").focus();
  }

  /** Runs what talks to the server and shows the list anew, or says beside the control what is wrong. */
  async #attempt(control, run) {
    control.disabled = true;
    this.dialog.querySelector(".notice-bad")?.remove();
    try {
      this.chosen = (await run())?.id ?? null;
      this.words = "";
      await this.#list();
    } catch (error) {
      control.disabled = false;
      control.closest(".actions").before(element("p", { class: "notice-bad", role: "alert" }, error.message));
    }
  }
}
