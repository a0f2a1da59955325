// SPDX-License-Identifier: EUPL-1.2
/**
 * Server-sent events over fetch.
 *
 * EventSource hides the heartbeats, so a line that died silently (a closed laptop, a proxy) looks alive, and it
 * cannot tell an expired session from a fault. This reader sees both, and heals by itself.
 */

export interface ServerEvent {
  readonly name: string;
  readonly data: string;
}

/** Cuts a stream of text into events, by the rules of the HTML standard. Keeps what is incomplete. */
export class EventParser {
  #rest = "";
  #name = "";
  #data: string[] = [];

  /** Take in *chunk* and return the events that it completes. */
  feed(chunk: string): ServerEvent[] {
    this.#rest += chunk;
    const events: ServerEvent[] = [];
    for (;;) {
      const end = /\r\n|\n|\r(?!$)/.exec(this.#rest);
      if (end === null) return events;
      const line = this.#rest.slice(0, end.index);
      this.#rest = this.#rest.slice(end.index + end[0].length);
      const event = this.#line(line);
      if (event !== null) events.push(event);
    }
  }

  #line(line: string): ServerEvent | null {
    if (line === "") {
      const event = this.#data.length > 0 ? { name: this.#name || "message", data: this.#data.join("\n") } : null;
      this.#name = "";
      this.#data = [];
      return event;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#name = value;
    if (field === "data") this.#data.push(value);
    return null; // a comment (":"), an id, a retry: only signs of life to us
  }
}

export interface StreamHandlers {
  event(event: ServerEvent): void;
  /** The line is open and the server has spoken. */
  open(): void;
  /** The line broke; it is tried again. */
  lost(): void;
  /** The server no longer knows who we are: only a new sign-in helps. */
  expired(): void;
}

const SILENCE_MS = 25_000; // the server's heart beats every 10 s
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 10_000;

/** Keep the stream at *url* open until *signal* says stop. */
export async function follow(url: string, handlers: StreamHandlers, signal: AbortSignal): Promise<void> {
  let delay = FIRST_DELAY_MS;
  while (!signal.aborted) {
    const end = await readOnce(url, handlers, signal, () => {
      delay = FIRST_DELAY_MS;
    });
    if (signal.aborted) return;
    if (end === "expired") {
      handlers.expired();
      return;
    }
    handlers.lost();
    await pause(delay + Math.random() * 300, signal);
    delay = Math.min(delay * 2, LONGEST_DELAY_MS);
  }
}

async function readOnce(
  url: string,
  handlers: StreamHandlers,
  signal: AbortSignal,
  alive: () => void,
): Promise<"lost" | "expired"> {
  const attempt = new AbortController();
  const stop = (): void => attempt.abort();
  signal.addEventListener("abort", stop);
  let watchdog = setTimeout(stop, SILENCE_MS);
  try {
    const response = await fetch(url, {
      headers: { Accept: "text/event-stream" },
      cache: "no-store",
      credentials: "same-origin",
      signal: attempt.signal,
    });
    if (isExpired(response)) return "expired";
    if (!response.ok || response.body === null) return "lost";
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    const parser = new EventParser();
    for (let first = true; ; first = false) {
      const { done, value } = await reader.read();
      if (done) return "lost";
      if (first) {
        alive();
        handlers.open();
      }
      clearTimeout(watchdog);
      watchdog = setTimeout(stop, SILENCE_MS);
      for (const event of parser.feed(value)) handlers.event(event);
    }
  } catch {
    return "lost"; // a network's fault or our own watchdog: the same remedy
  } finally {
    clearTimeout(watchdog);
    signal.removeEventListener("abort", stop);
    attempt.abort();
  }
}

/** Whether *response* is a refusal for want of a session, or the sign-in page in place of an answer. */
export function isExpired(response: Pick<Response, "status" | "redirected" | "ok" | "headers">): boolean {
  const html = (response.headers.get("content-type") ?? "").startsWith("text/html");
  return response.status === 401 || response.status === 403 || (response.redirected && response.ok && html);
}

/** Wait, but wake early when the network returns, the page is looked at again, or *signal* says stop. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      window.removeEventListener("online", done);
      document.removeEventListener("visibilitychange", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    window.addEventListener("online", done);
    document.addEventListener("visibilitychange", done);
    signal.addEventListener("abort", done);
  });
}
