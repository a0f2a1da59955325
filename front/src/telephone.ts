// SPDX-License-Identifier: EUPL-1.2
/**
 * The agent's telephone in the browser: JsSIP, told what to do, deciding nothing.
 *
 * It never hangs up because the page goes away; only `stop()` unregisters, and only `hangUp()` says BYE.
 */
import { UA, WebSocketInterface } from "jssip";
import type { RTCSession } from "jssip/lib/RTCSession";
import type { IncomingRTCSessionEvent, RTCSessionEvent } from "jssip/lib/UA";
import type { TelephoneAccount } from "./contract";
import type { Line } from "./duties";
import { close, openMicrophone, soundOn } from "./microphone";

export type Registration = "off" | "connecting" | "registered" | "refused";

export interface TelephoneHandlers {
  /** Registration or leg is different from before. */
  changed(): void;
  /** A call rings here; *atOnce*: it wants to be answered without a key. */
  invited(atOnce: boolean): void;
  /** No sound has come or gone for a while, although the leg stands: a network that changed. */
  deaf(): void;
  /** The browser plays no sound before a click or a key. */
  silenced(): void;
}

/** The one leg of this telephone. */
interface Leg {
  readonly session: RTCSession;
  microphone: MediaStream | null;
}

const REGISTER_FOR_SECONDS = 120;
const RESTART_AFTER_MS = 3_000;
const DEAF_AFTER_MS = 2_000;
const ICE: RTCConfiguration = { iceServers: [], bundlePolicy: "max-bundle", rtcpMuxPolicy: "require" };

export class Telephone {
  microphone = "";
  readonly #handlers: TelephoneHandlers;
  readonly #account: () => Promise<TelephoneAccount>;
  readonly #audio = new Audio();
  #registration: Registration = "off";
  #ua: UA | null = null;
  #autoAnswerHeader = "";
  #leg: Leg | null = null;
  #legState: Line["leg"] = "none";
  #legSince = Number.NEGATIVE_INFINITY; // a reloaded page need not wait before it asks for its leg
  #registeredSince = 0;
  #muted = false;
  #restart: ReturnType<typeof setTimeout> | null = null;
  #started = 0;

  /** *account* is asked at every start: the exchange may have given a new password since. */
  constructor(account: () => Promise<TelephoneAccount>, handlers: TelephoneHandlers) {
    this.#account = account;
    this.#handlers = handlers;
    this.#audio.autoplay = true;
  }

  get registration(): Registration {
    return this.#registration;
  }

  get line(): Line {
    return {
      registered: this.#registration === "registered",
      registeredFor: this.#registration === "registered" ? performance.now() - this.#registeredSince : 0,
      leg: this.#legState,
      legFor: performance.now() - this.#legSince,
    };
  }

