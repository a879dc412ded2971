import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { Follower } from '../src/follow.ts';

/** An event stream on which the test speaks for the server. */
class Stream extends EventTarget {
  static opened: Stream[] = [];
  closed = false;

  constructor(readonly url: URL) {
    super();
    Stream.opened.push(this);
  }

  close(): void {
    this.closed = true;
  }

  say(name: string, data: unknown): void {
    this.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(data) }));
  }
}

const UPLOAD = {
  id: 'a', phase: 'receiving', version: 1, offset: 0, reason: null, original: null, variants: [],
};
const listener = { status: () => {}, gone: () => {}, back: () => {} };

beforeEach(() => {
  Stream.opened = [];
  mock.timers.enable({ apis: ['setTimeout'] });
  Object.assign(globalThis, { EventSource: Stream });
  mock.method(globalThis, 'fetch', () => Promise.reject(new TypeError('no network')));
});

afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

function followed(): Stream {
  new Follower(new URL('http://here/'), listener).follow('a');
  mock.timers.tick(1000);
  const stream = Stream.opened[0];
  assert.ok(stream);
  stream.say('upload', UPLOAD);
  return stream;
}

test('a stream that only beats is not dead', () => {
  const stream = followed();
  for (let beat = 0; beat < 10; beat += 1) {
    mock.timers.tick(15_000);
    stream.say('beat', {});
  }
  assert.equal(stream.closed, false);
  assert.equal(Stream.opened.length, 1);
});

test('a silent stream is replaced', () => {
  const stream = followed();
  mock.timers.tick(31_000);
  assert.equal(stream.closed, true);
  mock.timers.tick(4_000);
  assert.equal(Stream.opened.length, 2);
});
