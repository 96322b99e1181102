// The right pane: the packet, what is known, and a search whose answers go into the editor.

import { element, fill, icon } from "../chat/dom.js";
import { known } from "./known.js";

export class Facts {
  /** `on` holds find(words), insert(text), open(conversation), audit(), priority(n),
   * correct(id, value) and erase(id) of a fact. */
  constructor({ body, strings, on }) {
    this.body = body;
    this.strings = strings;
    this.on = on;
    this.date = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
    this.clear();
  }

  clear() {
    this.body.replaceChildren(element("p", { class: "quiet facts-none" }, this.strings.packetNothing));
  }

  render(detail) {
    const { packet, row } = detail;
    this.body.replaceChildren(
      ...[
        this.#summary(packet),
        packet.missing.length ? this.#section(this.strings.missing, this.#missing(packet.missing)) : null,
        row ? this.#section(this.strings.request, this.#request(detail)) : null,
        this.#section(this.strings.facts, known(packet.facts, { strings: this.strings, on: this.on })),
        this.#section(this.strings.tried, this.#tried(packet.tried)),
        this.#search(),
        detail.passages.length ? this.#folded(this.strings.passages, this.#passages(detail.passages)) : null,
        packet.earlier.length ? this.#section(this.strings.earlier, this.#earlier(packet.earlier)) : null,
        this.#history(),
      ].filter(Boolean),
    );
  }

  /** A changed row: only what shows it is drawn again, so that nothing is folded or lost. */
  update(detail) {
    const old = this.body.querySelector("[data-request]");
    if (old && detail.row && !old.contains(document.activeElement)) old.replaceWith(this.#request(detail));
  }

  #section(title, ...content) {
    return element("section", { class: "fact" }, element("h3", {}, title), ...content);
  }

