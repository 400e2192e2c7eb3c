/* The composer: Enter sends, `/` and `@` offer completions. */

import { act } from "./acts.js";
import { el } from "./dom.js";
import { shortcuts } from "./shortcuts.js";

/** What Slack's composer completes: the slash command itself, with its usage hint, and the app's name. */
function candidates(text, hints, inThread) {
  const known = [
    ...(inThread ? [] : [{ start: hints.command, usage: hints.usage, summary: hints.summary }]),
    { start: hints.mention, usage: "", summary: "App" },
  ];
  return text ? known.filter((item) => item.start.startsWith(text) || text === `${item.start} `) : [];
}

/** `place()` returns {channel, thread_ts}; `sent()` is called with each message. Returns the form, with `write(text)` to fill it in. */
export function composer(app, { label, place, sent, inThread = false }) {
  const state = { shown: [], active: 0, history: [], at: 0 };
  const box = el("textarea", { rows: 1, "aria-label": label, placeholder: label, spellcheck: "false", enterkeyhint: "send" });
  const list = el("div", { class: "hints", role: "listbox", hidden: true });
  const send = el("button", { class: "send", type: "submit", "aria-label": "Send", disabled: true, text: "➤" });
  const form = el("form", { class: "composer" }, list, box, el("div", { class: "composer-foot" }, !inThread && shortcuts(app),
    el("span", { class: "composer-tip", text: inThread ? "@kitestring cancel, retry, logs …" : `Try ${app.hints.command} help` }), send));

  function fit() {
    box.style.height = "auto";
    box.style.height = `${Math.min(box.scrollHeight, 160)}px`;
    send.disabled = !box.value.trim();
  }

  function draw() {
    state.shown = candidates(box.value, app.hints, inThread).map((item) => ({ ...item, line: `${item.start} ` }));
    state.active = Math.min(state.active, Math.max(state.shown.length - 1, 0));
    list.hidden = !state.shown.length;
    list.replaceChildren(el("div", { class: "hints-title", text: "Kitestring" }), ...state.shown.map((item, place) => el("div", {
      class: `hint-row${place === state.active ? " active" : ""}`, role: "option", "aria-selected": String(place === state.active),
      onmousedown: (event) => { event.preventDefault(); complete(item); },
    }, el("span", { class: "hint-usage" }, el("b", { text: item.start }), el("span", { text: ` ${item.usage}` })),
    el("span", { class: "hint-summary", text: item.summary }))));
  }

  function write(text) {
    box.value = text;
    box.focus();
    box.setSelectionRange(text.length, text.length);
    fit();
    draw();
  }

  function complete(item) {
    if (!box.value.startsWith(item.line)) write(item.line);
    list.hidden = true;
  }

  async function submit() {
    const text = box.value.trim();
    if (!text) return;
    state.history.push(text);
    state.at = state.history.length;
    box.value = "";
    fit();
    draw();
    sent();
    await act("post", { as: app.viewer, ...place(), text });
  }

  function recall(step) {
    state.at = Math.min(Math.max(state.at + step, 0), state.history.length);
    write(state.history[state.at] ?? "");
    list.hidden = true;
  }

  function key(event) {
    const open = !list.hidden && state.shown.length;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); submit(); }
    else if (event.key === "Tab" && open && box.value !== state.shown[state.active].line) { event.preventDefault(); complete(state.shown[state.active]); }
    else if (event.key === "Escape" && open) { event.stopPropagation(); list.hidden = true; }
    else if (step && open) { event.preventDefault(); state.active = (state.active + step + state.shown.length) % state.shown.length; draw(); }
    else if (step && (!box.value || state.history.includes(box.value))) { event.preventDefault(); recall(step); }
  }

  box.addEventListener("keydown", key);
  box.addEventListener("input", () => { state.active = 0; fit(); draw(); });
  box.addEventListener("blur", () => { list.hidden = true; });
  form.addEventListener("submit", (event) => { event.preventDefault(); submit(); });
  return Object.assign(form, { write });
}
