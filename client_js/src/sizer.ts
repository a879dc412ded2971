/**
 * How many bytes the next PATCH carries: about as many as the line takes in a few seconds.
 *
 * A browser sends a whole request body before it looks at the answer, so only the client can keep a
 * request short. Pure: no clock and no network, one instance for all uploads of a page.
 */

export interface ChunkLimits {
  /** Bytes of the first chunk while nothing is known of the line. */
  readonly start: number;
  readonly min: number;
  readonly max: number;
  /** Seconds a PATCH should take. */
  readonly aim: number;
  /** Seconds after which a PATCH is cut, whatever the rate was. */
  readonly cut: number;
}

/** A line that slows down is believed fast, one that speeds up slowly. */
const FALLING = 0.7;
const RISING = 0.4;

/** A chunk grows to at most this multiple of the last one. */
const GROWTH = 2;

/** After a cut the chunk shrinks to this part, or to this share of the aim, if that is less. */
const SHRINK = 1 / 4;
const AIM_AFTER_CUT = 5 / 8;

/** How much longer than expected a PATCH may take before it counts as lost, and the least patience. */
const SLACK = 3;
const LEAST_PATIENCE = 10;

const clamp = (value: number, low: number, high: number): number =>
  Math.round(Math.min(Math.max(value, low), high));

export class Sizer {
  /** Bytes of the next chunk. */
  size: number;
  /** Bytes a second of one request; null while unknown. */
  rate: number | null;

  /** `rate` is what is remembered of this line, in bytes a second. */
  constructor(
    private readonly limits: ChunkLimits,
    rate: number | null = null,
  ) {
    this.rate = rate;
    this.size = this.clamp(rate === null ? limits.start : rate * limits.aim);
  }

  /** A PATCH of `bytes` was taken whole. `short`: it ended with the file, so it may lack weight. */
  taken(bytes: number, seconds: number, short: boolean): void {
    const measured = bytes / Math.max(seconds, 0.001);
    const rate = this.rate ?? measured;
    if (short) {
      this.rate = Math.max(rate, measured);
      return;
    }
    const weight = measured < rate ? FALLING : RISING;
    this.rate = (1 - weight) * rate + weight * measured;
    this.size = this.clamp(Math.min(this.rate * this.limits.aim, GROWTH * this.size));
  }

  /** A PATCH was lost or cut after `seconds`; the server has kept `kept` bytes of it. */
  cut(kept: number, seconds: number): void {
    if (kept <= 0) {
      this.size = this.clamp(this.size * SHRINK);
      return;
    }
    this.rate = kept / Math.max(seconds, 0.001);
    const fitting = this.rate * this.limits.aim * AIM_AFTER_CUT;
    this.size = this.clamp(Math.min(this.size * SHRINK, fitting));
  }

  /** Seconds to wait for the answer to a PATCH of `bytes`. */
  patience(bytes: number): number {
    if (this.rate === null) return this.limits.cut;
    const expected = (SLACK * bytes) / this.rate;
    return Math.min(Math.max(expected, LEAST_PATIENCE), this.limits.cut);
  }

  private clamp(size: number): number {
    return clamp(size, this.limits.min, this.limits.max);
  }
}
