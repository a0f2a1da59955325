// SPDX-License-Identifier: EUPL-1.2
/** Where a key was pressed, as far as it matters to the desk's own keys. */
import type { Pressed } from "./keys";

export function focusOf(target: EventTarget | null): Pressed["focus"] {
  if (!(target instanceof HTMLElement)) return "page";
  if (target instanceof HTMLInputElement) {
    if (target.type === "radio") return "radio";
    return target.type === "checkbox" ? "control" : "text";
  }
  if (target.isContentEditable || target.matches("textarea, select")) return "text";
  return target.closest("button, a[href], summary") === null ? "page" : "control";
}
