/** What a screen reader says: few sentences, never in a burst. */

/** Least seconds between two announcements. */
const QUIET_SECONDS = 5;

/** Sentences that wait at most; older ones give way. */
const WAITING = 3;

export interface Sentence {
  readonly text: string;
  /** News about progress make older ones that still wait pointless. */
  readonly progress: boolean;
}

export class Announcer {
  private sentences: readonly Sentence[] = [];
  private timer: ReturnType<typeof setTimeout> | null = null;

  /** `region`: an element with aria-live="polite". */
  constructor(private readonly region: { textContent: string | null }) {}

  say(sentence: Sentence): void {
    const kept = this.sentences.filter((waiting) => !(sentence.progress && waiting.progress));
    this.sentences = [...kept, sentence].slice(-WAITING);
    if (this.timer === null) this.speak();
  }

  private speak(): void {
    this.region.textContent = this.sentences.map(({ text }) => text).join(' ');
    this.sentences = [];
    this.timer = setTimeout(() => {
      this.timer = null;
      if (this.sentences.length > 0) this.speak();
    }, QUIET_SECONDS * 1000);
  }
}
