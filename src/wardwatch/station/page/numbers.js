// In: the numbers of one bed. Out: how they look: value, truth mark and what the waveform gives, never by colour alone.

import { build, mark, say } from "./build.js";

const TRUTH = {
  verified: ["\u2713", "verified"],
  "cannot verify": ["?", "cannot verify"],
  disagrees: ["\u2260", "disagrees"],
  "not derivable": ["\u00b7", "cannot be derived from what is sent"],
};
const SPOKEN = { HR: "heart rate", SpO2: "oxygen saturation", RR: "respiration rate", PR: "pulse rate", NIBP: "blood pressure", T: "temperature" };

/** One number on a tile or on a bed's page. */
export class Number_ {
  constructor(key) {
    this.value = build("span", { class: "value" });
    this.truth = build("span", { class: "truth", "aria-hidden": "true" });
    this.spoken = build("span", { class: "spoken" });
    this.unit = build("span", { class: "unit" });
    this.element = build(
      "div",
      { class: "number", "data-key": key },
      build("dt", {}, build("abbr", { title: SPOKEN[key] ?? key }, key), this.unit),
      build("dd", {}, this.value, this.truth, this.spoken),
    );
  }

  show(number) {
    const [shape, word] = TRUTH[number.truth] ?? TRUTH["cannot verify"];
    const derived = number.derived ? ` ${number.derived}` : "";
    say(this.value, number.shown || "--");
    say(this.unit, number.unit);
    say(this.truth, number.truth === "disagrees" ? `${shape}${derived}` : shape);
    say(this.spoken, ` ${word}${number.truth === "disagrees" ? `, the waveform gives${derived}` : ""}`);
    mark(this.element, "truth", number.truth);
    mark(this.element, "alarm", number.alarm);
    if (this.element.title !== number.why) this.element.title = number.why;
  }
}
