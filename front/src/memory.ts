// SPDX-License-Identifier: EUPL-1.2
/** What this browser remembers of its agent's choices; a browser without storage simply forgets. */
import type { DeviceKind } from "./contract";

export interface Choices {
  readonly device: DeviceKind;
  readonly number: string;
  readonly microphone: string;
  readonly headset: string;
  readonly bell: string;
  readonly notify: boolean;
  readonly singleKeys: boolean;
}

const UNCHOSEN: Choices = {
  device: "browser",
  number: "",
  microphone: "",
  headset: "",
  bell: "",
  notify: false,
  singleKeys: true,
};
const KEY = "fernamt.choices";
const MUTED = "fernamt.muted";

export function recallChoices(): Choices {
  try {
    return { ...UNCHOSEN, ...(JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Choices>) };
  } catch {
    return UNCHOSEN;
  }
}

export function keepChoices(choices: Choices): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(choices));
  } catch {
    // private mode
  }
}

/** The call in which the agent has muted the microphone: after a reload it must not be open. */
export function recallMuted(): string {
  try {
    return sessionStorage.getItem(MUTED) ?? "";
  } catch {
    return "";
  }
}

export function keepMuted(callId: string): void {
  try {
    sessionStorage.setItem(MUTED, callId);
  } catch {
    // private mode
  }
}
