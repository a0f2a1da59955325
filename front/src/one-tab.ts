// SPDX-License-Identifier: EUPL-1.2
/**
 * Only one tab is the agent's telephone: two would take the registration from each other, call by call.
 *
 * Where the browser has no locks (an unencrypted address), every tab believes to be the only one.
 */

const LOCK = "fernamt.telephone";
const PATIENCE_MS = 1_500; // a reloaded page meets the lock of the page that it was

export interface TabHandlers {
  /** This tab is the telephone. */
  ours(): void;
  /** Another tab is; *takeOver* makes this one it. */
  taken(takeOver: () => void): void;
  /** This tab was the telephone until now, when another one took over. */
  lost(): void;
}

export async function becomeTheTelephone(handlers: TabHandlers): Promise<void> {
  const locks = navigator.locks as LockManager | undefined;
  if (locks === undefined) {
    handlers.ours();
    return;
  }
  try {
    await hold(locks, handlers, { signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch {
    handlers.taken(() => void hold(locks, handlers, { steal: true }));
  }
}

/** Hold the lock until the page goes or another tab steals it; throw if it cannot be had. */
async function hold(locks: LockManager, handlers: TabHandlers, options: LockOptions): Promise<void> {
  const had = { it: false };
  try {
    await locks.request(LOCK, options, () => {
      had.it = true;
      handlers.ours();
      return new Promise<never>(() => undefined);
    });
  } catch (error) {
    if (!had.it) throw error;
    handlers.lost();
  }
}
