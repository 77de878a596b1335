// In: the session of a monitor, and the beds there are. Out: a form that gives the monitor to a bed, or takes it back.

import { build, say } from "./build.js";

/** Asks the station for something that changes it. @returns {Promise<string>} what it answered */
export async function tell(what, body) {
  const token = document.cookie.match(/(?:^|; )(?:__Host-)?csrf=([^;]+)/)?.[1] ?? "";
  const headers = { "X-CSRF-Token": decodeURIComponent(token), "Content-Type": "application/json" };
  const answer = await fetch(what, { method: "POST", headers, body: JSON.stringify(body) }).catch(() => null);
  return answer ? answer.text() : "The station did not answer.";
}

/** Only there for those who may decide; the station holds that, too. */
export class Admission {
  constructor() {
    this.session = null;
    this.bed = build("select", { id: "to-bed" });
    this.said = build("p", { role: "status" });
    this.element = build(
      "section",
      { class: "admission", hidden: true },
      build("h2", {}, "Which bed is this monitor at?"),
      build("label", { for: "to-bed" }, "Bed "),
      this.bed,
      build("button", { type: "button", click: () => this.decide("api/admit", { bed: this.bed.value }) }, "Give it to this bed"),
      build("button", { type: "button", click: () => this.decide("api/release", {}) }, "Let the rules decide"),
      this.said,
    );
  }

  show(session, beds) {
    this.session = session;
    this.element.hidden = session === null;
    if (this.bed.options.length !== beds.length) this.bed.replaceChildren(...beds.map((each) => build("option", {}, each)));
  }

  async decide(what, more) {
    say(this.said, await tell(what, { session: this.session, ...more }));
  }
}
