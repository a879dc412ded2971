import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Sizer } from '../src/sizer.ts';

const KB = 1024;
const LIMITS = { start: 128 * KB, min: 32 * KB, max: 8192 * KB, aim: 8, cut: 20 };

/** Sends `file` bytes over a line of `rate(time)` bytes a second; returns what each PATCH did. */
function upload(sizer: Sizer, file: number, rate: (time: number) => number) {
  const patches: { bytes: number; seconds: number; whole: boolean }[] = [];
  let time = 0;
  for (let offset = 0; offset < file; ) {
    const bytes = Math.min(sizer.size, file - offset);
    const patience = sizer.patience(bytes);
    let [sent, seconds] = [0, 0];
    while (sent < bytes && seconds < patience) {
      sent = Math.min(bytes, sent + rate(time + seconds) / 10);
      seconds += 0.1;
    }
    const whole = sent >= bytes;
    if (whole) sizer.taken(bytes, seconds, bytes < sizer.size);
    else sizer.cut(Math.floor(sent), seconds);
    patches.push({ bytes, seconds, whole });
    offset += Math.floor(sent);
    time += seconds;
  }
  return patches;
}

for (const kilobits of [40, 120, 750, 2000, 20000]) {
  test(`on a steady line of ${kilobits} kbit/s a PATCH settles at the aim or at a bound`, () => {
    const sizer = new Sizer(LIMITS);
    const rate = kilobits * 125;
    const patches = upload(sizer, 100 * rate + 16 * LIMITS.max, () => rate);
    const settled = patches.slice(10, -1);
    assert.ok(settled.length > 0);
    for (const { bytes, seconds, whole } of settled) {
      assert.ok(whole);
      const bounded = bytes === LIMITS.max && seconds < 8;
      assert.ok(bounded || (seconds > 7 && seconds < 9), `${bytes} bytes took ${seconds} s`);
    }
  });
}

test('a chunk is at most twice as long as the one before', () => {
  const sizer = new Sizer(LIMITS);
  const patches = upload(sizer, 50e6, () => 10e6);
  for (const [index, { bytes }] of patches.slice(1).entries()) {
    assert.ok(bytes <= 2 * (patches[index]?.bytes ?? 0));
  }
});

test('a line that slows down eightfold costs one cut and no PATCH beyond the limit', () => {
  const sizer = new Sizer(LIMITS);
  const patches = upload(sizer, 6e6, (time) => (time > 12 && time < 60 ? 25e3 : 200e3));
  assert.ok(patches.filter(({ whole }) => !whole).length <= 1);
  assert.ok(Math.max(...patches.map(({ seconds }) => seconds)) <= LIMITS.cut + 0.2);
});

test('a slower PATCH lowers the rate more than a faster one raises it', () => {
  const [falling, rising] = [new Sizer(LIMITS, 100e3), new Sizer(LIMITS, 100e3)];
  falling.taken(800e3, 16, false);
  rising.taken(800e3, 4, false);
  assert.ok(Math.abs((falling.rate ?? 0) - 65e3) < 1);
  assert.ok(Math.abs((rising.rate ?? 0) - 140e3) < 1);
});

test('a PATCH that was short because the file ended does not shrink the next one', () => {
  const sizer = new Sizer(LIMITS, 100e3);
  const before = sizer.size;
  sizer.taken(2 * KB, 0.5, true);
  assert.equal(sizer.size, before);
  assert.equal(sizer.rate, 100e3);
});

test('a cut that kept nothing quarters the chunk, down to the least', () => {
  const sizer = new Sizer(LIMITS);
  const sizes = [1, 2, 3].map(() => {
    sizer.cut(0, 20);
    return sizer.size;
  });
  assert.deepEqual(sizes, [32 * KB, 32 * KB, 32 * KB]);
});

test('after a cut the chunk fits the rate at which bytes were kept', () => {
  const sizer = new Sizer(LIMITS, 1e6);
  sizer.cut(200e3, 20);
  assert.equal(sizer.rate, 10e3);
  assert.equal(sizer.size, 50e3);
});

test('a remembered rate gives the first chunk, within the bounds', () => {
  assert.equal(new Sizer(LIMITS, 50e3).size, 400e3);
  assert.equal(new Sizer(LIMITS, 50e6).size, LIMITS.max);
  assert.equal(new Sizer(LIMITS, 1e3).size, LIMITS.min);
});

test('patience is three times the expected duration, between 10 s and the cut', () => {
  const sizer = new Sizer(LIMITS, 100e3);
  assert.equal(sizer.patience(500e3), 15);
  assert.equal(sizer.patience(50e3), 10);
  assert.equal(sizer.patience(5e6), LIMITS.cut);
  assert.equal(new Sizer(LIMITS).patience(1), LIMITS.cut);
});
