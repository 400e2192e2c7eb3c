/* Modals: the front view of the person's stack in a native dialog. */

import { act, busily } from "./acts.js";
import { renderBlock } from "./blocks.js";
import { el } from "./dom.js";
import { kite } from "./faces.js";
import { textNodes, words } from "./mrkdwn.js";

/** Shows the scene's modal in the page's dialog. */
export class Modal {
  constructor(app) {
    this.app = app;
    this.view = null;
    this.looks = "";
    this.values = {};
    this.dialog = el("dialog", { class: "modal" });
    this.dialog.addEventListener("cancel", (event) => { event.preventDefault(); this.close(); });
    document.body.append(this.dialog);
  }

  /** Shows the view, or nothing; typed values stay if block and action stay. */
  show(view) {
    const looks = view ? JSON.stringify([view.id, view.hash, view.errors]) : "";
    if (looks === this.looks) return;
    const fresh = view?.id !== this.view?.id;
    this.looks = looks;
    this.view = view;
    if (!view) { this.values = {}; this.dialog.close(); return; }
    this.values = fresh ? structuredClone(view.state.values) : this.#merged(view);
    const focus = fresh ? null : this.#focused();
    this.#draw();
    if (!this.dialog.open) this.dialog.showModal();
    this.#refocus(focus);
  }

  #merged(view) {
    const values = structuredClone(view.state.values);
    for (const [block, actions] of Object.entries(values)) {
      for (const [action, entry] of Object.entries(actions)) {
        const held = this.values[block]?.[action];
        if (held?.type === entry.type) actions[action] = held;
      }
    }
    return values;
  }

  #focused() {
    const block = document.activeElement?.closest("[data-block]");
    return this.dialog.contains(block) ? block.dataset.block : null;
  }

  #refocus(block) {
    const first = block ? this.dialog.querySelector(`[data-block="${CSS.escape(block)}"] :is(input, textarea)`) : null;
    const wrong = this.dialog.querySelector(".wrong :is(input, textarea)");
    (wrong ?? first ?? this.dialog.querySelector("[autofocus]") ?? this.dialog.querySelector(".modal-body :is(input, textarea)") ?? this.dialog.querySelector("h2"))?.focus();
  }

  #draw() {
    const view = this.view;
    const host = this.#host();
    const blocks = view.blocks.map((block) => {
      const node = renderBlock(block, host);
      node.setAttribute("data-block", block.block_id ?? "");
      return node;
    });
    const submit = view.submit && el("button", { class: "button primary", type: "submit" }, textNodes(view.submit, this.app.names));
    const form = el("form", { novalidate: true, onsubmit: (event) => { event.preventDefault(); busily(submit, () => this.submit()); } },
      el("header", {}, kite("kite small"), el("h2", { tabindex: "-1", text: words(view.title) }),
        el("button", { class: "close", type: "button", "aria-label": "Close", text: "✕", onclick: () => this.close() })),
      el("div", { class: "modal-body" }, blocks),
      el("footer", {}, el("button", { class: "button", type: "button", onclick: () => this.close() }, textNodes(view.close ?? "Cancel", this.app.names)), submit));
    this.dialog.setAttribute("aria-label", words(view.title));
    this.dialog.replaceChildren(form);
  }

  #host() {
    const where = () => ({ as: this.app.viewer, view_id: this.view.id });
    const at = (block, element) => ({ block_id: block.block_id, action_id: element.action_id });
    const lively = (block) => block.type !== "input" || block.dispatch_action;
    return {
      names: this.app.names,
      people: () => Object.values(this.app.scene.people),
      channels: () => this.app.scene.channels,
      entry: (block, element) => this.values[block.block_id]?.[element.action_id] ?? null,
      error: (block) => this.view.errors?.[block.block_id] ?? null,
      label: (block) => words(block.label ?? block.text ?? ""),
      press: (block, element, more) => act("modal_click", { ...where(), ...at(block, element), option: more.selected_option?.value, values: this.values }),
      search: (block, element, query) => act("modal_search", { ...where(), ...at(block, element), query }),
      attach: async (block, element, name, text) => (await act("modal_attach", { ...where(), ...at(block, element), name, text }))?.file ?? null,
      changed: (block, element, entry) => {
        (this.values[block.block_id] ??= {})[element.action_id] = entry;
        if (lively(block)) act("modal_pick", { ...where(), ...at(block, element), entry, values: this.values });
      },
    };
  }

  /** Sends the form with the entered values. */
  submit() {
    return act("submit", { as: this.app.viewer, view_id: this.view.id, values: this.values });
  }

  /** Handles the cross, Cancel and Escape: closes at once, without waiting for the answer. */
  close() {
    this.dialog.close();
    return act("close_modal", { as: this.app.viewer, view_id: this.view?.id });
  }
}
