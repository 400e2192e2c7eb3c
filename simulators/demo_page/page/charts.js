/* data_visualization blocks as SVG: bars and areas on each other, lines, pies; described in text for screen readers. */

import { el, svg } from "./dom.js";

const WIDE = 560, HIGH = 210, LEFT = 42, RIGHT = 16, TOP = 12, BOTTOM = 34, CROWDED = 9;
const FLOOR = HIGH - BOTTOM;

const fixed = (number) => String(Math.round(number * 10) / 10);
const label = (x, y, text, props = {}) => {
  const node = svg("text", { x: fixed(x), y: fixed(y), ...props });
  node.textContent = text;
  return node;
};

/** A round number at or above the highest value, and the steps to it. */
function scale(most) {
  const rough = Math.max(most, 1e-9) / 4;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * size).find((size) => size >= rough);
  const count = Math.ceil(most / step) || 1;
  return { top: step * count, steps: Array.from({ length: count + 1 }, (_, place) => Number((place * step).toPrecision(6))) };
}

function valuesOf(series, categories) {
  const points = new Map(series.data.map((point) => [point.label, point.value]));
  return categories.map((name) => points.get(name) ?? 0);
}

function frame(chart, top, steps) {
  const { categories, x_label: across, y_label: up } = chart.axis_config;
  const room = (WIDE - RIGHT - LEFT) / categories.length;
  const nth = Math.ceil(categories.length / CROWDED);
  const y = (value) => FLOOR - (value / top) * (FLOOR - TOP);
  const nodes = steps.flatMap((step) => [
    svg("line", { x1: LEFT, x2: WIDE - RIGHT, y1: fixed(y(step)), y2: fixed(y(step)), class: "chart-grid" }),
    label(LEFT - 6, y(step) + 4, String(step), { "text-anchor": "end" })]);
  categories.forEach((name, place) => {
    if (place % nth === 0) nodes.push(label(LEFT + room * (place + 0.5), FLOOR + 15, name, { "text-anchor": "middle" }));
  });
  if (across) nodes.push(label(LEFT + (WIDE - LEFT) / 2, HIGH - 3, across, { "text-anchor": "middle", class: "chart-axis" }));
  if (up) nodes.push(label(10, TOP + (FLOOR - TOP) / 2, up, { "text-anchor": "middle", class: "chart-axis", transform: `rotate(-90 10 ${TOP + (FLOOR - TOP) / 2})` }));
  return { nodes, room, y };
}

function bars(rows, { room, y }, tops) {
  return rows.flatMap((values, index) => values.map((value, place) => {
    const from = tops[place];
    tops[place] += value;
    return svg("rect", {
      x: fixed(LEFT + room * (place + 0.14)), width: fixed(room * 0.72), class: `chart-${index % 6}`,
      y: fixed(y(from + value)), height: fixed(Math.max(y(from) - y(from + value), 0)),
    });
  }));
}

function lines(rows, { room, y }, kind) {
  const at = (value, place) => `${fixed(LEFT + room * (place + 0.5))},${fixed(y(value))}`;
  return rows.flatMap((values, index) => {
    const points = values.map(at);
    const ends = [`${fixed(LEFT + room / 2)},${FLOOR}`, `${fixed(LEFT + room * (values.length - 0.5))},${FLOOR}`];
    const area = kind === "area" && svg("polygon", { points: [ends[0], ...points, ends[1]].join(" "), class: `chart-${index % 6} chart-area` });
    const dots = points.map((point) => svg("circle", { cx: point.split(",")[0], cy: point.split(",")[1], r: 2.5, class: `chart-${index % 6}` }));
    return [area, svg("polyline", { points: points.join(" "), class: `chart-line chart-line-${index % 6}` }), ...dots].filter(Boolean);
  });
}

function graph(chart) {
  const rows = chart.series.map((series) => valuesOf(series, chart.axis_config.categories));
  const piled = chart.axis_config.categories.map((_, place) => rows.reduce((sum, values) => sum + values[place], 0));
  const { top, steps } = scale(Math.max(...(chart.type === "bar" ? piled : rows.flat()), 0));
  const grid = frame(chart, top, steps);
  const drawn = chart.type === "bar" ? bars(rows, grid, piled.map(() => 0)) : lines(rows, grid, chart.type);
  return [...grid.nodes, ...drawn];
}

function pie(segments) {
  const whole = segments.reduce((sum, segment) => sum + segment.value, 0);
  const radius = HIGH / 2 - TOP, x = WIDE / 2, y = HIGH / 2;
  const spot = (share) => `${fixed(x + radius * Math.sin(2 * Math.PI * share))} ${fixed(y - radius * Math.cos(2 * Math.PI * share))}`;
  let share = 0;
  return segments.map((segment, index) => {
    const before = share;
    share += segment.value / whole;
    if (segments.length === 1) return svg("circle", { cx: x, cy: y, r: radius, class: "chart-0" });
    const large = share - before > 0.5 ? 1 : 0;
    return svg("path", { class: `chart-${index % 6}`, d: `M${x} ${y}L${spot(before)}A${radius} ${radius} 0 ${large} 1 ${spot(share)}Z` });
  });
}

function legend(names) {
  return el("div", { class: "chart-legend" }, names.map((name, index) =>
    el("span", {}, svg("svg", { viewBox: "0 0 10 10", "aria-hidden": "true" }, svg("rect", { width: 10, height: 10, rx: 2, class: `chart-${index % 6}` })), name)));
}

/** The numbers as a table that is read aloud, not shown. */
function numbers(block) {
  const { chart } = block;
  const heads = chart.type === "pie" ? ["Value"] : chart.series.map((series) => series.name);
  const rows = chart.type === "pie"
    ? chart.segments.map((segment) => [segment.label, segment.value])
    : chart.axis_config.categories.map((name, place) => [name, ...chart.series.map((series) => valuesOf(series, chart.axis_config.categories)[place])]);
  return el("table", { class: "unseen" }, el("caption", { text: block.title }),
    el("thead", {}, el("tr", {}, el("td"), heads.map((head) => el("th", { scope: "col", text: head })))),
    el("tbody", {}, rows.map(([name, ...values]) => el("tr", {}, el("th", { scope: "row", text: name }), values.map((value) => el("td", { text: String(value) }))))));
}

/** A chart with its title, its legend, and its numbers for those who do not see it. */
export function chart(block) {
  const { chart: drawn, title } = block;
  const names = drawn.type === "pie" ? drawn.segments.map((segment) => segment.label) : drawn.series.map((series) => series.name);
  return el("figure", { class: "chart" },
    el("figcaption", {}, el("b", { text: title }), names.length > 1 && legend(names)),
    svg("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, "aria-hidden": "true" }, ...(drawn.type === "pie" ? pie(drawn.segments) : graph(drawn))),
    numbers(block));
}
