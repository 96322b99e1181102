// The head of the open conversation: who it is, whose it is, its promises, and what can be done now.

import { element, fill, icon } from "../chat/dom.js";
import { nameOf } from "./names.js";
import { formatSeconds, secondsLeft, tone } from "./clock.js";

const CLOCKS = ["first_response", "next_response", "resolution"];
const MENU = ["unsnooze", "release", "handback", "supervise", "reopen", "article", "flag"];

export class Head {
  /** `on` holds act(name), back(), facts(). */
  constructor({ node, strings, on, me }) {
    Object.assign(this, { node, strings, on, me });
    this.closesAt = Infinity;
    const { lang } = document.documentElement;
    this.time = new Intl.DateTimeFormat(lang, { dateStyle: "medium", timeStyle: "short" });
    setInterval(() => this.tick(), 1_000);
  }

  render(detail) {
    this.detail = detail;
    const { row, conversation, may } = detail;
    const key = JSON.stringify([row && { ...row, at: 0, sla: null, preview: null }, conversation.status, may, detail.followed]);
    if (key === this.key) return this.tick();
    this.key = key;
    // The buttons stay while they offer the same: one that is being pressed is not taken away.
    const offer = JSON.stringify([conversation.id, may, detail.followed, row?.snoozed_until]);
    if (offer === this.offer) {
      this.node.querySelector(".talk-who").replaceChildren(...this.#who(detail));
      return this.tick();
    }
    this.offer = offer;
    const focus = this.node.contains(document.activeElement) ? document.activeElement.dataset.act : null;
    const { strings } = this;
    this.node.replaceChildren(
      this.#icon("back", strings.back, "back", () => this.on.back(), "only-narrow"),
      element("div", { class: "talk-who" }, ...this.#who(detail)),
      element("ul", { class: "talk-clocks", "data-clocks": true }),
      element("div", { class: "talk-actions" }, ...this.#buttons(detail),
        this.#icon("panel", strings.details, "facts", () => this.on.facts(), "only-medium")),
    );
    this.tick();
    if (focus) (this.node.querySelector(`[data-act="${focus}"]`) ?? this.node.querySelector("button"))?.focus();
  }

  #who(detail) {
    const { row, conversation } = detail;
    const name = nameOf(row, this.strings) || conversation.email || this.strings.visitor;
    const topic = row?.topic ? ` · ${row.topic}` : "";
    return [element("h2", {}, name), element("p", { class: "talk-state" }, this.#state(detail), topic)];
  }

  #state({ row, conversation }) {
    const { strings } = this;
    if (!row) return strings.isAssistant;
    if (row.snoozed_until) return fill(strings.isSnoozed, { time: this.time.format(new Date(row.snoozed_until)) });
    if (row.state === "claimed") {
      return row.agent?.id === this.me ? strings.isMine : fill(strings.isTheirs, { name: row.agent?.name ?? "" });
    }
    if (row.state === "waiting") return strings.isWaiting;
    return conversation.holder === "assistant" ? strings.isAssistant : row.state === "resolved" ? strings.isResolved : strings.isWithdrawn;
  }

  #buttons({ may, followed, row }) {
    const { strings } = this;
    const has = (name) => may.includes(name);
    const buttons = [];
    if (has("claim")) buttons.push(this.#button("claim", strings.claim, "button-primary"));
    if (has("snooze") && !row?.snoozed_until) buttons.push(this.#icon("snooze", strings.snooze, "snooze", () => this.on.act("snooze"), "wide-only"));
    if (has("transfer")) buttons.push(this.#icon("transfer", strings.transfer, "transfer", () => this.on.act("transfer"), "wide-only"));
    if (has("resolve")) buttons.push(this.#button("resolve", strings.resolve, "button-primary", "check"));
    const menu = [
      ...(has("snooze") && !row?.snoozed_until ? [["snooze", strings.snooze, "narrow-only"]] : []),
      ...(has("transfer") ? [["transfer", strings.transfer, "narrow-only"]] : []),
      ...MENU.filter((name) => has(name) && (name !== "unsnooze" || row?.snoozed_until)).map((name) => [name, strings[name], ""]),
      ["follow", followed ? strings.unfollow : strings.follow, ""],
    ];
    const body = element("div", { class: "menu", "data-menu-body": "talk", hidden: true },
      ...menu.map(([name, label, kind]) => {
        const button = element("button", { type: "button", class: kind || null, "data-act": name }, label);
        button.addEventListener("click", () => this.on.act(name));
        return button;
      }));
    const more = element("button", {
      type: "button", class: "button button-quiet button-icon", "data-menu": "talk", "data-act": "menu",
      "aria-expanded": "false", "aria-label": strings.more, title: strings.more,
    }, icon("more"));
    buttons.push(element("div", { class: "menu-anchor" }, more, body));
    return buttons;
  }

  #button(name, label, kind, sign = null) {
    const button = element("button", { type: "button", class: `button ${kind}`, "data-act": name },
      sign ? icon(sign) : null, element("span", {}, label));
    button.addEventListener("click", () => this.on.act(name));
    return button;
  }

  #icon(sign, label, name, act, kind) {
    const button = element("button", {
      type: "button", class: `button button-quiet button-icon ${kind}`, "data-act": name, "aria-label": label, title: label,
    }, icon(sign));
    button.addEventListener("click", act);
    return button;
  }

  tick(now = Date.now()) {
    const list = this.node.querySelector("[data-clocks]");
    const row = this.detail?.row;
    if (!list || document.hidden) return;
    const shown = CLOCKS.filter((name) => row?.sla?.[name] && !row.ended_at);
    while (list.children.length > shown.length) list.lastElementChild.remove();
    shown.forEach((name, index) => {
      const item = list.children[index] ?? list.appendChild(element("li", {}, element("span", {}), element("b", {})));
      const [tone, words] = this.#clock(row, name, now);
      item.dataset.tone = tone;
      item.firstChild.textContent = this.strings.clocks[name];
      if (item.lastChild.textContent !== words) item.lastChild.textContent = words;
    });
  }

  #clock(row, name, now) {
    const clock = row.sla[name];
    const seconds = secondsLeft(clock, row.at, now, this.closesAt);
    if (clock.state === "met") return ["met", this.strings.met];
    if (clock.state === "paused") return ["paused", this.strings.paused];
    if (clock.state === "breached" && !clock.ticking && row.state !== "waiting") return ["late", this.strings.missed];
    return [tone(clock, seconds), seconds < 0 ? `+${formatSeconds(seconds)}` : formatSeconds(seconds)];
  }
}
