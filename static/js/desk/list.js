// Draws the queue. Rows keep their elements; a long list is drawn in slices, and only rows on the
// screen are touched by the clocks.

import { element, fill } from "../chat/dom.js";
import { nameOf } from "./names.js";
import { formatAge, formatSeconds, nextClock, secondsLeft, tone } from "./clock.js";

const SLICE = 60;

export class QueueList {
  /** `on` holds open(conversation) and more(). */
  constructor({ list, scroller, strings, on, me }) {
    this.list = list;
    this.scroller = scroller;
    this.strings = strings;
    this.on = on;
    this.me = me;
    this.nodes = new Map(); // conversation -> li
    this.onScreen = new Set();
    this.cursor = null; // the conversation that j and k are on
    this.open = null;
    this.unread = new Set();
    this.closesAt = Infinity;
    this.time = new Intl.DateTimeFormat(document.documentElement.lang, { timeStyle: "short" });
    this.day = new Intl.DateTimeFormat(document.documentElement.lang, {
      dateStyle: "medium",
      timeStyle: "short",
    });
    this.watcher = new IntersectionObserver((entries) => this.#seen(entries), { root: scroller });
    list.addEventListener("click", (event) => {
      const button = event.target.closest("[data-row]");
      if (button) this.on.open(button.dataset.row);
    });
    list.addEventListener("focusin", (event) => {
      const button = event.target.closest("[data-row]");
      if (button) this.#moveTo(button.dataset.row);
    });
    scroller.addEventListener("scroll", () => this.#nearEnd(), { passive: true });
    setInterval(() => this.tick(), 1_000);
  }

  render(queue) {
    this.rows = queue.rows;
    this.hasMore = queue.more;
    const wanted = new Set(queue.rows.map((row) => row.conversation));
    for (const [key, node] of this.nodes) {
      if (wanted.has(key)) continue;
      this.watcher.unobserve(node);
      this.onScreen.delete(node);
      node.remove();
      this.nodes.delete(key);
    }
    cancelAnimationFrame(this.frame);
    this.#slice(0);
  }

  #slice(from) {
    const end = Math.min(from + SLICE, this.rows.length);
    for (let index = from; index < end; index += 1) this.#place(this.rows[index], index);
    if (end < this.rows.length) this.frame = requestAnimationFrame(() => this.#slice(end));
    else this.#settle();
  }

  #settle() {
    if (!this.nodes.has(this.cursor)) this.#moveTo(this.rows[0]?.conversation ?? null);
    this.#nearEnd();
  }

  #place(row, index) {
    let node = this.nodes.get(row.conversation);
    if (!node) {
      node = element("li", {});
      this.nodes.set(row.conversation, node);
      this.watcher.observe(node);
    }
    if (node.row !== row || node.wasUnread !== this.unread.has(row.conversation)) this.#fill(node, row);
    const there = this.list.children[index] ?? null;
    if (there === node) return;
    // A row that went down is moved itself, not all those that it passed: one of them may be pressed.
    if (there && there.nextElementSibling === node) this.#move(there, null);
    else this.#move(node, there);
  }

