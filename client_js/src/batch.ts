/** The photos on the page: chosen, sent two at a time, followed until the optimizer is done. */

import type { Config } from './config.ts';
import { Follower } from './follow.ts';
import { nudge } from './pause.ts';
import { type Photo, kept, newPhoto, settled, underWay } from './photo.ts';
import { Queue } from './queue.ts';
import { Stopped, randomKey, send, terminate } from './send.ts';
import type { Sizer } from './sizer.ts';
import type { Status } from './status.ts';
import type { Accepted } from './validate.ts';

/** Uploads at a time: more would take the connections that the page itself needs. */
const PARALLEL = 2;

/** Means to reach a running upload. */
interface Running {
  readonly abort: AbortController;
  readonly nudged: EventTarget;
}

export class Batch {
  /** Every photo on the page: those of the current batch, and of earlier ones. */
  readonly photos: Photo[] = [];
  private id = randomKey();
  /** Photos of the current batch that were cleared from the page and still count on the server. */
  private cleared = 0;
  private readonly queue = new Queue(PARALLEL);
  private readonly running = new Map<Photo, Running>();
  private readonly follower: Follower;

  constructor(
    private readonly base: URL,
    private readonly config: Config,
    private readonly sizer: Sizer,
    private readonly changed: (photo: Photo) => void,
  ) {
    this.follower = new Follower(base, {
      status: (status) => this.learn(status),
      gone: (id) => this.lose(id),
      back: () => this.wake(),
    });
  }

  /** The photos of the current batch. */
  current(): readonly Photo[] {
    return this.photos.filter((photo) => photo.batch === this.id);
  }

  /** Photos that may still be added: the next batch begins when this one is settled. */
  room(): number {
    const taken = this.photos.every(settled) ? 0 : this.current().length + this.cleared;
    return Math.max(0, this.config.maxFiles - taken);
  }

  add(accepted: readonly Accepted[]): Photo[] {
    if (accepted.length > 0 && this.photos.every(settled)) {
      this.id = randomKey();
      this.cleared = 0;
    }
    const added = accepted.map(({ file, type }) => newPhoto(file, type, this.id));
    this.photos.push(...added);
    return added;
  }

  /** Send every photo that was chosen; returns how many. */
  submit(): number {
    const chosen = this.photos.filter((photo) => photo.stage.name === 'chosen');
    for (const photo of chosen) this.enqueue(photo);
    return chosen.length;
  }

  /** Try a stopped upload again, or end the pause of a waiting one. */
  again(photo: Photo): void {
    const running = this.running.get(photo);
    if (running === undefined) this.enqueue(photo);
    else nudge(running.nudged);
  }

  /** Take a photo off the page; an unfinished upload is deleted on the server too. */
  remove(photo: Photo): void {
    this.photos.splice(this.photos.indexOf(photo), 1);
    if (photo.batch === this.id && kept(photo)) this.cleared += 1;
    this.running.get(photo)?.abort.abort();
    this.running.delete(photo);
    if (photo.uploadId !== null) this.follower.forget(photo.uploadId);
    if (photo.url !== null && photo.stage.name !== 'stored') void terminate(photo.url);
  }

  /** Whether leaving the page now would lose bytes. */
  busy(): boolean {
    return this.photos.some(underWay);
  }

  private enqueue(photo: Photo): void {
    this.put(photo, { name: 'queued' });
    this.running.set(photo, { abort: new AbortController(), nudged: new EventTarget() });
    this.queue.add(() => this.run(photo));
  }

  private async run(photo: Photo): Promise<void> {
    const running = this.running.get(photo);
    if (running === undefined) return; // removed while it was queued
    this.put(photo, { name: 'sending' });
    try {
      await this.send(photo, running);
      photo.acknowledged = photo.file.size;
      this.put(photo, { name: 'stored' });
    } catch (error) {
      if (running.abort.signal.aborted) return;
      const { message, final } = error instanceof Stopped ? error : unforeseen(error);
      this.put(photo, { name: 'stopped', message, final });
    } finally {
      this.running.delete(photo);
    }
  }

  private send(photo: Photo, running: Running): Promise<void> {
    const sending = {
      file: photo.file,
      endpoint: new URL('files', this.base),
      metadata: { filename: photo.file.name, filetype: photo.type, batch: photo.batch },
      url: photo.url,
      sizer: this.sizer,
      signal: running.abort.signal,
      nudged: running.nudged,
    };
    return send(sending, {
      created: (url) => this.created(photo, url),
      acknowledged: (offset) => {
        photo.acknowledged = Math.max(photo.acknowledged, offset);
        this.put(photo, { name: 'sending' });
      },
      waiting: (why) => this.put(photo, { name: 'waiting', why }),
      restarted: () => {
        photo.acknowledged = 0;
        photo.restarted = true;
        this.put(photo, { name: 'sending' });
      },
    });
  }

  private created(photo: Photo, url: string): void {
    if (photo.uploadId !== null) this.follower.forget(photo.uploadId);
    photo.url = url;
    photo.uploadId = new URL(url).pathname.split('/').pop() ?? '';
    photo.status = null;
    this.follower.follow(photo.uploadId);
    this.put(photo, { name: 'sending' });
  }

  /** The stream tells of stored bytes sooner than the answer to the request that carries them. */
  private learn(status: Status): void {
    const photo = this.photos.find((candidate) => candidate.uploadId === status.id);
    if (photo === undefined) return;
    photo.status = status;
    photo.acknowledged = Math.max(photo.acknowledged, status.offset);
    this.changed(photo);
  }

  private lose(id: string): void {
    const photo = this.photos.find((candidate) => candidate.uploadId === id);
    if (photo === undefined || photo.stage.name !== 'stored') return;
    const message = 'The server no longer knows this upload.';
    this.put(photo, { name: 'stopped', message, final: true });
  }

  /** The server answers again: waiting for the network is over. */
  private wake(): void {
    for (const [photo, { nudged }] of this.running) {
      const { stage } = photo;
      const cutOff = stage.name === 'waiting' && ['network', 'offline'].includes(stage.why);
      if (cutOff) nudge(nudged);
    }
  }

  private put(photo: Photo, stage: Photo['stage']): void {
    photo.stage = stage;
    this.changed(photo);
  }
}

function unforeseen(error: unknown): { message: string; final: boolean } {
  console.error(error);
  return { message: 'Something unforeseen went wrong in this page.', final: false };
}
