// SPDX-License-Identifier: EUPL-1.2
/** The desk's few pictograms, drawn in the colour of the text; never the only carrier of a meaning. */
import type { JSX } from "preact";

const SHAPES = {
  phone: "M6.5 3h3.2l1.6 4.4-2.2 1.7a12 12 0 0 0 5.8 5.8l1.7-2.2 4.4 1.6v3.2A2.5 2.5 0 0 1 18.5 20 15.5 15.5 0 0 1 4 5.5 2.5 2.5 0 0 1 6.5 3Z",
  hangUp: "M12 8c4.6 0 8.7 1.8 11 4.6l-2.6 3.8-4.4-1.7v-2.6a14 14 0 0 0-8 0v2.6l-4.4 1.7L1 12.6C3.300 9.800 7.400 8 12 8Z",
  microphone: "M12 2.500a3 3 0 0 1 3 3v6a3 3 0 0 1-6 0v-6a3 3 0 0 1 3-3ZM5.500 11.500h2a4.500 4.500 0 0 0 9 0h2a6.500 6.500 0 0 1-5.500 6.400V21.500h-2v-3.600a6.500 6.500 0 0 1-5.500-6.400Z",
  muted: "M3.500 2 22 20.500 20.600 22l-4.300-4.400A6.500 6.500 0 0 1 13 17.900V21.500h-2v-3.600a6.500 6.500 0 0 1-5.500-6.400h2a4.500 4.500 0 0 0 7.300 3.500l-1.500-1.500A3 3 0 0 1 9 11.500V9.800L2 3.400ZM12 2.500a3 3 0 0 1 3 3v5L9.200 4.700A3 3 0 0 1 12 2.500ZM16.500 11.500h2c0 1.100-.3 2.200-.8 3.100l-1.500-1.500c.2-.5.3-1 .3-1.600Z",
  pause: "M6 4h4v16H6ZM14 4h4v16h-4Z",
  ready: "M7 4.500v15l12-7.500Z",
  next: "M4 11h11.200l-4.600-4.600L12 5l7 7-7 7-1.400-1.400 4.600-4.600H4Z",
  people: "M9 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8Zm0 9.500c4 0 7.500 2 7.500 4.500v2h-15v-2c0-2.500 3.500-4.500 7.500-4.500ZM16 5a3.200 3.200 0 1 1 0 6.400c1-1.900 1-4.500 0-6.400Zm2 9c2.700.5 4.800 2 4.800 4v2h-4v-2c0-1.600-.3-2.900-.8-4Z",
  bell: "M12 2.500a1.500 1.500 0 0 1 1.500 1.600A6 6 0 0 1 18 10v5l2 2.500V18.500H4V17.500L6 15v-5a6 6 0 0 1 4.500-5.900A1.500 1.500 0 0 1 12 2.500ZM9.500 20h5a2.500 2.500 0 0 1-5 0Z",
  browser: "M3 4h18v12H3Zm2 2v8h14V6ZM8 18h8v2H8Z",
  deskPhone: "M4 4h5v9h11v7H4Zm7 1.500h9V11h-9ZM11 15v2h2v-2Zm4 0v2h2v-2Z",
  mobile: "M7 2h10v20H7Zm2 3v12h6V5Zm2 13.500v1.500h2v-1.500Z",
  close: "M5.400 4 12 10.600 18.600 4 20 5.400 13.400 12l6.600 6.600-1.400 1.400-6.600-6.600L5.400 20 4 18.600 10.600 12 4 5.400Z",
} as const;

export type IconName = keyof typeof SHAPES;

export function Icon({ name }: { readonly name: IconName }): JSX.Element {
  return (
    <svg class="desk-icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={SHAPES[name]} />
    </svg>
  );
}

/** An authority's colour as a bar: an attribute of SVG, because the policy forbids inline styles. */
export function ColourBar({ colour }: { readonly colour: string }): JSX.Element {
  return (
    <svg class="fern-bar" aria-hidden="true">
      <rect width="100%" height="100%" fill={colour} />
    </svg>
  );
}
