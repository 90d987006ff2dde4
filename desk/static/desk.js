// The desk: choose, read, decide. What a person is typing is never replaced.

import { Refused, call, follow, localTimes, part } from "/static/wire.js";
import { toast } from "/static/toast.js";

const $ = (selector) => document.querySelector(selector);
const queue = $("#queue");
const card = $("#card");
const live = $("#live");
const CLAIM_EVERY = 60_000;
let mode = null; // what the editor is open for
let cursor = null; // id of the row that j and k moved to
let busy = false;

const work = () => $("#work");
const review = () => work()?.dataset.review;
const conversation = () => work()?.dataset.conversation;
const isOpen = () => work()?.dataset.status === "open";

// Queue

function selectedRow() {
  return review() && $(`#row-${review()}`) || conversation() && queue.querySelector(`[data-conversation="${conversation()}"]`);
}

function showSelection() {
  for (const row of queue.querySelectorAll(".row[aria-current]")) row.removeAttribute("aria-current");
  selectedRow()?.setAttribute("aria-current", "true");
}

function showDue() {
  for (const item of document.querySelectorAll("[data-due]")) {
    if (!item.dateTime) continue;
    const minutes = Math.round((new Date(item.dateTime) - Date.now()) / 60_000);
    item.classList.toggle("late", minutes < 0);
    item.classList.toggle("soon", minutes >= 0 && minutes <= 5);
    const size = Math.abs(minutes);
    const length = size < 90 ? `${size} min` : size < 2880 ? `${Math.round(size / 60)} h` : `${Math.round(size / 1440)} d`;
    item.textContent = minutes < 0 ? `${length} late` : `in ${length}`;
    item.title = new Date(item.dateTime).toLocaleString();
  }
}

async function loadQueue() {
  const markup = await part("/desk/queue");
  const before = $("#waiting")?.textContent;
  const held = document.activeElement?.closest?.(".row")?.id;
  queue.innerHTML = markup; // the server's own escaped markup
  localTimes(queue);
  showDue();
  showSelection();
  if (held) document.getElementById(held)?.focus();
  const now = $("#waiting").textContent;
  if (now !== before) live.textContent = `${now} waiting`;
  document.title = now === "0" ? "Desk – Handrail" : `(${now}) Desk – Handrail`;
}

function rows() {
  return [...queue.querySelectorAll(".row")];
}

function move(step) {
  const all = rows();
  if (!all.length) return;
  const at = all.findIndex((row) => row.id === cursor || (cursor === null && row.hasAttribute("aria-current")));
  const next = all[Math.min(Math.max(at + step, 0), all.length - 1)];
  cursor = next.id;
  next.focus();
}

// Card

async function open(row) {
  if (mode && $("#words").value.trim() && !confirm("Leave what you are writing?")) return;
  cursor = row.id;
  const path = row.dataset.review ? `reviews/${row.dataset.review}` : `conversations/${row.dataset.conversation}`;
  await load(path);
  history.replaceState(null, "", row.href);
  if (matchMedia("(max-width: 720px)").matches) $("#main").scrollIntoView();
  await claim(false);
}

async function load(path) {
  try {
    card.innerHTML = await part(`/desk/${path}`); // the server's own escaped markup
  } catch (error) {
    return say(error);
  }
  mode = null;
  localTimes(card);
  showSelection();
  showDue();
  watchWriting();
  const messages = $("#messages");
  messages.scrollTop = messages.scrollHeight;
}

// New messages come in beside a draft or an editor, which stay as they are.
async function loadMessages() {
  const id = conversation();
  const holder = document.createElement("template");
  holder.innerHTML = await part(`/desk/conversations/${id}`);
  if (conversation() !== id) return;
  const fresh = holder.content.querySelector("#messages");
  const shown = $("#messages");
  const atEnd = shown.scrollHeight - shown.scrollTop - shown.clientHeight < 40;
  shown.innerHTML = fresh.innerHTML;
  localTimes(shown);
  if (atEnd) shown.scrollTop = shown.scrollHeight;
  return holder.content.querySelector("#work");
}

