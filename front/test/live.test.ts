// SPDX-License-Identifier: EUPL-1.2
import assert from "node:assert/strict";
import test from "node:test";
import type { DeskState } from "../src/contract";
import { clock, fold, type LiveEvent, NOTHING, secondsSince, secondsUntil } from "../src/live";
import { stateWith } from "./states";

const START = Date.parse("2026-11-23T08:00:00Z");

test("folding state and changes gives what a fresh fetch would give", () => {
  const first = stateWith({ version: 7 });
  const events: LiveEvent[] = [
    { type: "state", data: first, at: START },
    { type: "change", data: { version: 8, changes: { waiting: { count: 1, longest_since: first.now } } }, at: START },
    { type: "change", data: { version: 9, changes: { presence: { ...first.presence, state: "paused" } } }, at: START },
  ];

  const folded = events.reduce(fold, NOTHING).state;

  const fresh: DeskState = {
    ...first,
    version: 9,
    waiting: { count: 1, longest_since: first.now },
    presence: { ...first.presence, state: "paused" },
  };
  assert.deepEqual(folded, fresh);
});

test("a change that arrives late does not undo a newer one", () => {
  const live = fold(NOTHING, { type: "state", data: stateWith({ version: 9 }), at: START });

  const after = fold(live, { type: "change", data: { version: 8, changes: { call: null } }, at: START });

  assert.equal(after, live);
});

test("a change before any state is dropped", () => {
  assert.equal(fold(NOTHING, { type: "change", data: { version: 1, changes: {} }, at: START }), NOTHING);
});

test("a whole state counts even with a lower version, as after a restored server", () => {
  const live = fold(NOTHING, { type: "state", data: stateWith({ version: 90 }), at: START });

  const after = fold(live, { type: "state", data: stateWith({ version: 2 }), at: START });

  assert.equal(after.state?.version, 2);
});

test("times are counted by the server's clock, however wrong ours is", () => {
  const live = fold(NOTHING, { type: "state", data: stateWith({ now: "2026-11-23T08:05:00Z" }), at: START });

  assert.equal(live.ahead, 5 * 60 * 1000);
  assert.equal(secondsSince("2026-11-23T08:04:13Z", START + live.ahead), 47);
});

test("a time in the future counts as zero, and a missing one too", () => {
  assert.equal(secondsSince("2026-11-23T08:00:05Z", START), 0);
  assert.equal(secondsSince(null, START), 0);
  assert.equal(secondsUntil("2026-11-23T07:59:00Z", START), 0);
});

test("a part of a second left is a second", () => {
  assert.equal(secondsUntil("2026-11-23T08:00:03.200Z", START), 4);
});

test("clocks read as people write them", () => {
  assert.deepEqual([0, 47, 600, 3723].map(clock), ["0:00", "0:47", "10:00", "1:02:03"]);
});
