// In: one bed's state and its samples. Out: its tile on the overview.

import { build, mark, say } from "./build.js";
import { RATES } from "./frames.js";
import { Number_ } from "./numbers.js";
import { Sweep } from "./sweep.js";

const KEYS = ["HR", "SpO2", "RR", "NIBP", "T"];
const PRIORITY = { high: "!!!", medium: "!!", low: "!" };

export class Tile {
  /** @param {number} bed @param {string} signal the ECG lead that is drawn */
  constructor(bed, signal = "II") {
    this.name = build("a", { href: `#bed/${bed}` });
    this.who = build("span", { class: "who" });
    this.alarm = build("p", { class: "alarm", role: "status" });
    this.note = build("p", { class: "note" });
    this.exposure = build("span", { class: "exposure" });
    this.canvas = build("canvas", { "aria-hidden": "true" });
    this.numbers = new Map(KEYS.map((key) => [key, new Number_(key)]));
    this.element = build(
      "article",
      { class: "tile" },
      build("header", {}, build("h2", {}, this.name), this.who, this.exposure),
      build("div", { class: "waves" }, this.canvas, this.note),
      build("dl", { class: "numbers" }, ...[...this.numbers.values()].map((each) => each.element)),
      this.alarm,
    );
    this.element.addEventListener("click", () => (location.hash = `bed/${bed}`)); // by keyboard: the link
    this.sweep = new Sweep(this.canvas, [row(signal), row("PLETH")]);
  }

  show(state) {
    say(this.name, state.name);
    say(this.who, state.patient ?? "name hidden");
    say(this.note, state.note);
    say(this.exposure, state.exposure.mark);
    this.exposure.title = state.exposure.text;
    mark(this.exposure, "state", state.exposure.state);
    mark(this.element, "state", state.state);
    const worst = state.alarms[0];
    mark(this.element, "alarm", worst?.priority ?? "");
    say(this.alarm, worst ? words(worst) : "");
    for (const number of state.numbers) this.numbers.get(number.key)?.show(number);
  }
}

/** What an alarm says of itself: how urgent, what, and whether its sound is silenced. */
export function words(alarm) {
  return `${PRIORITY[alarm.priority]} ${alarm.text}${alarm.quiet ? ` (${alarm.quiet})` : ""}`;
}

function row(signal) {
  return { signal, rate: RATES[signal] };
}
