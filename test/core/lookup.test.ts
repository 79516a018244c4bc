import { describe, expect, it } from '@jest/globals';
import { apiOf, readStatus, type VendorRequest, VendorTrouble } from '../../src/core/lookup.ts';

const identifiers = [{ userIdType: 'email', userId: 'ada@example.com' }] as const;
const status = { isGone: false, lastDay: null, identify: () => identifiers };
const berlin = { timezone: 'Europe/Berlin', dayEnds: '24:00' };

describe('a status and a last day together', () => {
  it('mean now when the status says so, whatever the day', () => {
    expect(readStatus({ ...status, isGone: true, lastDay: '2099-01-01' }, berlin)).toEqual({
      kind: 'gone',
      identifiers,
    });
  });

  it('mean the end of the day where the person is, or UTC where nothing says where that is', () => {
    const on = { ...status, lastDay: '2026-10-25' };
    // The clocks of Berlin go back that night.
    const effectiveAt = Date.parse('2026-10-25T23:00:00Z');
    expect(readStatus(on, berlin)).toEqual({ kind: 'leaves', identifiers, effectiveAt });
    expect(readStatus(on, { dayEnds: '18:00' })).toMatchObject({
      effectiveAt: Date.parse('2026-10-25T18:00:00Z'),
    });
  });

  it('mean that nobody leaves when there is neither', () => {
    expect(readStatus(status, berlin)).toEqual({ kind: 'active' });
  });

  it('cannot be read when the day is none', () => {
    expect(() => readStatus({ ...status, lastDay: '31.12.2026' }, berlin)).toThrow(
      'the last day is not a date',
    );
  });
});

describe('the API of a look-up', () => {
  const asked: VendorRequest[] = [];
  const http = async (request: VendorRequest) => asked.push(request);

  it('is asked with the credentials of the settings', async () => {
    const baseUrl = 'https://hr.example';
    await apiOf({ baseUrl, token: 'key' }, http)({ path: ['a'], headers: { accept: 'text/json' } });
    await apiOf({ baseUrl, username: 'ada', password: 'key' }, http)({ path: ['b'] });
    expect(asked).toEqual([
      { baseUrl, path: ['a'], headers: { authorization: 'Bearer key', accept: 'text/json' } },
      { baseUrl, path: ['b'], headers: { authorization: 'Basic YWRhOmtleQ==' } },
    ]);
  });

  it('is not there without settings', () => {
    expect(() => apiOf(undefined, http)).toThrow(VendorTrouble);
  });
});
