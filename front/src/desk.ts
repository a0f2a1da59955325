// SPDX-License-Identifier: EUPL-1.2
/**
 * The desk: brings together what the exchange says, what the agent wants and what the telephone does.
 *
 * The view reads it and calls its methods; it tells the view when something changed.
 */
import { Attention, askToNotify } from "./attention";
import { Bell } from "./bell";
import { type Answer, Commands, SESSION_EXPIRED, UNREACHABLE } from "./commands";
import type {
  CommandBody,
  CommandKind,
  DeskState,
  DeviceKind,
  Outcome,
  PauseReason,
  Settings,
  TelephoneAccount,
} from "./contract";
import { duties } from "./duties";
import { type Action, actionFor, type Pressed } from "./keys";
import { fold, isConversation, type Live, NOTHING } from "./live";
import { type Choices, keepChoices, keepMuted, recallChoices, recallMuted } from "./memory";
import { type MicrophoneFault, NoMicrophone } from "./microphone";
import { follow, isExpired, type ServerEvent } from "./stream";
import { Telephone } from "./telephone";
import { type Speak, speaker, type Word } from "./words";

export type Connection = "connecting" | "open" | "lost" | "expired";

export interface Message {
  readonly tone: "info" | "warning" | "danger";
  readonly text: string;
}

const OWN_WORDS: Readonly<Record<string, Word>> = {
  [UNREACHABLE]: "error.unreachable",
  [SESSION_EXPIRED]: "error.session",
};
const TICK_MS = 300;
const RECONNECT_EVERY_MS = 6_000;
const INVITE_WITHIN_MS = 4_000;
const EFFECT_WITHIN_MS = 1_000;

export class Desk {
  readonly settings: Settings;
  readonly say: Speak;
  readonly bell = new Bell();
  live: Live = NOTHING;
  connection: Connection = "connecting";
  message: Message | null = null;
  choices: Choices = recallChoices();
  /** What is under way, so that its button waits. */
  readonly pending = new Set<CommandKind>();
  /** The call that the agent has decided to answer and whose conversation has not begun. */
  answering = "";
  /** The outcome on its way to the exchange, until its state says the same. */
  choosing: Outcome | null = null;
  muted = false;
  soundBlocked = false;
  microphoneFault: MicrophoneFault | null = null;
  account: TelephoneAccount | null = null;
  helpOpen = false;
  signingIn = false;
  changingDevice = false;
  /** Said once to a screen reader; the number makes equal words new. */
  spoken = { text: "", urgent: "", turn: 0 };

  readonly #commands: Commands;
  readonly #telephone: Telephone;
  readonly #attention = new Attention();
  readonly #stop = new AbortController();
  #changed: () => void = () => undefined;
  #ticking: ReturnType<typeof setInterval> | undefined;
  #reconnectedAt = Number.NEGATIVE_INFINITY;
  #answeringSince = 0;

