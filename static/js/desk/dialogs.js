// Questions before an action: one <dialog>, filled for each. A promise with the answer, or null.

import { element, fill } from "../chat/dom.js";

export class Dialogs {
  constructor({ dialog, strings }) {
    this.dialog = dialog;
    this.strings = strings;
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close("");
    });
  }

  #ask(title, text, fields, submit, read) {
    const { dialog, strings } = this;
    const cancel = element("button", { type: "button", class: "button" }, strings.cancel);
    const form = element("form", { method: "dialog", class: "dialog-form" },
      element("h2", { id: "dialog-title" }, title),
      text ? element("p", {}, text) : null,
      ...fields,
      element("div", { class: "actions" }, cancel, element("button", { class: "button button-primary", value: "yes" }, submit)));
    dialog.replaceChildren(form);
    dialog.returnValue = "";
    cancel.addEventListener("click", () => dialog.close(""));
    form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    });
    dialog.showModal();
    (form.querySelector("textarea, input, select") ?? form.querySelector(".button-primary")).focus();
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes" ? read(form) : null), { once: true });
    });
  }

  #note(isRequired) {
    const { strings } = this;
    return [
      element("label", { class: "label", for: "dialog-note" }, isRequired ? strings.note : strings.noteOptional),
      element("textarea", { id: "dialog-note", class: "field", rows: "3", dir: "auto", required: isRequired }),
    ];
  }

  /** resolve, release, handback, supervise: words and a note. */
  note(name) {
    const { strings } = this;
    return this.#ask(strings[name], strings[`${name}Text`], this.#note(name === "supervise"), strings[name], (form) => {
      const note = form.querySelector("textarea").value.trim();
      return note ? { note } : {};
    });
  }

  transfer({ agents, teams }, me) {
    const { strings } = this;
    const rank = { online: 0, away: 1, offline: 2 };
    const others = agents.filter(({ id }) => id !== me).sort((a, b) => rank[a.availability] - rank[b.availability] || a.load - b.load);
    const people = element("optgroup", { label: strings.agents }, ...others.map((agent) => {
      const load = fill(strings.load, agent);
      return element("option", { value: `agent ${agent.id}`, disabled: agent.availability === "offline" },
        `${agent.name} · ${strings.states[agent.availability]} · ${load}`);
    }));
    const groups = element("optgroup", { label: strings.teams }, ...teams.map(({ id, name }) => element("option", { value: `team ${id}` }, name)));
    const select = element("select", { id: "dialog-to", class: "field", required: true }, ...(others.length ? [people] : []), ...(teams.length ? [groups] : []));
    const fields = [element("label", { class: "label", for: "dialog-to" }, strings.transferTo), select, ...this.#note(true)];
    return this.#ask(strings.transfer, strings.transferText, fields, strings.transfer, (form) => {
      const [kind, id] = select.value.split(" ");
      return { [kind]: Number(id), note: form.querySelector("textarea").value.trim() };
    });
  }

  snooze(now = new Date()) {
    const { strings } = this;
    const later = (hours) => new Date(now.getTime() + hours * 3_600_000);
    const at9 = (days) => new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, 9);
    const toMonday = (8 - now.getDay()) % 7 || 7;
    const choices = [
      [strings.hour1, later(1)], [strings.hour3, later(3)], [strings.tomorrow, at9(1)], [strings.monday, at9(toMonday)],
    ];
    const input = element("input", { id: "dialog-until", class: "field", type: "datetime-local", required: true });
    const put = (date) => (input.value = new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16));
    put(later(1));
    const presets = choices.map(([label, date]) => {
      const button = element("button", { type: "button", class: "button" }, label);
      button.addEventListener("click", () => put(date));
      return button;
    });
    const fields = [
      element("div", { class: "presets" }, ...presets),
      element("label", { class: "label", for: "dialog-until" }, strings.snoozeUntil),
      input,
    ];
    return this.#ask(strings.snooze, strings.snoozeText, fields, strings.snooze, () => ({ until: new Date(input.value).toISOString() }));
  }

  /** One line of words: the title of an article, the name of a view. */
  line(title, text, label, submit) {
    const input = element("input", { id: "dialog-line", class: "field", required: true, maxlength: "80", autocomplete: "off" });
    const fields = [element("label", { class: "label", for: "dialog-line" }, label), input];
    return this.#ask(title, text, fields, submit, () => input.value.trim());
  }

  help() {
    const { strings, dialog } = this;
    if (dialog.open) return;
    const rows = Object.entries(strings.keys).map(([key, words]) =>
      element("div", {}, element("dt", {}, element("kbd", {}, key)), element("dd", {}, words)));
    const close = element("button", { class: "button button-primary", value: "" }, strings.helpClose);
    dialog.replaceChildren(element("form", { method: "dialog", class: "dialog-form" },
      element("h2", { id: "dialog-title" }, strings.helpTitle),
      element("dl", { class: "keys" }, ...rows),
      element("p", {}, strings.helpNote),
      element("div", { class: "actions" }, close)));
    dialog.showModal();
    close.focus();
  }
}
