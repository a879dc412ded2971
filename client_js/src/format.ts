/** Numbers as people read them, with a space before the unit that does not break. */

/** No-break space. */
export const NBSP = '\u00a0';

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'];

/** 2516582 → "2.5 MB". Units are of 1000, as phones and `tusline upload` count. */
export function size(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && value < 99.95 ? 1 : 0;
  return `${value.toFixed(digits).replace(/\.0$/, '')}${NBSP}${UNITS[unit]}`;
}

/** Percent of `whole` that is done, rounded down: 100 only when nothing is missing. */
export function percent(done: number, whole: number): number {
  if (whole <= 0) return 0;
  return done >= whole ? 100 : Math.min(99, Math.floor((100 * done) / whole));
}

/** 0.953 → "95 % smaller", -0.02 → "2 % larger". */
export function saved(share: number): string {
  const points = Math.round(Math.abs(share) * 100);
  if (points === 0) return 'same size';
  return share > 0
    ? `${Math.min(points, 99)}${NBSP}% smaller`
    : `${points}${NBSP}% larger`;
}

/** count(1, 'photo') → "1 photo", count(3, 'photo') → "3 photos". */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** ["a", "b", "c"] → "a, b or c". */
export function either(words: readonly string[]): string {
  return words.length < 2
    ? words.join('')
    : `${words.slice(0, -1).join(', ')} or ${words[words.length - 1]}`;
}
