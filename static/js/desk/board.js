// The queue on the page: its view, filters and search, kept fresh by events and by reading again.

import { element } from "../chat/dom.js";
import { Filters } from "./filters.js";
import { QueueList } from "./list.js";
import * as queue from "./queue.js";

const RECOUNT_AFTER = 1_500;
const SEARCH_AFTER = 350;

export class Board {
  constructor({ api, strings, me, part, dialogs, say, open }) {
    Object.assign(this, { api, strings, me, part, dialogs, say });
    this.view = "waiting";
    this.q = "";
    this.queue = queue.emptyQueue();
    this.turn = 0;
    this.list = new QueueList({
      list: part("rows"), scroller: part("rows-scroller"), strings, me,
      on: { open, more: () => this.#more() },
    });
    this.filters = new Filters({
      form: part("filters"), toggle: part("filter-toggle"), tally: part("filter-tally"), strings,
      on: {
        change: () => this.load(),
        clear: () => this.clear(),
        save: (values) => this.#save(values),
        remove: (view) => this.#remove(view),
        choose: (view) => this.#choose(view),
      },
    });
    for (const button of document.querySelectorAll("[data-view]")) {
      button.addEventListener("click", () => this.show(button.dataset.view));
    }
    const search = part("search");
    search.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#search(search.q.value);
    });
    search.q.addEventListener("input", () => {
      clearTimeout(this.searchTimer);
      this.searchTimer = setTimeout(() => this.#search(search.q.value), SEARCH_AFTER);
    });
    search.q.addEventListener("keydown", (event) => {
      if (event.key === "Escape") search.q.blur();
      if (event.key === "ArrowDown") this.list.step(1);
    });
  }

  get wanted() {
    return { ...this.filters.values, ...(this.q ? { q: this.q } : {}) };
  }

  show(view) {
    if (view !== this.view) this.part("rows-scroller").scrollTop = 0;
    this.view = view;
    for (const button of document.querySelectorAll("[data-view]")) {
      button.setAttribute("aria-pressed", String(button.dataset.view === view));
    }
    return this.load();
  }

