import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Narrator } from '../src/narrator.ts';
import { type Photo, newPhoto } from '../src/photo.ts';
import { parseRefusal, plainWords } from '../src/refusal.ts';
import { PHASES, type Status, parseStatus } from '../src/status.ts';
import { describe, summary } from '../src/words.ts';

const HERE = new URL('http://localhost/prefix/uploads/');
const MIB = 1024 * 1024;

const photo = (changes: Partial<Photo>): Photo => ({
  ...newPhoto(new File([new Uint8Array(4 * MIB)], 'IMG_1.jpg'), 'image/jpeg', 'b'),
  ...changes,
});

const status = (changes: object): Status =>
  parseStatus(
    { id: 'x', phase: 'ready', version: 1, offset: 0, variants: [], ...changes },
    HERE,
  );

const MAIN = { name: 'main', url: '/prefix/uploads/x/main', width: 1440, height: 1080 };
const stored = (changes: object) =>
  photo({ stage: { name: 'stored' }, status: status(changes), acknowledged: 4 * MIB });

/** Text as a person reads it: the no-break spaces are tested with the numbers. */
const plain = (text: string) => text.replaceAll('\u00a0', ' ');

test('a waiting photo says how much is safe and can be pushed', () => {
  const waiting = photo({ stage: { name: 'waiting', why: 'network' }, acknowledged: MIB });
  const { text, again, bar } = describe(waiting);
  assert.equal(plain(text), 'Waiting for the network. 1 MB of 4.2 MB are safe.');
  assert.deepEqual([again, bar], ['Try now', true]);
});

test('a photo that began again says so while it is sent', () => {
  const again = photo({ stage: { name: 'sending' }, restarted: true });
  assert.match(describe(again).text, /^The server had lost it, so it began again\./);
});

test('a stopped photo offers a retry unless that is of no use', () => {
  const stop = (final: boolean) => photo({ stage: { name: 'stopped', message: 'No.', final } });
  assert.deepEqual([describe(stop(false)).again, describe(stop(true)).again], ['Retry', null]);
});

test('every phase of a stored photo has its text', () => {
  const texts = PHASES.map((phase) => describe(stored({ phase })).text);
  assert.equal(new Set(texts).size, PHASES.length);
});

test('a photo that could not be optimized says why, and that it is kept', () => {
  const failed = stored({ phase: 'failed', reason: { code: 'x', message: 'the file is broken' } });
  assert.equal(
    describe(failed).text,
    'Uploaded, but it could not be optimized. The file is broken. The original is kept.',
  );
});

test('a finished photo says what was gained, and nothing if nothing was', () => {
  const small = stored({ variants: [{ ...MAIN, size: MIB / 4, saved: 0.94 }] });
  assert.equal(plain(describe(small).text), 'Done: 262 kB instead of 4.2 MB');
  const same = stored({ variants: [{ ...MAIN, size: 4 * MIB, saved: 0 }] });
  assert.equal(describe(same).text, 'Done');
});

test('the whole is 100 % only when every byte is acknowledged', () => {
  const nearly = photo({ stage: { name: 'sending' }, acknowledged: 4 * MIB - 1 });
  assert.equal(summary([nearly]), '0 of 1 uploaded, 99\u00a0%');
  assert.equal(summary([stored({ phase: 'received' })]), '1 of 1 uploaded, 100\u00a0%');
});

test('addresses in a status are resolved, and only http ones are taken', () => {
  const variant = { ...MAIN, size: 1, saved: 0 };
  assert.equal(
    status({ variants: [variant] }).variants[0]?.url,
    'http://localhost/prefix/uploads/x/main',
  );
  const script = { ...variant, url: 'javascript:alert(1)' };
  assert.throws(() => status({ variants: [script] }), TypeError);
});

test('a refusal is taken apart, and a page of a proxy is not shown', () => {
  const padded = 'rejected-upload: the file is not an image          ';
  assert.deepEqual(parseRefusal(padded), {
    code: 'rejected-upload',
    message: 'the file is not an image',
  });
  assert.equal(
    plainWords(400, '<html>nginx</html>'),
    'The server refused this file (status 400).',
  );
  assert.equal(plainWords(413, 'too-large: x'), 'This file is larger than the server accepts.');
  assert.match(plainWords(403, 'batch-full: a batch may have 20 files'), /no more files/);
});

test('a screen reader hears each quarter once, each failure once, and the end', () => {
  const said: string[] = [];
  const narrator = new Narrator(({ text }) => said.push(text));
  const one = photo({ stage: { name: 'sending' } });
  for (let share = 0; share <= 1; share += 0.05) {
    one.acknowledged = share * 4 * MIB;
    narrator.all([one]);
  }
  one.stage = { name: 'stopped', message: 'No.', final: true };
  for (const _ of [1, 2]) narrator.photo(one, describe(one));
  for (const _ of [1, 2]) narrator.all([one]);
  assert.deepEqual(said, [
    '25 % uploaded.',
    '50 % uploaded.',
    '75 % uploaded.',
    'IMG_1.jpg: No.',
    'Finished: 0 of 1 photo optimized.',
  ]);
});
