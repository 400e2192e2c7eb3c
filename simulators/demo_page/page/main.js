/* Connects the parts: scenes arrive as server-sent events, and every part renders them. */

import { act, toast } from "./acts.js";
import { el } from "./dom.js";
import { shown } from "./faces.js";
import { Modal } from "./modal.js";
import { ChannelPane, ThreadPane } from "./panes.js";
import { Panel } from "./panel.js";
import { sidebar } from "./sidebar.js";
import { Tips } from "./tips.js";

class App {
  constructor(hints) {
    this.hints = hints;
    this.viewer = hints.first;
    this.scene = null;
    this.channelId = null;
    this.thread = null;
    this.seen = new Map();
    this.problemsShown = 0;
    this.dismissed = new Set();
    this.tab = "messages";
    this.names = {
      person: (id) => this.scene.people[id] && shown(this.scene.people[id]),
      channel: (id) => this.scene.channels.find((channel) => channel.id === id)?.name,
    };
    this.tips = new Tips(this);
    this.channelPane = new ChannelPane(this, document.getElementById("channel"));
    this.threadPane = new ThreadPane(this, document.getElementById("thread"));
    this.panel = new Panel(document.getElementById("panel"));
    this.modal = new Modal(this);
    this.listen();
  }

  get channel() {
    return this.channelOf(this.channelId) ?? this.scene.channels[0];
  }

  channelOf(id) {
    return this.scene.channels.find((channel) => channel.id === id);
  }

  messageAt({ channel, ts }) {
    return this.channelOf(channel)?.messages.find((message) => message.ts === ts);
  }

  replies(message) {
    const messages = this.channelOf(message.channel)?.messages ?? [];
    return messages.filter((reply) => reply.thread_ts === message.ts && reply.ts !== message.ts);
  }

  filesOf(message) {
    return (message.files ?? []).map((file) => this.scene.files.find((stored) => stored.id === file.id)?.text?.length ?? 0);
  }

  unread(channel) {
    const last = channel.messages.at(-1)?.ts ?? "";
    if (channel.id === this.channel.id || !this.seen.has(channel.id)) this.seen.set(channel.id, last);
    return this.seen.get(channel.id) < last;
  }

  /** Subscribes to this viewer's scenes; the browser reconnects on its own. */
  listen() {
    this.stream?.close();
    this.stream = new EventSource(`/events?as=${encodeURIComponent(this.viewer)}`);
    this.stream.addEventListener("scene", (event) => this.show(JSON.parse(event.data)));
    this.stream.addEventListener("open", () => document.body.classList.remove("offline"));
    this.stream.addEventListener("error", () => document.body.classList.add("offline"));
  }

  show(scene) {
    const before = this.scene?.viewer === scene.viewer ? this.problemsShown : scene.problems.length;
    this.scene = scene;
    for (const channel of scene.channels) channel.messages = channel.messages.filter((message) => !this.dismissed.has(message.ts));
    this.channelId ??= scene.channels[0].id;
    scene.problems.slice(before).forEach((problem) => toast(describeProblem(problem)));
    this.problemsShown = scene.problems.length;
    this.draw();
    if (document.body.classList.contains("ready")) return;
    document.body.classList.add("ready");
    this.channelPane.composer.querySelector("textarea").focus();
  }

  draw() {
    sidebar(this, document.getElementById("sidebar"));
    this.channelPane.show();
    this.threadPane.show();
    this.panel.show(this.scene.buildkite, this.scene.tokens);
    this.modal.show(this.scene.modal);
  }

  become(user) {
    if (user === this.viewer) return;
    this.viewer = user;
    this.seen.clear();
    this.tab = "messages";
    this.listen();
  }

  openChannel(id) {
    this.channelId = id;
    this.tab = "messages";
    if (this.thread && this.thread.channel !== id) this.thread = null;
    this.draw();
    this.channelPane.composer.querySelector("textarea").focus();
  }

  openTab(name) {
    this.tab = name;
    if (name === "home") act("open_home", { as: this.viewer });
    this.draw();
  }

  openThread(channel, ts) {
    this.thread = { channel, ts };
    this.draw();
    this.threadPane.composer.querySelector("textarea").focus();
  }

  openNewestThread(text) {
    const mine = this.channel.messages.filter((message) => message.bot_id && !message.is_reply && !message.ephemeral);
    if (!mine.length) { toast("Start a build first. Its card has a thread."); return; }
    this.openThread(this.channel.id, mine.at(-1).ts);
    if (text) this.threadPane.composer.write(text);
  }

  dismiss(message) {
    this.dismissed.add(message.ts);
    this.show(this.scene);
  }

  closeThread() {
    this.thread = null;
    this.draw();
  }

  write(text) {
    this.channelPane.composer.write(text);
  }

  openPanel(name) {
    document.body.classList.add("panel-open");
    this.panel.open(name);
  }

  panelButton() {
    return el("button", {
      type: "button", class: "button small panel-button", text: "Buildkite",
      onclick: () => document.body.classList.toggle("panel-open"),
    });
  }
}

function describeProblem({ about, problem: reason }) {
  return `Slack: “${about}” failed (${reason}).`;
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !document.querySelector("dialog[open]")) window.kitestring?.closeThread();
});

const hints = await (await fetch("/hints.json")).json();
window.kitestring = new App(hints);
