// SPDX-License-Identifier: EUPL-1.2
/** Signing in the workplace: which telephone, does the microphone work, then "ready". */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { canNotify } from "../attention";
import type { DeviceKind } from "../contract";
import { close, type MicrophoneFault, NoMicrophone, openMicrophone } from "../microphone";
import type { ViewProps } from "./App";
import { Icon, type IconName } from "./icons";
import { MicrophoneCheck } from "./MicrophoneCheck";
import { Button } from "./parts";

const DEVICES = [
  ["browser", "browser"],
  ["telephone", "deskPhone"],
  ["external", "mobile"],
] as const satisfies readonly (readonly [DeviceKind, IconName])[];

export function SignIn({ desk }: ViewProps): JSX.Element {
  const { choices, say, state } = desk;
  const rehearsal = state?.mode === "rehearsal";
  const [wrongNumber, setWrongNumber] = useState(false);
  const [fault, setFault] = useState<MicrophoneFault | null>(desk.microphoneFault);

  const submit = async (): Promise<void> => {
    if (rehearsal) return desk.signIn("rehearsal", "");
    if (choices.device === "external" && !isNumber(choices.number)) {
      setWrongNumber(true);
      document.getElementById("number")?.focus();
      return;
    }
    if (choices.device === "browser") {
      const found = await tryMicrophone(choices.microphone);
      setFault(found);
      if (found !== null) return;
    }
    await desk.signIn(choices.device, choices.number.trim());
  };

  return (
    <form
      class="desk-card desk-signin"
      aria-labelledby="scene-title"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <div>
        <p class="fern-muted">{say("signin.welcome", { name: state?.agent.name ?? "" })}</p>
        <h1 id="scene-title" class="kern-heading-large" tabIndex={-1} data-focus="first">
          {say("signin.title")}
        </h1>
      </div>
      {rehearsal ? (
        <p class="kern-body">{say("signin.rehearsal_text")}</p>
      ) : (
        <>
          <fieldset class="desk-choices">
            <legend class="kern-label">{say("signin.device")}</legend>
            <div class="desk-signin__devices">
              {DEVICES.map(([kind, icon]) => (
                <label key={kind} class="desk-choice desk-choice--device">
                  <input
                    type="radio"
                    name="device"
                    value={kind}
                    checked={choices.device === kind}
                    onChange={() => desk.remember({ device: kind })}
                  />
                  <Icon name={icon} />
                  <span class="desk-choice__label">{say(`signin.${kind}`)}</span>
                  <span class="desk-choice__hint">{say(`signin.${kind}_hint`)}</span>
                </label>
              ))}
            </div>
          </fieldset>
          <div class="desk-signin__detail">
            {choices.device === "browser" && <MicrophoneCheck desk={desk} fault={fault} onFault={setFault} />}
            {choices.device === "telephone" && <p class="kern-body">{say("signin.telephone_text")}</p>}
            {choices.device === "external" && (
              <NumberField desk={desk} wrong={wrongNumber} onInput={() => setWrongNumber(false)} />
            )}
          </div>
        </>
      )}
      <div class="desk-signin__end">
        {canNotify() !== "unsupported" && (
          <label class="desk-check">
            <input
              type="checkbox"
              checked={choices.notify && canNotify() === "granted"}
              disabled={canNotify() === "denied"}
              onChange={(event) => void desk.chooseNotifications(event.currentTarget.checked)}
            />
            <span>{say(canNotify() === "denied" ? "signin.notify_denied" : "signin.notify")}</span>
          </label>
        )}
        {desk.changingDevice && (
          <Button tone="tertiary" onPress={() => desk.changeDevice(false)}>
            {say("keys.close")}
          </Button>
        )}
        <button
          type="submit"
          class="kern-btn kern-btn--primary desk-btn--large"
          aria-disabled={desk.signingIn ? "true" : undefined}
        >
          <span class="kern-label">{say(desk.signingIn ? "signin.submitting" : "signin.submit")}</span>
        </button>
      </div>
    </form>
  );
}

interface NumberFieldProps extends ViewProps {
  readonly wrong: boolean;
  readonly onInput: () => void;
}

function NumberField({ desk, wrong, onInput }: NumberFieldProps): JSX.Element {
  const { choices, say } = desk;
  return (
    <div class={`kern-form-input ${wrong ? "kern-form-input--error" : ""}`}>
      <label class="kern-label" for="number">
        {say("signin.number")}
      </label>
      <div class="kern-hint" id="number-hint">
        {say("signin.number_hint")}
      </div>
      <input
        id="number"
        class={`kern-form-input__input ${wrong ? "kern-form-input__input--error" : ""}`}
        type="tel"
        autocomplete="tel"
        aria-describedby={wrong ? "number-hint number-error" : "number-hint"}
        aria-invalid={wrong}
        value={choices.number}
        onInput={(event) => {
          desk.remember({ number: event.currentTarget.value });
          onInput();
        }}
      />
      {wrong && (
        <p class="kern-error" id="number-error" role="alert">
          <span class="kern-icon kern-icon--danger" aria-hidden="true" />
          <span class="kern-body">{say("signin.number_wrong")}</span>
        </p>
      )}
    </div>
  );
}

/** Whether *text* can be a telephone number; the server knows the rest. */
export function isNumber(text: string): boolean {
  return /^\+?[\d\s/()-]+$/.test(text.trim()) && text.replace(/\D/g, "").length >= 6;
}

async function tryMicrophone(deviceId: string): Promise<MicrophoneFault | null> {
  try {
    close(await openMicrophone(deviceId));
    return null;
  } catch (error) {
    return error instanceof NoMicrophone ? error.fault : "failed";
  }
}
