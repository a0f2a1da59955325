// SPDX-License-Identifier: EUPL-1.2
/** What the desk has to do by itself, worked out from what is known: pure, so that the healing can be tested. */
import type { DeskState } from "./contract";
import { isConversation } from "./live";

/** What this browser's telephone is doing. */
export interface Line {
  readonly registered: boolean;
  /** Milliseconds since it registered; 0 if it has not. */
  readonly registeredFor: number;
  readonly leg: "none" | "ringing" | "answering" | "established";
  /** Milliseconds since *leg* became what it is. */
  readonly legFor: number;
}

export interface Duties {
  /** This browser is to be registered as the agent's telephone. */
  readonly register: boolean;
  /** The bell rings. */
  readonly ring: boolean;
  /** The conversation goes on without us: ask for our leg again. */
  readonly reconnect: boolean;
  /** We still hold a leg of a conversation that is over. */
  readonly dropLeg: boolean;
  /** Leaving the page would cut into a conversation: ask first. */
  readonly holdPage: boolean;
}

/** A hang-up is known to the telephone and to the exchange at slightly different times. */
export const GRACE_MS = 1_500;
/** The exchange sees us register and rings by itself; only if it does not, we ask. */
export const UNASKED_MS = 600;

export function duties(state: DeskState | null, line: Line): Duties {
  if (state === null) return { register: false, ring: false, reconnect: false, dropLeg: false, holdPage: false };
  const { call, device, presence } = state;
  const inBrowser = device.kind === "browser" && presence.state !== "signed_out";
  const settled = line.legFor >= GRACE_MS;
  const waited = line.registered && line.registeredFor >= UNASKED_MS;
  return {
    register: inBrowser,
    ring: call?.state === "ringing" && (inBrowser || device.kind === "rehearsal") && line.leg !== "answering",
    reconnect: inBrowser && isConversation(call) && waited && line.leg === "none" && settled,
    dropLeg: line.leg === "established" && settled && (call === null || call.state === "wrapping_up"),
    holdPage: inBrowser && isConversation(call),
  };
}
