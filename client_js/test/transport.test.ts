import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Sizer } from '../src/sizer.ts';
import { overdue, slicing } from '../src/transport.ts';

const LIMITS = { start: 40, min: 10, max: 1000, aim: 8, cut: 20 };
const MOTION = { started: 100, moved: 100, sent: 0, total: 500, patience: 20 };

test('a request is given up when its patience is over, even with all bytes in the kernel', () => {
  const swallowed = { ...MOTION, sent: 500, moved: 101 };
  assert.equal(overdue(swallowed, 120), false);
  assert.equal(overdue(swallowed, 120.1), true);
});

test('a request is given up when no byte has moved for 15 s while some are unsent', () => {
  const patient = { ...MOTION, patience: 60, sent: 499, moved: 110 };
  assert.equal(overdue(patient, 125), false);
  assert.equal(overdue(patient, 125.1), true);
  assert.equal(overdue({ ...patient, sent: 500 }, 125.1), false);
});

test('slices are as long as the sizer says at that moment and together are the file', async () => {
  const bytes = Uint8Array.from({ length: 333 }, (_, index) => index % 256);
  const sizer = new Sizer(LIMITS);
  const source = await slicing(sizer).openFile(new Blob([bytes]), Number.POSITIVE_INFINITY);
  const pieces: Blob[] = [];
  const lengths: number[] = [];
  for (let offset = 0, ended = false; !ended; ) {
    const { value, done } = await source.slice(offset, source.size);
    pieces.push(value);
    lengths.push(value.size);
    offset += value.size;
    ended = done;
    sizer.size *= 2;
  }
  assert.deepEqual(lengths, [40, 80, 160, 53]);
  assert.deepEqual(new Uint8Array(await new Blob(pieces).arrayBuffer()), bytes);
});
