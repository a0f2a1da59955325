// SPDX-License-Identifier: EUPL-1.2
/** The strip under the head: always there, so that a message moves nothing. */
import type { JSX } from "preact";
import type { Desk } from "../desk";
import type { Word } from "../words";
import type { ViewProps } from "./App";
import { Icon } from "./icons";

export function Strip({ desk }: ViewProps): JSX.Element {
  return (
    <section class="desk-strip" aria-label={desk.say("line.title")}>
      <Note desk={desk} />
      <ul class="desk-lines">
        {desk.soundBlocked && desk.state?.presence.state !== "signed_out" && (
          <li class="desk-line desk-line--warning">
            <span>{desk.say("sound.blocked")}</span>
            <button type="button" class="desk-line__button" onClick={() => void desk.allowSound()}>
              {desk.say("sound.allow")}
            </button>
          </li>
        )}
        <Telephone desk={desk} />
        <Connection desk={desk} />
      </ul>
    </section>
  );
}

function Note({ desk }: ViewProps): JSX.Element {
  const { message, say } = desk;
  return (
    <div class="desk-note" role={message?.tone === "info" ? "status" : "alert"}>
      {message !== null && (
        <p class={`desk-note__text desk-note__text--${message.tone}`}>
          <span>{message.text}</span>
          <button type="button" class="desk-note__close" onClick={() => desk.dismiss()}>
            <Icon name="close" />
            <span class="kern-sr-only">{say("error.dismiss")}</span>
          </button>
        </p>
      )}
    </div>
  );
}

function Connection({ desk }: ViewProps): JSX.Element {
  const { connection, say } = desk;
  if (connection === "expired") {
    return (
      <li class="desk-line desk-line--danger">
        <span role="alert">{say("line.expired")}</span>
        <a class="kern-link" href={window.location.href}>
          {say("line.sign_in_again")}
        </a>
      </li>
    );
  }
  const word = connection === "open" ? "line.connected" : connection === "lost" ? "line.lost" : "line.connecting";
  return (
    <li class={`desk-line desk-line--${connection === "open" ? "good" : connection === "lost" ? "danger" : "warning"}`}>
      <span role="status">{say(word)}</span>
    </li>
  );
}

function Telephone({ desk }: ViewProps): JSX.Element | null {
  const { say, state } = desk;
  const kind = state?.device.kind ?? null;
  if (state === null || kind === null || state.presence.state === "signed_out") return null;
  const [word, tone] = telephoneState(desk);
  return (
    <li class={`desk-line desk-line--${tone}`}>
      <span role="status">
        {say(`phone.${kind}`, { address: state.device.address })} {say(word)}
      </span>
    </li>
  );
}

function telephoneState({ state, registration }: Desk): [Word, string] {
  if (state?.device.kind === "browser") {
    if (registration === "registered") return ["phone.connected", "good"];
    return registration === "refused" ? ["phone.refused", "danger"] : ["phone.connecting", "warning"];
  }
  return state?.device.connected ? ["phone.connected", "good"] : ["phone.not_connected", "danger"];
}
