// SPDX-License-Identifier: EUPL-1.2
/** Starts the desk on the page that carries it. */
import { render } from "preact";
import type { Settings } from "./contract";
import { Desk } from "./desk";
import { focusOf } from "./focus";
import { becomeTheTelephone } from "./one-tab";
import { App } from "./view/App";
import { OtherTab } from "./view/OtherTab";
import { speaker } from "./words";

const settings = JSON.parse(document.getElementById("desk-settings")?.textContent ?? "{}") as Settings;
const root = document.getElementById("desk");
if (root === null) throw new Error("the page has no element #desk");

void becomeTheTelephone({
  taken: (takeOver) => render(<OtherTab say={speaker(settings.language)} takeOver={takeOver} />, root),
  ours: () => open(root),
  lost: () => {
    window.onbeforeunload = null;
    window.location.reload(); // going silently, without a BYE, leaves the conversation to the other tab
  },
});

function open(into: HTMLElement): void {
  render(null, into);
  const desk = new Desk(settings);
  const draw = (): void => render(<App desk={desk} />, into);
  window.addEventListener("keydown", (event) => {
    const pressed = {
      key: event.key,
      modified: event.ctrlKey || event.altKey || event.metaKey,
      repeated: event.repeat,
      focus: focusOf(event.target),
    };
    if (desk.press(pressed)) event.preventDefault();
  });
  desk.start(draw);
  draw();
}
