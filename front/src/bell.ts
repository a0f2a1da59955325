// SPDX-License-Identifier: EUPL-1.2
/** The ring tone, made by the browser: two soft notes, a pause, again. */
import { soundOn } from "./microphone";

const NOTES = [
  { frequency: 659.25, at: 0, length: 0.45 },
  { frequency: 523.25, at: 0.28, length: 0.9 },
] as const;
const EVERY_MS = 2_600;
const LOUDNESS = 0.22;

export class Bell {
  #context: AudioContext | null = null;
  #out: AudioNode | null = null;
  #output = "";
  #timer: ReturnType<typeof setInterval> | null = null;
  readonly #element = new Audio();

  /** Ring on this device; empty for the default. */
  async sendTo(deviceId: string): Promise<void> {
    this.#output = deviceId;
    this.#out = null;
    if (deviceId !== "") await soundOn(this.#element, deviceId);
  }

  /** Whether the browser still waits for a click or a key before it lets us sound. */
  get blocked(): boolean {
    return this.#context !== null && this.#context.state !== "running";
  }

  /** Ask the browser to let us sound; call it from a click or a key too. */
  async unlock(): Promise<void> {
    const context = this.#prepare();
    // A context without leave stays suspended, and resume() stays pending: do not wait for ever.
    await Promise.race([context.resume().catch(() => undefined), new Promise((resolve) => setTimeout(resolve, 200))]);
  }

  start(): void {
    if (this.#timer !== null) return;
    this.#chime();
    this.#timer = setInterval(() => this.#chime(), EVERY_MS);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Ring once, to be heard in the sign-in. */
  async tryOut(): Promise<void> {
    await this.unlock();
    this.#chime();
  }

  #prepare(): AudioContext {
    this.#context ??= new AudioContext();
    return this.#context;
  }

  #chime(): void {
    const context = this.#prepare();
    if (context.state !== "running") {
      void context.resume();
      return;
    }
    for (const note of NOTES) this.#play(context, this.#outOf(context), note);
  }

  #play(context: AudioContext, out: AudioNode, { frequency, at, length }: (typeof NOTES)[number]): void {
    const begin = context.currentTime + at;
    const loudness = context.createGain();
    loudness.gain.setValueAtTime(0, begin);
    loudness.gain.linearRampToValueAtTime(LOUDNESS, begin + 0.02);
    loudness.gain.exponentialRampToValueAtTime(0.001, begin + length);
    loudness.connect(out);
    const tone = context.createOscillator();
    tone.type = "triangle";
    tone.frequency.value = frequency;
    tone.connect(loudness);
    tone.start(begin);
    tone.stop(begin + length);
  }

  #outOf(context: AudioContext): AudioNode {
    if (this.#out !== null) return this.#out;
    if (this.#output === "") {
      this.#out = context.destination;
    } else {
      const stream = context.createMediaStreamDestination();
      this.#element.srcObject = stream.stream;
      void this.#element.play().catch(() => undefined);
      this.#out = stream;
    }
    return this.#out;
  }
}
