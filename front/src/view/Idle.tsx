// SPDX-License-Identifier: EUPL-1.2
/** Ready, and nobody calls: calm, with a test call for newcomers. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { ViewProps } from "./App";
import { DeskPhone } from "./DeskPhone";
import { Button, Elapsed } from "./parts";

export function Idle({ desk }: ViewProps): JSX.Element {
  const { say, state } = desk;
  const inBrowser = state?.device.kind === "browser";
  const reachable = inBrowser ? desk.registration === "registered" : state?.device.connected;
  return (
    <section class="desk-card desk-idle" aria-labelledby="scene-title">
      <div class="desk-idle__state">
        <h1 id="scene-title" class="desk-idle__title fern-state fern-state--available" tabIndex={-1} data-focus="first">
          {say("idle.title")}
        </h1>
        <p class="desk-idle__since" role="timer">
          <Elapsed desk={desk} since={state?.presence.since ?? null} />
        </p>
        <p class="desk-idle__text">{say("idle.text")}</p>
        {!reachable && <p class="desk-warning desk-warning--late">{say("idle.device_lost")}</p>}
      </div>
      <DeskPhone desk={desk} />
      <TestCall desk={desk} />
    </section>
  );
}

function TestCall({ desk }: ViewProps): JSX.Element | null {
  const { say, settings } = desk;
  const [line, setLine] = useState(settings.lines[0]?.number ?? "");
  const calling = desk.pending.has("test_call");
  if (settings.lines.length === 0) return null;
  return (
    <div class="desk-test" role="group" aria-labelledby="test-title">
      <h2 id="test-title" class="kern-heading-small">
        {say("test.title")}
      </h2>
      <p class="kern-body kern-body--small">{say("test.text")}</p>
      <div class="desk-test__row">
        <div class="kern-form-input">
          <label class="kern-label" for="test-line">
            {say("test.line")}
          </label>
          <div class="kern-form-input__select-wrapper">
            <select
              id="test-line"
              class="kern-form-input__select"
              value={line}
              onChange={(event) => setLine(event.currentTarget.value)}
            >
              {settings.lines.map(({ number, written, name, authority }) => (
                <option key={number} value={number}>
                  {authority} · {name} · {written}
                </option>
              ))}
            </select>
          </div>
        </div>
        <Button icon="phone" waiting={calling} onPress={() => void desk.testCall(line)} once>
          {say(calling ? "test.starting" : "test.start")}
        </Button>
      </div>
    </div>
  );
}
