import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Queue } from '../src/queue.ts';

/** A job that runs until it is told to end. */
function held() {
  let release = () => {};
  const ended = new Promise<void>((resolve) => {
    release = resolve;
  });
  return { ended, release };
}

/** Lets everything that is already decided happen. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

test('jobs run in order, no more than the width at a time, and each end starts the next', async () => {
  const queue = new Queue(2);
  const jobs = Array.from({ length: 5 }, held);
  const started: number[] = [];
  for (const [index, { ended }] of jobs.entries()) {
    queue.add(() => {
      started.push(index);
      return ended;
    });
  }
  assert.deepEqual(started, [0, 1]);
  jobs[1]?.release();
  await settle();
  assert.deepEqual(started, [0, 1, 2]);
  for (const { release } of jobs) release();
  await settle();
  assert.deepEqual(started, [0, 1, 2, 3, 4]);
});
