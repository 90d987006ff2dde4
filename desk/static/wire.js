// Talking to the server: requests with the page's token, and one stream of changes.

const token = document.querySelector('meta[name="csrf"]')?.content;

export class Refused extends Error {
  constructor(status, error) {
    super(error.message);
    this.status = status;
    this.code = error.code;
    this.details = error.details ?? {};
  }
}

export async function call(path, body) {
  const options = { headers: { Accept: "application/json" } };
  if (body !== undefined) {
    options.method = "POST";
    options.headers["Content-Type"] = "application/json";
    if (token) options.headers["X-CSRF"] = token;
    options.body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Refused(0, { code: "", message: "The server does not answer. What you wrote is still here; try again." });
  }
  const answer = await response.json();
  if (!response.ok) throw new Refused(response.status, answer.error);
  return answer;
}

export async function part(path) {
  const response = await fetch(path, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Refused(response.status, (await response.json()).error);
  return response.text();
}

// EventSource comes back by itself after a lost connection; a refusal it takes for the end.
// What is returned follows with another query from then on; no change is missed.
export function follow(path, handlers, light, after = "", query = {}) {
  let last = after;
  let source;
  const open = () => {
    source?.close();
    const own = source = new EventSource(`${path}?${new URLSearchParams({ ...query, ...(last && { after: last }) })}`);
    source.onopen = () => show(true);
    source.onerror = () => {
      show(false);
      if (own.readyState === EventSource.CLOSED) setTimeout(() => own === source && open(), 3000);
    };
    for (const [name, handle] of Object.entries(handlers)) {
      source.addEventListener(name, (event) => {
        last = event.lastEventId || last;
        handle(JSON.parse(event.data));
      });
    }
  };
  const show = (on) => {
    light.className = `connection ${on ? "on" : "off"}`;
    light.textContent = on ? "live" : "reconnecting";
  };
  open();
  addEventListener("pagehide", () => source.close());
  return (other) => {
    query = other;
    open();
  };
}

export function localTimes(root = document) {
  const today = new Date().toDateString();
  for (const item of root.querySelectorAll("time[datetime]:not([data-due])")) {
    if (!item.dateTime) continue;
    const at = new Date(item.dateTime);
    const time = at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    item.textContent = at.toDateString() === today ? time
      : `${at.toLocaleDateString([], { day: "numeric", month: "short" })} ${time}`;
    item.title = at.toLocaleString();
  }
}
