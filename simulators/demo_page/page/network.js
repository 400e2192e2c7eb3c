/* Switches that break the network between the two. */

import { act, busily } from "./acts.js";
import { el } from "./dom.js";

const SWITCHES = [
  ["webhooks_off", "No webhooks", "Buildkite sends nothing. Kitestring asks by itself, only slower."],
  ["webhooks_lost", "Lose every second webhook", "Gone for good, never sent again."],
  ["webhooks_late", "Late webhooks", "Up to twenty seconds late, and out of order."],
  ["webhooks_doubled", "Every webhook twice", "As retries of a slow network do."],
  ["buildkite_down", "Buildkite is down", "Every request gets a 503."],
  ["slack_down", "Slack is down", "Cards appear when it is back."],
  ["slack_plain", "Slack without charts", "It refuses their block. Kitestring sends pictures instead, for a week."],
];

function toggle([name, title, detail], on) {
  const input = el("input", { type: "checkbox", role: "switch", checked: on, onchange: () => act("network", { name, on: input.checked }) });
  return el("label", { class: "switch" }, el("span", { class: "grow" }, el("b", { text: title }), el("small", { text: detail })), input, el("i"));
}

/** All switches as they stand. */
export function network(state) {
  return el("div", { class: "network" },
    el("p", { class: "quiet", text: "Break something while a build runs, then watch the card come true all the same." }),
    SWITCHES.map((one) => toggle(one, state[one[0]])),
    el("div", { class: "switch" }, el("span", { class: "grow" }, el("b", { text: "Slack: too many requests" }),
      el("small", { text: "The next message and edit get a 429 for ten seconds." })),
    el("button", { type: "button", class: "button small", text: "429", onclick: (event) => busily(event.currentTarget, () => act("slack_busy", {})) })));
}
