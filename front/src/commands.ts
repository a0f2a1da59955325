// SPDX-License-Identifier: EUPL-1.2
/** Commands from the desk to the exchange: each has an id of its own, kept however often it is sent again. */
import type { CommandBody } from "./contract";
import { isExpired } from "./stream";

export type Answer =
  | { readonly accepted: true }
  | { readonly accepted: false; readonly code: string; readonly message: string };

/** Codes that the desk gives itself, when no answer came from the exchange. */
export const UNREACHABLE = "unreachable";
export const SESSION_EXPIRED = "session-expired";

export interface CommandsOptions {
  readonly url: string;
  readonly csrf: string;
  readonly fetch?: typeof fetch;
  readonly newId?: () => string;
  readonly wait?: (milliseconds: number) => Promise<void>;
}

/** Milliseconds between the attempts; after the last one the agent is told. */
export const DELAYS = [300, 700, 1500, 3000, 5000] as const;
const ANSWER_WITHIN_MS = 8_000;

export class Commands {
  readonly #options: Required<CommandsOptions>;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: CommandsOptions) {
    this.#options = {
      fetch: (input, init) => fetch(input, init),
      newId: newUuid,
      wait: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
      ...options,
    };
  }

  /** Send *body* after all that was sent before it; never throws. */
  send(body: CommandBody): Promise<Answer> {
    const id = this.#options.newId();
    const answer = this.#last.then(() => this.#insist({ id, ...body }));
    this.#last = answer;
    return answer;
  }

  async #insist(command: CommandBody & { readonly id: string }): Promise<Answer> {
    let answer = await this.#once(command);
    for (const delay of DELAYS) {
      if (answer !== null) return answer;
      await this.#options.wait(delay);
      answer = await this.#once(command);
    }
    return answer ?? { accepted: false, code: UNREACHABLE, message: "" };
  }

  /** Return the exchange's answer, or null when there was none and the same command should be sent again. */
  async #once(command: CommandBody & { readonly id: string }): Promise<Answer | null> {
    try {
      const response = await this.#options.fetch(this.#options.url, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": this.#options.csrf },
        body: JSON.stringify(command),
        credentials: "same-origin",
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      });
      if (isExpired(response)) return { accepted: false, code: SESSION_EXPIRED, message: "" };
      if (response.status >= 500) return null;
      return readAnswer(response, await response.json());
    } catch {
      return null;
    }
  }
}

function readAnswer(response: Response, body: unknown): Answer {
  const { accepted, code, message } = (body ?? {}) as { accepted?: unknown; code?: unknown; message?: unknown };
  if (response.ok && accepted === true) return { accepted: true };
  return {
    accepted: false,
    code: typeof code === "string" ? code : `http-${response.status}`,
    message: typeof message === "string" ? message : "",
  };
}

/** A random UUID; `crypto.randomUUID` exists only on secure origins. */
export function newUuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