  constructor(settings: Settings) {
    this.settings = settings;
    this.say = speaker(settings.language);
    this.#commands = new Commands({ url: settings.urls.commands, csrf: settings.csrf });
    this.#telephone = new Telephone(() => this.#fetchAccount(), {
      changed: () => this.#onTelephone(),
      invited: (atOnce) => this.#onInvite(atOnce),
      deaf: () => void this.#reconnectIfDue(),
      silenced: () => this.#set(() => (this.soundBlocked = true)),
    });
    this.#useDevices();
  }

  get state(): DeskState | null {
    return this.live.state;
  }

  get registration(): Telephone["registration"] {
    return this.#telephone.registration;
  }

  /** Milliseconds of the server's clock, now. */
  now(): number {
    return Date.now() + this.live.ahead;
  }

  /** Begin to work; *changed* is called after every change. */
  start(changed: () => void): void {
    this.#changed = changed;
    void follow(
      this.settings.urls.events,
      {
        event: (event) => this.#onEvent(event),
        open: () => this.#connect("open"),
        lost: () => this.#connect("lost"),
        expired: () => this.#connect("expired"),
      },
      this.#stop.signal,
    );
    this.#ticking = setInterval(() => this.#doDuties(), TICK_MS);
    void this.#watchSound();
  }

  /** Leave everything: the agent goes. */
  stop(): void {
    this.#changed = () => undefined;
    this.#stop.abort();
    clearInterval(this.#ticking);
    window.onbeforeunload = null;
    this.#telephone.stop();
    this.bell.stop();
    this.#attention.rest();
  }

  // What the agent does

  press(pressed: Pressed): boolean {
    const action = actionFor(pressed, {
      state: this.state,
      singleKeys: this.choices.singleKeys,
      helpOpen: this.helpOpen,
    });
    if (action !== null) this.act(action);
    return action !== null;
  }

  act(action: Action): void {
    switch (action.type) {
      case "answer":
        return void this.answer();
      case "decline":
        return void this.#endLeg("decline");
      case "hang_up":
        return void this.#endLeg("hang_up");
      case "mute":
        return this.toggleMute();
      case "presence":
        return void this.togglePresence();
      case "outcome":
        return void this.choose(action.outcome);
      case "next":
        return void this.next();
      case "help":
        return this.#set(() => (this.helpOpen = !this.helpOpen));
      case "close_help":
        return this.#set(() => (this.helpOpen = false));
    }
  }

  async signIn(kind: DeviceKind, address: string): Promise<void> {
    if (this.signingIn) return;
    this.#set(() => (this.signingIn = true));
    await this.bell.unlock();
    const device = kind === "external" ? { kind, address } : { kind };
    if (kind !== "browser") this.#telephone.stop();
    const signedIn = await this.send({ kind: "sign_in", device });
    if (signedIn.accepted) {
      this.account = null;
      if (kind === "browser") await this.#registerAnew();
      const ready = await this.send({ kind: "ready" });
      if (ready.accepted) this.changingDevice = false;
    }
    this.#set(() => (this.signingIn = false));
  }

  async answer(): Promise<void> {
    const { call, device } = this.state ?? {};
    if (call?.state !== "ringing" || this.answering === call.id) return;
    if (device?.kind === "rehearsal") {
      await this.send({ kind: "answer" });
      return;
    }
    if (device?.kind !== "browser") return; // answered where it rings
    this.#answeringSince = performance.now();
    this.#set(() => (this.answering = call.id));
    await this.#answerHere();
  }

  toggleMute(): void {
    const { call, device } = this.state ?? {};
    if (!call || !isConversation(call) || !canMute(device?.kind)) return;
    this.#set(() => (this.muted = !this.muted));
    keepMuted(this.muted ? call.id : "");
    this.#telephone.mute(this.muted);
    this.#speak(this.say(this.muted ? "call.muted_now" : "call.unmuted_now"));
  }

  async togglePresence(): Promise<void> {
    const presence = this.state?.presence;
    if (presence === undefined || presence.state === "signed_out") return;
    const wantsCalls = presence.state === "paused" || presence.pause_wanted;
    await this.send(wantsCalls ? { kind: "ready" } : { kind: "pause", reason: "break" });
  }

  async pause(reason: PauseReason): Promise<void> {
    await this.send({ kind: "pause", reason });
  }

  async choose(outcome: Outcome): Promise<void> {
    if (this.state?.call == null) return;
    this.#set(() => (this.choosing = outcome));
    const group = document.activeElement?.closest("fieldset");
    group?.querySelector<HTMLInputElement>(`input[value=${outcome}]`)?.focus(); // chosen by its digit: go along
    const answer = await this.send({ kind: "classify", outcome });
    if (!answer.accepted && this.choosing === outcome) this.#set(() => (this.choosing = null));
  }

  /** Be done with the call; commands keep their order, so an outcome just chosen arrives first. */
  async next(): Promise<void> {
    if (this.outcome === null) {
      this.warn(this.say("wrap.choose"));
      document.querySelector<HTMLInputElement>("input[name=outcome]")?.focus();
      return;
    }
    await this.send({ kind: "next" });
  }

  get outcome(): Outcome | null {
    return this.choosing ?? this.state?.call?.outcome ?? null;
  }

  async reconnect(): Promise<void> {
    this.#reconnectedAt = performance.now();
    await this.send({ kind: "reconnect" });
  }

  async testCall(line: string): Promise<void> {
    const answer = await this.send(line === "" ? { kind: "test_call" } : { kind: "test_call", line });
    if (answer.accepted && this.state?.call === null) this.#tell("info", this.say("test.started"));
  }

  /** Leave the workplace, then the house. */
  async signOut(): Promise<void> {
    if (this.state !== null && this.state.presence.state !== "signed_out") {
      const left = await this.send({ kind: "sign_out" });
      if (!left.accepted && left.code !== "not-signed-in") return;
    }
    this.stop();
    submitForm(this.settings.sign_out_url, { csrfmiddlewaretoken: this.settings.csrf });
  }

  async chooseNotifications(wanted: boolean): Promise<void> {
    this.remember({ notify: wanted && (await askToNotify()) });
  }

  changeDevice(changing: boolean): void {
    this.#set(() => (this.changingDevice = changing));
  }

  async allowSound(): Promise<void> {
    await this.bell.unlock();
    this.#telephone.unlock();
    this.#set(() => (this.soundBlocked = this.bell.blocked));
  }

  remember(choices: Partial<Choices>): void {
    this.#set(() => (this.choices = { ...this.choices, ...choices }));
    keepChoices(this.choices);
    this.#useDevices();
  }

  dismiss(): void {
    this.#set(() => (this.message = null));
  }

  warn(text: string): void {
    this.#tell("warning", text);
  }

  /** Send a command; its refusal is shown, whoever asked. */
  async send(body: CommandBody): Promise<Answer> {
    if (this.pending.has(body.kind) && body.kind !== "classify") return { accepted: false, code: "busy", message: "" };
    this.#set(() => this.pending.add(body.kind));
    const before = this.state;
    const answer = await this.#commands.send(body);
    if (answer.accepted) {
      this.message = null;
      void this.#effectSince(before).then(() => this.#set(() => this.pending.delete(body.kind)));
    } else {
      this.#set(() => this.pending.delete(body.kind));
      this.#explain(answer);
    }
    return answer;
  }

  /** The answer may overtake the state that it brought about: until then a second key press would be out of turn. */
  async #effectSince(before: DeskState | null): Promise<void> {
    const giveUpAt = performance.now() + EFFECT_WITHIN_MS;
    while (this.state?.presence === before?.presence && this.state?.call === before?.call) {
      if (performance.now() > giveUpAt) return;
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }

  // What happens to the desk

  #onEvent({ name, data }: ServerEvent): void {
    if (name !== "state" && name !== "change") return;
    const before = this.state;
    this.live = fold(this.live, { type: name, data: JSON.parse(data), at: Date.now() });
    this.#notice(before, this.live.state);
    this.#doDuties();
    this.#changed();
  }

  /** Announce what is new, and forget what belonged to the call before. */
  #notice(before: DeskState | null, after: DeskState | null): void {
    if (after === null) return;
    const was = before?.call ?? null;
    const { call } = after;
    if (was?.id !== call?.id) {
      this.answering = "";
      this.choosing = null;
      this.muted = call !== null && recallMuted() === call.id;
      this.#telephone.mute(this.muted);
    }
    if (call !== null && call.outcome === this.choosing) this.choosing = null;
    if (was?.id === call?.id && was?.state === call?.state) {
      this.#noticePresence(before, after);
      return;
    }
    if (call?.state !== "ringing") this.answering = "";
    this.message = null;
    this.#announce(after);
  }

  #noticePresence(before: DeskState | null, after: DeskState): void {
    const { state } = after.presence;
    if (before !== null && before.presence.state !== state) this.#speak(this.say(`presence.${state}`));
  }

  #announce({ call, presence, device }: DeskState): void {
    switch (call?.state) {
      case undefined:
        return this.#speak(this.say(`presence.${presence.state}`));
      case "ringing": {
        const names = { authority: call.authority.name, line: call.line.name };
        const here = device.kind === "browser" || device.kind === "rehearsal";
        this.#attention.call(
          this.say("ringing.tab", { authority: call.authority.name }),
          `${call.line.name} · ${call.line.written}`,
          this.choices.notify,
        );
        return this.#speakUp(this.say(here ? "ringing.announcement" : "ringing.announcement_telephone", names));
      }
      case "talking":
        return this.#speak(this.say("call.talking", { authority: call.authority.name }));
      case "reconnecting":
        return this.#speakUp(this.say("call.reconnecting"));
      case "wrapping_up":
        return this.#speak(this.say("wrap.announcement"));
    }
  }

  #onTelephone(): void {
    this.#doDuties();
    this.#changed();
  }

  #onInvite(atOnce: boolean): void {
    if (atOnce || this.answering !== "") void this.#answerHere();
  }

  /** Answer if the call has come to this browser already; else `#onInvite` does when it comes. */
  async #answerHere(): Promise<void> {
    try {
      await this.#telephone.answer();
      this.#set(() => (this.microphoneFault = null));
    } catch (error) {
      this.#set(() => {
        this.answering = "";
        this.microphoneFault = error instanceof NoMicrophone ? error.fault : "failed";
      });
      const fault = this.microphoneFault;
      if (fault !== null) this.#tell("danger", `${this.say(`mic.${fault}`)} ${this.say(`mic.${fault}_help`)}`);
    }
  }

  #doDuties(): void {
    if (this.#stop.signal.aborted) return;
    const now = performance.now();
    const todo = duties(this.state, this.#telephone.line);
    if (todo.register) void this.#telephone.start();
    if (!todo.register && this.#telephone.registration !== "off" && !this.signingIn) this.#telephone.stop();
    if (todo.ring && this.answering === "") this.bell.start();
    else this.bell.stop();
    if (this.state?.call?.state !== "ringing") this.#attention.rest();
    if (todo.dropLeg) this.#telephone.hangUp();
    if (todo.reconnect) void this.#reconnectIfDue();
    if (this.answering !== "" && this.#telephone.line.leg === "none" && now - this.#answeringSince > INVITE_WITHIN_MS) {
      this.answering = "";
      this.warn(this.say("ringing.not_here"));
    }
    window.onbeforeunload = todo.holdPage ? (event) => event.preventDefault() : null;
    if (this.state?.device.kind === "telephone" && this.account === null) void this.#fetchAccount().catch(() => null);
  }

  async #reconnectIfDue(): Promise<void> {
    const due = performance.now() - this.#reconnectedAt > RECONNECT_EVERY_MS;
    if (due && isConversation(this.state?.call ?? null)) await this.reconnect();
  }

  #connect(connection: Connection): void {
    if (this.connection !== connection) this.#set(() => (this.connection = connection));
  }

  /** Until the agent touches the page, the browser may refuse to ring: say so, and watch for the touch. */
  async #watchSound(): Promise<void> {
    await this.bell.unlock();
    this.#set(() => (this.soundBlocked = this.bell.blocked));
    const touched = (): void => {
      if (this.soundBlocked) void this.allowSound();
    };
    window.addEventListener("pointerdown", touched);
    window.addEventListener("keydown", touched);
  }

  async #registerAnew(): Promise<void> {
    this.#telephone.stop();
    await this.#telephone.start();
  }

  async #endLeg(kind: "decline" | "hang_up"): Promise<void> {
    if (this.state?.call == null) return;
    const answer = await this.send({ kind });
    if (!answer.accepted && answer.code === UNREACHABLE) this.#telephone.hangUp(); // the web is away, telephony is not
  }

  async #fetchAccount(): Promise<TelephoneAccount> {
    const response = await fetch(this.settings.urls.telephone, {
      headers: { Accept: "application/json" },
      cache: "no-store",
      credentials: "same-origin",
    });
    if (isExpired(response)) this.#connect("expired");
    if (!response.ok) throw new Error(`no telephone account: ${response.status}`);
    const account = (await response.json()) as TelephoneAccount;
    this.#set(() => (this.account = account));
    return account;
  }

  #useDevices(): void {
    this.#telephone.microphone = this.choices.microphone;
    void this.#telephone.sendTo(this.choices.headset);
    void this.bell.sendTo(this.choices.bell);
  }

  #explain({ code, message }: Extract<Answer, { accepted: false }>): void {
    if (code === SESSION_EXPIRED) this.#connect("expired");
    if (code !== "busy") this.warn(message || this.say(OWN_WORDS[code] ?? "error.refused"));
  }

  #tell(tone: Message["tone"], text: string): void {
    this.#set(() => (this.message = { tone, text }));
  }

  #speak(text: string): void {
    this.#set(() => (this.spoken = { text, urgent: "", turn: this.spoken.turn + 1 }));
  }

  #speakUp(urgent: string): void {
    this.#set(() => (this.spoken = { text: "", urgent, turn: this.spoken.turn + 1 }));
  }

  #set(change: () => unknown): void {
    change();
    this.#changed();
  }
}

/** A telephone of its own has a mute key of its own. */
export function canMute(kind: DeviceKind | null | undefined): boolean {
  return kind === "browser" || kind === "rehearsal";
}

function submitForm(action: string, fields: Readonly<Record<string, string>>): void {
  const form = document.createElement("form");
  form.method = "post";
  form.action = action;
  for (const [name, value] of Object.entries(fields)) {
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = name;
    field.value = value;
    form.append(field);
  }
  document.body.append(form);
  form.submit();
}
