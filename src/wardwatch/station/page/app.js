// In: frames from the station and what the user presses. Out: the view that was asked for, drawn at up to 30 frames a second.

import { tell } from "./admission.js";
import { BedPage } from "./bed.js";
import { mark, say } from "./build.js";
import { Link } from "./link.js";
import { Overview } from "./overview.js";
import { Sound } from "./sound.js";

const FRAME = 1000 / 30;
const SCREEN = 64; // beds
const RANK = ["high", "medium", "low"];

const at = (id) => document.getElementById(id);
const main = at("main");
const sound = new Sound();
const beds = new Map();
let view = null;
let then = performance.now();
let first = 0; // of the beds of the overview
let total = 0;

const link = new Link({ frame: take, up: () => telling("live", "Live"), down: lost });

function take(frame) {
  if (frame.sets) view.take(frame.sets);
  if (frame.state) show(frame.state);
}

function show(state) {
  for (const bed of state.beds) beds.set(bed.bed, bed);
  for (const gone of state.gone ?? []) beds.delete(gone);
  view.show(state);
  say(at("trouble"), state.troubles.length ? `Station: ${state.troubles.join("; ")}` : "");
  if (view instanceof Overview) showPlace(state);
  summarise();
}

function showPlace(state) {
  total = state.total;
  const shown = view.tiles.size;
  const part = state.total > shown ? `${state.first + 1} to ${state.first + shown} of ` : "";
  say(at("title"), `${part}${state.total} ${state.total === 1 ? "bed" : "beds"}`);
  at("next").hidden = state.total <= SCREEN;
}

function summarise() {
  const all = [...beds.values()];
  const lying = all.filter((bed) => bed.numbers.some((number) => number.truth === "disagrees"));
  const silent = all.filter((bed) => bed.state === "silent");
  const words = [];
  if (lying.length) words.push(`display and waveform disagree at ${names(lying)}`);
  if (silent.length) words.push(`no data from ${names(silent)}`);
  say(at("summary"), words.join("; "));
  const alarms = new Set(all.flatMap((bed) => bed.alarms.filter((each) => !each.quiet).map((each) => each.priority)));
  sound.tell(RANK.find((each) => alarms.has(each)) ?? "");
}

function names(some) {
  const first = some.slice(0, 4).map((bed) => bed.name).join(", ");
  return some.length > 4 ? `${first} and ${some.length - 4} more` : first;
}

function route() {
  view?.close();
  const wanted = /^#bed\/(\d+)$/.exec(location.hash);
  at("back").hidden = !wanted;
  at("next").hidden = true;
  if (wanted) {
    view = new BedPage(main, Number(wanted[1]));
    link.ask({ view: "bed", bed: Number(wanted[1]) });
  } else {
    view = new Overview(main);
    link.ask({ view: "overview", first });
  }
  window.view = view;
}

function telling(state, words) {
  mark(at("link"), "state", state);
  say(at("link"), words);
}

function lost(wait) {
  telling("lost", `Connection lost. Trying again in ${Math.ceil(wait / 1000)} s. What is drawn is old.`);
}

let frames = 0;
function draw(now) {
  if (now - then >= FRAME - 2) {
    view.draw(Math.min(1, (now - then) / 1000));
    then = now;
    frames += 1;
  }
  requestAnimationFrame(draw);
}

/** Frames drawn since the page was opened: what the tests count. */
window.framesDrawn = () => frames;

at("back").addEventListener("click", () => {
  location.hash = "";
});
at("next").addEventListener("click", () => {
  first = first + SCREEN < total ? first + SCREEN : 0;
  beds.clear();
  route();
});
at("speak").addEventListener("click", (event) => {
  const on = sound.turn();
  event.currentTarget.setAttribute("aria-pressed", String(on));
  say(event.currentTarget, on ? "Sound on" : "Sound off");
  summarise();
});
at("light").addEventListener("click", (event) => {
  const light = document.documentElement.dataset.light !== "on";
  document.documentElement.dataset.light = light ? "on" : "off";
  localStorage.setItem("light", light ? "on" : "off");
  say(event.currentTarget, light ? "Dark" : "Light");
  view.fit();
});
at("leave").addEventListener("click", async () => {
  await tell("logout", {});
  location.assign("login");
});
addEventListener("hashchange", () => {
  route();
  at("title").focus();
});
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && location.hash) location.hash = "";
});

document.documentElement.dataset.light = localStorage.getItem("light") ?? "off";
route();
requestAnimationFrame(draw);
