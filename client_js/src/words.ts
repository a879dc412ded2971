/** What the page says of a photo, and of all of them: pure functions from state to text. */

import { NBSP, count, percent, saved, size } from './format.ts';
import { type Photo, finished } from './photo.ts';
import { sentence } from './refusal.ts';
import type { Trouble } from './retry.ts';
import type { Phase, Variant } from './status.ts';

export type Tone = 'calm' | 'busy' | 'waiting' | 'good' | 'bad';

export interface Description {
  /** Short name of the state, for styles and tests. */
  readonly state: string;
  readonly text: string;
  readonly tone: Tone;
  /** Whether a bar is of use; it shows acknowledged bytes. */
  readonly bar: boolean;
  /** What the button that goes on says, or null. */
  readonly again: string | null;
  readonly remove: string;
}

const TROUBLE: Readonly<Record<Trouble, string>> = {
  offline: 'Offline: it goes on by itself',
  network: 'Waiting for the network',
  busy: 'Waiting for the server',
  server: 'The server has trouble; trying again',
  full: 'The server has no room now; trying again',
};

const PHASES: Readonly<Record<Phase, string>> = {
  receiving: 'Uploaded. The server is checking it…',
  received: 'Uploaded. Waiting to be optimized…',
  optimizing: 'Uploaded. Optimizing…',
  ready: 'Done',
  failed: 'Uploaded, but it could not be optimized.',
  rejected: 'The server did not accept this file.',
  expired: 'This upload has expired on the server.',
  terminated: 'This upload was deleted on the server.',
};

const ENDS: Partial<Record<Phase, Tone>> = {
  ready: 'good',
  failed: 'bad',
  rejected: 'bad',
  expired: 'bad',
  terminated: 'bad',
};

const VARIANTS: Readonly<Record<string, string>> = { main: 'Optimized', thumbnail: 'Thumbnail' };

export function describe(photo: Photo): Description {
  const { stage, acknowledged, file } = photo;
  const soFar = `${size(acknowledged)} of ${size(file.size)}`;
  const calm = { tone: 'calm', bar: false, again: null, remove: 'Remove' } as const;
  const moving = { ...calm, bar: true };
  const again = photo.restarted ? 'The server had lost it, so it began again. ' : '';
  switch (stage.name) {
    case 'chosen':
      return { ...calm, state: 'chosen', text: 'Not uploaded yet' };
    case 'queued':
      return { ...moving, state: 'queued', text: 'Waits for its turn' };
    case 'sending': {
      const text = `${again}Uploading${acknowledged > 0 ? `: ${soFar}` : '…'}`;
      return { ...moving, state: 'sending', tone: 'busy', text };
    }
    case 'waiting': {
      const text = `${TROUBLE[stage.why]}. ${soFar} are safe.`;
      return { ...moving, state: 'waiting', tone: 'waiting', text, again: 'Try now' };
    }
    case 'stopped': {
      const button = stage.final ? null : 'Retry';
      return { ...calm, state: 'stopped', tone: 'bad', text: stage.message, again: button };
    }
    case 'stored':
      return describeStored(photo);
  }
}

function describeStored(photo: Photo): Description {
  const { status } = photo;
  const phase = status?.phase ?? 'receiving';
  const reason = status?.reason ? ` ${sentence(status.reason)}` : '';
  const kept = phase === 'failed' ? ' The original is kept.' : '';
  return {
    state: phase,
    text: PHASES[phase] + gain(photo) + reason + kept,
    tone: ENDS[phase] ?? 'busy',
    bar: false,
    again: null,
    remove: 'Clear',
  };
}

/** ": 207 kB instead of 4.7 MB" once the first variant is there, if it is smaller. */
function gain({ file, status }: Photo): string {
  const main = status?.variants[0];
  if (main === undefined || main.size >= file.size) return '';
  return `: ${size(main.size)} instead of ${size(file.size)}`;
}

export function variantName(variant: Variant): string {
  return VARIANTS[variant.name] ?? sentence(variant.name).slice(0, -1);
}

/** "207 kB", "95 % smaller" and "1440 × 1080". */
export function variantFacts(variant: Variant): readonly string[] {
  return [size(variant.size), saved(variant.saved), `${variant.width} × ${variant.height}`];
}

/** Bytes acknowledged and bytes to send, of all photos that were submitted. */
export function totals(photos: readonly Photo[]): { done: number; whole: number } {
  const sum = { done: 0, whole: 0 };
  for (const photo of photos) {
    if (photo.stage.name === 'chosen') continue;
    sum.done += photo.acknowledged;
    sum.whole += photo.file.size;
  }
  return sum;
}

/** One line about the photos of a batch. */
export function summary(photos: readonly Photo[]): string {
  const submitted = photos.filter((photo) => photo.stage.name !== 'chosen');
  if (submitted.length === 0) {
    const bytes = photos.reduce((sum, photo) => sum + photo.file.size, 0);
    return `${count(photos.length, 'photo')}, ${size(bytes)}`;
  }
  const { done, whole } = totals(photos);
  const stored = submitted.filter((photo) => photo.stage.name === 'stored');
  const ready = stored.filter((photo) => photo.status?.phase === 'ready');
  if (submitted.every(finished)) {
    return `${ready.length} of ${count(submitted.length, 'photo')} optimized`;
  }
  return `${stored.length} of ${submitted.length} uploaded, ${percent(done, whole)}${NBSP}%`;
}
