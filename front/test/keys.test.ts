// SPDX-License-Identifier: EUPL-1.2
import assert from "node:assert/strict";
import test from "node:test";
import { type CallState, OUTCOMES } from "../src/contract";
import { type Action, actionFor, type Pressed } from "../src/keys";
import { callIn, stateWith } from "./states";

function press(key: string, call: CallState | null, parts: Partial<Pressed> & { singleKeys?: boolean } = {}): Action | null {
  const { singleKeys = true, ...pressed } = parts;
  return actionFor(
    { key, modified: false, repeated: false, focus: "page", ...pressed },
    { state: stateWith({ call: call === null ? null : callIn(call) }), singleKeys, helpOpen: false },
  );
}

test("Enter answers while it rings and goes on in the wrap-up, and nothing else", () => {
  assert.deepEqual(press("Enter", "ringing"), { type: "answer" });
  assert.deepEqual(press("Enter", "wrapping_up"), { type: "next" });
  assert.equal(press("Enter", "talking"), null);
  assert.equal(press("Enter", null), null);
});

test("X declines while it rings and hangs up while talking", () => {
  assert.deepEqual(press("x", "ringing"), { type: "decline" });
  assert.deepEqual(press("X", "talking"), { type: "hang_up" });
  assert.equal(press("x", "wrapping_up"), null);
});

test("each digit is an outcome, already during the conversation", () => {
  const chosen = ["1", "2", "3", "4", "5", "6"].map((key) => press(key, "talking"));

  assert.deepEqual(chosen, OUTCOMES.map((outcome) => ({ type: "outcome", outcome })));
  assert.deepEqual(press("1", "wrapping_up"), { type: "outcome", outcome: "answered" });
  assert.equal(press("7", "wrapping_up"), null);
  assert.equal(press("1", "ringing"), null);
});

test("a focused button keeps Enter for itself, a radio button does not", () => {
  assert.equal(press("Enter", "ringing", { focus: "control" }), null);
  assert.deepEqual(press("Enter", "wrapping_up", { focus: "radio" }), { type: "next" });
});

test("in a text field letters are letters", () => {
  assert.equal(press("m", "talking", { focus: "text" }), null);
  assert.deepEqual(press("F8", "talking", { focus: "text" }), { type: "presence" });
});

test("letters and digits can be switched off, the other keys stay", () => {
  assert.equal(press("x", "talking", { singleKeys: false }), null);
  assert.deepEqual(press("Enter", "ringing", { singleKeys: false }), { type: "answer" });
  assert.deepEqual(press("?", null, { singleKeys: false }), { type: "help" });
});

test("a held key and the browser's own combinations do nothing", () => {
  assert.equal(press("x", "talking", { repeated: true }), null);
  assert.equal(press("1", "talking", { modified: true }), null);
});
