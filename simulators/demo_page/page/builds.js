/* Builds, jobs and agents as rows of the Buildkite panel. */

import { act, busily } from "./acts.js";
import { el } from "./dom.js";
import { emoji } from "./emoji.js";
import { pictured } from "./glyphs.js";

const SIGNS = {
  passed: "✓", unblocked: "✓", failed: "✕", timed_out: "✕", broken: "–", canceled: "⊘", canceling: "⊘",
  skipped: "–", blocked: "‖", scheduled: "○", waiting: "·", waiting_failed: "–", blocked_failed: "–",
  unblocked_failed: "–", pending: "·",
};

/** A job's state in words: one that waited for a failed job never runs, which people call skipped. */
function stateWords(state) {
  return /^(waiting|blocked|unblocked)_failed$/.test(state) ? "skipped" : state.replaceAll("_", " ");
}

function mini(label, title, name, details, kind = "") {
  return el("button", {
    type: "button", class: `mini ${kind}`, "aria-label": title, title, text: label,
    onclick: (event) => busily(event.currentTarget, () => act(name, details)),
  });
}

function jobTools(job) {
  const title = spoken(job.name);
  if (job.kind === "block" || job.kind === "input") {
    return job.state === "blocked" ? [mini("Unblock", `Unblock ${title}`, "unblock_job", { job: job.id })] : [];
  }
  if (job.state === "scheduled") return [mini("Start", `Start ${title}`, "start_job", { job: job.id })];
  if (job.state !== "running") return [];
  return [mini("Pass", `Let ${title} pass`, "finish_job", { job: job.id, exit_status: 0 }, "good"),
    mini("Fail", `Let ${title} fail`, "finish_job", { job: job.id, exit_status: 1 }, "bad")];
}

/** A job's name with known emoji replaced and unknown ones removed. */
export function plainName(name) {
  return name.replace(/:([a-z0-9_+-]+):\s*/g, (whole, word) => (emoji(word) ? `${emoji(word)} ` : "")).trim() || "job";
}

/** A job's name without emoji. */
export function spoken(name) {
  return name.replace(/:[a-z0-9_+-]+:\s*/g, "").trim() || "job";
}

function jobRow(job) {
  const state = job.soft_failed ? "soft" : job.state;
  const sign = job.state === "running" ? el("span", { class: "spinner" }) : SIGNS[job.state] ?? "·";
  return el("li", { class: `job ${state}` },
    el("span", { class: "sign", title: stateWords(job.state) }, sign),
    el("span", { class: "grow", title: job.agent ? `on ${job.agent}` : "" }, pictured(plainName(job.name)), job.retried && el("small", { text: " retried" })),
    jobTools(job));
}

/** Renders a build with its jobs. */
export function buildCard(build) {
  const jobs = el("ul", { class: "jobs" }, build.jobs.filter((job) => job.kind !== "wait").map(jobRow));
  const head = el("div", { class: "build-head" },
    el("b", { text: `${build.slug} #${build.number}` }),
    el("span", { class: `pill ${build.state}`, text: build.state.replaceAll("_", " ") }));
  const words = el("div", { class: "build-words" }, el("code", { text: build.branch }), ` ${build.message ?? ""}`);
  return el("details", { class: `build ${build.state}`, open: build.lively || build.fresh || build.state === "failed" },
    el("summary", {}, head, words), jobs,
    el("a", { class: "build-link", href: build.url, target: "_blank", rel: "noopener", text: `Open ${build.slug} #${build.number}` }));
}

function agentTools(agent) {
  if (agent.connection === "connected") return [mini("Lose", `Lose ${agent.name}`, "lose_agent", { agent: agent.id }, "bad")];
  return [mini("Reconnect", `Reconnect ${agent.name}`, "connect_agent", { agent: agent.id }, "good")];
}

/** Renders an agent: what it does, and a button to lose it. */
export function agentRow(agent) {
  const kind = agent.connection !== "connected" ? "failed" : agent.paused ? "blocked" : agent.job ? "running" : "passed";
  const doing = agent.connection !== "connected" ? agent.connection : agent.paused ? `paused${agent.note ? `: ${agent.note}` : ""}` : agent.job ? `running ${spoken(agent.job)}` : "idle";
  return el("div", { class: "agent" }, el("span", { class: `dot ${kind}` }),
    el("div", { class: "grow" }, el("b", { text: agent.name }), el("small", { text: `${agent.queue} · ${doing}` })), agentTools(agent));
}

