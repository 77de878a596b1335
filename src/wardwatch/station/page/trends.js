// In: a bed's numbers of the last 24 hours, a minute each. Out: a chart and, below it, the same as a table.

import { build } from "./build.js";

const WIDTH = 960;
const HEIGHT = 84;
const LEFT = 46;
const HOUR = 3600;
const NAMES = { HR: "Heart rate, /min", SpO2: "SpO\u2082, %", RR: "Respiration, /min", PR: "Pulse, /min" };
const SVG = "http://www.w3.org/2000/svg";

/** @param {{from: number, step: number, series: Object<string, Array<null|[number, number, number]>>}} trends low, mean, high */
export function drawTrends(trends) {
  const charts = Object.entries(trends.series).map(([key, points]) => chart(key, points, trends));
  return build("section", { class: "trends" }, build("h2", {}, "Last 24 hours"), ...charts, table(trends));
}

function chart(key, points, trends) {
  const [low, high] = range(points);
  const x = (index) => LEFT + ((WIDTH - LEFT) * index) / Math.max(1, points.length - 1);
  const y = (value) => 6 + ((HEIGHT - 22) * (high - value)) / (high - low);
  const drawn = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${NAMES[key] ?? key}: see the table below` });
  drawn.append(...hours(trends, x), label(4, y(high) + 8, high), label(4, y(low), low));
  drawn.append(svg("path", { class: "band", d: band(points, x, y) }), svg("path", { class: "line", d: line(points, x, y) }));
  return build("figure", { "data-key": key }, build("figcaption", {}, NAMES[key] ?? key), drawn);
}

function range(points) {
  const known = points.filter((point) => point !== null);
  if (known.length === 0) return [0, 1];
  const low = Math.min(...known.map((point) => point[0]));
  const high = Math.max(...known.map((point) => point[2]));
  const room = Math.max(2, (high - low) * 0.1);
  return [Math.floor(low - room), Math.ceil(high + room)];
}

// A minute that stands alone is drawn as a dot: a line of no length with round ends.
function line(points, x, y) {
  return runs(points)
    .map((run) => `${run.map((i, n) => `${n ? "L" : "M"}${x(i).toFixed(1)} ${y(points[i][1]).toFixed(1)}`).join("")}h0.01`)
    .join("");
}

function band(points, x, y) {
  return runs(points)
    .map((run) => {
      const there = run.map((i, n) => `${n ? "L" : "M"}${x(i).toFixed(1)} ${y(points[i][2]).toFixed(1)}`);
      const back = run.map((i) => `L${x(i).toFixed(1)} ${y(points[i][0]).toFixed(1)}`).reverse();
      return `${there.join("")}${back.join("")}Z`;
    })
    .join("");
}

// A minute without a number breaks the line: nothing is drawn that was not there.
function runs(points) {
  const found = [];
  points.forEach((point, index) => {
    if (point === null) return;
    if (index > 0 && points[index - 1] !== null) found[found.length - 1].push(index);
    else found.push([index]);
  });
  return found;
}

function hours(trends, x) {
  const marks = [];
  const first = Math.ceil(trends.from / (3 * HOUR)) * 3 * HOUR;
  const count = Math.max(...Object.values(trends.series).map((points) => points.length), 1);
  for (let at = first; at <= trends.from + count * trends.step; at += 3 * HOUR) {
    const place = x((at - trends.from) / trends.step);
    marks.push(svg("line", { class: "hour", x1: place, x2: place, y1: 2, y2: HEIGHT - 14 }), label(place + 3, HEIGHT - 3, clock(at)));
  }
  return marks;
}

function table(trends) {
  const keys = Object.keys(trends.series);
  const rows = [];
  const each = HOUR / trends.step;
  const count = Math.max(...keys.map((key) => trends.series[key].length), 0);
  for (let start = 0; start < count; start += each) {
    const cells = keys.map((key) => build("td", {}, summary(trends.series[key].slice(start, start + each))));
    rows.push(build("tr", {}, build("th", { scope: "row" }, clock(trends.from + start * trends.step)), ...cells));
  }
  const head = build("tr", {}, build("th", { scope: "col" }, "From"), ...keys.map((key) => build("th", { scope: "col" }, NAMES[key] ?? key)));
  return build("details", {}, build("summary", {}, "As a table, an hour a row (lowest, mean, highest)"), build("table", {}, build("thead", {}, head), build("tbody", {}, ...rows)));
}

function summary(points) {
  const known = points.filter((point) => point !== null);
  if (known.length === 0) return "no data";
  const mean = known.reduce((sum, point) => sum + point[1], 0) / known.length;
  return `${Math.min(...known.map((point) => point[0]))} / ${Math.round(mean)} / ${Math.max(...known.map((point) => point[2]))}`;
}

function clock(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

function label(x, y, text) {
  const element = svg("text", { x, y });
  element.textContent = String(text);
  return element;
}

function svg(tag, properties) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(properties)) element.setAttribute(name, String(value));
  return element;
}