let claiming = Promise.resolve(); // a decision waits for it: a claim after it would be refused

function claim(force) {
  claiming = askForClaim(force);
  return claiming;
}

async function askForClaim(force) {
  if (!isOpen()) return;
  try {
    await call(`/api/v1/reviews/${review()}/claim`, { force });
    $("#claim").hidden = $("#lapsed").hidden = true;
  } catch (error) {
    if (error.details?.lapsed_by) return void ($("#lapsed").hidden = false);
    if (error.details?.claimed_by) {
      $("#claim").hidden = false;
      $("#claim strong").textContent = error.details.claimed_by;
    } else if (error.status !== 409) say(error);
  }
}

function say(error) {
  const place = $("#problem");
  if (!place) return toast(error.message);
  place.textContent = error.message;
  place.hidden = false;
  place.scrollIntoView({ block: "nearest" });
}

// Changes from elsewhere

async function changed({ conversation_id: id, review_id: reviewId }) {
  loadQueue().catch(() => {});
  if (watched.has(id)) showUndo(id).catch(() => {});
  if (id !== conversation()) return;
  const fresh = await loadMessages();
  if (!fresh || busy) return;
  const sameReview = fresh.dataset.review === review() && fresh.dataset.status === work().dataset.status
    && fresh.dataset.version === work().dataset.version && fresh.dataset.reminded === work().dataset.reminded && fresh.dataset.changed === work().dataset.changed && fresh.dataset.holder === work().dataset.holder
    && fresh.dataset.actions === work().dataset.actions;
  if (sameReview) return;
  if (!mode || !$("#words").value.trim()) return load(`conversations/${id}`);
  if (reviewId === review() || fresh.dataset.review !== review()) await tellChanged();
}

async function tellChanged() {
  const now = await call(`/api/v1/reviews/${review()}`);
  if (now.status === "open" && String(now.version) === work().dataset.version) return;
  const place = $("#changed");
  const what = now.status === "open" ? `changed (${now.change}, ${now.changed_by})`
    : `${now.status} by ${now.decided_by}${now.decision ? ` (${now.decision.replaceAll("_", " ")})` : ""}`;
  place.textContent = `This review was ${what}. What you wrote is kept here; open the conversation again to go on.`;
  place.hidden = false;
}

// What a model is writing where this page is open: not verified, kept nowhere, gone when it is done.

let beingWritten = null;
let followed = conversation(); // the conversation of which the server tells

function written({ conversation_id: id, text }) {
  if (id !== conversation()) return;
  beingWritten = text;
  showWriting();
}

function showWriting() {
  const place = $("#writing");
  if (!place) return;
  place.hidden = beingWritten === null;
  place.querySelector(".draft-text").textContent = beingWritten || "…";
}

function watchWriting() {
  if (conversation() === followed) return showWriting();
  followed = conversation();
  beingWritten = null;
  stream(opened());
}

function opened() {
  return conversation() ? { conversation: conversation() } : {};
}

// Decisions

function acknowledged(where = card) {
  return [...where.querySelectorAll("[data-acknowledge]:checked")].map((box) => box.dataset.acknowledge);
}

async function decide(decision) {
  const box = work().dataset;
  await claiming;
  return call(`/api/v1/reviews/${box.review}/decide`, {
    version: Number(box.version), digest: box.digest || null, decision,
  });
}

async function act(send) {
  if (busy) return;
  busy = true;
  for (const button of card.querySelectorAll(".answer button")) button.disabled = true;
  const id = conversation();
  try {
    await send();
    watched.add(id);
    await load(`conversations/${id}`); // it stays in view, as it is now
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    refused(error);
  } finally {
    busy = false;
    for (const button of card.querySelectorAll(".answer button")) button.disabled = false;
  }
  if (!mode) $("#main").focus();
  loadQueue().catch(() => {});
  showUndo(id).catch(() => {});
}

