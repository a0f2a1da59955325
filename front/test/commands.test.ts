// SPDX-License-Identifier: EUPL-1.2
import assert from "node:assert/strict";
import test from "node:test";
import { Commands, DELAYS, newUuid, SESSION_EXPIRED, UNREACHABLE } from "../src/commands";

type Step = { readonly status: number; readonly body: unknown } | "network fault";

/** A server that answers by a list, and remembers what it was sent. */
function serverWith(steps: Step[]): { commands: Commands; received: { id: string; kind: string }[]; waits: number[] } {
  const received: { id: string; kind: string }[] = [];
  const waits: number[] = [];
  let ids = 0;
  const commands = new Commands({
    url: "/befehle",
    csrf: "token",
    newId: () => `id-${++ids}`,
    wait: async (milliseconds) => void waits.push(milliseconds),
    fetch: async (_, init) => {
      received.push(JSON.parse(String(init?.body)) as { id: string; kind: string });
      const step = steps.shift() ?? "network fault";
      if (step === "network fault") throw new TypeError("Failed to fetch");
      return Response.json(step.body, { status: step.status });
    },
  });
  return { commands, received, waits };
}

test("a command is sent again with the same id until the exchange answers", async () => {
  const silent = { status: 503, body: { accepted: false, code: "exchange-silent" } };
  const { commands, received } = serverWith(["network fault", silent, { status: 200, body: { accepted: true } }]);

  const answer = await commands.send({ kind: "hang_up" });

  assert.deepEqual(answer, { accepted: true });
  assert.deepEqual(received.map(({ id }) => id), ["id-1", "id-1", "id-1"]);
});

test("a refusal is an answer: it is not sent again and brings its words", async () => {
  const refusal = { accepted: false, code: "call-gone", message: "Der Anruf ist nicht mehr da." };
  const { commands, received } = serverWith([{ status: 409, body: refusal }]);

  assert.deepEqual(await commands.send({ kind: "answer" }), refusal);
  assert.equal(received.length, 1);
});

test("when nobody answers at all the agent is told, after a while", async () => {
  const { commands, received, waits } = serverWith([]);

  const answer = await commands.send({ kind: "ready" });

  assert.equal(!answer.accepted && answer.code, UNREACHABLE);
  assert.equal(received.length, DELAYS.length + 1);
  assert.deepEqual(waits, [...DELAYS]);
});

test("commands keep their order: the outcome arrives before the next call is asked for", async () => {
  const yes = { status: 200, body: { accepted: true } };
  const { commands, received } = serverWith(["network fault", yes, yes]);

  await Promise.all([commands.send({ kind: "classify", outcome: "answered" }), commands.send({ kind: "next" })]);

  assert.deepEqual(received.map(({ kind }) => kind), ["classify", "classify", "next"]);
});

test("an expired session is not tried again", async () => {
  const { commands, received } = serverWith([{ status: 401, body: {} }]);

  const answer = await commands.send({ kind: "ready" });

  assert.equal(!answer.accepted && answer.code, SESSION_EXPIRED);
  assert.equal(received.length, 1);
});

test("an id is a UUID of version 4", () => {
  assert.match(newUuid(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
