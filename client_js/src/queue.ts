/** Runs jobs in their order, a few at a time. */

type Job = () => Promise<void>;

export class Queue {
  private readonly waiting: Job[] = [];
  private running = 0;

  /** `width`: jobs that run at a time. */
  constructor(private readonly width: number) {}

  /** Add a job. It reports its own errors: a rejection is handed to the page as unhandled. */
  add(job: Job): void {
    this.waiting.push(job);
    this.next();
  }

  private next(): void {
    if (this.running >= this.width) return;
    const job = this.waiting.shift();
    if (job === undefined) return;
    this.running += 1;
    void job().finally(() => {
      this.running -= 1;
      this.next();
    });
  }
}