  #search(words) {
    clearTimeout(this.searchTimer);
    if (words.trim() === this.q) return;
    this.q = words.trim();
    this.load();
  }

  clear() {
    this.q = "";
    this.part("search").q.value = "";
    this.filters.set({});
    if (!this.part("filters").hidden) this.filters.render();
    this.load();
  }

  load() {
    this.loading = this.#load();
    return this.loading;
  }

  /** Read again, unless what was read holds everything up to this cursor of the desk's log. */
  async catchUp(cursor) {
    await this.loading;
    if (this.failed || !(this.queue.cursor >= cursor)) await this.load();
  }

  async #load() {
    const turn = ++this.turn;
    this.part("queue").setAttribute("aria-busy", "true");
    try {
      const answer = await this.api.get(`queue/?${queue.queryOf(this.view, this.wanted)}`);
      if (turn !== this.turn) return;
      this.queue = queue.addPage(queue.emptyQueue(), answer, Date.now());
      this.failed = "";
    } catch (error) {
      if (turn !== this.turn) return;
      this.failed = error.message;
    }
    this.part("queue").removeAttribute("aria-busy");
    this.isLoaded = true;
    this.#render();
  }

  async #more() {
    if (this.isLoadingMore || !this.queue.more) return;
    this.isLoadingMore = true;
    this.part("rows-more").hidden = false;
    const { turn } = this;
    try {
      const answer = await this.api.get(`queue/?${queue.queryOf(this.view, this.wanted, this.queue.page + 1)}`);
      if (turn === this.turn) this.queue = queue.addPage(this.queue, answer, Date.now());
    } catch {
      // the next scrolling tries again
    }
    this.isLoadingMore = false;
    this.part("rows-more").hidden = true;
    if (turn === this.turn) this.#render();
  }

  /** An event of the desk: the row at once, the counts and unclear cases a moment later. */
  event(event) {
    if (event.event === "escalation.gone") this.queue = queue.removeConversation(this.queue, event.conversation);
    if (event.row) {
      const { view, wanted: filters, me } = this;
      this.queue = queue.applyRow(this.queue, event.row, { view, filters, me, now: Date.now() });
    }
    this.#draw();
    clearTimeout(this.recounting);
    const wait = Date.now() - (this.countedAt ?? 0) > RECOUNT_AFTER ? 200 : RECOUNT_AFTER;
    this.recounting = setTimeout(() => this.#recount(), wait);
  }

  /** The first page again: counts, and rows that only the server can judge. Deeper rows stay. */
  async #recount() {
    this.countedAt = Date.now();
    const { turn } = this;
    try {
      const answer = await this.api.get(`queue/?${queue.queryOf(this.view, this.wanted)}`);
      if (turn !== this.turn) return;
      const fresh = queue.addPage(queue.emptyQueue(), answer, Date.now());
      if (this.queue.page <= 1) this.queue = fresh;
      else this.queue = { ...this.queue, counts: fresh.counts };
      this.#render();
    } catch {
      // the next event tries again
    }
  }

  #draw() {
    if (this.isDrawing) return;
    this.isDrawing = true;
    const draw = () => {
      this.isDrawing = false;
      this.#render();
    };
    if (document.hidden) setTimeout(draw);
    else requestAnimationFrame(draw);
  }

  #render() {
    this.filters.learn(this.queue.rows);
    this.list.render(this.queue);
    for (const node of document.querySelectorAll("[data-tally]")) {
      const count = this.queue.counts[node.dataset.tally];
      node.textContent = count === undefined ? "" : count;
      node.toggleAttribute("data-zero", !count);
    }
    this.#renderEmpty();
  }

  #renderEmpty() {
    const { strings } = this;
    const node = this.part("empty");
    const isEmpty = this.isLoaded && (this.failed || !this.queue.rows.length);
    this.part("rows").hidden = this.queue.rows.length === 0;
    node.hidden = !isEmpty;
    if (!isEmpty) return;
    const isFiltered = Object.keys(this.wanted).length > 0;
    const key = `${this.failed}|${isFiltered}|${this.view}`;
    if (node.key === key && node.childElementCount) return;
    node.key = key;
    const words = this.failed
      ? [strings.queueFailed, this.failed]
      : isFiltered ? [strings.emptyFiltered, strings.emptyFilteredHint] : [strings.empty[this.view], strings.emptyHint[this.view]];
    node.replaceChildren(element("h2", {}, words[0]), element("p", {}, words[1]));
    if (!this.failed && !isFiltered) return;
    const button = element("button", { type: "button", class: "button" }, this.failed ? strings.tryAgain : strings.clearFilters);
    button.addEventListener("click", () => (this.failed ? this.load() : this.clear()));
    node.append(button);
  }

  async loadViews() {
    this.filters.known.views = (await this.api.get("views/")).views;
    if (!this.part("filters").hidden) this.filters.render();
  }

  know({ agents, teams }, views) {
    Object.assign(this.filters.known, { agents, teams, views });
  }

  async #save(values) {
    const { strings } = this;
    const name = await this.dialogs.line(strings.saveView, "", strings.viewName, strings.saveView);
    if (!name) return;
    try {
      await this.api.post("views/", { name, filters: { view: this.view, ...values, ...(this.q ? { q: this.q } : {}) } });
      await this.loadViews();
      this.say(strings.viewSaved);
    } catch (error) {
      this.say(error.message);
    }
  }

  async #remove(view) {
    try {
      await this.api.remove(`views/${view.id}/`);
      await this.loadViews();
    } catch (error) {
      this.say(error.message);
    }
  }

  #choose(view) {
    const { view: part, q, ...rest } = view.filters;
    this.q = q ?? "";
    this.part("search").q.value = this.q;
    this.filters.set(rest);
    this.filters.render();
    this.show(queue.VIEWS.includes(part) ? part : "all");
  }
}
