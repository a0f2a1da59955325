// SPDX-License-Identifier: EUPL-1.2
import assert from "node:assert/strict";
import test from "node:test";
import { duties, GRACE_MS, type Line, UNASKED_MS } from "../src/duties";
import { callIn, stateWith } from "./states";

const LONG = GRACE_MS * 10;
const RELOADED: Line = { registered: true, registeredFor: LONG, leg: "none", legFor: Number.POSITIVE_INFINITY };

test("a page reloaded in a conversation asks for its leg again as soon as it is registered", () => {
  const state = stateWith({ call: callIn("talking") });

  assert.equal(duties(state, { ...RELOADED, registered: false }).reconnect, false);
  assert.equal(duties(state, RELOADED).reconnect, true);
});

test("the exchange is given a moment to ring by itself when it sees the telephone register", () => {
  const state = stateWith({ call: callIn("reconnecting") });

  assert.equal(duties(state, { ...RELOADED, registeredFor: UNASKED_MS - 1 }).reconnect, false);
});

test("a leg that has only just ended is given time: the exchange may be about to say why", () => {
  const state = stateWith({ call: callIn("talking") });

  assert.equal(duties(state, { ...RELOADED, legFor: GRACE_MS - 1 }).reconnect, false);
});

test("whoever telephones with another device is not reconnected by the browser", () => {
  const device = { kind: "telephone", address: "agent-mia", connected: true } as const;
  const todo = duties(stateWith({ call: callIn("reconnecting"), device }), RELOADED);

  assert.equal(todo.reconnect, false);
  assert.equal(todo.register, false);
});

test("a leg of a conversation that is over is dropped", () => {
  const line: Line = { ...RELOADED, leg: "established", legFor: LONG };

  assert.equal(duties(stateWith({ call: callIn("wrapping_up") }), line).dropLeg, true);
  assert.equal(duties(stateWith(), line).dropLeg, true);
  assert.equal(duties(stateWith({ call: callIn("talking") }), line).dropLeg, false);
});

test("the bell rings where the call is answered, until it is being answered", () => {
  const state = stateWith({ call: callIn("ringing") });
  const external = stateWith({ call: callIn("ringing"), device: { kind: "external", address: "+49", connected: true } });

  assert.equal(duties(state, { ...RELOADED, leg: "ringing" }).ring, true);
  assert.equal(duties(state, { ...RELOADED, leg: "answering" }).ring, false);
  assert.equal(duties(external, RELOADED).ring, false);
});

test("only a conversation in this browser holds the page", () => {
  assert.equal(duties(stateWith({ call: callIn("talking") }), RELOADED).holdPage, true);
  assert.equal(duties(stateWith({ call: callIn("wrapping_up") }), RELOADED).holdPage, false);
  assert.equal(duties(null, RELOADED).holdPage, false);
});

test("a signed-out desk registers nowhere", () => {
  const presence = { ...stateWith().presence, state: "signed_out" } as const;

  assert.equal(duties(stateWith({ presence }), RELOADED).register, false);
});
