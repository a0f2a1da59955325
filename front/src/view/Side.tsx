// SPDX-License-Identifier: EUPL-1.2
/** The side: the service numbers that ring here, or the keys. */
import type { JSX } from "preact";
import type { ServiceLine } from "../contract";
import type { Word } from "../words";
import type { ViewProps } from "./App";
import { ColourBar } from "./icons";
import { Key } from "./parts";

export function Side({ desk }: ViewProps): JSX.Element {
  return desk.helpOpen ? <Keys desk={desk} /> : <Lines desk={desk} />;
}

function Lines({ desk }: ViewProps): JSX.Element {
  const { say, settings, state } = desk;
  return (
    <aside class="desk-side" aria-labelledby="side-title">
      <h2 id="side-title" class="kern-heading-small">
        {say("lines.title")}
      </h2>
      {settings.lines.length === 0 && <p class="fern-empty">{say("lines.empty")}</p>}
      {byAuthority(settings.lines).map(([authority, lines]) => (
        <section key={authority} class="desk-side__group">
          <h3 class="desk-side__authority">
            {lines[0]?.colour !== undefined && <ColourBar colour={lines[0].colour} />}
            {authority}
          </h3>
          <ul>
            {lines.map(({ number, written, name }) => {
              const current = state?.call?.line.written === written;
              return (
                <li key={number} class={current ? "desk-side__current" : ""} aria-current={current || undefined}>
                  <span>{name}</span>
                  <span class="fern-number">{written}</span>
                  {current && <span class="kern-sr-only">{say("lines.current")}</span>}
                </li>
              );
            })}
          </ul>
        </section>
      ))}
    </aside>
  );
}

function byAuthority(lines: readonly ServiceLine[]): [string, ServiceLine[]][] {
  const groups = new Map<string, ServiceLine[]>();
  for (const line of lines) groups.set(line.authority, [...(groups.get(line.authority) ?? []), line]);
  return [...groups];
}

const KEYS: readonly (readonly [readonly string[], Word])[] = [
  [["F8"], "keys.presence"],
  [["Enter", "A"], "keys.answer"],
  [["M"], "keys.mute"],
  [["X"], "keys.end"],
  [["1", "6"], "keys.outcomes"],
  [["Enter"], "keys.next"],
  [["?"], "keys.help"],
];

function Keys({ desk }: ViewProps): JSX.Element {
  const { choices, say } = desk;
  return (
    <aside class="desk-side desk-side--keys" aria-labelledby="side-title">
      <div class="desk-side__head">
        <h2 id="side-title" class="kern-heading-small">
          {say("keys.title")}
        </h2>
        <button type="button" class="desk-line__button" onClick={() => desk.act({ type: "close_help" })}>
          {say("keys.close")} <Key>Esc</Key>
        </button>
      </div>
      <dl class="desk-keys">
        {KEYS.map(([keys, word]) => (
          <div key={word}>
            <dt>
              {keys.map((key, index) => (
                <span key={key}>
                  {index > 0 && <span class="desk-keys__or">{keys[0] === "1" ? "–" : say("keys.or")}</span>}
                  <kbd class="desk-key">{key}</kbd>
                </span>
              ))}
            </dt>
            <dd>{say(word)}</dd>
          </div>
        ))}
      </dl>
      <label class="desk-check">
        <input
          type="checkbox"
          checked={choices.singleKeys}
          aria-describedby="single-hint"
          onChange={(event) => desk.remember({ singleKeys: event.currentTarget.checked })}
        />
        <span>{say("keys.single")}</span>
      </label>
      <p id="single-hint" class="fern-muted desk-side__hint">
        {say("keys.single_hint")}
      </p>
    </aside>
  );
}
