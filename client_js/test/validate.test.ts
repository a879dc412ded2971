import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Config } from '../src/config.ts';
import { sniff } from '../src/sniff.ts';
import { acceptList, choose, limitsText } from '../src/validate.ts';

const CONFIG: Config = {
  maxSize: 1024,
  maxFiles: 3,
  types: ['image/jpeg', 'image/png', 'image/heic'],
  chunks: { start: 1, min: 1, max: 1, aim: 1, cut: 1 },
};
const ANYTHING: Config = { ...CONFIG, types: ['*'] };

const latin = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const MAGIC = {
  'image/jpeg': latin('\xff\xd8\xff\xe0....JFIF'),
  'image/png': latin('\x89PNG\r\n\x1a\n....'),
  'image/gif': latin('GIF89a....'),
  'image/webp': latin('RIFF....WEBPVP8 '),
  'image/avif': latin('\0\0\0\x1cftypavif\0\0\0\0mif1miaf'),
  'image/heic': latin('\0\0\0\x18ftypheic\0\0\0\0mif1heic'),
};
const file = (name: string, bytes: Uint8Array<ArrayBuffer>, type = '') =>
  new File([bytes], name, { type });
const jpeg = (name: string) => file(name, MAGIC['image/jpeg'], 'image/jpeg');

test('each kind of image is known by its first bytes', () => {
  for (const [type, bytes] of Object.entries(MAGIC)) assert.equal(sniff(bytes), type);
});

test('an AVIF or HEIC may hide behind a general brand', () => {
  assert.equal(sniff(latin('\0\0\0\x1cftypmif1\0\0\0\0mif1avif')), 'image/avif');
  assert.equal(sniff(latin('\0\0\0\x18ftypmif1\0\0\0\0mif1heic')), 'image/heic');
  assert.equal(sniff(latin('\0\0\0\x14ftypisom\0\0\0\0mp41')), null);
});

test('brands are looked for inside the first box only', () => {
  assert.equal(sniff(latin('\0\0\0\x10ftypisom\0\0\0\0avif')), null);
});

test('what is too short for any kind is none', () => {
  for (const bytes of [latin(''), latin('\xff\xd8'), latin('....ftyp')]) {
    assert.equal(sniff(bytes), null);
  }
});

test('files within the limits are accepted with the type of their content', async () => {
  const heic = file('IMG_1.HEIC', MAGIC['image/heic'], '');
  const { accepted, refusals } = await choose([jpeg('a.jpg'), heic], 3, CONFIG);
  assert.deepEqual(accepted.map(({ type }) => type), ['image/jpeg', 'image/heic']);
  assert.deepEqual(refusals, []);
});

test('an empty, a large, a foreign and a disguised file are refused, each with its reason', async () => {
  const chosen = [
    file('empty.jpg', latin('')),
    file('large.jpg', new Uint8Array(1025)),
    file('moving.gif', MAGIC['image/gif']),
    file('notes.jpg', latin('not a picture'), 'image/jpeg'),
  ];
  const { accepted, refusals } = await choose(chosen, 3, CONFIG);
  assert.deepEqual(accepted, []);
  assert.equal(refusals.length, 4);
  for (const [index, word] of ['empty', 'too large', 'GIF', 'not a picture'].entries()) {
    assert.ok(refusals[index]?.startsWith(chosen[index]?.name ?? '?'));
    assert.ok(refusals[index]?.includes(word), refusals[index]);
  }
});

test('files beyond the room are left out, and said once', async () => {
  const { accepted, refusals } = await choose(['a', 'b', 'c', 'd'].map(jpeg), 2, CONFIG);
  assert.deepEqual(accepted.map((one) => one.file.name), ['a', 'b']);
  assert.deepEqual(refusals, ['At most 3 files at a time: 2 files were left out.']);
});

test('a refused file takes no room', async () => {
  const { accepted } = await choose([file('empty', latin('')), jpeg('a')], 1, CONFIG);
  assert.equal(accepted.length, 1);
});

test('with every type allowed the content decides nothing but the name of the type', async () => {
  const text = file('notes.txt', latin('not a picture'), 'text/plain');
  const { accepted } = await choose([text, jpeg('a')], 3, ANYTHING);
  assert.deepEqual(accepted.map(({ type }) => type), ['text/plain', 'image/jpeg']);
});

test('the picker offers what the server takes, with endings for what phones do not know', () => {
  assert.equal(acceptList(CONFIG.types), 'image/jpeg,image/png,image/heic,.heic,.heif');
  assert.equal(acceptList(ANYTHING.types), '');
});

test('the limits are said in one line', () => {
  assert.equal(limitsText(CONFIG), 'Up to 3 photos, 1\u00a0kB each: JPEG, PNG or HEIC.');
  assert.equal(limitsText(ANYTHING), 'Up to 3 files, 1\u00a0kB each.');
});