  async sendTo(deviceId: string): Promise<void> {
    await soundOn(this.#audio, deviceId);
  }

  /** Register, and keep registered until `stop()`. */
  async start(): Promise<void> {
    if (this.#registration !== "off") return;
    this.#become("connecting");
    const start = ++this.#started;
    try {
      const account = await this.#account();
      if (start === this.#started) this.#open(account);
    } catch {
      if (start === this.#started) this.#startAgainLater();
    }
  }

  /** Unregister and end what is under way. */
  stop(): void {
    this.#started += 1;
    if (this.#restart !== null) clearTimeout(this.#restart);
    this.#restart = null;
    this.#forgetUa();
    this.#become("off");
  }

  /**
   * Answer the call that rings here; true if there is one.
   *
   * @throws {NoMicrophone} when it cannot be answered for want of a microphone; it goes on ringing.
   */
  async answer(): Promise<boolean> {
    const leg = this.#leg;
    if (leg === null || this.#legState !== "ringing") return this.#legState !== "none";
    this.#moveLeg("answering");
    try {
      leg.microphone = await openMicrophone(this.microphone);
    } catch (error) {
      if (this.#leg === leg) this.#moveLeg("ringing");
      throw error;
    }
    if (this.#leg !== leg || leg.session.isEnded()) {
      close(leg.microphone);
      return false;
    }
    leg.session.answer({ mediaStream: leg.microphone, pcConfig: ICE });
    this.#applyMute();
    return true;
  }

  /** End our leg by SIP: for a leg that the exchange has forgotten, or when it cannot be told. */
  hangUp(): void {
    if (this.#leg !== null && !this.#leg.session.isEnded()) this.#leg.session.terminate();
  }

  mute(muted: boolean): void {
    this.#muted = muted;
    this.#applyMute();
  }

  /** Play what the caller says: to be called from a click when the browser asked for one. */
  unlock(): void {
    if (this.#audio.srcObject !== null) this.#playRemote();
  }

  #open(account: TelephoneAccount): void {
    this.#autoAnswerHeader = account.auto_answer_header;
    const ua = new UA({
      sockets: [new WebSocketInterface(account.ws)],
      uri: account.uri,
      authorization_user: account.user,
      password: account.password,
      register: true,
      register_expires: REGISTER_FOR_SECONDS,
      session_timers: false,
      no_answer_timeout: 600, // the exchange decides how long it rings
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 5,
      user_agent: "Fernamt",
    });
    this.#ua = ua;
    ua.on("registered", () => this.#ua === ua && this.#become("registered"));
    ua.on("unregistered", () => this.#ua === ua && this.#become("connecting"));
    ua.on("disconnected", () => this.#ua === ua && this.#become("connecting"));
    ua.on("registrationFailed", ({ response }) => {
      if (this.#ua !== ua || !ua.isConnected()) return; // a lost connection heals inside JsSIP
      this.#become(response ? "refused" : "connecting");
      this.#startAgainLater();
    });
    ua.on("newRTCSession", (event: RTCSessionEvent) => {
      if (event.originator === "remote") this.#receive(event as IncomingRTCSessionEvent);
    });
    ua.start();
  }

  /** The account may have changed, or the exchange may not know us yet: ask again and register anew. */
  #startAgainLater(): void {
    if (this.#restart !== null) return;
    this.#restart = setTimeout(() => {
      this.#restart = null;
      if (this.#legState !== "none") return this.#startAgainLater();
      this.#forgetUa();
      this.#registration = "off";
      void this.start();
    }, RESTART_AFTER_MS);
  }

  #forgetUa(): void {
    const ua = this.#ua;
    this.#ua = null;
    ua?.stop();
  }

  #receive({ session, request }: IncomingRTCSessionEvent): void {
    const atOnce = this.#autoAnswerHeader !== "" && request.getHeader(this.#autoAnswerHeader) === "1";
    const previous = this.#leg;
    if (previous !== null && !previous.session.isEnded()) {
      if (!atOnce) return void session.terminate({ status_code: 486 });
      previous.session.terminate(); // a dead leg of the same conversation
    }
    const leg: Leg = { session, microphone: null };
    this.#leg = leg;
    this.#moveLeg("ringing");
    const over = (): void => this.#over(leg);
    session.on("failed", over);
    session.on("ended", over);
    session.on("confirmed", () => this.#leg === leg && this.#moveLeg("established"));
    session.on("icecandidate", ({ candidate, ready }) => {
      if (candidate.type === "host") ready(); // the exchange is in the same house: the rest would only cost time
    });
    session.on("peerconnection", ({ peerconnection }) => {
      peerconnection.addEventListener("track", (event) => this.#hear(event));
      peerconnection.addEventListener("iceconnectionstatechange", () => this.#watchIce(peerconnection));
    });
    this.#handlers.invited(atOnce);
  }

  #hear({ track, streams }: RTCTrackEvent): void {
    this.#audio.srcObject = streams[0] ?? new MediaStream([track]);
    this.#playRemote();
  }

  /** Ask for a new leg before JsSIP gives this one up: its BYE would look as if the agent had hung up. */
  #watchIce(connection: RTCPeerConnection): void {
    if (connection.iceConnectionState !== "disconnected") return;
    setTimeout(() => {
      if (connection.iceConnectionState === "disconnected") this.#handlers.deaf();
    }, DEAF_AFTER_MS);
  }

  #playRemote(): void {
    this.#audio.play().catch((error: unknown) => {
      if (error instanceof Error && error.name === "NotAllowedError") this.#handlers.silenced();
    });
  }

  #over(leg: Leg): void {
    close(leg.microphone);
    if (this.#leg !== leg) return;
    this.#leg = null;
    this.#audio.srcObject = null;
    this.#moveLeg("none");
  }

  #applyMute(): void {
    for (const track of this.#leg?.microphone?.getAudioTracks() ?? []) track.enabled = !this.#muted;
  }

  #moveLeg(state: Line["leg"]): void {
    this.#legState = state;
    this.#legSince = performance.now();
    this.#handlers.changed();
  }

  #become(registration: Registration): void {
    if (this.#registration === registration) return;
    this.#registration = registration;
    this.#registeredSince = performance.now();
    this.#handlers.changed();
  }
}
