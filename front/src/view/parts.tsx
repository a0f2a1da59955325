// SPDX-License-Identifier: EUPL-1.2
/** Small parts of every view: buttons with their keys, clocks that tick. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Desk } from "../desk";
import { clock, secondsSince } from "../live";
import { Icon, type IconName } from "./icons";

export interface ButtonProps {
  readonly tone?: "primary" | "secondary" | "tertiary" | "danger";
  readonly icon?: IconName;
  /** The key that does the same, as it stands on the keyboard. */
  readonly keycap?: string;
  readonly class?: string;
  readonly id?: string;
  readonly pressed?: boolean;
  /** Under way or not possible now: stays where it is and keeps the focus, but does nothing. */
  readonly waiting?: boolean;
  readonly describedBy?: string;
  /** The second click of a double click was meant for what stood here before. */
  readonly once?: boolean;
  readonly onPress: () => void;
  readonly children: ComponentChildren;
}

export function Button(props: ButtonProps): JSX.Element {
  const { tone = "secondary", waiting = false } = props;
  const look = tone === "danger" ? "kern-btn--secondary desk-btn--danger" : `kern-btn--${tone}`;
  return (
    <button
      type="button"
      id={props.id}
      class={`kern-btn ${look} ${props.class ?? ""}`}
      aria-disabled={waiting ? "true" : undefined}
      aria-pressed={props.pressed}
      aria-keyshortcuts={props.keycap}
      aria-describedby={props.describedBy}
      onClick={(event) => {
        if (!waiting && !(props.once && event.detail > 1)) props.onPress();
      }}
    >
      {props.icon && <Icon name={props.icon} />}
      <span class="kern-label">{props.children}</span>
      {props.keycap && <Key>{props.keycap}</Key>}
    </button>
  );
}

export function Key({ children }: { readonly children: ComponentChildren }): JSX.Element {
  return (
    <kbd class="desk-key" aria-hidden="true">
      {children}
    </kbd>
  );
}

/** Draw again at every full second of the server's clock; return that clock. */
export function useServerClock(desk: Desk): number {
  const [now, setNow] = useState(desk.now());
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const tick = (): void => {
      setNow(desk.now());
      timer = setTimeout(tick, 1010 - (desk.now() % 1000));
    };
    tick();
    return () => clearTimeout(timer);
  }, [desk]);
  return now;
}

/** The time since *since*, ticking. */
export function Elapsed({ desk, since }: { readonly desk: Desk; readonly since: string | null }): JSX.Element {
  const now = useServerClock(desk);
  return <span class="fern-number">{clock(secondsSince(since, Math.max(now, desk.now())))}</span>;
}
