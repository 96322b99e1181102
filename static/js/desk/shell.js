// The frame around the panes: connection, availability, opening hours, toasts, the way to log in.

import { element, fill } from "../chat/dom.js";

const TOAST = 6_000;
const PEOPLE_FRESH = 30_000;
const KEEP_SAID = 12;

export class Shell {
  constructor({ part, strings, api, connection, login }) {
    Object.assign(this, { part, strings, api, connection, login });
    this.closesAt = Infinity;
    this.availability = part("availability");
    this.availability.addEventListener("change", () => this.#change(this.availability.value));
    const { lang } = document.documentElement;
    this.time = new Intl.DateTimeFormat(lang, { weekday: "short", hour: "2-digit", minute: "2-digit" });
  }

  /** Words for eyes and ears; `isQuiet`: for ears only. A link is [label, address or act]. */
  say(words, isQuiet = false, link = null) {
    if (!words) return;
    const region = this.part("announcer");
    region.append(element("p", {}, words));
    while (region.children.length > KEEP_SAID) region.firstElementChild.remove();
    if (isQuiet) return;
    const toast = this.part("toast");
    toast.replaceChildren(words);
    if (link) toast.append(" ", this.#link(...link));
    toast.hidden = false;
    clearTimeout(this.toastTimer);
    this.toastTimer = setTimeout(() => (toast.hidden = true), TOAST * (link ? 2 : 1));
  }

  #link(label, target) {
    if (typeof target === "string") return element("a", { href: target, target: "_blank", rel: "noopener" }, label);
    const button = element("button", { type: "button" }, label);
    button.addEventListener("click", () => {
      this.part("toast").hidden = true;
      target();
    });
    return button;
  }

  showConnection(state) {
    const label = this.part("connection");
    label.dataset.state = state === "ended" ? "offline" : state;
    label.querySelector("span").textContent = this.strings[label.dataset.state] ?? "";
    if (state === "ended") return;
    const banner = this.part("banner");
    banner.hidden = state !== "offline";
    if (state === "offline") banner.replaceChildren(this.strings.offlineBanner);
  }

  loggedOut() {
    const banner = this.part("banner");
    banner.replaceChildren(`${this.strings.loggedOut} `, element("a", { href: this.login }, this.strings.logIn));
    banner.hidden = false;
  }

  showMe(me) {
    this.showAvailability(me.availability);
    const { open, changes_at: changes } = me.hours;
    this.closesAt = open && changes ? Date.parse(changes) : Infinity;
    const hours = this.part("hours");
    hours.hidden = open || !changes;
    hours.textContent = hours.hidden ? "" : fill(this.strings.closedUntil, { time: this.time.format(new Date(changes)) });
  }

  showAvailability(value) {
    if (!value || document.activeElement === this.availability) return;
    this.availability.value = value;
    this.part("availability-box").dataset.state = value;
  }

  async #change(availability) {
    this.part("availability-box").dataset.state = availability;
    try {
      this.showMe(await this.api.patch("me/", { availability }));
    } catch (error) {
      this.say(error.message);
      this.showMe(await this.api.get("me/"));
    }
  }

  event(event) {
    if (event.event === "agent.availability") this.people = null;
  }

  know(people) {
    this.people = people;
    this.peopleAt = Date.now();
  }

  /** Agents and teams; asked again when they may have changed. */
  async colleagues(isFresh = false) {
    if (!this.people || isFresh || Date.now() - this.peopleAt > PEOPLE_FRESH) this.know(await this.api.get("agents/"));
    return this.people;
  }
}
