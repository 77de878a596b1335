// In: samples a second at a time. Out: one wave drawn across a canvas at true speed, only the new piece at each frame.
//
// The picture never moves: a bar of empty space runs ahead of the pen, as on bedside monitors. Samples wait in a queue
// of at most `DEEP` seconds; the pen draws them at the rate at which they were taken, and faster while too many wait.

const SECONDS_ACROSS = 6;
const DEEP = 4;
const AHEAD = 14; // pixels kept empty before the pen
const LATE = 0.15; // seconds of samples kept in hand, against jitter
const CATCH_UP = 0.5; // how much faster the pen runs at most, and for each second it is behind

export class Sweep {
  /** @param {HTMLCanvasElement} canvas @param {Array<{signal: string, rate: number}>} rows from top to bottom */
  constructor(canvas, rows, acrossSeconds = SECONDS_ACROSS) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d", { alpha: false, desynchronized: true });
    this.across = acrossSeconds;
    this.rows = rows.map((row) => new Row(row.signal, row.rate));
    this.at = 0; // seconds drawn since the left edge was first left
    this.started = false;
    this.behind = 0; // seconds in hand beyond `LATE` when the last second came
    this.colours = {};
  }

  /** Fits the canvas to its place on the screen and begins at the left edge. */
  fit(colours) {
    const ratio = window.devicePixelRatio || 1;
    const box = this.canvas.getBoundingClientRect();
    this.canvas.width = Math.max(1, Math.round(box.width * ratio));
    this.canvas.height = Math.max(1, Math.round(box.height * ratio));
    this.ratio = ratio;
    this.colours = colours;
    this.pen.fillStyle = colours.paper;
    this.pen.fillRect(0, 0, this.canvas.width, this.canvas.height);
    this.at = 0;
    for (const row of this.rows) row.last = null;
  }

  /** One second of samples for each signal that has them. */
  take(waves) {
    this.behind = Math.max(0, this.inHand() - LATE);
    for (const row of this.rows) if (waves[row.signal]) row.take(waves[row.signal]);
    if (!this.started && this.inHand() > LATE) this.started = true;
  }

  inHand() {
    return Math.max(...this.rows.map((row) => row.left / row.rate));
  }

  /** Draws what became due in the last `elapsed` seconds. */
  draw(elapsed) {
    if (!this.started) return;
    const inHand = this.inHand();
    if (inHand <= 0) {
      this.started = false;
      return;
    }
    const due = Math.min(elapsed * (1 + CATCH_UP * Math.min(this.behind, 1)), inHand);
    const width = this.canvas.width;
    const from = (this.at / this.across) * width;
    this.at += due;
    const to = (this.at / this.across) * width;
    this.erase(from, to);
    this.rows.forEach((row, index) => this.strokeRow(row, index, due, from, to));
    if (this.at >= this.across) this.turn();
  }

  erase(from, to) {
    const ahead = AHEAD * this.ratio;
    this.pen.fillStyle = this.colours.paper;
    this.pen.fillRect(Math.floor(from) + 1, 0, Math.ceil(to - from + ahead), this.canvas.height);
    const over = to + ahead - this.canvas.width;
    if (over > 0) this.pen.fillRect(0, 0, over, this.canvas.height);
  }

  strokeRow(row, index, due, from, to) {
    const samples = row.draw(due);
    if (samples.length === 0) return;
    const height = this.canvas.height / this.rows.length;
    const top = index * height + height * 0.03;
    const scale = (height * 0.94) / 255;
    const step = (to - from) / samples.length;
    const pen = this.pen;
    pen.strokeStyle = this.colours[row.signal];
    pen.lineWidth = 1.25 * this.ratio;
    pen.lineJoin = "round";
    pen.beginPath();
    let x = from;
    if (row.last === null) row.last = top + (255 - samples[0]) * scale;
    pen.moveTo(x, row.last);
    for (const sample of samples) {
      x += step;
      row.last = top + (255 - sample) * scale;
      pen.lineTo(x, row.last);
    }
    pen.stroke();
  }

  turn() {
    this.at = 0;
    for (const row of this.rows) row.last = null;
  }
}

class Row {
  constructor(signal, rate) {
    this.signal = signal;
    this.rate = rate;
    this.queue = [];
    this.left = 0; // samples waiting
    this.used = 0; // samples drawn of the first piece
    this.owed = 0; // part of a sample that is due
    this.last = null; // height of the pen
  }

  take(samples) {
    this.queue.push(samples);
    this.left += samples.length;
    while (this.left > DEEP * this.rate) this.drop();
  }

  drop() {
    this.left -= this.queue.shift().length - this.used;
    this.used = 0;
    this.last = null;
  }

  draw(seconds) {
    this.owed += seconds * this.rate;
    const count = Math.min(Math.floor(this.owed), this.left);
    this.owed -= Math.floor(this.owed);
    const out = new Uint8Array(count);
    for (let filled = 0; filled < count; ) {
      const piece = this.queue[0].subarray(this.used, this.used + count - filled);
      out.set(piece, filled);
      filled += piece.length;
      this.used += piece.length;
      if (this.used === this.queue[0].length) {
        this.queue.shift();
        this.used = 0;
      }
    }
    this.left -= count;
    return out;
  }
}