  #move(node, before) {
    const focused = node.contains(document.activeElement) ? document.activeElement : null;
    this.list.insertBefore(node, before);
    focused?.focus({ preventScroll: true });
  }

  #fill(node, row) {
    const { strings } = this;
    const isUnread = this.unread.has(row.conversation);
    node.row = row;
    node.wasUnread = isUnread;
    const button = node.querySelector("[data-row]") ?? this.#emptyButton(node, row);
    button.dataset.priority = row.priority;
    button.replaceChildren(
      element(
        "span",
        { class: "row-top" },
        isUnread ? element("span", { class: "dot", role: "img", "aria-label": strings.unread }) : null,
        element("span", { class: "row-name" }, nameOf(row, strings)),
        row.priority >= 4
          ? element("span", { class: "chip chip-priority" }, strings.priorities[row.priority])
          : element("span", { class: "sr-only" }, `${strings.priority}: ${strings.priorities[row.priority]}`),
        element("span", { class: "sla", "data-sla": true }),
      ),
      element("span", { class: "row-words", dir: "auto" }, row.preview || "—"),
      element("span", { class: "row-foot" }, ...this.#foot(row)),
    );
    this.#tickNode(node, Date.now());
  }

  /** The row's button. It stays while its words change, and its words take no pointer (queue.css): a
   * browser forgets a press whose element is gone before it ends. */
  #emptyButton(node, row) {
    const button = element("button", {
      type: "button",
      class: "row",
      "data-row": row.conversation,
      tabindex: row.conversation === this.cursor ? "0" : "-1",
      "aria-current": row.conversation === this.open ? "true" : null,
    });
    node.append(button);
    return button;
  }

  #foot(row) {
    const { strings } = this;
    const parts = [
      element("span", {}, strings.reasons[row.reason] ?? row.reason),
      row.topic ? element("span", {}, row.topic) : null,
      row.language && row.language !== document.documentElement.lang
        ? element("span", { class: "code" }, row.language.toUpperCase())
        : null,
      row.supervisor ? element("span", { class: "strong" }, strings.supervisor) : null,
      row.agent
        ? element("span", {}, row.agent.id === this.me ? strings.withMe : fill(strings.withAgent, { name: row.agent.name }))
        : null,
      row.snoozed_until
        ? element("span", {}, fill(strings.snoozedUntil, { time: this.day.format(new Date(row.snoozed_until)) }))
        : null,
      row.ended_at
        ? element("span", {}, fill(strings.endedAt, { time: this.day.format(new Date(row.ended_at)) }))
        : element("span", { "data-waits": true }),
    ];
    return parts.filter(Boolean);
  }

  /** Every second: the clocks of the rows that can be seen. */
  tick(now = Date.now()) {
    if (document.hidden) return;
    for (const node of this.onScreen) this.#tickNode(node, now);
  }

  #tickNode(node, now) {
    const { strings } = this;
    const sla = node.querySelector("[data-sla]");
    const found = nextClock(node.row);
    if (sla) {
      let words = "";
      if (found) {
        const [name, clock] = found;
        const seconds = secondsLeft(clock, node.row.at, now, this.closesAt);
        const kind = tone(clock, seconds);
        words = (kind === "late" ? "+" : "") + formatSeconds(seconds);
        sla.dataset.tone = kind;
        const sentence = kind === "late" ? strings.over : strings.left;
        node.title = `${strings.clocks[name]}: ${fill(sentence, { time: formatSeconds(seconds) })}`;
      }
      if (!found) node.removeAttribute("title");
      if (sla.textContent !== words) sla.textContent = words;
    }
    const waits = node.querySelector("[data-waits]");
    if (waits) {
      const since = node.row.awaiting_since;
      const time = since && formatAge((now - Date.parse(since)) / 1000);
      const words = since ? fill(strings.waits, { time }) : strings.answered;
      if (waits.textContent !== words) waits.textContent = words;
    }
  }

  #seen(entries) {
    const now = Date.now();
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) this.onScreen.delete(target);
      else if (this.nodes.get(target.row?.conversation) === target) {
        this.onScreen.add(target);
        this.#tickNode(target, now);
      }
    }
  }

  #nearEnd() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    if (this.hasMore && scrollHeight - scrollTop - clientHeight < 800) this.on.more();
  }

  #moveTo(conversation) {
    this.#button(this.cursor)?.setAttribute("tabindex", "-1");
    this.cursor = conversation;
    this.#button(conversation)?.setAttribute("tabindex", "0");
  }

  #button(conversation) {
    return this.nodes.get(conversation)?.querySelector("[data-row]");
  }

  /** j and k: one row down or up. */
  step(by) {
    const index = this.rows?.findIndex((row) => row.conversation === this.cursor) ?? -1;
    const isIn = this.list.contains(document.activeElement);
    const next = this.rows?.[Math.min(this.rows.length - 1, Math.max(0, isIn ? index + by : index))];
    if (!next) return;
    this.#moveTo(next.conversation);
    this.#button(next.conversation)?.focus();
    this.nodes.get(next.conversation)?.scrollIntoView({ block: "nearest" });
  }

  focus() {
    const button = this.#button(this.open) ?? this.#button(this.cursor);
    (button ?? this.scroller).focus();
  }

  markOpen(conversation) {
    this.#button(this.open)?.removeAttribute("aria-current");
    this.open = conversation;
    this.#button(conversation)?.setAttribute("aria-current", "true");
    this.markRead(conversation);
  }

  markUnread(conversation) {
    this.unread.add(conversation);
    const node = this.nodes.get(conversation);
    if (node) this.#fill(node, node.row);
  }

  markRead(conversation) {
    if (!this.unread.delete(conversation)) return;
    const node = this.nodes.get(conversation);
    if (node) this.#fill(node, node.row);
  }
}
