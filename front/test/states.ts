// SPDX-License-Identifier: EUPL-1.2
/** States for tests, as the server would send them. */
import type { Call, CallState, DeskState } from "../src/contract";

export function stateWith(parts: Partial<DeskState> = {}): DeskState {
  return {
    version: 1,
    mode: "live",
    agent: { id: "mia", name: "Mia Muster" },
    presence: { state: "available", since: "2026-11-23T08:00:00Z", reason: "", pause_wanted: false },
    device: { kind: "browser", address: "agent-mia", connected: true },
    call: null,
    waiting: { count: 0, longest_since: null },
    now: "2026-11-23T08:00:00Z",
    ...parts,
  };
}

export function callIn(state: CallState): Call {
  return {
    id: "call-1",
    state,
    authority: { name: "Landkreis Gifhorn", short_name: "Gifhorn", colour: "#0b6e4f" },
    line: { name: "Kfz-Zulassung", written: "05371 82-370" },
    sentence: "Service Center Landkreis Gifhorn, mein Name ist Mia Muster.",
    caller: null,
    arrived_at: "2026-11-23T08:00:00Z",
    waited_seconds: 12,
    answered_at: null,
    caller_gone_at: null,
    wrapup_until: null,
    outcome: null,
  };
}
