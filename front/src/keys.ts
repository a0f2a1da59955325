// SPDX-License-Identifier: EUPL-1.2
/** Which key means what, and when: pure, so that it can be tested as a table. */
import { OUTCOMES, type DeskState, type Outcome } from "./contract";

export type Action =
  | { readonly type: "answer" }
  | { readonly type: "decline" }
  | { readonly type: "hang_up" }
  | { readonly type: "mute" }
  | { readonly type: "presence" }
  | { readonly type: "outcome"; readonly outcome: Outcome }
  | { readonly type: "next" }
  | { readonly type: "help" }
  | { readonly type: "close_help" };

export interface Pressed {
  readonly key: string;
  /** Ctrl, Alt or Meta is held: the browser's own. */
  readonly modified: boolean;
  readonly repeated: boolean;
  /** What has the focus: text fields keep their letters, buttons and links keep Enter. */
  readonly focus: "text" | "control" | "radio" | "page";
}

export interface Situation {
  readonly state: DeskState | null;
  readonly singleKeys: boolean;
  readonly helpOpen: boolean;
}

/** Return what *pressed* asks for, or null when the key is not ours. */
export function actionFor(pressed: Pressed, situation: Situation): Action | null {
  if (pressed.modified || pressed.repeated || situation.state === null) return null;
  if (pressed.key === "F8") return { type: "presence" };
  if (pressed.key === "Escape") return situation.helpOpen ? { type: "close_help" } : null;
  if (pressed.focus === "text") return null;
  if (pressed.key === "Enter") return pressed.focus === "control" ? null : enter(situation.state);
  if (pressed.key === "?") return { type: "help" };
  return situation.singleKeys ? single(pressed.key, situation.state) : null;
}

function enter({ call }: DeskState): Action | null {
  if (call?.state === "ringing") return { type: "answer" };
  if (call?.state === "wrapping_up") return { type: "next" };
  return null;
}

function single(key: string, { call }: DeskState): Action | null {
  if (call === null) return null;
  const letter = key.toLowerCase();
  switch (call.state) {
    case "ringing":
      if (letter === "a") return { type: "answer" };
      return letter === "x" ? { type: "decline" } : null;
    case "talking":
    case "reconnecting":
      if (letter === "m") return { type: "mute" };
      if (letter === "x") return { type: "hang_up" };
      return outcome(key);
    case "wrapping_up":
      return outcome(key);
  }
}

function outcome(key: string): Action | null {
  const chosen = /^[1-6]$/.test(key) ? OUTCOMES[Number(key) - 1] : undefined;
  return chosen === undefined ? null : { type: "outcome", outcome: chosen };
}
