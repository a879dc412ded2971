import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Failure, backoff, judge } from '../src/retry.ts';

const failure = (method: string, status: number | null, more: Partial<Failure> = {}): Failure => ({
  method,
  status,
  body: '',
  retryAfter: null,
  ...more,
});

test('a request without an answer is tried again', () => {
  for (const method of ['POST', 'HEAD', 'PATCH']) {
    const verdict = judge(failure(method, null));
    assert.deepEqual(verdict, { next: 'again', why: 'network', after: null });
  }
});

test('passing trouble of server or proxy is tried again, whatever the method', () => {
  for (const status of [200, 204, 408, 409, 423, 425, 429, 500, 502, 503, 504, 507]) {
    for (const method of ['POST', 'HEAD', 'PATCH']) {
      assert.equal(judge(failure(method, status)).next, 'again', `${method} ${status}`);
    }
  }
});

test('only 404 and 410 for a known upload lead to a restart', () => {
  const restarts: string[] = [];
  for (let status = 100; status < 600; status += 1) {
    for (const method of ['POST', 'HEAD', 'PATCH']) {
      if (judge(failure(method, status)).next === 'restart') restarts.push(`${method} ${status}`);
    }
  }
  assert.deepEqual(restarts, ['HEAD 404', 'PATCH 404', 'HEAD 410', 'PATCH 410']);
});

test('a refusal of the file is final and tells why', () => {
  for (const status of [413, 415, 422]) {
    const verdict = judge(failure('PATCH', status, { body: 'rejected-upload: no image' }));
    assert.equal(verdict.next, 'stop');
    assert.ok(verdict.next === 'stop' && verdict.final);
    assert.equal(verdict.message, 'The server refused this file: No image.');
  }
});

test('a missing right stops the upload, which may be tried again', () => {
  for (const status of [400, 401, 403]) {
    const verdict = judge(failure('HEAD', status));
    assert.ok(verdict.next === 'stop' && !verdict.final, String(status));
  }
});

test('Retry-After is honoured up to a minute, and ignored when it is no number', () => {
  const after = (retryAfter: string) => {
    const verdict = judge(failure('PATCH', 503, { retryAfter }));
    return verdict.next === 'again' ? verdict.after : undefined;
  };
  assert.equal(after('7'), 7);
  assert.equal(after('86400'), 60);
  assert.equal(after('Wed, 21 Oct 2026 07:28:00 GMT'), null);
});

test('a locked upload is asked for again after a second', () => {
  assert.deepEqual(judge(failure('HEAD', 423)), { next: 'again', why: 'busy', after: 1 });
});

test('pauses double up to half a minute and are spread over half their length', () => {
  assert.deepEqual([0, 1, 2, 3].map((failures) => backoff(failures, 0)), [0.25, 0.5, 1, 2]);
  assert.equal(backoff(3, 0.999), 2 + 2 * 0.999);
  for (const failures of [6, 10, 1000]) {
    assert.equal(backoff(failures, 0), 15);
    assert.ok(backoff(failures, 0.999) < 30);
  }
});
