import { describe, expect, it } from '@jest/globals';
import { adp } from '../../handlers/adp.ts';
import { MalformedDelivery, UnverifiedDelivery } from '../../src/core/handler.ts';
import { pem } from '../support/tls.ts';
import { readFixture, testReading, testSettings } from './handler-suite.ts';
import { faultsOf, post, reader } from './sender.ts';

const base = {
  clientId: 'an id',
  clientSecret: 'a secret',
  ...pem.client,
  identifyBy: ['external_id'],
  timezone: 'America/New_York',
};
const read = reader(adp, base);
const recorded = JSON.parse(readFixture('adp/worker-terminate.json'));

/** The recorded event with some of it changed. */
function changed(event: object, worker: object = {}): unknown {
  const [one] = recorded.events;
  const output = { worker: { ...one.data.output.worker, ...worker } };
  return { events: [{ ...one, data: { output }, ...event }] };
}

const leaver = {
  action: 'resign' as const,
  identifiers: [{ userIdType: 'external_id' as const, userId: 'G32B8JAXA1W3SXG5' }],
  subject: 'G32B8JAXA1W3SXG5',
  occurredAt: Date.parse('2017-01-24T01:27:00.938Z'),
  // The end of 24 January in New York, although the status was `T` already the evening before.
  effectiveAt: Date.parse('2017-01-25T05:00:00Z'),
};

testSettings(adp);
testReading({
  handler: adp,
  settings: base,
  delivery: (body) => post(body, {}),
  bodies: {
    genuine: JSON.stringify(recorded),
    intents: [leaver],
    foreign: JSON.stringify(changed({ eventNameCode: { codeValue: 'worker.work-assignment.terminate' } })),
    unreadable: JSON.stringify(changed({}, { associateOID: null })),
  },
});

describe('adp', () => {
  it('is a queue that is asked, so that nothing that is sent is believed', () => {
    const settings = adp.settings.parse(base);
    expect(() => adp.verify(post('{}', {}), settings, 0)).toThrow(UnverifiedDelivery);
    expect(adp.stream?.(settings)).toMatchObject({
      kind: 'adp',
      apiUrl: 'https://api.adp.com',
      tokenUrl: 'https://accounts.adp.com/auth/oauth/v2/token',
      pollEveryMs: 5_000,
    });
  });

  it('waits for the day, and acts now where there is none but a status that says gone', () => {
    const [dateless] = read(changed({}, { workerDates: {} }));
    expect(dateless).toEqual({ ...leaver, effectiveAt: undefined });
    const [unknown] = read(changed({}, { workerDates: null, workerStatus: null }));
    expect(unknown).toMatchObject({ action: 'resign', hold: { code: 'status_unknown' } });
    expect(faultsOf(() => read(changed({}, { workerDates: { terminationDate: 'soon' } })))).toEqual([]);
    const [part] = read(changed({}, { workerDates: { terminationDate: 'soon' } }));
    expect(part).toBeInstanceOf(MalformedDelivery);
    expect(part).toHaveProperty('faults', ['events[0]: terminationDate: is not a date']);
  });

  it('takes a hire and a rehire for a withdraw, and what is not completed for nothing', () => {
    for (const codeValue of ['worker.hire', 'worker.rehire']) {
      expect(read(changed({ eventNameCode: { codeValue } }))).toMatchObject([
        { action: 'withdraw', subject: leaver.subject },
      ]);
    }
    expect(read(changed({ eventStatusCode: { codeValue: 'REJECTED' } }))).toEqual([]);
  });

  it('names people by either of their ids', () => {
    const more = {
      identifyBy: ['username', 'external_id'],
      externalIdField: 'workerID',
      externalIdPrefix: 'a-',
    };
    expect(read(recorded, more)).toMatchObject([
      {
        identifiers: [
          { userIdType: 'username', userId: '101652' },
          { userIdType: 'external_id', userId: 'a-101652' },
        ],
      },
    ]);
  });

  it('lets no event of a message keep another back', () => {
    const [one] = recorded.events;
    const parts = read({ events: [{ ...one, data: {} }, one, 7] });
    expect(parts).toEqual([expect.any(MalformedDelivery), leaver, expect.any(MalformedDelivery)]);
  });

  it('refuses what is no certificate, a key that is not its own, and an address without TLS', () => {
    const faults = (more: object) =>
      adp.settings
        .safeParse({ ...base, ...more })
        .error?.issues.map(({ path, message }) => [path[0], message]);
    expect(faults({})).toBeUndefined();
    expect(faults({ certificate: 'no' })).toEqual([['certificate', 'is not a certificate in PEM']]);
    expect(faults({ privateKey: 'no' })).toEqual([
      ['privateKey', 'is not a private key in PEM, without passphrase'],
    ]);
    expect(faults({ privateKey: pem.stranger.privateKey })).toEqual([
      ['privateKey', 'is not that of the certificate'],
    ]);
    expect(faults({ apiUrl: 'http://127.0.0.1' })).toEqual([['apiUrl', 'is not https']]);
    expect(faults({ pollEvery: '100ms' })).toEqual([['pollEvery', 'is not between 1s and 1h']]);
  });
});
