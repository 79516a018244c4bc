import { z } from 'zod';
import {
  certificateSetting,
  checkKeyPair,
  defineHandler,
  durationSetting,
  externalIdPrefixSetting,
  heldResign,
  httpsUrlSetting,
  type IntentDraft,
  identify,
  identifyBySetting,
  idShape,
  lastDayAt,
  lastDaySettings,
  parseJsonBody,
  privateKeySetting,
  readInstant,
  readPart,
  readShape,
  UnverifiedDelivery,
  type Verdict,
} from '../src/core/handler.ts';

const tokenUrl = 'https://accounts.adp.com/auth/oauth/v2/token';
const credential = z.string().min(1).max(256);
const settings = z
  .object({
    clientId: credential.describe("the client id of the project in ADP's developer portal"),
    clientSecret: credential.describe('its client secret'),
    certificate: certificateSetting.describe(
      'the client certificate in PEM, better from a file than written here',
    ),
    privateKey: privateKeySetting.describe('its key in PEM'),
    authorities: certificateSetting
      .nullable()
      .default(null)
      .describe("who vouches for ADP's own certificate; null = whom the system trusts"),
    apiUrl: httpsUrlSetting('https://api.adp.com')
      .default('https://api.adp.com')
      .describe('where the queue is: https://api.adp.com'),
    tokenUrl: httpsUrlSetting('https://accounts.adp.com')
      .default(tokenUrl)
      .describe(`where tokens are given: ${tokenUrl}`),
    longPolling: z.boolean().default(true).describe('whether ADP is asked to wait for a message'),
    pollEvery: durationSetting('1s', '1h')
      .default(5_000)
      .describe('from one question to the next while the queue is empty, such as 5s'),
    identifyBy: identifyBySetting(['external_id', 'username']),
    externalIdPrefix: externalIdPrefixSetting,
    externalIdField: z
      .enum(['associateOID', 'workerID'])
      .default('associateOID')
      .describe('which of the ids provisioning wrote to the external id'),
    ...lastDaySettings,
  })
  .superRefine(checkKeyPair);
type Settings = z.output<typeof settings>;

const code = z.object({ codeValue: z.string() });
const eventShape = z.object({
  eventID: idShape.nullish(),
  eventNameCode: code,
  eventStatusCode: code.nullish(),
  creationDateTime: z.string().nullish(),
  recordDateTime: z.string().nullish(),
});
const workerShape = z.object({
  data: z.object({
    output: z.object({
      worker: z.object({
        associateOID: idShape,
        workerID: z.object({ idValue: idShape }).nullish(),
        workerDates: z.object({ terminationDate: z.string().nullish() }).nullish(),
        workerStatus: z.object({ statusCode: code.nullish() }).nullish(),
      }),
    }),
  }),
});
type Worker = z.output<typeof workerShape>['data']['output']['worker'];
const messageShape = z.object({ events: z.array(z.unknown()).max(1_000) });

/**
 * ADP's event notifications, each of which is a message of a queue that the bridge asks for. Source:
 * developers.adp.com/articles/general/adp-event-apis-and-event-notification-guide; the events are as a recorded one of
 * 2017 has them. They carry no address, only ADP's ids. The webhooks that ADP has beside the queue since October 2025
 * are not read: how they are signed was not found.
 */
export const adp = defineHandler<Settings>({
  settings,

  stream: ({ apiUrl, tokenUrl, longPolling, pollEvery, authorities, ...own }) => ({
    kind: 'adp',
    apiUrl,
    tokenUrl,
    clientId: own.clientId,
    clientSecret: own.clientSecret,
    certificate: own.certificate,
    privateKey: own.privateKey,
    authorities,
    longPolling,
    pollEveryMs: pollEvery,
  }),

  verify() {
    throw new UnverifiedDelivery('ADP is asked; it does not send');
  },

  /** A message that comes again may have another id; its events keep theirs. */
  eventId(delivery) {
    const ids = readShape(messageShape, parseJsonBody(delivery)).events.map(
      (event) => eventShape.safeParse(event).data?.eventID,
    );
    return ids.length > 0 && ids.every(Boolean) ? ids.join(' ') : null;
  },

  normalize(delivery, settings) {
    return readShape(messageShape, parseJsonBody(delivery))
      .events.map((event, index) => readPart(() => readEvent(event, settings), `events[${index}]: `))
      .filter((part) => part !== null);
  },
});

/** What one event asks for; `null` when it is not our business. @throws MalformedDelivery */
function readEvent(event: unknown, settings: Settings): IntentDraft | null {
  const { eventNameCode: name, eventStatusCode: status, ...times } = readShape(eventShape, event);
  if (!['worker.terminate', 'worker.hire', 'worker.rehire'].includes(name.codeValue)) return null;
  if (status && status.codeValue !== 'COMPLETED') return null;
  const { worker } = readShape(workerShape, event).data.output;
  const { associateOID, workerID } = worker;
  const offer = {
    external_id: settings.externalIdField === 'workerID' ? workerID?.idValue : associateOID,
    username: workerID?.idValue,
  };
  return {
    ...(name.codeValue === 'worker.terminate' ? judge(worker, settings) : { action: 'withdraw' }),
    identifiers: identify(offer, settings),
    subject: associateOID,
    occurredAt: readInstant(times.creationDateTime) ?? readInstant(times.recordDateTime),
  };
}

/** The status is already that of the day to come, so the day counts where there is one. */
function judge({ workerDates, workerStatus }: Worker, dayEnd: Settings): Verdict {
  const effectiveAt = lastDayAt('terminationDate', workerDates?.terminationDate, dayEnd);
  const isGone = workerStatus?.statusCode?.codeValue === 'T';
  if (effectiveAt !== undefined || isGone) return { action: 'resign', effectiveAt };
  return heldResign('status_unknown', 'ADP says that the employment ends, but not when');
}
