// The customer's chat.

import { call, follow } from "/static/wire.js";

const list = document.querySelector("#messages");
const empty = document.querySelector("#empty");
const state = document.querySelector("#state");
const problem = document.querySelector("#problem");
const form = document.querySelector("#say");
const text = document.querySelector("#text");
const NAMES = { customer: "You", ai: "Assistant" };
let last = 0;
let reading = null;

function bubble(message) {
  const item = document.createElement("li");
  item.className = `bubble ${message.role}`;
  const meta = document.createElement("p");
  meta.className = "meta";
  const name = document.createElement("strong");
  name.textContent = NAMES[message.role] ?? message.author ?? "Our team";
  const at = document.createElement("time");
  at.dateTime = message.at;
  at.textContent = new Date(message.at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  meta.append(name, at);
  const body = document.createElement("div");
  body.className = "text";
  body.textContent = message.text;
  item.append(meta, body);
  item.dataset.seq = message.seq;
  return item;
}

// A reply may be delivered after a newer message of the customer, so everything is read again.
async function read() {
  const chat = await call("/api/v1/chat/messages");
  const known = new Set([...list.children].map((item) => item.dataset.seq));
  const fresh = chat.messages.filter((message) => !known.has(String(message.seq)));
  for (const message of fresh) {
    const next = [...list.children].find((item) => Number(item.dataset.seq) > message.seq);
    list.insertBefore(bubble(message), next ?? null);
  }
  if (fresh.length) list.scrollTop = list.scrollHeight;
  last = Math.max(last, ...chat.messages.map((message) => message.seq), 0);
  empty.hidden = list.children.length > 0;
  const newest = chat.messages.at(-1);
  const asked = newest?.role === "customer";
  state.textContent = !asked ? "" : chat.holder === "ai" ? "Looking into it…"
    : "A person from our team is looking at this and will answer here.";
}

function refresh() {
  reading = (reading ?? Promise.resolve()).then(read).catch((error) => { problem.textContent = error.message; problem.hidden = false; });
  return reading;
}

let attempt = null;

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const words = text.value;
  if (!words.trim()) return;
  // The same name for the same words: a second try after a lost answer counts once.
  if (attempt?.words !== words) attempt = { words, id: crypto.randomUUID?.() ?? String(Math.random()).slice(2) };
  try {
    await call("/api/v1/chat/messages", { text: words, id: attempt.id });
    attempt = null;
    if (text.value === words) text.value = "";
    problem.hidden = true;
    await refresh();
  } catch (error) {
    problem.textContent = error.message;
    problem.hidden = false;
  }
});

text.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  }
});

refresh();
follow("/api/v1/chat/stream", { changed: refresh, reset: refresh }, document.querySelector("#connection"));
text.focus();
