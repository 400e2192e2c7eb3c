/* A menu with typeahead: a combobox by the ARIA pattern, for one or several choices. */

import { el } from "./dom.js";
import { words } from "./mrkdwn.js";

let serial = 0;

const same = (option, other) => option?.value === other?.value;

function flat(found) {
  return (found.option_groups ?? [{ options: found.options ?? [] }]).flatMap((group) =>
    group.options.map((option, place) => ({ option, heading: place === 0 ? words(group.label ?? "") : "" })),
  );
}

/** Returns a `find` for a menu with fixed options: those that contain the query. */
export function among(known) {
  return async (query) => {
    const fits = (option) => words(option.text).toLowerCase().includes(query.toLowerCase());
    const groups = known.option_groups ?? [{ options: known.options ?? [] }];
    return { option_groups: groups.map((group) => ({ ...group, options: group.options.filter(fits) })) };
  };
}

/**
 * `find(query)` returns {options} or {option_groups}; `chosen` are the chosen options;
 * `onchange(options)` receives the new ones. `many` allows several.
 */
export function select({ placeholder, find, chosen, onchange, label, many = false, least = 0 }) {
  const id = `menu-${++serial}`;
  const state = { chosen: [...chosen], shown: [], active: -1, requested: 0 };
  const input = el("input", {
    type: "text", role: "combobox", "aria-expanded": "false", "aria-controls": id, "aria-label": label,
    autocomplete: "off", spellcheck: "false", placeholder: placeholder ?? "Choose…",
  });
  const list = el("div", { class: "menu-list", role: "listbox", id, hidden: true });
  const chips = el("div", { class: "menu-chips" });
  const box = el("div", { class: many ? "menu many" : "menu" }, chips, input, el("span", { class: "menu-arrow" }), list);

  const rest = () => { input.value = many ? "" : words(state.chosen[0]?.text ?? ""); };
  const close = () => { list.hidden = true; input.setAttribute("aria-expanded", "false"); rest(); };

  function draw() {
    list.replaceChildren(...state.shown.flatMap(({ option, heading }, place) => {
      const picked = state.chosen.some((other) => same(other, option));
      const row = el("div", {
        class: `menu-option${place === state.active ? " active" : ""}${picked ? " picked" : ""}`,
        role: "option", id: `${id}-${place}`, "aria-selected": String(picked),
        onmousedown: (event) => { event.preventDefault(); pick(option); },
      }, el("span", { text: words(option.text) }), option.description && el("small", { text: words(option.description) }));
      return heading ? [el("div", { class: "menu-heading", text: heading }), row] : [row];
    }));
    if (!state.shown.length) list.append(el("div", { class: "menu-empty", text: "No results" }));
    input.setAttribute("aria-activedescendant", state.active < 0 ? "" : `${id}-${state.active}`);
    list.querySelector(".active")?.scrollIntoView({ block: "nearest" });
  }

  async function open(query) {
    const requested = ++state.requested;
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    if (query.length < least) {
      list.replaceChildren(el("div", { class: "menu-empty", text: "Type to search" }));
      return;
    }
    if (!list.children.length) list.replaceChildren(el("div", { class: "menu-empty", text: "Loading…" }));
    const found = (await find(query)) ?? { options: [] };
    if (requested !== state.requested || list.hidden) return;
    if (!same(state.shown[0]?.option, flat(found)[0]?.option)) setTimeout(() => list.scrollIntoView({ block: "nearest" }));
    state.shown = flat(found);
    state.active = state.shown.length ? 0 : -1;
    draw();
  }

  function pick(option) {
    if (!many) state.chosen = [option];
    else if (state.chosen.some((other) => same(other, option))) state.chosen = state.chosen.filter((o) => !same(o, option));
    else state.chosen.push(option);
    changed();
    close();
  }

  function changed() {
    chips.replaceChildren(...(many ? state.chosen : []).map((option) => el("button", {
      type: "button", class: "menu-chip", "aria-label": `Remove ${words(option.text)}`, text: `${words(option.text)} ×`,
      onclick: () => { state.chosen = state.chosen.filter((other) => !same(other, option)); changed(); },
    })));
    rest();
    onchange(state.chosen);
  }

  input.addEventListener("focus", () => input.select());
  input.addEventListener("click", () => list.hidden && open(""));
  input.addEventListener("input", () => open(input.value));
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && list.hidden) {
      event.preventDefault();
      open("");
    } else if (step && !list.hidden && state.shown.length) {
      event.preventDefault();
      state.active = (state.active + step + state.shown.length) % state.shown.length;
      draw();
    } else if (event.key === "Enter" && !list.hidden && state.active >= 0) {
      event.preventDefault();
      pick(state.shown[state.active].option);
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      event.stopPropagation();
      close();
    }
  });
  if (many) chips.replaceChildren(...state.chosen.map((option) => el("span", { class: "menu-chip", text: words(option.text) })));
  rest();
  return box;
}
