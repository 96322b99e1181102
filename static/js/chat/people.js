// What the chat asks when people are in it: an address when nobody is online, and after a person
// resolved, whether it was solved and how it was. Also shows that the person is typing.

const TYPING_SHOWN = 5_000;

export class PeopleView {
  /** `on` holds contact(email), solved(answer), rate(score, comment); each returns false offline. */
  constructor({ contact, survey, typing, strings, fill, on }) {
    Object.assign(this, { contact, survey, typing, strings, fill, on });
    contact.addEventListener("submit", (event) => {
      event.preventDefault();
      const email = contact.email.value.trim();
      if (email) on.contact(email);
    });
    for (const button of survey.querySelectorAll("[data-solved]")) {
      button.addEventListener("click", () => on.solved(button.dataset.solved));
    }
    survey.addEventListener("submit", (event) => {
      event.preventDefault();
      const score = Number(new FormData(survey).get("score"));
      if (score) on.rate(score, survey.comment.value.trim());
    });
  }

  render(state) {
    this.contact.hidden = !(state.status === "waiting" && state.queue?.ask_email) || state.contactKept;
    const { survey } = state;
    const isAsked = Boolean(survey) && state.status === "resolved" && survey.score === null;
    if (this.survey.hidden && isAsked) this.survey.reset();
    this.survey.hidden = !isAsked;
    this.survey.querySelector("[data-first]").hidden = !isAsked || Boolean(survey.solved);
    this.survey.querySelector("[data-second]").hidden = !isAsked || !survey.solved;
  }

  type(name) {
    this.typing.textContent = this.fill(this.strings.agentTypes, { name });
    this.typing.hidden = false;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.rest(), TYPING_SHOWN);
  }

  rest() {
    this.typing.hidden = true;
    this.typing.textContent = "";
  }
}
