/** The server's limits and chunk hints, as GET /config tells them. */

import type { ChunkLimits } from './sizer.ts';

export interface Config {
  /** Bytes. */
  readonly maxSize: number;
  /** Files a batch. */
  readonly maxFiles: number;
  /** Media types; `*` stands for every type. */
  readonly types: readonly string[];
  readonly chunks: ChunkLimits;
}

/** Seconds a PATCH may take at most, and the bounds of that when the server's deadline is odd. */
const CUT_SECONDS = 20;
const LEAST_CUT_SECONDS = 10;

/** Which part of the server's deadline a PATCH should take, and at which it is cut. */
const AIM_OF_DEADLINE = 0.32;
const CUT_OF_DEADLINE = 0.8;

/** Seconds to wait for an answer to GET /config. */
const ANSWER_SECONDS = 20;

/** Reads the JSON of GET /config. Raises TypeError when it is not one. */
export function parseConfig(json: unknown): Config {
  const fields = record(json);
  const chunks = record(fields['chunks']);
  const deadline = number(fields['request_deadline']);
  const seconds = number(chunks['seconds']);
  return {
    maxSize: number(fields['max_size']),
    maxFiles: number(fields['max_files']),
    types: words(fields['types']),
    chunks: {
      start: number(chunks['start']),
      min: number(chunks['min']),
      max: number(chunks['max']),
      aim: deadline > 0 ? Math.min(seconds, deadline * AIM_OF_DEADLINE) : seconds,
      cut: deadline > 0 ? cutAt(deadline) : CUT_SECONDS,
    },
  };
}

/** Asks the server. Raises when it does not answer in time or not with a configuration. */
export async function fetchConfig(base: URL): Promise<Config> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), ANSWER_SECONDS * 1000);
  try {
    const response = await fetch(new URL('config', base), { signal: abort.signal });
    if (!response.ok) throw new Error(`GET /config answered ${response.status}`);
    return parseConfig(await response.json());
  } finally {
    clearTimeout(timer);
  }
}

function cutAt(deadline: number): number {
  return Math.min(Math.max(deadline * CUT_OF_DEADLINE, LEAST_CUT_SECONDS), CUT_SECONDS);
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new TypeError('not an object');
  return value as Record<string, unknown>;
}

function number(value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new TypeError('not a number');
  return value;
}

function words(value: unknown): readonly string[] {
  if (!Array.isArray(value)) throw new TypeError('not a list');
  return value.map(String);
}
