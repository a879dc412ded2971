import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';
import { Announcer } from '../src/announce.ts';

const progress = (text: string) => ({ text, progress: true });
const failure = (text: string) => ({ text, progress: false });

let region: { textContent: string | null };
let announcer: Announcer;

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout'] });
  region = { textContent: '' };
  announcer = new Announcer(region);
  announcer.say(progress('Uploading.'));
});

test('the first sentence is said at once, the next after five quiet seconds', () => {
  announcer.say(failure('One failed.'));
  assert.equal(region.textContent, 'Uploading.');
  mock.timers.tick(4999);
  assert.equal(region.textContent, 'Uploading.');
  mock.timers.tick(1);
  assert.equal(region.textContent, 'One failed.');
});

test('newer progress takes the place of older, and failures stay', () => {
  for (const text of ['25 %.', '50 %.']) announcer.say(progress(text));
  announcer.say(failure('One failed.'));
  announcer.say(progress('75 %.'));
  mock.timers.tick(5000);
  assert.equal(region.textContent, 'One failed. 75 %.');
});

test('a flood of sentences leaves the last three', () => {
  for (const text of ['a', 'b', 'c', 'd']) announcer.say(failure(text));
  mock.timers.tick(5000);
  assert.equal(region.textContent, 'b c d');
});

test('after a silence the next sentence is said at once', () => {
  mock.timers.tick(5000);
  announcer.say(progress('25 %.'));
  assert.equal(region.textContent, '25 %.');
});
