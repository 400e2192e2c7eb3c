/* Sends the person's actions to the server; problems are shown in a toast. */

import { el } from "./dom.js";

/** Shows a message for a few seconds at the bottom of the page. */
export function toast(text) {
  const box = document.getElementById("toasts");
  const note = el("div", { class: "toast", role: "status", text });
  box.append(note);
  setTimeout(() => note.remove(), 7000);
}

/** POSTs an action; returns the answer, or null after a problem (which is shown). */
export async function act(name, details) {
  try {
    const response = await fetch(`/acts/${name}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(details),
    });
    const answer = await response.json();
    if (answer.problem) toast(answer.problem);
    else document.dispatchEvent(new CustomEvent("acted", { detail: { name, details } }));
    return answer.problem ? null : answer;
  } catch {
    toast("The demo isn't responding. Check that it's still running.");
    return null;
  }
}

/** Runs `work` while the button shows that it is busy. */
export async function busily(button, work) {
  button.classList.add("busy");
  button.setAttribute("aria-busy", "true");
  try {
    return await work();
  } finally {
    button.classList.remove("busy");
    button.removeAttribute("aria-busy");
  }
}
