// Filters and saved views of the queue. The filters are the names of the server's query.

import { element, fill } from "../chat/dom.js";

const NAMES = ["priority", "team", "agent", "topic", "reason", "language", "sla", "supervisor", "followed"];

export class Filters {
  /** `on` holds change(filters), save(filters), remove(view), views() and choose(view). */
  constructor({ form, toggle, tally, strings, on }) {
    Object.assign(this, { form, toggle, tally, strings, on });
    this.values = {};
    this.known = { topic: new Set(), language: new Set(), agents: [], teams: [], views: [] };
    toggle.addEventListener("click", () => this.open(form.hidden));
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("change", (event) => {
      if (!event.target.name) return;
      const { name, type, checked, value } = event.target;
      this.set({ ...this.values, [name]: type === "checkbox" ? (checked ? "1" : "") : value });
      this.on.change(this.values);
    });
  }

  open(isOpen) {
    this.form.hidden = !isOpen;
    this.toggle.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) this.render();
  }

  set(values) {
    this.values = Object.fromEntries(Object.entries(values).filter(([name, value]) => value && NAMES.includes(name)));
    const count = Object.keys(this.values).length;
    this.tally.hidden = !count;
    this.tally.textContent = count || "";
  }

  learn(rows) {
    for (const { topic, language } of rows) {
      if (topic) this.known.topic.add(topic);
      if (language) this.known.language.add(language);
    }
  }

  render() {
    const { strings, known } = this;
    const entries = (object) => Object.entries(object);
    const people = (list) => list.map(({ id, name }) => [String(id), name]);
    this.form.replaceChildren(
      this.#views(),
      this.#select("priority", strings.priority, entries(strings.priorities).reverse()),
      this.#select("sla", strings.filterSla, [["soon", strings.slaSoon], ["breached", strings.slaBreached]]),
      this.#select("reason", strings.filterReason, entries(strings.reasons)),
      this.#select("topic", strings.filterTopic, [...known.topic].sort().map((topic) => [topic, topic])),
      this.#select("language", strings.filterLanguage, [...known.language].sort().map((code) => [code, code.toUpperCase()])),
      this.#select("team", strings.filterTeam, people(known.teams)),
      this.#select("agent", strings.filterAgent, people(known.agents)),
      this.#check("supervisor", strings.filterSupervisor),
      this.#check("followed", strings.filterFollowed),
      this.#buttons(),
    );
  }

  #select(name, label, options) {
    const value = this.values[name] ?? "";
    if (value && !options.some(([key]) => key === value)) options = [...options, [value, value]];
    return element("label", { class: "filter" }, element("span", {}, label),
      element("select", { name, class: "field" }, element("option", { value: "" }, this.strings.filterAny),
        ...options.map(([key, words]) => element("option", { value: key, selected: key === value }, words))));
  }

  #check(name, label) {
    const box = element("input", { type: "checkbox", name, checked: Boolean(this.values[name]) });
    return element("label", { class: "filter-check" }, box, element("span", {}, label));
  }

  #buttons() {
    const button = (label, act) => {
      const node = element("button", { type: "button", class: "button" }, label);
      node.addEventListener("click", act);
      return node;
    };
    return element("div", { class: "filter-buttons" },
      button(this.strings.saveView, () => this.on.save(this.values)),
      button(this.strings.clear, () => this.on.clear()));
  }

  #views() {
    const { strings } = this;
    if (!this.known.views.length) return element("span", { hidden: true });
    return element("ul", { class: "saved-views", "aria-label": strings.savedViews }, ...this.known.views.map((view) => {
      const choose = element("button", { type: "button", class: "chip chip-button" }, view.shared ? `${view.name} · ${strings.shared}` : view.name);
      choose.addEventListener("click", () => this.on.choose(view));
      if (!view.mine) return element("li", {}, choose);
      const remove = element("button", { type: "button", class: "chip-remove", "aria-label": fill(strings.deleteView, { name: view.name }) }, "×");
      remove.addEventListener("click", () => this.on.remove(view));
      return element("li", {}, choose, remove);
    }));
  }
}
