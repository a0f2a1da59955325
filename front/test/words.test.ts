// SPDX-License-Identifier: EUPL-1.2
import assert from "node:assert/strict";
import test from "node:test";
import { OUTCOMES, PAUSE_REASONS } from "../src/contract";
import { CATALOGUES, isWord, speaker, type Word } from "../src/words";

const words = Object.keys(CATALOGUES.de) as Word[];

test("both catalogues say the same words, and none of them is empty", () => {
  assert.deepEqual(Object.keys(CATALOGUES.en).sort(), [...words].sort());
  for (const catalogue of Object.values(CATALOGUES)) {
    assert.deepEqual(words.filter((word) => catalogue[word].trim() === ""), []);
  }
});

test("both catalogues fill the same placeholders", () => {
  const placeholders = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort();

  for (const word of words) {
    assert.deepEqual(placeholders(CATALOGUES.en[word]), placeholders(CATALOGUES.de[word]), word);
  }
});

test("everything that can be chosen has a word", () => {
  const needed = [...OUTCOMES.map((one) => `outcome.${one}`), ...PAUSE_REASONS.map((one) => `reason.${one}`)];

  assert.deepEqual(needed.filter((word) => !isWord(word)), []);
});

test("words are said with their values", () => {
  assert.equal(speaker("de")("waiting.many", { count: 3 }), "3 warten");
  assert.equal(speaker("en")("waiting.many", { count: 3 }), "3 waiting");
});
