import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { HttpReply } from '../../src/management-api/answer.ts';
import { readAnswer } from '../../src/management-api/answer.ts';
import { actData } from '../../src/management-api/data.ts';

const now = Date.parse('2026-11-20T08:00:00Z');

function read(reply: Partial<HttpReply>, method: 'GET' | 'POST' = 'POST') {
  return readAnswer({ status: 200, retryAfter: null, body: '', ...reply }, { method, data: actData }, now);
}

function readEnvelope(envelope: object, method: 'GET' | 'POST' = 'POST') {
  return read({ body: JSON.stringify({ message: 'm', ...envelope }) }, method);
}

const html = '<html><body>hello</body></html>';

describe('reading an answer', () => {
  it('is done only when the body says 200 and success', () => {
    expect(readEnvelope({ statusCode: 200, requestId: 'r1', data: { success: true } })).toEqual({
      kind: 'done',
      data: null,
      summary: { statusCode: 200, apiCode: null, requestId: 'r1', message: 'm' },
    });
    expect(readEnvelope({ statusCode: 200, data: { success: false } })).toMatchObject({
      kind: 'refused',
      reason: 'other',
    });
    expect(readEnvelope({ statusCode: 200 })).toMatchObject({ kind: 'unknown', sent: true });
    expect(readEnvelope({ statusCode: 201, data: { success: true } })).toMatchObject({ kind: 'unknown' });
  });

  it('takes an api code that is not known for no failure', () => {
    expect(readEnvelope({ statusCode: 200, apiCode: 20001, data: { success: true } }).kind).toBe('done');
  });

  it.each([400, 409, 413, 422, 499])('is refused for an enveloped %i', (statusCode) => {
    expect(readEnvelope({ statusCode })).toMatchObject({ kind: 'refused', reason: 'other' });
  });

  it.each([
    [{ statusCode: 404 }, 'user_not_found'],
    [{ statusCode: 400, apiCode: 2004 }, 'user_not_found'],
    [{ statusCode: 404, apiCode: 2011 }, 'app_not_found'],
    [{ statusCode: 403, apiCode: 2005 }, 'other'],
    [{ statusCode: 500, apiCode: 2120008 }, 'other'],
  ])('gives the reason of the refusal %j', (envelope, reason) => {
    expect(readEnvelope(envelope)).toMatchObject({ kind: 'refused', reason });
  });

  it.each([1300, 1301, 1302, 1303, 1304, 1305, 1306, 2020, 2224, 2333, 4021])(
    'is denied for api code %i whatever the status code',
    (apiCode) => {
      for (const statusCode of [200, 400, 401, 404, 500]) {
        const answer = readEnvelope({ statusCode, apiCode, data: { success: true } });
        expect(answer).toMatchObject({ kind: 'denied', summary: { statusCode, apiCode } });
      }
    },
  );

  it.each([401, 402, 405, 501])('is denied for an enveloped %i', (statusCode) => {
    expect(readEnvelope({ statusCode })).toMatchObject({ kind: 'denied', mayBeDone: false });
  });

  it('is forbidden only for an enveloped 403', () => {
    expect(readEnvelope({ statusCode: 403 }).kind).toBe('forbidden');
    expect(read({ status: 403, body: JSON.stringify({ statusCode: 403, message: 'm' }) }).kind).toBe(
      'forbidden',
    );
    expect(read({ status: 403, body: html }).kind).toBe('denied');
  });

  it.each([200, 201, 301, 302, 307, 400, 401, 403, 404, 410])(
    'is denied for an HTTP %i that is not the envelope of the API, and leaves open what became of the call',
    (status) => {
      for (const body of [html, '"text"', '[]', '{}', '{"ok":true}', 'null']) {
        expect(read({ status, body })).toMatchObject({ kind: 'denied', mayBeDone: true });
      }
    },
  );

  it('does not trust the body of a redirect', () => {
    const body = JSON.stringify({ statusCode: 200, message: '', data: { success: true } });
    expect(read({ status: 302, body }).kind).toBe('denied');
  });

  it('tells a missing route from a missing user', () => {
    const missing = { statusCode: 404, message: 'Cannot POST /api/v3/x', error: 'Not Found' };
    expect(read({ status: 404, body: JSON.stringify(missing) }).kind).toBe('denied');
    const { error: _, ...user } = missing;
    expect(read({ status: 404, body: JSON.stringify(user) })).toMatchObject({ reason: 'user_not_found' });
  });

  it('is busy for 429 in HTTP or in the body, and for a 503 to a GET', () => {
    expect(read({ status: 429, body: html }).kind).toBe('busy');
    expect(readEnvelope({ statusCode: 429 }).kind).toBe('busy');
    expect(read({ status: 503, body: html }, 'GET').kind).toBe('busy');
    expect(readEnvelope({ statusCode: 503 }, 'GET').kind).toBe('busy');
  });

  it('reads how long to wait, in seconds or as a date', () => {
    const wait = (retryAfter: string | null) => {
      const answer = read({ status: 429, retryAfter });
      return answer.kind === 'busy' ? answer.retryAfterMs : undefined;
    };
    expect(wait('7')).toBe(7_000);
    expect(wait('Fri, 20 Nov 2026 08:00:09 GMT')).toBe(9_000);
    expect(wait('Fri, 20 Nov 2026 07:00:00 GMT')).toBe(0);
    expect(wait('soon')).toBeNull();
    expect(wait(null)).toBeNull();
  });

  it.each([500, 502, 504])('is unknown for a %i of a proxy, of HTTP or of the body', (status) => {
    expect(read({ status, body: html })).toMatchObject({ kind: 'unknown', sent: true });
    expect(read({ status, body: JSON.stringify({ statusCode: status, message: 'm' }) }).kind).toBe('unknown');
    expect(readEnvelope({ statusCode: status }).kind).toBe('unknown');
  });

  it.each([503, 601, 602, 603])('is unknown for an enveloped %i to a POST', (statusCode) => {
    expect(readEnvelope({ statusCode }).kind).toBe('unknown');
  });

  it('is unknown when the status of HTTP and that of the body disagree about an error of the server', () => {
    const body = JSON.stringify({ statusCode: 200, message: '', data: { success: true } });
    expect(read({ status: 500, body }).kind).toBe('unknown');
    expect(read({ status: 400, body })).toMatchObject({ kind: 'denied', mayBeDone: true });
  });

  it.each(['{"statusCode":200,"data":{"succ', '', ' \n'])('is unknown when a 200 was cut off: %j', (body) => {
    expect(read({ body })).toMatchObject({ kind: 'unknown', sent: true });
    expect(read({ status: 404, body })).toMatchObject({ kind: 'denied', mayBeDone: true });
  });

  it('reads odd fields as absent and keeps messages short', () => {
    expect(readEnvelope({ statusCode: 400, apiCode: 'x', requestId: 7, message: ['a'] }).summary).toEqual({
      statusCode: 400,
      apiCode: null,
      requestId: null,
      message: null,
    });
    expect(readEnvelope({ statusCode: 400, message: 'm'.repeat(10_000) }).summary.message).toHaveLength(500);
  });

  it('never throws, and is never done without success', () => {
    const json = fc.json().filter((text) => !text.includes('success'));
    const anything = fc.oneof(
      fc.string(),
      json,
      fc.record({ statusCode: fc.integer() }).map((x) => JSON.stringify(x)),
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 599 }),
        anything,
        fc.option(fc.string()),
        (status, body, retryAfter) => {
          expect(read({ status, body, retryAfter }).kind).not.toBe('done');
        },
      ),
    );
  });
});
