// SPDX-License-Identifier: EUPL-1.2
/** The head of the desk: who waits, what I am doing, who I am. */
import type { JSX } from "preact";
import type { ViewProps } from "./App";
import { Icon } from "./icons";
import { Button, Elapsed, useServerClock } from "./parts";
import { clock, secondsSince } from "../live";

export function Header({ desk }: ViewProps): JSX.Element {
  const { say, state } = desk;
  const signedIn = state !== null && state.presence.state !== "signed_out";
  return (
    <header>
      {(state?.mode ?? desk.settings.mode) === "rehearsal" && <p class="fern-banner">{say("banner.rehearsal")}</p>}
      <div class="desk-header">
        <p class="desk-header__brand">
          <strong>{say("product")}</strong>
          <span class="desk-header__centre">{desk.settings.service_centre}</span>
        </p>
        {state !== null && <Waiting desk={desk} />}
        {signedIn && <Presence desk={desk} />}
        <div class="desk-header__agent">
          <span class="desk-header__name">{state?.agent.name}</span>
          <Button
            tone="tertiary"
            waiting={state !== null && state.call !== null}
            onPress={() => void desk.signOut()}
            once
          >
            {say("presence.sign_out")}
          </Button>
          <button
            type="button"
            class="desk-help-button"
            aria-expanded={desk.helpOpen}
            aria-keyshortcuts="?"
            onClick={() => desk.act({ type: "help" })}
          >
            <span aria-hidden="true">?</span>
            <span class="kern-sr-only">{say("keys.open")}</span>
          </button>
        </div>
      </div>
    </header>
  );
}

function Waiting({ desk }: ViewProps): JSX.Element {
  const { say, state } = desk;
  const now = useServerClock(desk);
  const { count, longest_since: longest } = state?.waiting ?? { count: 0, longest_since: null };
  const words = count === 0 ? say("waiting.none") : say(count === 1 ? "waiting.one" : "waiting.many", { count });
  return (
    <p class={`desk-waiting ${count > 0 ? "desk-waiting--some" : ""}`}>
      <Icon name="people" />
      <span class="desk-waiting__count fern-number">{words}</span>
      <span class="desk-waiting__longest fern-number">
        {longest !== null && count > 0 ? say("waiting.longest", { time: clock(secondsSince(longest, now)) }) : ""}
      </span>
    </p>
  );
}

function Presence({ desk }: ViewProps): JSX.Element {
  const { say } = desk;
  const presence = desk.state?.presence ?? { state: "signed_out" as const, since: "", pause_wanted: false };
  const busy = desk.state?.call != null;
  const label = busy
    ? say(presence.pause_wanted ? "presence.pause_cancel" : "presence.pause_after_call")
    : say(presence.state === "paused" ? "presence.ready" : "presence.pause");
  return (
    <div class="desk-presence">
      <p class={`fern-state fern-state--${presence.state}`}>
        {say(`presence.${presence.state}`)}
        <Elapsed desk={desk} since={presence.since} />
      </p>
      <Button
        class="desk-presence__button"
        icon={presence.state === "paused" || presence.pause_wanted ? "ready" : "pause"}
        keycap="F8"
        waiting={desk.pending.has("pause") || desk.pending.has("ready")}
        onPress={() => desk.act({ type: "presence" })}
        once
      >
        {label}
      </Button>
    </div>
  );
}
