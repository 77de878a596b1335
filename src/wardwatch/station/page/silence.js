// In: a bed's alarms, and what is silenced of them. Out: buttons that pause, acknowledge, or let them sound again.

import { tell } from "./admission.js";
import { build, say } from "./build.js";

/** Only there for those who may; the station holds that, too. What is shown of an alarm never goes away by it. */
export class Silence {
  constructor(bed) {
    this.bed = bed;
    this.pause = this.button("Pause sound, 2 minutes", "pause");
    this.acknowledge = this.button("Acknowledge alarms", "acknowledge");
    this.sound = this.button("Let them sound again", "sound");
    this.state = build("p", { class: "quiet", role: "status" });
    this.said = build("p", { class: "quiet", role: "status" });
    this.buttons = build("div", { class: "buttons", role: "group", "aria-label": "Sound of alarms", hidden: true }, this.pause, this.acknowledge, this.sound);
    this.element = build("div", { class: "silence" }, this.buttons, this.state, this.said);
  }

  button(text, what) {
    return build("button", { type: "button", click: () => this.decide(what) }, text);
  }

  allow(may) {
    this.buttons.hidden = !may;
  }

  // Buttons stay where they are and stay reachable: one that vanished under a finger or the keyboard's focus would be worse.
  show(bed) {
    const sounding = bed.alarms.some((each) => !each.quiet);
    this.pause.setAttribute("aria-disabled", String(!sounding));
    this.acknowledge.setAttribute("aria-disabled", String(!bed.alarms.some((each) => each.quiet !== "acknowledged")));
    this.sound.setAttribute("aria-disabled", String(!bed.quiet));
    say(this.state, bed.quiet);
  }

  async decide(what) {
    const answer = await tell("api/silence", { bed: this.bed, what });
    say(this.said, answer === "Done." ? "" : answer);
  }
}
