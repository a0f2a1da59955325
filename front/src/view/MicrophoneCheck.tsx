// SPDX-License-Identifier: EUPL-1.2
/** Does the microphone hear, and where is it to sound: with help in plain words when it does not. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import {
  CAN_CHOOSE_OUTPUT,
  close,
  LevelMeter,
  listDevices,
  type MicrophoneFault,
  NoMicrophone,
  openMicrophone,
  type SoundDevices,
} from "../microphone";
import type { Word } from "../words";
import type { ViewProps } from "./App";
import { Button } from "./parts";

interface MicrophoneCheckProps extends ViewProps {
  readonly fault: MicrophoneFault | null;
  readonly onFault: (fault: MicrophoneFault | null) => void;
}

const NO_DEVICES: SoundDevices = { inputs: [], outputs: [] };
const SPOKEN = 0.35; // of the meter's range: quiet speech, not the hum of a room
const SILENT_AFTER_MS = 8_000;

export function MicrophoneCheck({ desk, fault, onFault }: MicrophoneCheckProps): JSX.Element {
  const { choices, say } = desk;
  const [devices, setDevices] = useState(NO_DEVICES);
  const [stream, setStream] = useState<MediaStream | null>(null);
  const [asking, setAsking] = useState(false);

  const check = async (): Promise<void> => {
    setAsking(true);
    try {
      setStream(await openMicrophone(choices.microphone));
      onFault(null);
    } catch (error) {
      setStream(null);
      onFault(error instanceof NoMicrophone ? error.fault : "failed");
    }
    setAsking(false);
    setDevices(await listDevices());
  };

  useEffect(() => void ifAllowed().then((allowed) => (allowed ? check() : undefined)), [choices.microphone]);
  useEffect(() => () => close(stream), [stream]);
  useEffect(() => {
    const renew = (): void => void listDevices().then(setDevices);
    renew();
    const media = navigator.mediaDevices as MediaDevices | undefined;
    media?.addEventListener("devicechange", renew);
    return () => media?.removeEventListener("devicechange", renew);
  }, []);

  return (
    <div class="desk-mic" role="group" aria-labelledby="mic-title">
      <h2 id="mic-title" class="kern-heading-small">
        {say("mic.title")}
      </h2>
      <div class="desk-mic__state" aria-live="polite">
        {fault !== null ? (
          <div class="desk-warning">
            <strong>{say(`mic.${fault}`)}</strong> {say(`mic.${fault}_help`)}
          </div>
        ) : stream !== null ? (
          <Level desk={desk} stream={stream} />
        ) : (
          <p class="kern-body">{asking ? say("mic.asking") : say("mic.speak")}</p>
        )}
      </div>
      <div class="desk-mic__row">
        <Choice desk={desk} word="mic.microphone" id="microphone" of={devices.inputs} />
        {CAN_CHOOSE_OUTPUT && <Choice desk={desk} word="mic.headset" id="headset" of={devices.outputs} />}
        {CAN_CHOOSE_OUTPUT && <Choice desk={desk} word="mic.bell" id="bell" of={devices.outputs} />}
      </div>
      <div class="fern-cluster">
        {stream === null && (
          <Button icon="microphone" waiting={asking} onPress={() => void check()}>
            {say(fault === null ? "mic.check" : "mic.again")}
          </Button>
        )}
        <Button tone="tertiary" icon="bell" onPress={() => void desk.bell.tryOut()}>
          {say("mic.bell_test")}
        </Button>
      </div>
    </div>
  );
}

interface ChoiceProps extends ViewProps {
  readonly word: Word;
  readonly id: "microphone" | "headset" | "bell";
  readonly of: readonly MediaDeviceInfo[];
}

function Choice({ desk, word, id, of }: ChoiceProps): JSX.Element {
  const { choices, say } = desk;
  const known = of.some(({ deviceId }) => deviceId === choices[id]);
  return (
    <div class="kern-form-input">
      <label class="kern-label" for={id}>
        {say(word)}
      </label>
      <div class="kern-form-input__select-wrapper">
        <select
          id={id}
          class="kern-form-input__select"
          value={known ? choices[id] : ""}
          onChange={(event) => desk.remember({ [id]: event.currentTarget.value })}
        >
          <option value="">{say("mic.default")}</option>
          {of
            .filter(({ deviceId }) => deviceId !== "")
            .map(({ deviceId, label }, index) => (
              <option key={deviceId} value={deviceId}>
                {label || say("mic.unnamed", { number: index + 1 })}
              </option>
            ))}
        </select>
      </div>
    </div>
  );
}

/** The level, drawn past the view's own rhythm: thirty times a second is no state of the desk. */
function Level({ desk, stream }: ViewProps & { readonly stream: MediaStream }): JSX.Element {
  const bar = useRef<SVGRectElement>(null);
  const [heard, setHeard] = useState<"not yet" | "yes" | "nothing">("not yet");
  useEffect(() => {
    const meter = new LevelMeter(stream);
    const begun = performance.now();
    let frame = 0;
    const draw = (): void => {
      const level = meter.read();
      bar.current?.setAttribute("width", `${Math.round(level * 100)}%`);
      if (level > SPOKEN) setHeard("yes");
      else if (performance.now() - begun > SILENT_AFTER_MS) setHeard((was) => (was === "yes" ? was : "nothing"));
      frame = requestAnimationFrame(draw);
    };
    draw();
    return () => {
      cancelAnimationFrame(frame);
      meter.close();
    };
  }, [stream]);
  const word: Word = heard === "yes" ? "mic.heard" : heard === "nothing" ? "mic.silent" : "mic.speak";
  return (
    <div class="desk-level">
      <svg class="desk-level__bar" role="img" aria-label={desk.say("mic.level")}>
        <rect ref={bar} width="0%" height="100%" />
      </svg>
      <p class={`desk-level__word desk-level__word--${heard === "yes" ? "good" : "open"}`}>{desk.say(word)}</p>
    </div>
  );
}

/** Whether the microphone may be opened without the browser asking. */
async function ifAllowed(): Promise<boolean> {
  try {
    return (await navigator.permissions.query({ name: "microphone" as PermissionName })).state === "granted";
  } catch {
    return false;
  }
}
