/* The app's home: the view published for the viewer, with its buttons. */

import { act } from "./acts.js";
import { renderBlock } from "./blocks.js";
import { el } from "./dom.js";

/** The surroundings of the home's blocks: clicks are sent to the server. */
function host(app) {
  const send = (block, element) => act("home_click", { as: app.viewer, block_id: block.block_id, action_id: element.action_id });
  return {
    names: app.names,
    people: () => Object.values(app.scene.people),
    channels: () => app.scene.channels,
    entry: () => null,
    error: () => null,
    label: () => "Choose",
    press: send,
    changed: () => null,
    search: () => null,
  };
}

/** The two tabs of the app's own conversation. */
export function tabs(app) {
  const tab = (name, label) => el("button", {
    class: `app-tab${app.tab === name ? " here" : ""}`, type: "button", role: "tab", "aria-selected": String(app.tab === name), text: label,
    onclick: () => app.openTab(name),
  });
  return el("div", { class: "app-tabs", role: "tablist", "aria-label": "Kitestring" }, tab("home", "Home"), tab("messages", "Messages"));
}

/** Shows the scene's home. */
export class HomePane {
  constructor(app) {
    this.app = app;
    this.looks = null;
    this.node = el("div", { class: "list home", role: "region", "aria-label": "Home", tabindex: "0", hidden: true });
  }

  show() {
    const view = this.app.scene.home;
    const looks = `${this.app.viewer} ${view?.hash}`;
    if (looks === this.looks) return;
    this.looks = looks;
    const empty = el("p", { class: "quiet", text: "Loading…" });
    const own = host(this.app);
    this.node.replaceChildren(el("div", { class: "blocks" }, view ? view.blocks.map((block) => renderBlock(block, own)) : empty));
  }
}