function refused(error) {
  if (error.code === "HR315") withholdBoxes(error.details.findings ?? []);
  if (error.code === "HR306" && mode) return showBlocked(error.details.findings ?? [], error.details.missing ?? []);
  if (error.status === 409 && (error.details.decided_by || error.details.change)) {
    const place = $("#changed");
    place.textContent = error.message;
    place.hidden = false;
    place.scrollIntoView({ block: "nearest" });
    return loadQueue();
  }
  say(error);
}

function showBlocked(findings, missing) {
  const place = $("#blocked");
  place.replaceChildren(...findings.map(finding));
  const known = new Set(findings.map((item) => `${item.check}:${item.rule}`));
  for (const key of missing) if (!known.has(key)) place.append(finding({ severity: "critical", message: "could not judge", check: key }));
  place.hidden = !place.children.length;
  if (place.hidden) return toast("No finding.");
  place.scrollIntoView({ block: "nearest" });
}

function finding(item) {
  const box = document.createElement("div");
  box.className = `finding ${item.severity}`;
  const line = document.createElement("p");
  const key = item.rule ? `${item.check}:${item.rule}` : item.check;
  const strong = document.createElement("strong");
  strong.textContent = item.severity;
  const words = [...$("#words").value].slice(item.start, item.end).join(""); // the server counts characters
  line.append(strong, ` ${item.message} `);
  if (words && words.length < 120) {
    const mark = document.createElement("mark");
    mark.className = item.severity;
    mark.textContent = words;
    line.append(mark);
  }
  box.append(line);
  for (const proof of item.evidence ?? []) {
    const p = document.createElement("p");
    p.className = "evidence";
    p.textContent = `${proof.source}${proof.quote ? `: “${proof.quote}”` : ""}`;
    box.append(p);
  }
  if (item.severity === "critical" && beyondLimit(item) && work().dataset.beyondLimits) box.append(whoMay());
  else if (item.severity === "critical") {
    const label = document.createElement("label");
    label.className = "ack";
    const tick = document.createElement("input");
    tick.type = "checkbox";
    tick.dataset.acknowledge = key;
    label.append(tick, "I checked this and accept it");
    box.append(label);
  }
  return box;
}

// A promise beyond the limit of an agent is for a lead to make; ticking a box would not help.

function beyondLimit(item) {
  return item.severity === "critical" && (item.evidence ?? []).some(({ source }) => source.startsWith("rule:limits."));
}

function whoMay() {
  const p = document.createElement("p");
  p.className = "ack";
  p.textContent = work().dataset.beyondLimits;
  return p;
}

function withholdBoxes(findings) {
  if (mode && findings.length) return showBlocked(findings, []);
  for (const { check } of findings) { // its rule may be another one by an agent's limit
    for (const box of card.querySelectorAll(`.draft [data-acknowledge^="${check}:"]`)) box.closest(".ack").replaceWith(whoMay());
  }
}

const EDITORS = {
  edit: ["Your text in place of the draft", "Send", () => $("#draft-source").value],
  respond: ["Your answer to the customer", "Send", () => ""],
  reject: ["Why not? The AI drafts again with this in mind", "Reject", () => ""],
  ask_customer: ["Your question to the customer; the matter goes on with the answer", "Ask", () => ""],
  snooze: ["Out of the queue until", "Snooze", () => "", ["moment"], 1],
  escalate: ["To another team, with a note for them", "Escalate", () => "", ["team", "words"]],
  look_again: ["When, and what to look for; nothing happens if the customer writes before", "Look again", () => "", ["moment", "words"], 24],
  note: ["Note for the team; the customer does not see it", "Save note", () => ""],
  hand_back: ["What was agreed? The AI reads it", "Hand back", () => ""],
  correct_intent: ["The right intent", "Draft again", () => "", ["intent"]],
};

