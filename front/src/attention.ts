// SPDX-License-Identifier: EUPL-1.2
/** Calls the agent back to this page: the tab's title, and a notification when the page is not being looked at. */

const FLASH_MS = 1_000;

export class Attention {
  readonly #title = document.title;
  #flash: ReturnType<typeof setInterval> | null = null;
  #notification: Notification | null = null;

  /** Say *headline* in the tab, and outside the browser if the agent has allowed it. */
  call(headline: string, body: string, notify: boolean): void {
    this.rest();
    let on = true;
    document.title = headline;
    this.#flash = setInterval(() => {
      on = !on;
      document.title = on ? headline : this.#title;
    }, FLASH_MS);
    if (notify && canNotify() === "granted") this.#notify(headline, body);
  }

  rest(): void {
    if (this.#flash !== null) clearInterval(this.#flash);
    this.#flash = null;
    document.title = this.#title;
    this.#notification?.close();
    this.#notification = null;
  }

  #notify(headline: string, body: string): void {
    try {
      this.#notification = new Notification(headline, { body, tag: "fernamt-call", requireInteraction: true });
      this.#notification.onclick = () => {
        window.focus();
        this.#notification?.close();
      };
    } catch {
      this.#notification = null; // some platforms let only service workers notify: the bell rings all the same
    }
  }
}

export function canNotify(): NotificationPermission | "unsupported" {
  return "Notification" in window ? Notification.permission : "unsupported";
}

export async function askToNotify(): Promise<boolean> {
  if (canNotify() === "default") await Notification.requestPermission();
  return canNotify() === "granted";
}
