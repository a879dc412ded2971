/**
 * What tus-js-client sends through: requests that are timed, cut when nothing moves any more, and
 * believed only in what the server has acknowledged; and chunks of the size the line can take.
 */

import { defaultOptions } from 'tus-js-client';
import type { FileReader, HttpRequest, HttpResponse, HttpStack } from 'tus-js-client';
import type { Sizer } from './sizer.ts';

/** Seconds without an upload progress event, while bytes are unsent, after which a PATCH is cut. */
const STALL_SECONDS = 15;

/** Seconds that any other request may take. After a cut the old bytes may still fill the line. */
const ANSWER_SECONDS = 30;

const TICK_SECONDS = 0.25;

/** How far a request is; times in seconds. */
export interface Motion {
  readonly started: number;
  /** When bytes last moved. */
  readonly moved: number;
  readonly sent: number;
  readonly total: number;
  /** Seconds the whole request may take. */
  readonly patience: number;
}

/** Whether a request should be given up. Progress alone cannot tell: a whole chunk may sit in the
 * kernel's buffer, counted as sent. */
export function overdue(motion: Motion, now: number): boolean {
  const late = now - motion.started > motion.patience;
  const stalled = motion.sent < motion.total && now - motion.moved > STALL_SECONDS;
  return late || stalled;
}

/** A file reader whose chunks are as long as `sizer` says at the moment of sending. */
export function slicing(sizer: Sizer): FileReader {
  return {
    openFile: (file: Blob) =>
      Promise.resolve({
        size: file.size,
        slice: (start: number, end: number) => {
          const stop = Math.min(end, file.size, start + sizer.size);
          return Promise.resolve({ value: file.slice(start, stop), done: stop >= file.size });
        },
        close: () => undefined,
      }),
  };
}

interface Lost {
  readonly offset: number;
  readonly seconds: number;
}

/** The HTTP stack of one upload. `acknowledged` is called with each offset the server tells. */
export class Watched implements HttpStack {
  private lost: Lost | null = null;

  constructor(
    private readonly sizer: Sizer,
    private readonly acknowledged: (offset: number) => void,
  ) {}

  getName(): string {
    return 'watched';
  }

  createRequest(method: string, url: string): HttpRequest {
    const request = defaultOptions.httpStack.createRequest(method, url);
    return new WatchedRequest(
      request,
      (bytes) => (method === 'PATCH' ? this.sizer.patience(bytes) : ANSWER_SECONDS),
      (end) => this.judge(request, end),
    );
  }

  /** Learn from a finished request. Raises when a PATCH was answered well but took no byte. */
  private judge(request: HttpRequest, end: Ended): void {
    const status = end.response?.getStatus() ?? 0;
    const told = offsetOf(end.response?.getHeader('Upload-Offset'));
    if (told !== null) this.acknowledged(told);
    if (request.getMethod() === 'PATCH') {
      this.judgePatch(offsetOf(request.getHeader('Upload-Offset')) ?? 0, status, told, end);
    } else if (request.getMethod() === 'HEAD' && this.lost !== null && told !== null) {
      this.sizer.cut(told - this.lost.offset, this.lost.seconds);
      this.lost = null;
    }
  }

  private judgePatch(offset: number, status: number, told: number | null, end: Ended): void {
    if (status < 200 || status > 299 || told === null) {
      this.lost = { offset, seconds: end.seconds };
      return;
    }
    const taken = told - offset;
    if (taken < end.bytes) this.sizer.cut(taken, end.seconds);
    else this.sizer.taken(taken, end.seconds, taken < this.sizer.size);
    if (taken <= 0) throw new Error('the server took no byte of this chunk');
  }
}

/** How a request ended: with a response, or without one. */
interface Ended {
  readonly response: HttpResponse | null;
  readonly bytes: number;
  readonly seconds: number;
}

class WatchedRequest implements HttpRequest {
  private moved = 0;
  private sent = 0;
  private watchdog: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly request: HttpRequest,
    private readonly patience: (bytes: number) => number,
    private readonly ended: (end: Ended) => void,
  ) {}

  send(body: Blob | null): Promise<HttpResponse> {
    const started = now();
    this.moved = started;
    const bytes = body?.size ?? 0;
    const patience = this.patience(bytes);
    const cut = new Promise<never>((_, reject) => {
      this.watchdog = setInterval(() => {
        const motion = { started, moved: this.moved, sent: this.sent, total: bytes, patience };
        if (!overdue(motion, now())) return;
        void this.abort(); // the browser's request never settles after this, so we must
        reject(new Error('no answer in time'));
      }, TICK_SECONDS * 1000);
    });
    const end = (response: HttpResponse | null): void => {
      clearInterval(this.watchdog);
      this.ended({ response, bytes, seconds: now() - started });
    };
    return Promise.race([this.request.send(body), cut]).then(
      (response) => {
        end(response);
        return response;
      },
      (error: unknown) => {
        end(null);
        throw error;
      },
    );
  }

  abort(): Promise<void> {
    clearInterval(this.watchdog);
    return this.request.abort();
  }

  setProgressHandler(handler: (sent: number) => void): void {
    this.request.setProgressHandler((sent) => {
      this.moved = now();
      this.sent = sent;
      handler(sent);
    });
  }

  getMethod(): string {
    return this.request.getMethod();
  }

  getURL(): string {
    return this.request.getURL();
  }

  setHeader(header: string, value: string): void {
    this.request.setHeader(header, value);
  }

  getHeader(header: string): string | undefined {
    return this.request.getHeader(header);
  }

  getUnderlyingObject(): unknown {
    return this.request.getUnderlyingObject();
  }
}

const now = (): number => performance.now() / 1000;

function offsetOf(header: string | null | undefined): number | null {
  return header !== null && header !== undefined && /^\d+$/.test(header) ? Number(header) : null;
}
