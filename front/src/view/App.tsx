// SPDX-License-Identifier: EUPL-1.2
/** The whole desk: head, strip of messages, the call, the side. */
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { CallState } from "../contract";
import type { Desk } from "../desk";
import { CallPanel } from "./CallPanel";
import { Header } from "./Header";
import { Idle } from "./Idle";
import { Paused } from "./Paused";
import { Side } from "./Side";
import { SignIn } from "./SignIn";
import { Strip } from "./Strip";

export interface ViewProps {
  readonly desk: Desk;
}

export function App({ desk }: ViewProps): JSX.Element {
  const { state } = desk;
  const scene = sceneOf(desk);
  useFocus(scene, state?.call?.id);
  return (
    <div class={`desk desk--${scene}`} lang={desk.settings.language}>
      <Header desk={desk} />
      <Strip desk={desk} />
      <main class="desk-main" data-scene={scene}>
        <Scene desk={desk} scene={scene} />
        {scene !== "loading" && scene !== "signin" && <Side desk={desk} />}
        {scene === "signin" && desk.helpOpen && <Side desk={desk} />}
      </main>
      <Spoken desk={desk} />
    </div>
  );
}

export type SceneName = "loading" | "signin" | "idle" | "paused" | CallState;

export function sceneOf({ state, changingDevice }: Pick<Desk, "state" | "changingDevice">): SceneName {
  if (state === null) return "loading";
  if (state.call !== null) return state.call.state;
  if (state.presence.state === "signed_out") return "signin";
  if (state.presence.state === "paused") return changingDevice ? "signin" : "paused";
  return "idle";
}

function Scene({ desk, scene }: ViewProps & { readonly scene: SceneName }): JSX.Element {
  switch (scene) {
    case "loading":
      return (
        <section class="desk-card desk-loading">
          <p class="kern-body">{desk.say("line.loading")}</p>
        </section>
      );
    case "signin":
      return <SignIn desk={desk} />;
    case "idle":
      return <Idle desk={desk} />;
    case "paused":
      return <Paused desk={desk} />;
    default:
      return <CallPanel desk={desk} />;
  }
}

/** What a screen reader says; the key makes it say equal words again. */
function Spoken({ desk }: ViewProps): JSX.Element {
  const { text, urgent, turn } = desk.spoken;
  return (
    <div class="kern-sr-only">
      <div role="status" aria-live="polite">
        <span key={turn}>{text}</span>
      </div>
      <div role="alert" aria-live="assertive">
        <span key={turn}>{urgent}</span>
      </div>
    </div>
  );
}

/** Put the focus where the next key is wanted; leave it alone where the agent is still working. */
function useFocus(scene: SceneName, call: string | undefined): void {
  useEffect(() => {
    const wanted = document.querySelector<HTMLElement>("[data-focus=first]");
    const lost = document.activeElement === null || document.activeElement === document.body;
    if (wanted !== null && (call !== undefined || lost)) wanted.focus({ preventScroll: true });
  }, [scene, call]);
}
