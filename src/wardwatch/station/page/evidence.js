// In: what the station derived from a waveform, and what the monitor showed. Out: the wave with its beats marked.

import { build } from "./build.js";

const HEIGHT = 150;

/** @param {{signal: string, rate: number, samples: number[], beats: number[], text: string}} evidence beats in samples */
export function drawEvidence(evidence, colours) {
  const canvas = build("canvas", { role: "img", "aria-label": evidence.text });
  const figure = build("figure", { class: "evidence" }, build("figcaption", {}, evidence.text), canvas);
  requestAnimationFrame(() => paint(canvas, evidence, colours));
  return figure;
}

function paint(canvas, evidence, colours) {
  const ratio = devicePixelRatio || 1;
  canvas.width = canvas.getBoundingClientRect().width * ratio;
  canvas.height = HEIGHT * ratio;
  const pen = canvas.getContext("2d", { alpha: false });
  pen.fillStyle = colours.paper;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  const x = (index) => (index / Math.max(1, evidence.samples.length - 1)) * canvas.width;
  const y = (code) => canvas.height * (0.94 - (0.78 * code) / 255);
  paintBeats(pen, evidence.beats.map(x), canvas.height, ratio);
  pen.strokeStyle = colours[evidence.signal] ?? colours.II;
  pen.lineWidth = 1.5 * ratio;
  pen.beginPath();
  evidence.samples.forEach((code, index) => pen.lineTo(x(index), y(code)));
  pen.stroke();
}

function paintBeats(pen, places, height, ratio) {
  pen.strokeStyle = "#e69f00";
  pen.fillStyle = "#e69f00";
  pen.lineWidth = ratio;
  pen.setLineDash([3 * ratio, 3 * ratio]);
  for (const place of places) {
    pen.beginPath();
    pen.moveTo(place, height * 0.1);
    pen.lineTo(place, height);
    pen.stroke();
    pen.beginPath();
    pen.moveTo(place - 4 * ratio, 0);
    pen.lineTo(place + 4 * ratio, 0);
    pen.lineTo(place, 7 * ratio);
    pen.fill();
  }
  pen.setLineDash([]);
}
