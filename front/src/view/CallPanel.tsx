// SPDX-License-Identifier: EUPL-1.2
/**
 * A call, from the first ring to the outcome: whose call it is stays in the same place throughout.
 *
 * What ends a conversation never stands where something harmless stood before, nor the other way round: the caller
 * may hang up in the very moment in which the agent clicks.
 */
import type { JSX } from "preact";
import { type Call, OUTCOMES } from "../contract";
import { canMute } from "../desk";
import { clock, secondsUntil } from "../live";
import type { ViewProps } from "./App";
import { ColourBar } from "./icons";
import { Button, Elapsed, Key, useServerClock } from "./parts";

interface CallProps extends ViewProps {
  readonly call: Call;
}

export function CallPanel({ desk }: ViewProps): JSX.Element | null {
  const call = desk.state?.call;
  if (call == null) return null;
  const ringing = call.state === "ringing";
  return (
    <section class={`desk-card desk-call desk-call--${call.state}`} aria-labelledby="scene-title">
      <ColourBar colour={call.authority.colour} />
      <div class="desk-call__who">
        <p class="desk-call__for">{desk.say(ringing ? "ringing.title" : "call.for")}</p>
        <h1 id="scene-title" class="desk-call__authority" lang="de" tabIndex={-1} data-focus={focusHeading(call)}>
          {call.authority.name}
        </h1>
        <p class="desk-call__line">
          {call.line.name} <span class="fern-number">{call.line.written}</span>
        </p>
      </div>
      <div class="desk-call__say">
        <p class="desk-call__say-label">{desk.say("ringing.say")}</p>
        <blockquote class="desk-call__sentence" lang="de">„{call.sentence}“</blockquote>
      </div>
      <Facts desk={desk} call={call} />
      {ringing ? <RingingActions desk={desk} call={call} /> : <TalkActions desk={desk} call={call} />}
      {!ringing && <Outcome desk={desk} call={call} />}
    </section>
  );
}

/** While it rings the answer has the focus, in the wrap-up the outcome; in between nothing that Enter could set off. */
function focusHeading({ state }: Call): "first" | undefined {
  return state === "talking" || state === "reconnecting" ? "first" : undefined;
}

function Facts({ desk, call }: CallProps): JSX.Element {
  const { say } = desk;
  return (
    <dl class="desk-facts desk-call__facts">
      {call.state !== "ringing" && (
        <div class="desk-facts__main">
          <dt>{say("call.talk_time")}</dt>
          <dd>
            <span role="timer">
              <TalkTime desk={desk} call={call} />
            </span>
          </dd>
        </div>
      )}
      <div>
        <dt>{say("call.waited")}</dt>
        <dd class="fern-number">{clock(call.waited_seconds)}</dd>
      </div>
      <div>
        <dt>{say("call.caller")}</dt>
        <dd class="fern-number">{call.caller ?? say("call.anonymous")}</dd>
      </div>
    </dl>
  );
}

/** Stands still once the conversation is over. */
function TalkTime({ desk, call }: CallProps): JSX.Element {
  if (call.state !== "wrapping_up") return <Elapsed desk={desk} since={call.answered_at} />;
  const end = call.caller_gone_at ?? desk.state?.presence.since ?? "";
  const length = (Date.parse(end) - Date.parse(call.answered_at ?? end)) / 1000;
  return <span class="fern-number">{clock(Number.isNaN(length) ? 0 : length)}</span>;
}

function RingingActions({ desk, call }: CallProps): JSX.Element {
  const { say, state } = desk;
  const kind = state?.device.kind;
  const connecting = desk.answering === call.id || desk.pending.has("answer");
  const elsewhere = kind === "telephone" || kind === "external";
  return (
    <div class="desk-actions desk-call__actions">
      {elsewhere ? (
        <p class="desk-call__elsewhere">
          {say(kind === "telephone" ? "ringing.pick_up_telephone" : "ringing.pick_up_external", {
            address: state?.device.address ?? "",
          })}
        </p>
      ) : (
        <button
          type="button"
          class="kern-btn kern-btn--primary desk-answer"
          data-focus="first"
          aria-keyshortcuts="Enter"
          aria-disabled={connecting ? "true" : undefined}
          onClick={() => desk.act({ type: "answer" })}
        >
          <span class="kern-label">{say(connecting ? "ringing.connecting" : "ringing.answer")}</span>
          <Key>Enter</Key>
        </button>
      )}
      <Button
        tone="danger"
        class="desk-call__end"
        icon="hangUp"
        keycap="X"
        waiting={desk.pending.has("decline")}
        onPress={() => desk.act({ type: "decline" })}
        once
      >
        {say("ringing.decline")}
      </Button>
    </div>
  );
}

