// SPDX-License-Identifier: EUPL-1.2
import assert from "node:assert/strict";
import test from "node:test";
import { EventParser, isExpired } from "../src/stream";

test("events are cut at empty lines, with their names", () => {
  const events = new EventParser().feed('event: state\ndata: {"version":1}\n\nevent: change\ndata: {}\n\n');

  assert.deepEqual(events, [
    { name: "state", data: '{"version":1}' },
    { name: "change", data: "{}" },
  ]);
});

test("an event is whole however the network cuts it", () => {
  const text = ": beat\r\nevent: change\r\ndata: a\r\ndata: b\r\n\r\n";
  const parser = new EventParser();

  const events = [...text].flatMap((character) => parser.feed(character));

  assert.deepEqual(events, [{ name: "change", data: "a\nb" }]);
});

test("a heartbeat is no event", () => {
  assert.deepEqual(new EventParser().feed(": beat\n\n: beat\n\n"), []);
});

test("an event without a name is a message", () => {
  assert.deepEqual(new EventParser().feed("data:x\n\n"), [{ name: "message", data: "x" }]);
});

test("the sign-in page in place of the stream means that the session has expired", () => {
  const headers = new Headers({ "content-type": "text/html; charset=utf-8" });

  assert.equal(isExpired({ status: 200, ok: true, redirected: true, headers }), true);
  assert.equal(isExpired({ status: 403, ok: false, redirected: false, headers: new Headers() }), true);
  assert.equal(isExpired({ status: 502, ok: false, redirected: false, headers }), false);
});
