/** Sends one file: attempts, one after another, until the server has acknowledged every byte. */

import { DetailedError, Upload } from 'tus-js-client';
import { pause } from './pause.ts';
import { type Failure, type Trouble, backoff, judge } from './retry.ts';
import type { Sizer } from './sizer.ts';
import { Watched, slicing } from './transport.ts';

/** Seconds between two tries while the browser says that it is offline (it may be wrong). */
const OFFLINE_SECONDS = 30;

/** Shorter pauses are not worth a word. */
const NOTICEABLE_SECONDS = 1;

/** Times an upload that the server has forgotten is started again. */
const RESTARTS = 3;

export interface Sending {
  readonly file: File;
  readonly endpoint: URL;
  readonly metadata: Readonly<Record<string, string>>;
  /** Where an earlier try left off, or null. */
  readonly url: string | null;
  readonly sizer: Sizer;
  readonly signal: AbortSignal;
  /** A nudge of it ends a pause at once. */
  readonly nudged: EventTarget;
}

/** What the sender is told. Offsets are bytes that the server has acknowledged. */
export interface Listener {
  created(url: string): void;
  acknowledged(offset: number): void;
  /** The line or the server is in trouble. The next `created` or `acknowledged` ends it. */
  waiting(why: Trouble): void;
  /** The server has forgotten the upload: it starts again from the first byte. */
  restarted(): void;
}

/** The upload cannot go on. `final`: trying again is of no use. The message is for a person. */
export class Stopped extends Error {
  constructor(
    message: string,
    readonly final: boolean,
  ) {
    super(message);
  }
}

/** Resolves when every byte is acknowledged. Raises Stopped, or the signal's reason. */
export async function send(sending: Sending, listener: Listener): Promise<void> {
  let offset = 0;
  let url = sending.url;
  let key = randomKey();
  let failures = 0;
  let restarts = 0;
  const stack = new Watched(sending.sizer, (told) => {
    if (told > offset) failures = 0;
    offset = told;
    listener.acknowledged(told);
  });
  for (;;) {
    const failure = await attempt(sending, stack, url, key, (created) => {
      url = created;
      listener.created(created);
    });
    if (failure === null) return;
    const verdict = judge(failure);
    if (verdict.next === 'stop') throw new Stopped(verdict.message, verdict.final);
    if (verdict.next === 'restart') {
      restarts += 1;
      if (restarts > RESTARTS) throw new Stopped('The server keeps losing this upload.', false);
      [url, key, offset] = [null, randomKey(), 0];
      listener.restarted();
      continue;
    }
    await requireReadable(sending.file, offset);
    const why = navigator.onLine ? verdict.why : 'offline';
    const usual = why === 'offline' ? OFFLINE_SECONDS : backoff(failures, Math.random());
    const seconds = Math.max(verdict.after ?? 0, usual);
    failures += 1;
    if (seconds >= NOTICEABLE_SECONDS) listener.waiting(why);
    await pause(seconds, sending.nudged, sending.signal);
  }
}

/**
 * One run of tus-js-client without its own retries; null when the upload is complete.
 *
 * With a known URL it gets no endpoint: else it would answer any failed HEAD with a new upload.
 */
function attempt(
  { file, endpoint, metadata, sizer, signal }: Sending,
  httpStack: Watched,
  url: string | null,
  key: string,
  created: (url: string) => void,
): Promise<Failure | null> {
  return new Promise((resolve, reject) => {
    const upload = new Upload(file, {
      endpoint: url === null ? endpoint.href : null,
      uploadUrl: url,
      metadata,
      httpStack,
      fileReader: slicing(sizer),
      retryDelays: null,
      storeFingerprintForResuming: false,
      onBeforeRequest: (request) => {
        if (request.getMethod() === 'POST') request.setHeader('Idempotency-Key', key);
      },
      onUploadUrlAvailable: () => {
        if (upload.url !== null && upload.url !== url) created(upload.url);
      },
      onSuccess: () => resolve(null),
      onError: (error) => {
        if (error instanceof DetailedError) resolve(failureOf(error));
        else reject(new Stopped('This file could not be read. Please choose it again.', true));
      },
    });
    const abort = (): void => {
      void upload.abort();
      reject(signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    else upload.start();
  });
}

function failureOf({ originalRequest, originalResponse }: DetailedError): Failure {
  return {
    method: originalRequest.getMethod(),
    status: originalResponse?.getStatus() ?? null,
    body: originalResponse?.getBody() ?? '',
    retryAfter: originalResponse?.getHeader('Retry-After') ?? null,
  };
}

/** A browser tells a file that changed or went away since it was chosen as a network error. */
async function requireReadable(file: File, offset: number): Promise<void> {
  try {
    await file.slice(offset, offset + 1).arrayBuffer();
  } catch {
    const message = 'This file was changed or moved since you chose it. Please choose it again.';
    throw new Stopped(message, true);
  }
}

/** 128 random bits in hex. (`crypto.randomUUID` is missing on plain http.) */
export function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Best effort: an upload nobody continues expires by itself. */
export async function terminate(url: string): Promise<void> {
  try {
    await fetch(url, { method: 'DELETE', headers: { 'Tus-Resumable': '1.0.0' }, keepalive: true });
  } catch {
    // offline: the server's expiry does it
  }
}