function TalkActions({ desk, call }: CallProps): JSX.Element {
  const { say } = desk;
  if (call.state === "wrapping_up") {
    return (
      <div class="desk-actions desk-call__actions">
        <p class="desk-call__status">
          <strong>{say("wrap.title")}</strong> {say("wrap.ended")}
        </p>
      </div>
    );
  }
  const mutable = canMute(desk.state?.device.kind);
  return (
    <div class="desk-actions desk-call__actions">
      <p class={`desk-call__status ${statusTone(desk.muted, call)}`} role="status">
        {call.state === "reconnecting" ? say("call.reconnecting") : desk.muted ? say("call.muted") : ""}
      </p>
      {call.state === "reconnecting" && desk.state?.device.kind === "browser" && (
        <Button waiting={desk.pending.has("reconnect")} onPress={() => void desk.reconnect()} once>
          {say("call.reconnect")}
        </Button>
      )}
      {mutable && (
        <Button
          class={`desk-mute ${desk.muted ? "desk-mute--on" : ""}`}
          icon={desk.muted ? "muted" : "microphone"}
          keycap="M"
          pressed={desk.muted}
          onPress={() => desk.act({ type: "mute" })}
        >
          {say("call.mute")}
        </Button>
      )}
      <Button
        tone="danger"
        class="desk-call__end"
        icon="hangUp"
        keycap="X"
        waiting={desk.pending.has("hang_up")}
        onPress={() => desk.act({ type: "hang_up" })}
        once
      >
        {say("call.hang_up")}
      </Button>
    </div>
  );
}

function statusTone(muted: boolean, call: Call): string {
  if (call.state === "reconnecting") return "desk-call__status--warning";
  return muted ? "desk-call__status--danger" : "";
}

function Outcome({ desk, call }: CallProps): JSX.Element {
  const { say } = desk;
  const wrapping = call.state === "wrapping_up";
  const chosen = desk.outcome;
  const first = wrapping ? (chosen ?? OUTCOMES[0]) : null;
  return (
    <div class="desk-outcome">
      <fieldset class="desk-choices desk-outcome__choices">
        <legend class="kern-label">{say(wrapping ? "wrap.outcome" : "wrap.outcome_early")}</legend>
        <div class="desk-outcome__grid">
          {OUTCOMES.map((outcome, index) => (
            <label key={outcome} class="desk-choice desk-choice--outcome">
              <input
                type="radio"
                name="outcome"
                value={outcome}
                aria-keyshortcuts={String(index + 1)}
                checked={outcome === chosen}
                data-focus={outcome === first ? "first" : undefined}
                onChange={() => desk.act({ type: "outcome", outcome })}
              />
              <Key>{index + 1}</Key>
              <span class="desk-choice__label">{say(`outcome.${outcome}`)}</span>
              <span class="desk-choice__hint">{say(`outcome.${outcome}_hint`)}</span>
            </label>
          ))}
        </div>
      </fieldset>
      <div class="desk-outcome__end">
        <Button
          tone="primary"
          class="desk-btn--large desk-next"
          keycap="Enter"
          waiting={!wrapping || desk.pending.has("next")}
          onPress={() => desk.act({ type: "next" })}
          once
        >
          {say(desk.state?.presence.pause_wanted ? "wrap.next_pause" : "wrap.next")}
        </Button>
        <Remaining desk={desk} call={call} />
      </div>
    </div>
  );
}

/** The bar of the time left; its room is kept while the conversation goes on. */
function Remaining({ desk, call }: CallProps): JSX.Element {
  const now = useServerClock(desk);
  const until = call.state === "wrapping_up" ? call.wrapup_until : null;
  if (until === null) return <div class="desk-remaining" />;
  const left = secondsUntil(until, now);
  const whole = Math.max(1, (Date.parse(until) - Date.parse(desk.state?.presence.since ?? until)) / 1000);
  const words = desk.say("wrap.remaining", { time: clock(left) });
  return (
    <div class={`desk-remaining kern-progress ${left <= 10 ? "desk-remaining--short" : ""}`}>
      <progress value={Math.min(left, whole)} max={whole} aria-label={words} />
      <span class="fern-number">{words}</span>
    </div>
  );
}
