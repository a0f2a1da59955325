// SPDX-License-Identifier: EUPL-1.2
/** Paused: since when, why, and the way back. */
import type { JSX } from "preact";
import { PAUSE_REASONS } from "../contract";
import { isWord } from "../words";
import type { ViewProps } from "./App";
import { DeskPhone } from "./DeskPhone";
import { Button, Elapsed } from "./parts";

export function Paused({ desk }: ViewProps): JSX.Element {
  const { say, state } = desk;
  const reason = state?.presence.reason ?? "";
  const chosen = PAUSE_REASONS.find((known) => known === reason);
  return (
    <section class="desk-card desk-idle" aria-labelledby="scene-title">
      <div class="desk-idle__state">
        <h1 id="scene-title" class="desk-idle__title fern-state fern-state--paused" tabIndex={-1} data-focus="first">
          {say("paused.title")}
        </h1>
        <p class="desk-idle__since" role="timer">
          <Elapsed desk={desk} since={state?.presence.since ?? null} />
        </p>
        <p class="desk-idle__text">{say("paused.text")}</p>
        {chosen === undefined && reason !== "" && (
          <p class={reason === "signed_in" ? "desk-idle__text" : "desk-warning"}>
            {isWord(`reason.${reason}`) ? say(`reason.${reason}` as "reason.signed_in") : reason}
          </p>
        )}
      </div>
      <DeskPhone desk={desk} />
      <fieldset class="desk-choices">
        <legend class="kern-label">{say("paused.reason")}</legend>
        <div class="desk-choices__row">
          {PAUSE_REASONS.map((one) => (
            <label key={one} class="desk-choice">
              <input
                type="radio"
                name="reason"
                checked={one === chosen}
                onChange={() => void desk.pause(one)}
              />
              <span>{say(`reason.${one}`)}</span>
            </label>
          ))}
        </div>
      </fieldset>
      <div class="desk-actions">
        <Button
          tone="primary"
          class="desk-btn--large"
          icon="ready"
          keycap="F8"
          waiting={desk.pending.has("ready")}
          onPress={() => desk.act({ type: "presence" })}
          once
        >
          {say("paused.ready")}
        </Button>
        <Button tone="tertiary" onPress={() => desk.changeDevice(true)}>
          {say("paused.change_device")}
        </Button>
      </div>
    </section>
  );
}
