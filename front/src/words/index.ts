// SPDX-License-Identifier: EUPL-1.2
/** The words on the screen, in the language of the page. */
import type { Language } from "../contract";
import { de } from "./de";
import { en } from "./en";

export type Word = keyof typeof de;
export type Speak = (word: Word, values?: Readonly<Record<string, string | number>>) => string;

export const CATALOGUES: Readonly<Record<Language, Readonly<Record<Word, string>>>> = { de, en };

/** Return the function that says *word* in *language* (German if we do not speak it), with its {placeholders} filled. */
export function speaker(language: string): Speak {
  const catalogue = language.startsWith("en") ? en : de;
  return (word, values = {}) => catalogue[word].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

/** Whether the catalogue knows *word*: codes from the server may be newer than this desk. */
export function isWord(word: string): word is Word {
  return Object.hasOwn(de, word);
}