  #folded(title, ...content) {
    return element("details", { class: "fact" }, element("summary", {}, title), ...content);
  }

  #summary(packet) {
    const { label, words } = packet.sentiment;
    const mood = element(
      "p",
      { class: "mood", "data-mood": label },
      element("span", {}, this.strings.sentiments[label] ?? label),
      words?.length ? element("q", {}, words.join(", ")) : null,
    );
    return this.#section(this.strings.summary, element("p", { dir: "auto" }, packet.summary || "—"), mood);
  }

  #missing(items) {
    return element("ul", { class: "missing" }, ...items.map(({ text }) => element("li", {}, text)));
  }

  #request({ row, conversation, survey }) {
    const { strings } = this;
    const choice = element("select", { id: "priority", class: "field" });
    for (const value of [5, 4, 3, 2, 1]) {
      choice.append(element("option", { value, selected: row.priority === value }, strings.priorities[value]));
    }
    choice.disabled = row.state === "resolved" || row.state === "withdrawn";
    choice.addEventListener("change", () => this.on.priority(Number(choice.value)));
    const pairs = [
      [element("label", { for: "priority" }, strings.priority), choice],
      [strings.reason, strings.reasons[row.reason] ?? row.reason],
      row.rule ? [strings.rule, row.rule] : null,
      row.topic ? [strings.topic, row.topic] : null,
      [strings.team, row.team?.name ?? strings.noTeam],
      conversation.language ? [strings.language, conversation.language.toUpperCase()] : null,
      [strings.opened, this.date.format(new Date(row.opened_at))],
      row.customer.email ? [strings.email, element("a", { href: `mailto:${row.customer.email}` }, row.customer.email)] : null,
      survey?.solved ? [strings.survey, strings.surveyAnswers[survey.solved] ?? survey.solved] : null,
      survey?.score ? ["", fill(strings.surveyScore, { score: survey.score })] : null,
    ];
    const list = element("dl", { class: "pairs", "data-request": true });
    for (const [name, value] of pairs.filter(Boolean)) {
      list.append(element("dt", {}, name), element("dd", {}, value));
    }
    return list;
  }

  #tried(items) {
    if (!items.length) return element("p", { class: "quiet" }, this.strings.triedNothing);
    return element(
      "ol",
      { class: "tried" },
      ...items.map((item) =>
        element(
          "li",
          {},
          element("p", { class: "tried-question", dir: "auto" }, item.question),
          element("p", { class: "quiet" },
            element("span", { class: "tag" }, this.strings.decisions[item.decision] ?? item.decision),
            item.rating === -1 ? element("span", { class: "tag tag-bad" }, this.strings.ratedBad) : null),
          ...uniqueByUrl(item.sources).map(({ title, url }) => this.#link(title, url)),
        ),
      ),
    );
  }

  #link(title, url) {
    return element("a", { class: "source", href: url, target: "_blank", rel: "noopener" }, icon("article"), title,
      element("span", { class: "sr-only" }, ` ${this.strings.newTab}`));
  }

  #passages(items) {
    return element("ul", { class: "passages" }, ...items.slice(0, 8).map((item) =>
      element("li", {}, item.url ? this.#link(item.title, item.url) : element("b", {}, item.title),
        element("p", { class: "clamp", dir: "auto" }, item.text)),
    ));
  }

  #earlier(items) {
    return element("ul", { class: "earlier" }, ...items.map((item) => {
      const button = element("button", { type: "button", class: "earlier-open" },
        element("b", {}, item.first_words || item.topic || "—"),
        element("span", { class: "quiet" }, `${this.date.format(new Date(item.opened_at))} · ${fill(this.strings.messages, { n: item.messages })}`));
      button.addEventListener("click", () => this.on.open(item.conversation));
      return element("li", {}, button);
    }));
  }

  #search() {
    const results = element("div", { class: "found", role: "status" });
    const input = element("input", { class: "field", type: "search", id: "find", autocomplete: "off", enterkeyhint: "search" });
    const form = element("form", { class: "fact find", role: "search", "aria-label": this.strings.find },
      element("label", { for: "find" }, this.strings.find),
      element("div", { class: "find-box" }, icon("search"), input), results);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const words = input.value.trim();
      if (!words) return results.replaceChildren();
      form.setAttribute("aria-busy", "true");
      try {
        this.#showFound(results, await this.on.find(words));
      } catch (error) {
        results.replaceChildren(element("p", { class: "notice-bad" }, error.message));
      }
      form.removeAttribute("aria-busy");
    });
    return form;
  }

  #showFound(results, { articles, conversations }) {
    const { strings } = this;
    const parts = [];
    const item = (title, text, insert) => {
      const button = element("button", { type: "button", class: "button button-quiet" }, strings.insert);
      button.addEventListener("click", () => this.on.insert(insert));
      return element("li", {}, title, element("p", { class: "clamp", dir: "auto" }, text), button);
    };
    if (articles.length) {
      parts.push(element("h4", {}, strings.articles), element("ul", { class: "passages" },
        ...articles.map(({ title, url, excerpt }) => item(this.#link(title, url), excerpt, `${excerpt}\n${title}: ${new URL(url, location.origin)}`))));
    }
    if (conversations.length) {
      parts.push(element("h4", {}, strings.past), element("ul", { class: "passages" },
        ...conversations.map(({ question, answer }) => item(element("b", { dir: "auto" }, question), answer, answer))));
    }
    results.replaceChildren(...(parts.length ? parts : [element("p", { class: "quiet" }, strings.findNothing)]));
  }

  #history() {
    const list = element("ol", { class: "history" });
    const box = element("details", { class: "fact" }, element("summary", {}, this.strings.history), list);
    box.addEventListener("toggle", async () => {
      if (!box.open) return;
      try {
        const { entries } = await this.on.audit();
        list.replaceChildren(...entries.map(({ at, actor, action }) =>
          element("li", {}, element("span", {}, action.split(".").at(-1).replaceAll("_", " ")),
            element("span", { class: "quiet" }, [actor?.name, this.date.format(new Date(at))].filter(Boolean).join(" · ")))));
        if (!entries.length) list.replaceChildren(element("li", { class: "quiet" }, this.strings.historyNone));
      } catch (error) {
        list.replaceChildren(element("li", { class: "notice-bad" }, error.message));
      }
    });
    return box;
  }
}

function uniqueByUrl(sources) {
  return [...new Map(sources.map((source) => [source.url, source])).values()];
}
