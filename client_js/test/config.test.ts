import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../src/config.ts';

const JSON_OF_SERVER = {
  max_size: 10485760,
  max_files: 20,
  types: ['image/jpeg', 'image/png'],
  expires: 86400,
  request_deadline: 25,
  chunks: { start: 131072, min: 32768, max: 8388608, seconds: 8 },
  extensions: ['creation'],
  version: '0.1.0',
};

const chunks = (deadline: number) =>
  parseConfig({ ...JSON_OF_SERVER, request_deadline: deadline }).chunks;

test('the server says all limits', () => {
  assert.deepEqual(parseConfig(JSON_OF_SERVER), {
    maxSize: 10485760,
    maxFiles: 20,
    types: ['image/jpeg', 'image/png'],
    chunks: { start: 131072, min: 32768, max: 8388608, aim: 8, cut: 20 },
  });
});

test('a PATCH aims well below a short deadline, and is not cut before 10 s', () => {
  assert.deepEqual([chunks(5).aim, chunks(5).cut], [1.6, 10]);
});

test('without a deadline the usual figures hold', () => {
  assert.deepEqual([chunks(0).aim, chunks(0).cut], [8, 20]);
});

test('what is no configuration is refused', () => {
  for (const json of [null, [], {}, { ...JSON_OF_SERVER, max_size: '10' }]) {
    assert.throws(() => parseConfig(json), TypeError);
  }
});
