/** What is known of the line before the first byte: the rate of a moment ago, or a phone's guess. */

import type { ChunkLimits } from './sizer.ts';

const KEY = 'tusline-rate';

/** A remembered rate is believed this long. */
const MEMORY_SECONDS = 600;

/** First chunk on links that the browser calls slow, in bytes. */
const SLOW_STARTS: Readonly<Record<string, number>> = { 'slow-2g': 32 * 1024, '2g': 64 * 1024 };

/** The Network Information API, which only some browsers have and TypeScript does not know. */
interface Connection extends EventTarget {
  readonly effectiveType?: string;
}

function connection(): Connection | null {
  return (navigator as Navigator & { readonly connection?: Connection }).connection ?? null;
}

/** The limits with a first chunk that fits the kind of link, if the browser tells it. */
export function fitStart(limits: ChunkLimits): ChunkLimits {
  const slow = SLOW_STARTS[connection()?.effectiveType ?? ''];
  return slow === undefined ? limits : { ...limits, start: Math.min(limits.start, slow) };
}

/** Bytes a second of the last uploads in this tab, or null. */
export function recallRate(): number | null {
  try {
    const [rate, at] = JSON.parse(sessionStorage.getItem(KEY) ?? '[]') as [unknown, unknown];
    const fresh = typeof at === 'number' && Date.now() - at < MEMORY_SECONDS * 1000;
    return fresh && typeof rate === 'number' && rate > 0 ? rate : null;
  } catch {
    return null; // storage is forbidden, or holds something else
  }
}

/** For the next page of this tab; null forgets. */
export function rememberRate(rate: number | null): void {
  try {
    if (rate === null) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, JSON.stringify([rate, Date.now()]));
  } catch {
    // storage is forbidden: the next page starts with a small chunk
  }
}

/** Another network: what was measured says nothing of it. */
export function forgetRateOnChange(): void {
  connection()?.addEventListener('change', () => rememberRate(null));
}
