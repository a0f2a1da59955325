// SPDX-License-Identifier: EUPL-1.2
/** What the server and the desk say to each other: the shapes of its JSON, and nothing else. */

export type Mode = "live" | "rehearsal";
export type Language = "de" | "en";
export type PresenceState = "signed_out" | "available" | "ringing" | "talking" | "wrapping_up" | "paused";
export type CallState = "ringing" | "talking" | "reconnecting" | "wrapping_up";
export type DeviceKind = "browser" | "telephone" | "external" | "rehearsal";

/** What an agent may choose, in the order of the keys 1 to 6. */
export const OUTCOMES = [
  "answered",
  "transferred",
  "callback_ticket",
  "referred_elsewhere",
  "wrong_number",
  "caller_hung_up",
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Why an agent pauses, as the agent says it. */
export const PAUSE_REASONS = ["break", "back_office", "training"] as const;
export type PauseReason = (typeof PAUSE_REASONS)[number];

export interface Presence {
  readonly state: PresenceState;
  readonly since: string;
  readonly reason: string;
  readonly pause_wanted: boolean;
}

export interface Device {
  readonly kind: DeviceKind | null;
  readonly address: string;
  readonly connected: boolean;
}

export interface Call {
  readonly id: string;
  readonly state: CallState;
  readonly authority: { readonly name: string; readonly short_name: string; readonly colour: string };
  readonly line: { readonly name: string; readonly written: string };
  /** What the agent says first. */
  readonly sentence: string;
  /** Null when the number was suppressed. */
  readonly caller: string | null;
  readonly arrived_at: string;
  readonly waited_seconds: number;
  readonly answered_at: string | null;
  readonly caller_gone_at: string | null;
  readonly wrapup_until: string | null;
  readonly outcome: Outcome | null;
}

export interface Waiting {
  readonly count: number;
  readonly longest_since: string | null;
}

/** The whole of what the exchange knows about this desk. */
export interface DeskState {
  readonly version: number;
  readonly mode: Mode;
  readonly agent: { readonly id: string; readonly name: string };
  readonly presence: Presence;
  readonly device: Device;
  readonly call: Call | null;
  readonly waiting: Waiting;
  /** The server's clock when this was written. */
  readonly now: string;
}

export interface Change {
  readonly version: number;
  readonly changes: Partial<Omit<DeskState, "version">>;
}

export type CommandBody =
  | { readonly kind: "sign_in"; readonly device: { readonly kind: DeviceKind; readonly address?: string } }
  | { readonly kind: "ready" }
  | { readonly kind: "pause"; readonly reason?: string }
  | { readonly kind: "sign_out" }
  | { readonly kind: "answer" }
  | { readonly kind: "decline" }
  | { readonly kind: "hang_up" }
  | { readonly kind: "classify"; readonly outcome: Outcome }
  | { readonly kind: "next" }
  | { readonly kind: "reconnect" }
  | { readonly kind: "test_call"; readonly line?: string };
export type CommandKind = CommandBody["kind"];

/** Where this agent's telephone registers, and as whom. */
export interface TelephoneAccount {
  readonly uri: string;
  readonly user: string;
  readonly password: string;
  readonly ws: string;
  readonly auto_answer_header: string;
  /** host:port over UDP, for a desk telephone. */
  readonly sip?: string;
}

export interface ServiceLine {
  readonly number: string;
  readonly written: string;
  readonly name: string;
  readonly authority: string;
  readonly colour?: string;
}

/** What the page says before the first event. */
export interface Settings {
  readonly urls: {
    readonly state: string;
    readonly events: string;
    readonly commands: string;
    readonly telephone: string;
  };
  readonly csrf: string;
  readonly language: Language;
  readonly mode: Mode;
  readonly service_centre: string;
  readonly sign_out_url: string;
  readonly lines: readonly ServiceLine[];
}
