// What an agent does with the open conversation: asks what has to be asked, does it, says what came.

import { fill } from "../chat/dom.js";
import { pathOf } from "./api.js";

const WITH_NOTE = new Set(["resolve", "release", "handback", "supervise"]);

export class Actions {
  constructor(parts) {
    Object.assign(this, parts);
    this.isBusy = false;
  }

  /** Run an action by its name. A second press while the first is under way does nothing. */
  async run(name) {
    if (this.isBusy || !this.talk.id) return;
    this.isBusy = true;
    try {
      await this.#run(name);
    } finally {
      this.isBusy = false;
    }
  }

  async #run(name) {
    const { dialogs, talk } = this;
    if (WITH_NOTE.has(name)) return this.#after(dialogs.note(name), name);
    if (name === "snooze") return this.#after(dialogs.snooze(), name);
    if (name === "transfer") return this.#transfer();
    if (name === "article") return this.#article();
    if (name === "follow") return this.#follow(talk.detail.followed ? "unfollow" : "follow");
    return this.post(name, {});
  }

  async #after(question, name) {
    const body = await question;
    if (body) await this.post(name, body);
  }

  /** POST an action; a row that comes back is shown at once, before its event. */
  async post(name, body) {
    const { talk, say, strings } = this;
    const { id } = talk;
    try {
      const row = await this.api.post(pathOf(id, name), body);
      say(strings.done[name] ?? "");
      this.shell.connection.hurry(); // who claims is there: the heartbeat's answer says so
      if (id !== talk.id) return;
      if (row?.conversation) talk.event({ event: name, conversation: id, row, details: {} });
      else await talk.refresh();
    } catch (error) {
      this.#failed(error, id);
    }
  }

  #failed(error, id) {
    const { talk, say, strings } = this;
    const holder = error.body?.agent ?? error.body?.holder;
    say(error.code === "already_claimed" && holder ? fill(strings.takenBy, holder) : error.message);
    if ([403, 404, 409].includes(error.status) && id === talk.id) talk.refresh();
  }

  async #transfer() {
    let people;
    try {
      people = await this.shell.colleagues(true);
    } catch (error) {
      return this.say(error.message);
    }
    await this.#after(this.dialogs.transfer(people, this.me), "transfer");
  }

  async #follow(name) {
    try {
      const { followed } = await this.api.post(pathOf(this.talk.id, name));
      if (this.talk.detail) this.talk.detail = { ...this.talk.detail, followed };
      await this.talk.refresh();
    } catch (error) {
      this.say(error.message);
    }
  }

  async #article() {
    const { strings, talk } = this;
    const said = talk.state.messages.findLast(({ author }) => author === "agent");
    if (!said) return this.say(strings.nothingToRewrite);
    const title = await this.dialogs.line(strings.article, strings.articleText, strings.articleTitle, strings.article);
    if (!title) return;
    try {
      const made = await this.api.post(pathOf(talk.id, "article"), { title, message: said.id });
      this.shell.say(strings.done.article, false, [strings.openArticle, made.admin_url]);
    } catch (error) {
      this.say(error.message);
    }
  }
}
