/* Switches that break the network between Slack, Buildkite and the bot. */

import { act, busily } from "./acts.js";
import { el } from "./dom.js";

const SWITCHES = [
  ["webhooks_off", "No webhooks", "Buildkite sends nothing. Kitestring polls instead, which is slower."],
  ["webhooks_lost", "Lose every second webhook", "They are never sent again."],
  ["webhooks_late", "Late webhooks", "Up to twenty seconds late, and out of order."],
  ["webhooks_doubled", "Every webhook twice", "Like retries on a slow network."],
  ["buildkite_down", "Buildkite is down", "Every request is answered with 503."],
  ["slack_down", "Slack is down", "Cards appear once it's back."],
  ["slack_plain", "Slack without charts", "Slack refuses the chart block. Kitestring sends images instead, for a week."],
];

function toggle([name, title, detail], on) {
  const input = el("input", { type: "checkbox", role: "switch", checked: on, onchange: () => act("network", { name, on: input.checked }) });
  return el("label", { class: "switch" }, el("span", { class: "grow" }, el("b", { text: title }), el("small", { text: detail })), input, el("i"));
}

/** Renders all switches in their current positions. */
export function network(state) {
  return el("div", { class: "network" },
    el("p", { class: "quiet", text: "Break something while a build runs, and watch its card get to the right state anyway." }),
    SWITCHES.map((entry) => toggle(entry, state[entry[0]])),
    el("div", { class: "switch" }, el("span", { class: "grow" }, el("b", { text: "Slack: too many requests" }),
      el("small", { text: "The next message and the next edit are refused with 429 for ten seconds." })),
    el("button", { type: "button", class: "button small", text: "429", onclick: (event) => busily(event.currentTarget, () => act("slack_busy", {})) })));
}
