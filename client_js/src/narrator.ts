/** Decides what is worth a sentence to somebody who cannot see the page: pure but for memory. */

import type { Sentence } from './announce.ts';
import { count } from './format.ts';
import { type Photo, finished } from './photo.ts';
import { type Description, summary, totals } from './words.ts';

const QUARTERS = 4;

export class Narrator {
  private readonly bad = new WeakSet<Photo>();
  private quarter = 0;
  private over = true;

  /** `say` gets whole sentences. */
  constructor(private readonly say: (sentence: Sentence) => void) {}

  submitted(photos: number): void {
    this.progress(`Uploading ${count(photos, 'photo')}.`);
  }

  /** A photo now reads as described: only going wrong is told, once. */
  photo(photo: Photo, { tone, text }: Description): void {
    if (tone !== 'bad') this.bad.delete(photo);
    else if (!this.bad.has(photo)) {
      this.bad.add(photo);
      this.say({ text: `${photo.file.name}: ${text}`, progress: false });
    }
  }

  /** The batch has changed: each quarter is told, and the end. */
  all(photos: readonly Photo[]): void {
    const { done, whole } = totals(photos);
    const quarter = whole > 0 ? Math.floor((QUARTERS * done) / whole) : 0;
    if (quarter > this.quarter && quarter < QUARTERS) {
      this.progress(`${(100 / QUARTERS) * quarter} % uploaded.`);
    }
    this.quarter = quarter;
    const over = photos.every((photo) => photo.stage.name === 'chosen' || finished(photo));
    if (over && !this.over) this.progress(`Finished: ${summary(photos)}.`);
    this.over = over;
  }

  private progress(text: string): void {
    this.say({ text, progress: true });
  }
}
