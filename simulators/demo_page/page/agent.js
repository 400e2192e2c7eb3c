/* An AI agent that calls the bot's tools over MCP with a token of its owner. */

import { act, busily } from "./acts.js";
import { el } from "./dom.js";

const POLL_MILLISECONDS = 1000;
const START = { tool: "build_create", arguments: { pipeline: "deploy-prod", message: "Ship v2" } };

/** The tab's contents, created once: choose a token, call a tool, and follow its task until people have decided. */
export class Agent {
  constructor() {
    this.tokens = [];
    this.calls = 0;
    this.token = el("select", { class: "field", "aria-label": "Token", onchange: () => this.#list() });
    this.about = el("p", { class: "quiet" });
    this.tool = el("select", { class: "field", "aria-label": "Tool", onchange: () => this.#choose() });
    this.what = el("p", { class: "quiet" });
    this.given = el("textarea", { class: "field agent-arguments", rows: "4", spellcheck: "false", "aria-label": "Arguments as JSON" });
    this.button = el("button", { type: "button", class: "button primary", text: "Call the tool", onclick: (event) => busily(event.currentTarget, () => this.#call()) });
    this.log = el("div", { class: "agent-log", role: "log", "aria-label": "Answers" });
    this.node = el("div", { class: "agent-tab" },
      el("p", { class: "quiet", text: "An AI agent acts for a person: under the same policy, and announced with both names." }),
      this.token, this.about, this.tool, this.what, this.given, this.button, this.log);
  }

  /** Offers these tokens; the tools are listed for the first. */
  show(tokens) {
    if (tokens.length === this.tokens.length) return this.node;
    this.tokens = tokens;
    this.token.replaceChildren(...tokens.map((token) => el("option", { value: token.name, text: token.name })));
    this.#list();
    return this.node;
  }

  async #list() {
    this.about.textContent = this.tokens.find((token) => token.name === this.token.value)?.about ?? "";
    const answer = await act("agent_tools", { agent: this.token.value });
    if (!answer) return;
    this.tools = answer.tools;
    this.tool.replaceChildren(...answer.tools.map((tool) => el("option", { value: tool.name, text: tool.name })));
    if (answer.tools.some((tool) => tool.name === START.tool)) this.tool.value = START.tool;
    this.#choose();
  }

  #choose() {
    const tool = this.tools.find((known) => known.name === this.tool.value);
    this.what.textContent = `${tool.description}${tool.reads ? " It only reads." : ""}`;
    const given = tool.name === START.tool ? START.arguments : tool.arguments;
    this.given.value = JSON.stringify(given, null, 2);
  }

  async #call(more = {}) {
    let given;
    try {
      given = JSON.parse(this.given.value || "{}");
    } catch {
      this.#say("The arguments aren't JSON.", "failed");
      return;
    }
    const call = { agent: this.token.value, tool: this.tool.value, arguments: given, ...more };
    const answer = await act("agent_call", call);
    if (answer) this.#answer(call, answer);
  }

  #answer(call, answer) {
    if (answer.questions) return this.#ask(answer);
    if (!answer.task) return this.#say(answer.text || "Done.", answer.failed ? "failed" : "passed", call.tool);
    const entry = this.#say(answer.text || "It waits for people to decide in Slack.", "running", `${call.tool}: ${answer.status}`);
    this.#follow(call, answer.task, entry);
  }

  #ask(answer) {
    const entry = this.#say(Object.values(answer.questions).join("\n"), "blocked", "The bot asks first");
    const confirm = el("button", {
      type: "button", class: "button small", text: "Confirm",
      onclick: (event) => { event.currentTarget.remove(); this.#call({ state: answer.state, questions: answer.questions }); },
    });
    entry.append(confirm);
  }

  async #follow(call, task, entry) {
    const answer = await act("agent_task", { agent: call.agent, task });
    if (!answer) return;
    const ended = !["working", "input_required"].includes(answer.status);
    const state = ended ? (answer.status === "completed" && !answer.failed ? "passed" : "failed") : "running";
    this.#fill(entry, answer.text || entry.lastText, state, `${call.tool}: ${answer.status}`);
    if (!ended) setTimeout(() => this.#follow(call, task, entry), POLL_MILLISECONDS);
  }

  #say(text, state, title = "") {
    const entry = el("article", { class: "agent-answer" });
    this.#fill(entry, text, state, title);
    this.log.prepend(entry);
    return entry;
  }

  #fill(entry, text, state, title) {
    entry.lastText = text;
    entry.replaceChildren(
      el("b", {}, el("span", { class: `dot ${state}` }), title),
      el("pre", { text, tabindex: "0" }));
  }
}
