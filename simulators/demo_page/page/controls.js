/* Block Kit's interactive elements: buttons, menus, inputs, boxes. */

import { busily } from "./acts.js";
import { el } from "./dom.js";
import { textNodes, words } from "./mrkdwn.js";
import { among, select } from "./select.js";

let serial = 0;

/** Shows Block Kit's `confirm` dialog; resolves to true if the person agrees. */
export function ask(confirm, names) {
  const dialog = el("dialog", { class: "confirm", "aria-label": words(confirm.title) });
  return new Promise((resolve) => {
    const answer = (yes) => { resolve(yes); dialog.close(); };
    const style = confirm.style === "danger" ? "button danger" : "button primary";
    dialog.append(
      el("h2", {}, textNodes(confirm.title, names)),
      el("p", {}, textNodes(confirm.text, names)),
      el("footer", {},
        el("button", { class: "button", type: "button", onclick: () => answer(false) }, textNodes(confirm.deny ?? "Cancel", names)),
        el("button", { class: style, type: "button", onclick: () => answer(true) }, textNodes(confirm.confirm ?? "Yes", names))),
    );
    dialog.addEventListener("close", () => { dialog.remove(); resolve(false); });
    document.body.append(dialog);
    dialog.showModal();
  });
}

async function isConfirmed(element, host) {
  return !element.confirm || ask(element.confirm, host.names);
}

function button(element, block, host) {
  const style = ["primary", "danger"].includes(element.style) ? ` ${element.style}` : "";
  const press = async () => {
    if (!(await isConfirmed(element, host))) return;
    if (element.url && /^https?:\/\//i.test(element.url)) window.open(element.url, "_blank", "noopener");
    await busily(node, () => host.press(block, element, {}));
  };
  const node = el("button", {
    class: `button${style}`, type: "button", "aria-label": element.accessibility_label, onclick: press,
  }, textNodes(element.text ?? "", host.names), element.url && el("span", { class: "out", "aria-hidden": "true", text: "↗" }));
  return node;
}

const KEYS = {
  static_select: "selected_option", external_select: "selected_option", users_select: "selected_user",
  channels_select: "selected_channel", conversations_select: "selected_conversation",
};

function known(kind, element, host) {
  const asOptions = (things, mark) => ({ options: things.map((t) => ({ text: { type: "plain_text", text: mark + t.name }, value: t.id })) });
  if (kind === "users_select") return asOptions(host.people().filter((p) => !p.is_bot), "");
  if (kind === "channels_select") return asOptions(host.channels().filter((c) => c.kind !== "im"), "#");
  if (kind === "conversations_select") return asOptions(host.channels().map((c) => ({ id: c.id, name: c.kind === "im" ? "Kitestring (direct message)" : `#${c.name}` })), "");
  return element;
}

function menu(element, block, host) {
  const many = element.type.startsWith("multi_");
  const kind = element.type.replace(/^multi_/, "");
  const key = KEYS[kind] + (many ? "s" : "");
  const byId = !key.startsWith("selected_option");
  const all = known(kind, element, host);
  const outside = kind === "external_select";
  const asOption = (value) => byId ? all.options.find((option) => option.value === value) : value;
  const held = host.entry(block, element)?.[key] ?? element[`initial_${key.replace("selected_", "")}`];
  const chosen = (many ? held ?? [] : held ? [held] : []).map(asOption).filter(Boolean);
  const entry = (options) => {
    const values = options.map((option) => byId ? option.value : option);
    return { type: element.type, [key]: many ? values : values[0] ?? null };
  };
  return select({
    placeholder: words(element.placeholder), label: host.label(block, element), chosen, many,
    least: outside ? element.min_query_length ?? 3 : 0,
    find: outside ? (query) => host.search(block, element, query) : among(all),
    onchange: async (options) => {
      if (await isConfirmed(element, host)) host.changed(block, element, entry(options));
    },
  });
}

function boxes(element, block, host) {
  const single = element.type === "radio_buttons";
  const held = host.entry(block, element) ?? {};
  const chosen = single ? [held.selected_option ?? element.initial_option] : held.selected_options ?? element.initial_options ?? [];
  const on = new Set(chosen.filter(Boolean).map((option) => option.value));
  const name = `boxes-${++serial}`;
  const inputs = element.options.map((option) => el("input", {
    type: single ? "radio" : "checkbox", name, checked: on.has(option.value),
    onchange: () => {
      const now = element.options.filter((_, place) => inputs[place].checked);
      host.changed(block, element, single
        ? { type: element.type, selected_option: now[0] ?? null }
        : { type: element.type, selected_options: now });
    },
  }));
  return el("div", { class: "boxes", role: single ? "radiogroup" : "group" }, element.options.map((option, place) =>
    el("label", { class: "box" }, inputs[place], el("span", {}, textNodes(option.text, host.names),
      option.description && el("small", {}, textNodes(option.description, host.names))))));
}

function overflow(element, block, host) {
  const items = element.options.map((option) => el("button", {
    type: "button", role: "menuitem", class: "menu-option",
    onclick: async () => { details.open = false; if (await isConfirmed(element, host)) host.press(block, element, { selected_option: option }); },
  }, textNodes(option.text, host.names)));
  const details = el("details", { class: "overflow" },
    el("summary", { class: "button", "aria-label": "More actions", text: "⋯" }), el("div", { class: "menu-list", role: "menu" }, items));
  return details;
}

const INPUTS = {
  plain_text_input: ["text", "value"], number_input: ["text", "value"], email_text_input: ["email", "value"],
  url_text_input: ["url", "value"], datepicker: ["date", "selected_date"], timepicker: ["time", "selected_time"],
};

function field(element, block, host) {
  const [type, key] = INPUTS[element.type];
  const held = host.entry(block, element)?.[key] ?? element[key === "value" ? "initial_value" : `initial_${key.slice(9)}`];
  const tall = element.type === "plain_text_input" && element.multiline;
  const props = {
    class: "field", placeholder: words(element.placeholder), "aria-label": host.label(block, element),
    maxlength: element.max_length, inputmode: element.type === "number_input" ? "decimal" : undefined,
    oninput: () => host.changed(block, element, { type: element.type, [key]: node.value === "" ? null : node.value }),
  };
  const node = tall ? el("textarea", { ...props, rows: 4 }) : el("input", { ...props, type });
  node.value = held ?? "";
  if (element.focus_on_load) node.setAttribute("autofocus", "");
  return node;
}

function fileInput(element, block, host) {
  const types = (element.filetypes ?? []).map((type) => `.${type}`).join(",");
  const put = async () => {
    const [chosen] = input.files;
    const file = chosen ? await host.attach(block, element, chosen.name, await chosen.text()) : null;
    host.changed(block, element, { type: element.type, files: file ? [file] : [] });
  };
  const input = el("input", { class: "field", type: "file", accept: types || undefined, "aria-label": host.label(block, element), onchange: put });
  return input;
}

/**
 * One element. `host` provides its surroundings: entry(block, element), changed(…, entry), press(…, more),
 * search(…, query), attach(…, name, text), label(…), people(), channels(), names.
 */
export function control(element, block, host) {
  if (element.type === "button" || element.type === "workflow_button") return button(element, block, host);
  if (/_select$/.test(element.type)) return menu(element, block, host);
  if (element.type === "checkboxes" || element.type === "radio_buttons") return boxes(element, block, host);
  if (element.type === "overflow") return overflow(element, block, host);
  if (element.type === "file_input") return fileInput(element, block, host);
  if (element.type in INPUTS) return field(element, block, host);
  return el("span", { class: "unknown", text: `(${element.type})` });
}
