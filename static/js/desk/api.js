// The desk's REST interface. Every failure is a DeskError whose message can be shown to a person.

const PATIENCE = 15_000;
/** A model that rewrites on a busy machine; the server itself gives up before. */
export const MODEL_PATIENCE = 40_000;

export class DeskError extends Error {
  constructor(status, body, fallback) {
    super(body?.detail && typeof body.detail === "string" ? body.detail : fallback);
    this.status = status;
    this.code = body?.code ?? (status ? "unexpected" : "offline");
    this.body = body ?? {};
  }
}

export class Api extends EventTarget {
  constructor({ base, failed, offline, slow }) {
    super();
    this.slow = slow;
    this.base = base;
    this.failed = failed;
    this.offline = offline;
  }

  get(path) {
    return this.#ask("GET", path);
  }

  /** `patience`: milliseconds until the answer is given up. */
  post(path, body = {}, patience = PATIENCE) {
    return this.#ask("POST", path, body, { patience });
  }

  /** `keepalive` lets the request outlive the page. */
  put(path, body, keepalive = false) {
    return this.#ask("PUT", path, body, { keepalive });
  }

  patch(path, body) {
    return this.#ask("PATCH", path, body);
  }

  remove(path) {
    return this.#ask("DELETE", path);
  }

  async #ask(method, path, body, { keepalive = false, patience = PATIENCE } = {}) {
    let response;
    try {
      response = await fetch(this.base + path, {
        method,
        keepalive,
        headers: method === "GET" ? {} : this.#headers(),
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: keepalive ? undefined : AbortSignal.timeout(patience),
      });
    } catch (error) {
      throw new DeskError(0, null, error.name === "TimeoutError" ? this.slow : this.offline);
    }
    if (response.status === 204) return null;
    const answer = await response.json().catch(() => null);
    if (response.ok) return answer;
    if (response.status === 401) this.dispatchEvent(new Event("loggedout"));
    throw new DeskError(response.status, answer, this.failed);
  }

  #headers() {
    const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
    return { "Content-Type": "application/json", "X-CSRFToken": token };
  }
}

/** Where the parts of one conversation are, below the desk's address. */
export function pathOf(conversation, part = "") {
  return `conversations/${conversation}/${part ? `${part}/` : ""}`;
}
