// SPDX-License-Identifier: EUPL-1.2
/**
 * The desk's copy of the server's state: folding `state` and `change` events gives what a fresh fetch would give.
 *
 * Nothing here waits, reads a clock or touches the page: the time of arrival comes with the event.
 */
import type { Call, Change, DeskState } from "./contract";

export interface Live {
  readonly state: DeskState | null;
  /** Milliseconds by which the server's clock is ahead of ours. */
  readonly ahead: number;
}

export type LiveEvent =
  | { readonly type: "state"; readonly data: DeskState; readonly at: number }
  | { readonly type: "change"; readonly data: Change; readonly at: number };

export const NOTHING: Live = { state: null, ahead: 0 };

/**
 * Return what is known after *event*.
 *
 * A whole state always counts: after a reconnect its version may be lower, when the server was restored. A change
 * older than what is known, or one that comes before any state, is dropped.
 */
export function fold(live: Live, event: LiveEvent): Live {
  if (event.type === "state") {
    return { state: event.data, ahead: aheadOf(event.data.now, event.at) ?? live.ahead };
  }
  if (live.state === null || event.data.version < live.state.version) {
    return live;
  }
  return {
    state: { ...live.state, ...event.data.changes, version: event.data.version },
    ahead: aheadOf(event.data.changes.now, event.at) ?? live.ahead,
  };
}

/** Return the seconds from *since* to *now* (milliseconds of the server's clock), at least 0. */
export function secondsSince(since: string | null, now: number): number {
  const start = since === null ? Number.NaN : Date.parse(since);
  return Number.isNaN(start) ? 0 : Math.max(0, Math.floor((now - start) / 1000));
}

/** Return the whole seconds left until *until*, at least 0: 3.2 seconds are still 4. */
export function secondsUntil(until: string | null, now: number): number {
  const end = until === null ? Number.NaN : Date.parse(until);
  return Number.isNaN(end) ? 0 : Math.max(0, Math.ceil((end - now) / 1000));
}

/** Return 47 as "0:47", 3723 as "1:02:03". */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value: number): string => String(value).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** Whether somebody is or should be talking through this agent's device. */
export function isConversation(call: Call | null): boolean {
  return call !== null && (call.state === "talking" || call.state === "reconnecting");
}

function aheadOf(now: string | undefined, at: number): number | null {
  const server = now === undefined ? Number.NaN : Date.parse(now);
  return Number.isNaN(server) ? null : server - at;
}
