/** What the server says of an upload: GET /uploads/<id>, and each event of the stream. */

export const PHASES = [
  'receiving',
  'received',
  'optimizing',
  'ready',
  'failed',
  'rejected',
  'expired',
  'terminated',
] as const;

export type Phase = (typeof PHASES)[number];

export interface Variant {
  readonly name: string;
  readonly url: string;
  readonly width: number;
  readonly height: number;
  /** Bytes. */
  readonly size: number;
  /** 1 - size / size of the original. */
  readonly saved: number;
}

export interface Status {
  readonly id: string;
  readonly phase: Phase;
  readonly version: number;
  /** Bytes the server has stored. */
  readonly offset: number;
  readonly reason: string | null;
  readonly original: string | null;
  readonly variants: readonly Variant[];
}

const OVER: ReadonlySet<Phase> = new Set(['rejected', 'expired', 'terminated']);
const ENDED: ReadonlySet<Phase> = new Set(['ready', 'failed', ...OVER]);

/** Whether nothing will change any more. */
export function ended(status: Status): boolean {
  return ENDED.has(status.phase);
}

/** Whether the server holds nothing of it any more. */
export function over(status: Status): boolean {
  return OVER.has(status.phase);
}

/** Reads a status; its URLs become absolute, as seen from `address`. Raises TypeError. */
export function parseStatus(json: unknown, address: URL): Status {
  const fields = record(json);
  const phase = PHASES.find((known) => known === fields['phase']);
  if (phase === undefined) throw new TypeError('unknown phase');
  const reason = fields['reason'];
  const original = fields['original'];
  return {
    id: String(fields['id']),
    phase,
    version: Number(fields['version']),
    offset: Number(fields['offset']),
    reason: reason ? String(record(reason)['message']) : null,
    original: original ? resolve(record(original)['url'], address) : null,
    variants: list(fields['variants']).map((item) => parseVariant(record(item), address)),
  };
}

function parseVariant(fields: Record<string, unknown>, address: URL): Variant {
  return {
    name: String(fields['name']),
    url: resolve(fields['url'], address),
    width: Number(fields['width']),
    height: Number(fields['height']),
    size: Number(fields['size']),
    saved: Number(fields['saved']),
  };
}

/** Only http addresses: the page makes links of them. */
function resolve(url: unknown, address: URL): string {
  const resolved = new URL(String(url), address);
  if (!/^https?:$/.test(resolved.protocol)) throw new TypeError('not an http address');
  return resolved.href;
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new TypeError('not an object');
  return value as Record<string, unknown>;
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError('not a list');
  return value;
}
