/** What follows from a failed request: one pure table. A slow or broken line never ends an upload. */

import { plainWords } from './refusal.ts';

export interface Failure {
  readonly method: string;
  /** null: no answer came (the line broke, or the watchdog cut the request). */
  readonly status: number | null;
  readonly body: string;
  readonly retryAfter: string | null;
}

/** Why an upload waits. */
export type Trouble = 'offline' | 'network' | 'busy' | 'server' | 'full';

export type Verdict =
  | { readonly next: 'again'; readonly why: Trouble; readonly after: number | null }
  | { readonly next: 'restart' }
  | { readonly next: 'stop'; readonly message: string; readonly final: boolean };

const BUSY_SECONDS = 1;
const FULL_SECONDS = 30;

/** Longest wait that a server may ask for with Retry-After. */
const RETRY_AFTER_LIMIT = 60;

const BACKOFF_FIRST = 0.5;
const BACKOFF_LIMIT = 30;

/** Refusals of the file itself: sending it again would end the same way. */
const FINAL: ReadonlySet<number> = new Set([413, 415, 422]);
const PASSING: ReadonlySet<number> = new Set([408, 409, 425, 429]);
const GONE: ReadonlySet<number> = new Set([404, 410]);

/**
 * The verdict on a failure. `after` is in seconds, null means the usual backoff.
 * Only 404 and 410 for a known upload lead to a restart; everything passing is tried for ever.
 */
export function judge(failure: Failure): Verdict {
  const { status } = failure;
  const asked = seconds(failure.retryAfter);
  if (status === null) return { next: 'again', why: 'network', after: null };
  if (status === 423) return { next: 'again', why: 'busy', after: asked ?? BUSY_SECONDS };
  if (status === 507) return { next: 'again', why: 'full', after: asked ?? FULL_SECONDS };
  if (status < 400 || status >= 500 || PASSING.has(status)) {
    return { next: 'again', why: 'server', after: asked };
  }
  if (GONE.has(status) && failure.method !== 'POST') return { next: 'restart' };
  return { next: 'stop', message: plainWords(status, failure.body), final: FINAL.has(status) };
}

/**
 * Seconds before try number `failures` + 1, with full jitter; `random` is in [0, 1).
 * `failures` counts those in a row that brought the upload no further.
 */
export function backoff(failures: number, random: number): number {
  const limit = Math.min(BACKOFF_LIMIT, BACKOFF_FIRST * 2 ** failures);
  return limit * (0.5 + random / 2);
}

function seconds(retryAfter: string | null): number | null {
  if (retryAfter === null || !/^\d+$/.test(retryAfter)) return null;
  return Math.min(Number(retryAfter), RETRY_AFTER_LIMIT);
}
