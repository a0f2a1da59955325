// SPDX-License-Identifier: EUPL-1.2
/** Shown where another tab of this browser is the telephone. */
import type { JSX } from "preact";
import type { Speak } from "../words";
import { Button } from "./parts";

export interface OtherTabProps {
  readonly say: Speak;
  readonly takeOver: () => void;
}

export function OtherTab({ say, takeOver }: OtherTabProps): JSX.Element {
  return (
    <main class="fern-signin">
      <div class="fern-card">
        <h1 class="kern-heading-medium">{say("tab.title")}</h1>
        <p class="kern-body">{say("tab.text")}</p>
        <Button tone="primary" onPress={takeOver}>
          {say("tab.take_over")}
        </Button>
      </div>
    </main>
  );
}
