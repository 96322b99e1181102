// The desk's socket: reconnects with full jitter, keeps the agent online, notices silence.
// What frames mean is for others; events are "frame", "state", "open" and "loggedout".

const BASE_DELAY = 500;
const MAX_DELAY = 30_000;
const RESTART_SPREAD = 5_000; // after 1012, a server that restarts: come back spread out
const OPEN_TIMEOUT = 10_000;
const HEARTBEAT = 20_000;
const ANSWER_WAIT = 10_000;
const FORBIDDEN = 4003;

export class Connection extends EventTarget {
  /** @param {{path: string, ticker: string}} options */
  constructor({ path, ticker }) {
    super();
    this.path = path;
    this.socket = null;
    this.state = "connecting"; // connecting | online | offline | ended
    this.attempt = 0;
    this.lastHeard = 0;
    this.lastBeat = 0;
    this.waitingSince = 0;
    window.addEventListener("online", () => this.hurry());
    window.addEventListener("offline", () => this.drop());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.hurry();
    });
    this.#tick(ticker);
  }

  #tick(ticker) {
    setInterval(() => this.#watch(), 1_000);
    try {
      new Worker(ticker).addEventListener("message", () => this.#watch());
    } catch {
      // the page's own timer has to do
    }
  }

  connect() {
    clearTimeout(this.timer);
    this.#detach();
    this.#setState(this.attempt > 1 ? "offline" : "connecting");
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}${this.path}`);
    this.socket = socket;
    this.openedAt = Date.now();
    socket.addEventListener("message", (event) => this.#received(socket, event));
    socket.addEventListener("close", (event) => {
      if (socket !== this.socket) return;
      this.socket = null;
      this.#lost(event.code);
    });
  }

  /** True: handed to an open socket, which is no proof that it arrived. */
  send(frame) {
    if (this.state !== "online") return false;
    this.socket.send(JSON.stringify(frame));
    return true;
  }

  hurry() {
    if (this.state === "online") return this.#beat();
    if (this.state !== "ended" && !this.socket) this.connect();
  }

  drop() {
    if (!this.socket) return;
    this.#detach();
    this.#lost(0);
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
    if (frame.type === "desk.hello") {
      this.attempt = 0;
      this.#setState("online");
      this.#beat();
    }
    this.dispatchEvent(new CustomEvent("frame", { detail: frame }));
  }

  #lost(code) {
    this.waitingSince = 0;
    if (code === FORBIDDEN) {
      this.#setState("ended");
      this.dispatchEvent(new Event("loggedout"));
      return;
    }
    this.attempt += 1;
    this.#setState(this.attempt > 1 || !navigator.onLine ? "offline" : "connecting");
    const ceiling = code === 1012 ? RESTART_SPREAD : Math.min(MAX_DELAY, BASE_DELAY * 2 ** this.attempt);
    this.timer = setTimeout(() => this.connect(), Math.random() * ceiling);
  }

  #beat() {
    this.lastBeat = Date.now();
    this.waitingSince ||= this.lastBeat;
    this.send({ type: "heartbeat" });
  }

  #watch() {
    const now = Date.now();
    if (this.socket && this.state !== "online" && now - this.openedAt > OPEN_TIMEOUT) this.drop();
    if (this.state !== "online") return;
    if (this.waitingSince && now - this.waitingSince > ANSWER_WAIT) this.drop();
    else if (now - this.lastBeat >= HEARTBEAT) this.#beat();
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
