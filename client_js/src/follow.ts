/**
 * Follows uploads on the server: one event stream for all of them, polling where that is cut off.
 *
 * A stream that says nothing may be dead (a browser does not notice) or only quiet; it is replaced
 * by a new one, which begins with a snapshot. Each time a stream fails, every upload is asked for
 * once, so behind a proxy that swallows streams this turns into polling.
 */

import { type Status, ended, parseStatus } from './status.ts';

/** Seconds within which a new stream must send its snapshot, and the longest silence after that. */
const SNAPSHOT_SECONDS = 10;
const SILENCE_SECONDS = 30;

/** Seconds between a stream's failure and the next stream. */
const REOPEN_SECONDS = 3;

/** Seconds in which several changes of the list lead to one new stream. */
const GATHER_SECONDS = 0.1;

/** Seconds to wait for the answer to GET /uploads/<id>. */
const ANSWER_SECONDS = 10;

export interface Listener {
  status(status: Status): void;
  /** The server does not know this upload. */
  gone(id: string): void;
  /** The server answers again after a failure: a good moment for whoever waits. */
  back(): void;
}

class Timer {
  private handle: ReturnType<typeof setTimeout> | undefined;

  set(seconds: number, act: () => void): void {
    this.clear();
    this.handle = setTimeout(act, seconds * 1000);
  }

  clear(): void {
    clearTimeout(this.handle);
  }
}

export class Follower {
  /** The last version seen of each upload that is followed. */
  private readonly versions = new Map<string, number>();
  private stream: EventSource | null = null;
  private down = false;
  private readonly reopening = new Timer();
  private readonly watchdog = new Timer();

  constructor(
    private readonly base: URL,
    private readonly listener: Listener,
  ) {}

  follow(id: string): void {
    this.versions.set(id, -1);
    this.reopening.set(GATHER_SECONDS, () => this.open());
  }

  forget(id: string): void {
    if (this.versions.delete(id) && this.versions.size === 0) this.close();
  }

  private open(): void {
    this.close();
    if (this.versions.size === 0) return;
    const url = new URL('uploads/events', this.base);
    url.searchParams.set('ids', [...this.versions.keys()].join(','));
    const stream = new EventSource(url);
    this.stream = stream;
    stream.addEventListener('upload', (event) => {
      this.heard();
      this.take(JSON.parse(event.data));
    });
    stream.addEventListener('gone', (event) => {
      this.heard();
      this.lose(String(JSON.parse(event.data).id));
    });
    stream.addEventListener('beat', () => this.heard());
    stream.addEventListener('end', () => this.failed());
    stream.addEventListener('error', () => this.failed());
    this.watchdog.set(SNAPSHOT_SECONDS, () => this.failed());
  }

  private close(): void {
    this.reopening.clear();
    this.watchdog.clear();
    this.stream?.close();
    this.stream = null;
  }

  private heard(): void {
    if (this.down) this.listener.back();
    this.down = false;
    this.watchdog.set(SILENCE_SECONDS, () => this.failed());
  }

  private failed(): void {
    this.close();
    if (this.versions.size === 0) return;
    this.down = true;
    this.reopening.set(REOPEN_SECONDS, () => this.open());
    void this.poll();
  }

  /** One upload after the other, so that polling never takes more than one connection. */
  private async poll(): Promise<void> {
    for (const id of [...this.versions.keys()]) {
      try {
        await this.ask(id);
      } catch {
        return; // no network: the next stream's snapshot tells all
      }
    }
  }

  private async ask(id: string): Promise<void> {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), ANSWER_SECONDS * 1000);
    try {
      const address = new URL(`uploads/${encodeURIComponent(id)}`, this.base);
      const response = await fetch(address, { signal: abort.signal, cache: 'no-store' });
      if (response.status === 404) this.lose(id);
      else if (response.ok) this.take(await response.json());
    } finally {
      clearTimeout(timer);
    }
  }

  private take(json: unknown): void {
    const status = parseStatus(json, new URL('uploads/', this.base));
    const known = this.versions.get(status.id);
    if (known === undefined || status.version < known) return;
    if (ended(status)) this.forget(status.id);
    else this.versions.set(status.id, status.version);
    this.listener.status(status);
  }

  private lose(id: string): void {
    this.forget(id);
    this.listener.gone(id);
  }
}
