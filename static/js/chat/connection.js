// The socket: opens the conversation on first use, reconnects with full jitter, resumes after the
// last durable frame, notices silence. It knows frames by their type only.
//
// Close codes 4001 and 4003 (and an error "not_found" before the first other frame) mean that the
// conversation's key is refused: it is given up. Every other end is followed by another try, after
// 4029 (too much at once) a slow one. A "key.renewed" frame brings the key to use from then on.

const BASE_DELAY = 500;
const MAX_DELAY = 30_000;
const RESTART_SPREAD = 5_000; // after 1012, a server that restarts: come back spread out
const OPEN_TIMEOUT = 10_000;
const HEARTBEAT = 25_000;
const WATCHDOG = 20_000; // no frame for so long while an answer is made: ask for a replay
const ANSWER_WAIT = 8_000; // no answer to a ping or a replay for so long: the socket is dead
const REFUSED = new Set([4001, 4003]);
const SLOW_DOWN = 4029;
const SLOW_WAIT = 30_000;

export class Connection extends EventTarget {
  /**
   * @param {{createUrl: string, lastSeq: () => number, isGenerating: () => boolean,
   *   newest: (conversation) => object}} options newest: what another tab has kept meanwhile
   */
  constructor(options) {
    super();
    this.options = options;
    this.conversation = null; // {id, token, socket}
    this.socket = null;
    this.state = "idle"; // idle | connecting | online | offline
    this.attempt = 0;
    this.lastHeard = 0;
    this.waitingSince = 0;
    this.isCreating = false;
    this.pause = 0; // milliseconds that the server asked for before the next try
    window.addEventListener("online", () => this.hurry());
    window.addEventListener("offline", () => this.drop());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.hurry();
    });
    setInterval(() => this.#watch(), 1_000);
  }

  /** Use a conversation that exists already. */
  open(conversation) {
    this.conversation = conversation;
    this.#connect();
  }

  /** Make a conversation unless there is one. A failure is an event and is tried again. */
  async ensure() {
    if (this.conversation || this.isCreating) return this.hurry();
    this.isCreating = true;
    this.#setState(this.attempt > 1 ? "offline" : "connecting");
    try {
      const response = await fetch(this.options.createUrl, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ channel: "web" }),
        credentials: "omit",
        signal: AbortSignal.timeout(OPEN_TIMEOUT),
      });
      if (response.status === 429) this.#tellSlow(response);
      if (!response.ok) throw new Error(`status ${response.status}`);
      const conversation = await response.json();
      this.dispatchEvent(new CustomEvent("created", { detail: conversation }));
      this.open(conversation);
    } catch {
      this.#setState("offline");
      this.dispatchEvent(new CustomEvent("unreachable"));
      this.#later(() => this.ensure());
    } finally {
      this.isCreating = false;
    }
  }

  /** True: handed to an open socket, which is no proof that it arrived. */
  send(frame) {
    if (this.state !== "online") return false;
    this.socket.send(JSON.stringify(frame));
    return true;
  }

  /** Ask for what is missing. The ping after it gets an answer even where nothing is. */
  resume() {
    this.send({ type: "resume", after: this.options.lastSeq() });
    this.#ping();
  }

  /** The reader is here or the network is back: try now, or check that the socket lives. */
  hurry() {
    if (this.state === "online") return this.#ping();
    if (this.conversation && this.state !== "connecting") this.#connect();
    else if (!this.conversation && this.state === "offline" && !this.isCreating) this.ensure();
  }

  /** Leave the conversation for good. */
  close() {
    this.conversation = null;
    this.#detach();
    clearTimeout(this.timer);
    this.attempt = 0;
    this.#setState("idle");
  }

  /** The network is gone, or the socket is dead without knowing it. */
  drop() {
    if (!this.socket) return;
    this.#detach();
    this.#lost(0);
  }

  /** Too many new conversations from here: come back when the server said. */
  #tellSlow(response) {
    const seconds = Number(response.headers.get("Retry-After")) || SLOW_WAIT / 1_000;
    this.pause = seconds * 1_000;
    this.dispatchEvent(new CustomEvent("slow", { detail: seconds }));
  }

  #connect() {
    clearTimeout(this.timer);
    this.#detach();
    this.conversation = this.options.newest(this.conversation);
    this.#setState(this.attempt > 1 ? "offline" : "connecting");
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}${this.conversation.socket}`);
    this.socket = socket;
    this.openedAt = Date.now();
    socket.addEventListener("open", () => this.#opened(socket));
    socket.addEventListener("message", (event) => this.#received(socket, event));
    socket.addEventListener("close", (event) => {
      if (socket !== this.socket) return;
      this.socket = null;
      this.#lost(event.code);
    });
  }

  #opened(socket) {
    if (socket !== this.socket) return;
    this.lastHeard = Date.now();
    this.#setState("online");
    this.resume();
    this.dispatchEvent(new CustomEvent("open"));
  }

  #received(socket, event) {
    if (socket !== this.socket) return;
    this.lastHeard = Date.now();
    this.waitingSince = 0;
    let frame;
    try {
      frame = JSON.parse(event.data);
    } catch {
      return; // not ours
    }
    const isRefusal = frame.type === "error" && frame.code === "not_found" && !frame.client_id;
    if (isRefusal && !this.heardWell) return; // the close code that follows decides
    this.heardWell = true;
    this.attempt = 0;
    if (frame.type === "key.renewed") return this.#keepKey(frame);
    this.dispatchEvent(new CustomEvent("frame", { detail: frame }));
  }

  #keepKey({ token, socket }) {
    this.conversation = { ...this.conversation, token, socket };
    this.dispatchEvent(new CustomEvent("renewed", { detail: this.conversation }));
    this.send({ type: "key.kept" });
  }

  #lost(code) {
    this.heardWell = false;
    this.waitingSince = 0;
    if (REFUSED.has(code)) {
      this.close();
      this.dispatchEvent(new CustomEvent("refused"));
      return;
    }
    this.attempt += 1;
    if (code === SLOW_DOWN) this.pause = SLOW_WAIT;
    this.#setState(this.attempt > 1 || !navigator.onLine ? "offline" : "connecting");
    this.#later(() => this.conversation && this.#connect(), code === 1012 ? RESTART_SPREAD : 0);
  }

  #later(action, spread = 0) {
    clearTimeout(this.timer);
    const ceiling = spread || Math.min(MAX_DELAY, BASE_DELAY * 2 ** this.attempt);
    if (!this.conversation) this.attempt += 1;
    this.timer = setTimeout(action, this.pause + Math.random() * ceiling);
    this.pause = 0;
  }

  #ping() {
    if (this.state !== "online") return;
    this.waitingSince ||= Date.now();
    this.send({ type: "ping" });
  }

  #watch() {
    const now = Date.now();
    if (this.socket?.readyState === WebSocket.CONNECTING) {
      if (now - this.openedAt > OPEN_TIMEOUT) this.drop();
      return;
    }
    if (this.state !== "online") return;
    if (this.waitingSince) {
      if (now - this.waitingSince > ANSWER_WAIT) this.drop();
      return;
    }
    const silence = now - this.lastHeard;
    if (this.options.isGenerating() && silence > WATCHDOG) this.resume();
    else if (silence > HEARTBEAT) this.#ping();
  }

  #detach() {
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  #setState(state) {
    if (state === this.state) return;
    this.state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: state }));
  }
}
