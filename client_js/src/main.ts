/** Wires the page: configuration first, then choosing, sending and showing. */

import { Batch } from './batch.ts';
import { type Config, fetchConfig } from './config.ts';
import { fitStart, forgetRateOnChange, recallRate, rememberRate } from './line.ts';
import { Narrator } from './narrator.ts';
import { Page } from './page.ts';
import { pause } from './pause.ts';
import type { Photo } from './photo.ts';
import { backoff } from './retry.ts';
import { Sizer } from './sizer.ts';
import { choose } from './validate.ts';

const base = new URL('.', document.baseURI);
const page = new Page();

/** Asks until the server answers: without its limits nothing can be judged. */
async function configuration(): Promise<Config> {
  const never = new AbortController().signal;
  for (let failures = 0; ; failures += 1) {
    try {
      return await fetchConfig(base);
    } catch {
      page.showConnecting('The server does not answer. Trying again…');
      await pause(backoff(failures, Math.random()), new EventTarget(), never);
    }
  }
}

/** Between the page, which is clicked on and shows, and the batch, which works. */
class Desk {
  private readonly sizer: Sizer;
  private readonly batch: Batch;
  private readonly narrator = new Narrator((sentence) => page.announcer.say(sentence));
  private rate: number | null = null;
  private choosing = Promise.resolve();

  constructor(private readonly config: Config) {
    this.sizer = new Sizer(fitStart(config.chunks), recallRate());
    this.batch = new Batch(base, config, this.sizer, (photo) => this.changed(photo));
  }

  open(): void {
    page.open(this.config, {
      chosen: (files) => {
        this.choosing = this.choosing.then(() => this.choose(files)); // each sees the room left
      },
      submitted: () => this.narrator.submitted(this.batch.submit()),
    });
    window.addEventListener('beforeunload', (event) => {
      if (this.batch.busy()) event.preventDefault();
    });
  }

  private async choose(files: readonly File[]): Promise<void> {
    const { accepted, refusals } = await choose(files, this.batch.room(), this.config);
    page.showRefusals(refusals);
    for (const photo of this.batch.add(accepted)) {
      page.addCard(photo, {
        again: () => this.batch.again(photo),
        remove: () => this.remove(photo),
      });
    }
    this.refresh();
  }

  private remove(photo: Photo): void {
    const { photos } = this.batch;
    const at = photos.indexOf(photo);
    this.batch.remove(photo);
    page.removeCard(photo, photos[at] ?? photos[at - 1]);
    this.refresh();
  }

  private changed(photo: Photo): void {
    const description = page.showCard(photo);
    if (description === null) return; // removed meanwhile
    this.narrator.photo(photo, description);
    this.refresh();
  }

  private refresh(): void {
    const photos = this.batch.current();
    page.showTotals(photos);
    this.narrator.all(photos);
    if (this.sizer.rate === this.rate) return;
    this.rate = this.sizer.rate;
    rememberRate(this.rate);
  }
}

forgetRateOnChange();
new Desk(await configuration()).open();
