// In: one bed's state, samples and history. Out: its own page: all leads, numbers, limits, events, trends, exposure.

import { Admission } from "./admission.js";
import { build, mark, say } from "./build.js";
import { drawEvidence } from "./evidence.js";
import { RATES, SIGNALS } from "./frames.js";
import { Number_ } from "./numbers.js";
import { palette } from "./overview.js";
import { Sweep } from "./sweep.js";
import { Silence } from "./silence.js";
import { words } from "./tile.js";
import { drawTrends } from "./trends.js";

const KEYS = ["HR", "SpO2", "RR", "PR", "NIBP", "T"];
const NAMES = { PLETH: "Pleth", RESP: "Resp" };
const ACROSS = 8; // seconds
const REFRESH = 60_000;

export class BedPage {
  constructor(main, bed) {
    this.bed = bed;
    this.who = build("p", { class: "who" });
    this.note = build("p", { class: "note", role: "status" });
    this.alarms = build("ul", { class: "alarms", role: "status", "aria-label": "Alarms" });
    this.numbers = new Map(KEYS.map((key) => [key, new Number_(key)]));
    this.why = build("ul", { class: "why" });
    this.exposure = build("p", { class: "exposure" });
    this.canvas = build("canvas", { "aria-hidden": "true" });
    this.limits = build("tbody");
    this.admission = new Admission();
    this.silence = new Silence(bed);
    this.events = build("ol", { class: "events" });
    this.changes = build("ol", { class: "events" });
    this.proof = build("div");
    this.trends = build("div");
    main.replaceChildren(this.layOut());
    this.sweep = new Sweep(this.canvas, SIGNALS.map((signal) => ({ signal, rate: RATES[signal] })), ACROSS);
    this.fit = this.fit.bind(this);
    addEventListener("resize", this.fit);
    this.fit();
    this.load();
    this.timer = setInterval(() => this.load(), REFRESH);
  }

  layOut() {
    const limits = build(
      "table",
      {},
      build("thead", {}, build("tr", {}, ...["Alarm", "Low", "High", "State"].map((each) => build("th", { scope: "col" }, each)))),
      this.limits,
    );
    return build(
      "div",
      { class: "bed" },
      build("div", { class: "top" }, this.who, this.note, this.alarms),
      this.silence.element,
      build("div", { class: "live" }, build("div", { class: "waves" }, this.canvas, leads()), build("dl", { class: "numbers" }, ...[...this.numbers.values()].map((each) => each.element))),
      part("Is the display true?", this.why, this.proof),
      part("Does the device call out?", this.exposure),
      this.trends,
      part("Alarm limits", limits, build("h3", {}, "Changes of limits"), this.changes),
      part("Events", this.events),
      this.admission.element,
    );
  }

  show(state) {
    const bed = state.beds.find((each) => each.bed === this.bed);
    if (bed) this.showBed(bed);
    if (state.detail?.bed === this.bed) this.showDetail(state.detail);
  }

  showBed(bed) {
    say(document.getElementById("title"), bed.name);
    say(this.who, bed.patient ?? "The patient's name is hidden from this account.");
    say(this.note, bed.note);
    mark(this.canvas.parentElement, "state", bed.state);
    for (const number of bed.numbers) this.numbers.get(number.key)?.show(number);
    list(this.alarms, bed.alarms.map(words));
    bed.alarms.forEach((each, at) => mark(this.alarms.children[at], "alarm", each.priority));
    this.silence.show(bed);
    list(this.why, bed.numbers.filter((each) => each.why).map((each) => `${each.key}: ${each.why}`));
    say(this.exposure, bed.exposure.text);
    mark(this.exposure, "state", bed.exposure.state);
  }

  showDetail(detail) {
    list(this.events, detail.events.map((each) => `${each.time}  ${each.text}`));
    list(this.changes, detail.changes.map((each) => `${each.time}  ${each.text}`));
    this.admission.show(detail.session, detail.beds);
    this.silence.allow(detail.silence);
    this.limits.replaceChildren(...detail.limits.map(limitRow));
    const proofs = JSON.stringify(detail.evidence);
    if (proofs !== this.shownProofs) {
      this.shownProofs = proofs;
      this.proof.replaceChildren(...detail.evidence.map((each) => drawEvidence(each, palette(this.canvas))));
    }
  }

  async load() {
    const answer = await fetch(`api/beds/${this.bed}/trends`).catch(() => null);
    if (answer?.ok) this.trends.replaceChildren(drawTrends(await answer.json()));
  }

  take(sets) {
    for (const set of sets) if (set.bed === this.bed) this.sweep.take(set.waves);
  }

  draw(elapsed) {
    this.sweep.draw(elapsed);
  }

  fit() {
    this.sweep.fit(palette(this.canvas));
  }

  close() {
    clearInterval(this.timer);
    removeEventListener("resize", this.fit);
  }
}

/** What each wave is, in the order in which they are drawn. */
function leads() {
  return build("ul", { class: "leads", "aria-label": "Waves" }, ...SIGNALS.map((each) => build("li", { "data-signal": each }, NAMES[each] ?? each)));
}

function part(title, ...children) {
  return build("section", {}, build("h2", {}, title), ...children);
}

function list(element, texts) {
  if (element.dataset.texts === texts.join("\n")) return;
  element.dataset.texts = texts.join("\n");
  element.replaceChildren(...texts.map((each) => build("li", {}, each)));
}

function limitRow(limit) {
  const cells = [limit.low, limit.high, limit.on].map((each) => build("td", {}, each));
  return build("tr", {}, build("th", { scope: "row" }, limit.key), ...cells);
}
