import assert from 'node:assert/strict';
import { test } from 'node:test';
import { count, either, percent, saved, size } from '../src/format.ts';

test('sizes have few figures and a unit that stays with them', () => {
  const texts = [0, 999, 1024, 1536, 10485760, 2516582, 1048575, 1024 ** 4].map(size);
  assert.deepEqual(
    texts.map((text) => text.replace('\u00a0', '_')),
    ['0_bytes', '999_bytes', '1_kB', '1.5_kB', '10.5_MB', '2.5_MB', '1_MB', '1.1_TB'],
  );
});

test('percents are rounded down, and 100 means all', () => {
  assert.deepEqual([percent(0, 10), percent(999, 1000), percent(10, 10)], [0, 99, 100]);
  assert.equal(percent(0, 0), 0);
});

test('what was saved is never said to be everything', () => {
  const texts = [0.953, 0.9999, -0.02, 0.001].map(saved);
  assert.deepEqual(
    texts.map((text) => text.replace('\u00a0', ' ')),
    ['95 % smaller', '99 % smaller', '2 % larger', 'same size'],
  );
});

test('words are counted and listed', () => {
  assert.deepEqual([count(1, 'photo'), count(2, 'photo')], ['1 photo', '2 photos']);
  assert.deepEqual([either(['a']), either(['a', 'b', 'c'])], ['a', 'a, b or c']);
});
