/* table and data_table blocks as DOM tables. */

import { el } from "./dom.js";
import { pictured } from "./glyphs.js";
import { words } from "./mrkdwn.js";
import { richText } from "./richtext.js";

// A box that scrolls must be reachable by keyboard.
const SCROLLS = { tabindex: "0", role: "region", "aria-label": "Table" };

// Characters: a sentence this long gets a wide column, or its row would be as high as it has words.
const LONG = 24;

function cellNodes(cell, names) {
  if (cell.type === "rich_text") return richText(cell, names);
  return el("span", {}, pictured(String(cell.text ?? cell.value ?? "")));
}

function rowOf(row, names, { head = false, header = -1, settings = [], below = row } = {}) {
  return el("tr", {}, row.map((cell, place) => {
    const align = settings[place]?.align ?? (below[place]?.type === "raw_number" ? "right" : "left");
    const scope = head ? "col" : place === header ? "row" : undefined;
    const made = el(scope ? "th" : "td", { scope, class: `to-${align}` }, cellNodes(cell, names));
    made.classList.toggle("long", made.textContent.length > LONG);
    return made;
  }));
}

/** A table block: its first row is shown as the heading. */
export function table(block, names) {
  const [first = [], ...rest] = block.rows ?? [];
  const settings = block.column_settings ?? [];
  return el("div", { class: "table-box", ...SCROLLS }, el("table", {},
    el("thead", {}, rowOf(first, names, { head: true, settings })),
    el("tbody", {}, rest.map((row) => rowOf(row, names, { settings })))));
}

/** A data_table block, one page at a time. */
export function dataTable(block, names) {
  const [first = [], ...rest] = block.rows ?? [];
  const size = block.page_size ?? 5;
  const body = el("tbody");
  const where = el("span");
  const turn = (by) => {
    page = Math.min(Math.max(page + by, 0), Math.max(Math.ceil(rest.length / size) - 1, 0));
    const from = page * size;
    body.replaceChildren(...rest.slice(from, from + size).map((row) => rowOf(row, names, { header: block.row_header_column_index })));
    where.textContent = `${Math.min(from + 1, rest.length)}–${Math.min(from + size, rest.length)} of ${rest.length}`;
  };
  let page = 0;
  turn(0);
  const pager = el("div", { class: "pager" },
    el("button", { type: "button", class: "button small", "aria-label": "Previous page", text: "‹", onclick: () => turn(-1) }), where,
    el("button", { type: "button", class: "button small", "aria-label": "Next page", text: "›", onclick: () => turn(1) }));
  return el("div", { class: "table-box", ...SCROLLS, "aria-label": words(block.caption ?? "Table") },
    el("table", {}, el("caption", { text: words(block.caption ?? "") }), el("thead", {}, rowOf(first, names, { head: true, below: rest[0] })), body),
    rest.length > size && pager);
}
