import { z } from 'zod';
import {
  defineHandler,
  heldResign,
  type IntentDraft,
  identify,
  idShape,
  lastDayAt,
  parseJsonBody,
  readInstant,
  readPart,
  readShape,
  UnverifiedDelivery,
  type Verdict,
} from '../src/core/handler.ts';
import { type Settings, settings } from './adp/settings.ts';

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
