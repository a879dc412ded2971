import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Batch } from '../src/batch.ts';
import { parseConfig } from '../src/config.ts';
import { Sizer } from '../src/sizer.ts';
import { parseStatus } from '../src/status.ts';

const HERE = new URL('http://localhost/');
const CONFIG = parseConfig({
  max_size: 100,
  max_files: 3,
  types: ['*'],
  request_deadline: 25,
  chunks: { start: 10, min: 1, max: 100, seconds: 8 },
});

const files = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ file: new File(['x'], `${n}.jpg`), type: '' }));

const batch = () => new Batch(HERE, CONFIG, new Sizer(CONFIG.chunks, null), () => undefined);

test('a photo that was cleared from the page still takes its place in the batch', () => {
  const photos = batch();
  const [sent, refused] = photos.add(files(3));
  assert.ok(sent && refused);
  sent.stage = refused.stage = { name: 'stored' };
  const rejected = { id: 'x', phase: 'rejected', version: 1, offset: 0, variants: [] };
  refused.status = parseStatus(rejected, HERE);
  photos.remove(sent);
  assert.equal(photos.room(), 0);
  photos.remove(refused);
  assert.equal(photos.room(), 1);
});

test('the next batch begins when every photo is settled, with room for all', () => {
  const photos = batch();
  const [first] = photos.add(files(1));
  assert.ok(first);
  first.stage = { name: 'stored' };
  photos.remove(first);
  assert.equal(photos.room(), 3);
  const [second] = photos.add(files(1));
  assert.ok(second);
  assert.notEqual(second.batch, first.batch);
  assert.equal(photos.room(), 2);
});