function edit(kind, given) {
  if (!card.querySelector(`[data-act="${kind}"]`)) return;
  const [label, send, text, fields = ["words"], hours = 0] = EDITORS[kind];
  mode = kind;
  $("#editor").hidden = false;
  const words = $("#words");
  for (const name of ["words", "intent", "team", "moment"]) $(`#${name}`).hidden = !fields.includes(name);
  if (hours) $("#moment").value = localValue(new Date(Date.now() + hours * 3_600_000));
  $("#words-label").textContent = label;
  $("#send").firstChild.textContent = `${send} `;
  $("#words-label").htmlFor = fields[0];
  $("#check").hidden = !["edit", "respond", "ask_customer"].includes(kind);
  $("#blocked").hidden = true;
  $("#problem").hidden = true;
  words.value = given ?? text();
  count();
  $(`#${fields[0]}`).focus();
  $("#send").scrollIntoView({ block: "nearest" });
}

// What a datetime-local field holds: this machine's wall clock.
function localValue(moment) {
  return new Date(moment - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function close() {
  mode = null;
  $("#editor").hidden = true;
  $("#main").focus();
}

function count() {
  const size = $("#words").value.length;
  $("#size").textContent = size ? `${size} characters` : "";
}

async function submit() {
  const words = $("#words").value;
  const accept = acknowledged($("#blocked"));
  const id = conversation();
  const at = $("#moment").value ? new Date($("#moment").value).toISOString() : null;
  if (["snooze", "look_again"].includes(mode) && !at) return say(new Error("Name a day and a time."));
  if (["edit", "respond", "ask_customer", "look_again", "note", "reject"].includes(mode) && !words.trim()) return say(new Error("Write something first."));
  if (mode === "respond" && !isOpen()) return act(() => call(`/api/v1/conversations/${id}/messages`, { text: words, acknowledge: accept }));
  if (mode === "hand_back") return act(() => isOpen() && card.querySelector("#work") && allows("hand_back")
    ? decide({ kind: "hand_back", note: words }) : call(`/api/v1/conversations/${id}/hand-back`, { note: words }));
  if (mode === "look_again") return act(() => call(`/api/v1/conversations/${id}/look-again`, { at, note: words }));
  const decision = {
    ask_customer: { kind: "ask_customer", text: words, acknowledge: accept },
    snooze: { kind: "snooze", until: at },
    escalate: { kind: "escalate", team: $("#team").value, note: words },
    edit: { kind: "edit", text: words, acknowledge: accept },
    respond: { kind: "respond", text: words, acknowledge: accept },
    reject: { kind: "reject", reason: words },
    note: { kind: "note", text: words },
    correct_intent: { kind: "correct_intent", intent: $("#intent").value },
  }[mode];
  if (mode) return act(() => decide(decision));
}

function allows(kind) {
  return card.querySelector(`[data-act="${kind}"]`) !== null;
}

function approve() {
  if (!allows("approve")) return;
  const boxes = [...card.querySelectorAll(".draft [data-acknowledge]")];
  const open = boxes.find((box) => !box.checked);
  if (open) {
    say(new Error("Accept each critical finding first, or edit the draft."));
    return open.focus();
  }
  return act(() => decide({ kind: "approve", acknowledge: acknowledged() }));
}

function takeOver() {
  if (!allows("take_over")) return;
  const id = conversation();
  return act(() => (isOpen() ? decide({ kind: "take_over" }) : call(`/api/v1/conversations/${id}/take-over`, {})));
}

// What is not right with a finding goes to those who tune the check; the review stays as it is.
async function giveFeedback(form) {
  const { check, rule, start } = form.dataset;
  const reason = form.elements.reason.value;
  if (!reason.trim()) return form.elements.reason.focus();
  try {
    await call(`/api/v1/reviews/${review()}/feedback`, { check, rule, start: Number(start), reason });
  } catch (error) {
    return say(error);
  }
  const said = document.createElement("p");
  said.className = "quiet";
  said.textContent = `You called this not right: ${reason}`;
  form.closest("details").replaceWith(said);
  $("#main").focus();
}

async function check() {
  try {
    const verdict = await call(`/api/v1/conversations/${conversation()}/check`, { text: $("#words").value });
    showBlocked(verdict.report.findings, []);
  } catch (error) {
    say(error);
  }
}

function apply(button) {
  if (mode !== "edit") edit("edit");
  const words = $("#words");
  const source = [...$("#draft-source").value];
  const [start, end] = [Number(button.dataset.start), Number(button.dataset.end)];
  const gone = source.slice(start, end).join("");
  const places = words.value.split(gone);
  if (words.value === source.join("")) {
    words.value = source.slice(0, start).join("") + button.dataset.text + source.slice(end).join("");
  } else if (gone && places.length === 2) {
    words.value = places.join(button.dataset.text);
  } else {
    return say(new Error("The text has changed there already; put it in by hand."));
  }
  count();
}

// Undo

const watched = new Set(); // conversations in which this page decided something
const offered = new Set();

async function showUndo(id) {
  const { outbox } = await call(`/api/v1/conversations/${id}`);
  for (const reply of outbox) {
    if (!reply.decided_by || offered.has(reply.id)) continue;
    const left = new Date(reply.send_after) - Date.now();
    if (left <= 0) continue;
    offered.add(reply.id);
    toast("The reply leaves in a moment.", { label: "Undo", key: "u", run: () => recall(reply.id), milliseconds: left });
  }
}

async function recall(id) {
  try {
    await call(`/api/v1/outbox/${id}/recall`, {});
    toast("Called back. It is in the queue again.");
  } catch (error) {
    toast(error.message);
  }
}

// Events

const ACTS = {
  approve, take_over: takeOver, cancel: close, check, "force-claim": () => claim(true),
};

card.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.recall) return recall(button.dataset.recall);
  if ("apply" in button.dataset) return apply(button);
  if (button.dataset.words) return edit("respond", button.dataset.words);
  const kind = button.dataset.act;
  if (kind in ACTS) return ACTS[kind]();
  if (kind in EDITORS) return edit(kind);
});
card.addEventListener("submit", (event) => {
  event.preventDefault();
  if (event.target.dataset.rule) giveFeedback(event.target);
  else submit();
});
card.addEventListener("input", count);
queue.addEventListener("click", (event) => {
  const row = event.target.closest(".row");
  if (!row || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  open(row);
});
$("#keys").addEventListener("click", () => $("#help").showModal());

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  Enter: () => cursor && document.getElementById(cursor)?.click(),
  a: approve,
  e: () => edit(allows("edit") ? "edit" : "respond"),
  r: () => edit("reject"),
  t: takeOver,
  b: () => edit("hand_back"),
  q: () => edit("ask_customer"),
  s: () => edit("snooze"),
  x: () => edit("escalate"),
  l: () => edit("look_again"),
  n: () => edit("note"),
  i: () => edit("correct_intent"),
  u: () => document.querySelector("#toasts [data-key='u']")?.click(),
  "?": () => $("#help").showModal(),
};

addEventListener("keydown", (event) => {
  const inField = event.target.closest?.("input, textarea, select, dialog");
  if (inField) {
    if (event.key === "Escape" && event.target.closest("#editor")) event.target.blur();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.closest("#editor")) {
      event.preventDefault();
      submit();
    }
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in KEYS)) return;
  if (event.key === "Enter" && event.target.closest?.("a, button, summary")) return; // they open themselves
  event.preventDefault();
  KEYS[event.key]();
});

setInterval(showDue, 15_000);
setInterval(() => mode && claim(false), CLAIM_EVERY);
localTimes(queue);
showDue();
showSelection();
if (isOpen()) claim(false);
$("#messages")?.scrollTo(0, 1e9);
const after = document.querySelector('meta[name="after"]').content;
const reload = () => location.reload();
const stream = follow(`/api/v1/stream`, { message: changed, review: changed, holder: changed, action: changed, writing: written, reset: reload }, $("#connection"), after, opened());
