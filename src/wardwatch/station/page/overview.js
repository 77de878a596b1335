// In: the state of all beds. Out: tiles that all fit on one screen, however many there are (up to 64).

import { Tile } from "./tile.js";
import { build } from "./build.js";

const SHAPE = 1.9; // width of a tile by its height at which both waves and numbers are read well
const NARROW = 640; // pixels: below this tiles stand below each other and the page scrolls

export class Overview {
  constructor(main) {
    this.tiles = new Map();
    this.element = build("div", { class: "tiles" });
    main.replaceChildren(this.element);
    this.fit = this.fit.bind(this);
    addEventListener("resize", this.fit);
  }

  show(state) {
    const before = this.tiles.size;
    for (const bed of state.beds) this.tile(bed.bed).show(bed);
    for (const gone of state.gone ?? []) this.remove(gone);
    if (this.tiles.size !== before) this.fit();
  }

  tile(bed) {
    if (!this.tiles.has(bed)) {
      const tile = new Tile(bed);
      const next = [...this.tiles.keys()].filter((each) => each > bed).sort((a, b) => a - b)[0];
      this.element.insertBefore(tile.element, this.tiles.get(next)?.element ?? null);
      this.tiles.set(bed, tile);
    }
    return this.tiles.get(bed);
  }

  remove(bed) {
    this.tiles.get(bed)?.element.remove();
    this.tiles.delete(bed);
  }

  take(sets) {
    for (const set of sets) this.tiles.get(set.bed)?.sweep.take(set.waves);
  }

  draw(elapsed) {
    for (const tile of this.tiles.values()) tile.sweep.draw(elapsed);
  }

  fit() {
    const columns = innerWidth < NARROW ? 1 : bestColumns(this.tiles.size, innerWidth / this.height());
    this.element.style.setProperty("--columns", columns);
    this.element.style.setProperty("--rows", Math.ceil(this.tiles.size / columns));
    this.element.dataset.size = this.tiles.size > 36 ? "small" : this.tiles.size > 12 ? "medium" : "large";
    const colours = palette(this.element);
    for (const tile of this.tiles.values()) tile.sweep.fit(colours);
  }

  height() {
    return Math.max(200, innerHeight - this.element.getBoundingClientRect().top);
  }

  close() {
    removeEventListener("resize", this.fit);
  }
}

function bestColumns(count, screen) {
  let best = 1;
  let closest = Infinity;
  for (let columns = 1; columns <= Math.max(1, count); columns += 1) {
    const shape = (screen * Math.ceil(count / columns)) / columns;
    const off = Math.abs(Math.log(shape / SHAPE));
    if (off < closest) [best, closest] = [columns, off];
  }
  return best;
}

/** The colours of the waves and of the ground they are drawn on, as the style sheet has them now. */
export function palette(element) {
  const style = getComputedStyle(element);
  const of = (name) => style.getPropertyValue(name).trim();
  return { paper: of("--screen"), I: of("--ecg"), II: of("--ecg"), III: of("--ecg"), PLETH: of("--spo2"), RESP: of("--resp") };
}
