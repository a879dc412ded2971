/** Waiting that ends early when there is reason to try again. */

const NUDGE = 'nudge';

/** End the pause that listens to `target`. */
export function nudge(target: EventTarget): void {
  target.dispatchEvent(new Event(NUDGE));
}

/**
 * Resolves after `seconds`, or as soon as `target` is nudged, the browser is online again, or the
 * page is looked at again. Rejects with the signal's reason when it is aborted.
 */
export function pause(seconds: number, target: EventTarget, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const ended = new AbortController();
    const end = (settle: () => void): void => {
      ended.abort();
      clearTimeout(timer);
      settle();
    };
    const timer = setTimeout(() => end(resolve), seconds * 1000);
    const once = { signal: ended.signal };
    target.addEventListener(NUDGE, () => end(resolve), once);
    window.addEventListener('online', () => end(resolve), once);
    document.addEventListener(
      'visibilitychange',
      () => {
        if (document.visibilityState === 'visible') end(resolve);
      },
      once,
    );
    signal.addEventListener('abort', () => end(() => reject(signal.reason)), once);
    if (signal.aborted) end(() => reject(signal.reason));
  });
}
