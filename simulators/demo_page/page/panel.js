/* The Buildkite panel: builds, agents, webhooks, and ways to break them. */

import { act, busily } from "./acts.js";
import { clock, count, el, keyed } from "./dom.js";
import { withEmoji } from "./emoji.js";
import { agentRow, buildCard } from "./builds.js";
import { Agent } from "./agent.js";
import { network } from "./network.js";

const TABS = { builds: "Builds", agents: "Agents", network: "Break it", deliveries: "Webhooks", agent: "AI agent" };

function speeds(buildkite) {
  const auto = buildkite.autoplay;
  const choice = (label, on, details, title) => el("button", {
    type: "button", class: on ? "chosen" : "", "aria-pressed": String(on), title, text: label,
    onclick: () => act("autoplay", details),
  });
  return el("div", { class: "speeds", role: "group", "aria-label": "How builds advance" },
    choice("By hand", !auto.on, { on: false }, "You let jobs pass or fail"),
    choice("Calm", auto.on && auto.seconds >= 2, { on: true, seconds: 3 }, "A step every three seconds"),
    choice("Fast", auto.on && auto.seconds < 2, { on: true, seconds: 1 }, "A step every second"));
}

function pushTools(buildkite) {
  const menu = el("select", { "aria-label": "Pipeline", class: "field" },
    buildkite.pipelines.map((pipeline) => el("option", { value: pipeline.slug, text: pipeline.slug })));
  const push = (hostile) => (event) => busily(event.currentTarget, () => act("build_elsewhere", { pipeline: menu.value, hostile }));
  return el("div", { class: "elsewhere" }, menu,
    el("button", { type: "button", class: "button small", text: "Push a commit", onclick: push(false) }),
    el("button", {
      type: "button", class: "button small", text: "Push a hostile commit", onclick: push(true),
      title: "Its message tries to mention the channel and to hide a link",
    }));
}

function delivery(webhook) {
  const fine = webhook.status >= 200 && webhook.status < 300;
  const status = webhook.status === null ? "…" : webhook.status || "no answer";
  return el("div", { class: "delivery" },
    el("span", { class: `dot ${fine ? "passed" : "failed"}` }), el("code", { text: webhook.event }),
    el("span", { class: "grow", text: webhook.subject ?? "" }),
    el("span", { class: "status", text: String(status) }), el("time", { text: webhook.sent_at ? clock(Date.parse(webhook.sent_at) / 1000) : "" }));
}

/** The panel's frame, created once; `show(buildkite)` updates it. */
export class Panel {
  constructor(box) {
    this.box = box;
    this.tab = "builds";
    this.agent = new Agent();
    this.tabs = el("div", { class: "tabs", role: "tablist" });
    this.top = el("div", { class: "panel-top" });
    this.body = el("div", { class: "panel-body", role: "tabpanel" });
    box.replaceChildren(
      el("header", { class: "panel-head" },
        el("span", { class: "bk-mark", "aria-hidden": "true" }, el("i"), el("i"), el("i")),
        el("div", { class: "grow" }, el("h2", { text: "Buildkite" }), el("p", { text: "Simulated. You're in charge." }))),
      this.tabs, this.top, this.body);
  }

  open(name) {
    this.tab = name;
    this.body.keyed = undefined;
    this.body.replaceChildren();
    this.top.looks = "";
    this.show(this.buildkite);
  }

  show(buildkite, tokens = this.tokens) {
    this.buildkite = buildkite;
    this.tokens = tokens;
    const broken = Object.values(buildkite.network).filter(Boolean).length;
    const counts = { builds: buildkite.builds.filter((b) => b.lively).length, agents: buildkite.agents.length, network: broken, deliveries: buildkite.pending };
    this.tabs.replaceChildren(...Object.entries(TABS).map(([name, label]) => el("button", {
      role: "tab", type: "button", "aria-selected": String(name === this.tab), class: name === "network" && broken ? "alarm" : "",
      onclick: () => this.open(name),
    }, label, counts[name] > 0 && el("span", { class: "count", text: String(counts[name]) }))));
    this.#top();
    this.#body();
  }

  #top() {
    const { autoplay, pipelines } = this.buildkite;
    const looks = JSON.stringify([this.tab, autoplay, pipelines]);
    if (this.top.looks === looks) return;
    this.top.looks = looks;
    this.top.replaceChildren(...(this.tab === "builds" ? [speeds(this.buildkite), pushTools(this.buildkite)] : []));
  }

  #body() {
    const { builds, agents, deliveries, pending } = this.buildkite;
    const by = (name) => (item) => item[name];
    if (this.tab === "builds") {
      const rows = builds.length ? builds : [{ id: "none" }];
      keyed(this.body, rows, by("id"), (build) => build.id === "none" ? empty("No builds yet", "Start a build in the channel.") : buildCard(build));
    }
    if (this.tab === "agents") keyed(this.body, agents, by("id"), agentRow);
    if (this.tab === "network") keyed(this.body, [{ id: "network", ...this.buildkite.network }], by("id"), network);
    if (this.tab === "agent") keyed(this.body, [{ id: "agent", tokens: this.tokens }], by("id"), (row) => this.agent.show(row.tokens));
    if (this.tab === "deliveries") {
      const rows = [...deliveries].reverse();
      const head = { id: "head", text: pending ? `${count(pending, "delivery", "deliveries")} on the way` : "Newest first" };
      keyed(this.body, [head, ...rows], by("id"), (row) => row.id === "head" ? el("p", { class: "quiet", text: row.text }) : delivery(row));
    }
  }
}

function empty(title, text) {
  return el("div", { class: "empty" }, el("b", { text: title }), el("span", { text: withEmoji(text) }));
}
