// In: what the page wants to see. Out: decoded frames, over one WebSocket that comes back by itself.

import { decode } from "./frames.js";

const FIRST_WAIT = 500;
const LONGEST_WAIT = 15_000;
const SILENCE = 6_000; // the station sends a state at least every two seconds

export class Link {
  /** @param {{frame: function(object): void, up: function(): void, down: function(number): void}} told */
  constructor(told) {
    this.told = told;
    this.wait = FIRST_WAIT;
    this.wanted = { view: "overview" };
    this.watchdog = 0;
    this.open();
  }

  open() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    this.socket = new WebSocket(new URL(`${scheme}://${location.host}${new URL("live", location.href).pathname}`));
    this.socket.binaryType = "arraybuffer";
    this.socket.onopen = () => this.opened();
    this.socket.onmessage = (event) => this.heard(event.data);
    this.socket.onclose = (event) => this.closed(event.code);
  }

  /** Asks for another view: {view: "overview"} or {view: "bed", bed: number}. */
  ask(wanted) {
    this.wanted = wanted;
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(wanted));
  }

  opened() {
    this.wait = FIRST_WAIT;
    this.told.up();
    this.ask(this.wanted);
    this.listen();
  }

  heard(data) {
    this.listen();
    this.told.frame(decode(data));
  }

  // A cable that was pulled says nothing: silence counts as a lost connection.
  listen() {
    clearTimeout(this.watchdog);
    this.watchdog = setTimeout(() => this.socket.close(), SILENCE);
  }

  closed(code) {
    clearTimeout(this.watchdog);
    if (code === 4401) {
      location.assign("login");
      return;
    }
    this.told.down(this.wait);
    setTimeout(() => this.open(), this.wait);
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
  }
}
