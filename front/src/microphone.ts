// SPDX-License-Identifier: EUPL-1.2
/** The microphone, its level, and the devices that there are. */

export type MicrophoneFault = "denied" | "none" | "busy" | "insecure" | "failed";

/** The browser gave no microphone. */
export class NoMicrophone extends Error {
  constructor(readonly fault: MicrophoneFault) {
    super(`no microphone: ${fault}`);
    this.name = "NoMicrophone";
  }
}

/**
 * Open the microphone, the chosen one if it is still there.
 *
 * @throws {NoMicrophone} with the reason in plain terms.
 */
export async function openMicrophone(deviceId: string): Promise<MediaStream> {
  // Absent on unencrypted addresses, although TypeScript's library does not say so.
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (devices === undefined) throw new NoMicrophone("insecure");
  const audio = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
  try {
    return await devices.getUserMedia({
      audio: deviceId === "" ? audio : { ...audio, deviceId: { ideal: deviceId } },
      video: false,
    });
  } catch (error) {
    throw new NoMicrophone(faultOf(error));
  }
}

export function faultOf(error: unknown): MicrophoneFault {
  switch (error instanceof Error ? error.name : "") {
    case "NotAllowedError":
    case "SecurityError":
      return "denied";
    case "NotFoundError":
    case "OverconstrainedError":
      return "none";
    case "NotReadableError":
    case "AbortError":
      return "busy";
    default:
      return "failed";
  }
}

export function close(stream: MediaStream | null): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

export interface SoundDevices {
  readonly inputs: readonly MediaDeviceInfo[];
  readonly outputs: readonly MediaDeviceInfo[];
}

/** Names are empty until the microphone has been allowed once. */
export async function listDevices(): Promise<SoundDevices> {
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  const all = devices === undefined ? [] : await devices.enumerateDevices().catch(() => []);
  const real = all.filter(({ deviceId }) => deviceId !== "default" && deviceId !== "communications");
  return {
    inputs: real.filter(({ kind }) => kind === "audioinput"),
    outputs: real.filter(({ kind }) => kind === "audiooutput"),
  };
}

export const CAN_CHOOSE_OUTPUT = typeof HTMLMediaElement !== "undefined" && "setSinkId" in HTMLMediaElement.prototype;

/** Let *element* sound on *deviceId*; an unplugged one falls back to the default. */
export async function soundOn(element: HTMLMediaElement, deviceId: string): Promise<void> {
  if (!CAN_CHOOSE_OUTPUT) return;
  await element.setSinkId(deviceId).catch(() => element.setSinkId("").catch(() => undefined));
}

/** Measures how loud a stream is, 0 to 1, until it is closed. */
export class LevelMeter {
  readonly #context = new AudioContext();
  readonly #analyser = this.#context.createAnalyser();
  readonly #samples = new Float32Array(1024);

  constructor(stream: MediaStream) {
    this.#analyser.fftSize = 1024;
    this.#context.createMediaStreamSource(stream).connect(this.#analyser);
    void this.#context.resume();
  }

  read(): number {
    this.#analyser.getFloatTimeDomainData(this.#samples);
    const power = this.#samples.reduce((sum, sample) => sum + sample * sample, 0) / this.#samples.length;
    const decibels = 10 * Math.log10(power + 1e-9); // speech lies between -50 and -10
    return Math.min(1, Math.max(0, (decibels + 60) / 50));
  }

  close(): void {
    void this.#context.close();
  }
}
