/** Which of the chosen files may be uploaded, judged by the server's limits before a byte is sent. */

import type { Config } from './config.ts';
import { either, size } from './format.ts';
import { SNIFF_BYTES, sniff } from './sniff.ts';

const TYPE_NAMES: Readonly<Record<string, string>> = {
  'image/jpeg': 'JPEG',
  'image/png': 'PNG',
  'image/webp': 'WebP',
  'image/gif': 'GIF',
  'image/avif': 'AVIF',
  'image/heic': 'HEIC',
};

/** File name endings that some phones need in an `accept` list, since they know no such type. */
const ENDINGS: Readonly<Record<string, readonly string[]>> = {
  'image/heic': ['.heic', '.heif'],
  'image/avif': ['.avif'],
};

export interface Accepted {
  readonly file: File;
  /** Media type by the file's first bytes, or as the browser guesses. */
  readonly type: string;
}

export interface Choice {
  readonly accepted: readonly Accepted[];
  /** One sentence for each refusal. */
  readonly refusals: readonly string[];
}

/** "JPEG" for image/jpeg, "" for an unknown type. */
export function typeName(type: string): string {
  return TYPE_NAMES[type] ?? type.split('/')[1]?.toUpperCase() ?? '';
}

/** The `accept` attribute of the file input; empty when every type is accepted. */
export function acceptList(types: readonly string[]): string {
  if (types.includes('*')) return '';
  return types.flatMap((type) => [type, ...(ENDINGS[type] ?? [])]).join(',');
}

/** "Up to 20 photos, 10 MB each: JPEG, PNG or WebP." */
export function limitsText(config: Config): string {
  const each = `${size(config.maxSize)} each`;
  return config.types.includes('*')
    ? `Up to ${config.maxFiles} files, ${each}.`
    : `Up to ${config.maxFiles} photos, ${each}: ${either(config.types.map(typeName))}.`;
}

/** Judge `files`, of which `room` more fit into the batch. Reads only their first bytes. */
export async function choose(
  files: readonly File[],
  room: number,
  config: Config,
): Promise<Choice> {
  const accepted: Accepted[] = [];
  const refusals: string[] = [];
  let left = 0;
  for (const file of files) {
    const sized = judgeSize(file, config);
    const type = sized === null ? await typeOf(file) : '';
    const refusal = sized ?? judgeType(file, type, config);
    if (refusal !== null) refusals.push(refusal);
    else if (accepted.length < room) accepted.push({ file, type: type || file.type });
    else left += 1;
  }
  if (left > 0) refusals.push(tooMany(left, config));
  return { accepted, refusals };
}

function judgeSize(file: File, config: Config): string | null {
  if (file.size === 0) return `${file.name} is empty.`;
  if (file.size > config.maxSize) {
    return `${file.name} is too large: ${size(file.size)}, at most ${size(config.maxSize)}.`;
  }
  return null;
}

function judgeType(file: File, type: string | null, config: Config): string | null {
  if (config.types.includes('*')) return null;
  if (type === null) return `${file.name} could not be read. Please choose it again.`;
  if (type !== '' && config.types.includes(type)) return null;
  const names = either(config.types.map(typeName));
  return type === ''
    ? `${file.name} is not a picture; accepted here: ${names}.`
    : `${file.name} is of type ${typeName(type)}; accepted here: ${names}.`;
}

function tooMany(left: number, config: Config): string {
  const those = left === 1 ? '1 file was' : `${left} files were`;
  return `At most ${config.maxFiles} files at a time: ${those} left out.`;
}

/** The sniffed type, "" when unknown, null when the file cannot be read. */
async function typeOf(file: File): Promise<string | null> {
  try {
    const head = await file.slice(0, SNIFF_BYTES).arrayBuffer();
    return sniff(new Uint8Array(head)) ?? '';
  } catch {
    return null;
  }
}
