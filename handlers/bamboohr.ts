import {
  defineHandler,
  hasValidHmac,
  heldResign,
  type IntentDraft,
  MalformedDelivery,
  nameById,
  readInstant,
  readPart,
  UnverifiedDelivery,
  usesLookup,
  type Verdict,
} from '../src/core/handler.ts';
import { type Change, fold, listChanges, readField } from './bamboohr/changes.ts';
import { lookUp, verdicts } from './bamboohr/lookup.ts';
import { pick } from './bamboohr/person.ts';
import { type Settings, settings } from './bamboohr/settings.ts';

const futureToleranceMs = 5 * 60_000;

const statusUnknown = heldResign('status_unknown', 'BambooHR says that the status changed, but not to what');
const recordDeleted = heldResign(
  'record_deleted',
  'BambooHR says that the record was deleted, not that the person left',
);

/**
 * BambooHR's webhooks: field-based or event-based, as JSON or as a form.
 * Source: documentation.bamboohr.com/docs/webhooks, /field-based-webhooks and /event-based-webhooks (May 2026).
 */
export const bamboohr = defineHandler<Settings>({
  settings,
  // There is no event id. Five retries, 5 + 10 + 20 + 40 + 80 minutes, and time for the requests themselves.
  retrySpanMs: 3 * 3_600_000,

  /**
   * A timestamp may be of any age: no replay window is documented, nor whether retries are stamped anew. Its form is
   * strict, because the body and the timestamp are signed without anything between them: were more digits or fewer
   * allowed, a replay could move the end of the body, such as the last digits of a phone number, into the timestamp.
   */
  verify({ headers, body }, { secrets }, now) {
    const { 'x-bamboohr-signature': signature, 'x-bamboohr-timestamp': timestamp } = headers;
    if (!signature || !timestamp) {
      throw new UnverifiedDelivery('x-bamboohr-signature or x-bamboohr-timestamp is missing');
    }
    const sentAt = readInstant(timestamp);
    if (sentAt === undefined) {
      throw new UnverifiedDelivery('x-bamboohr-timestamp is neither unix seconds nor an ISO time');
    }
    if (sentAt > now + futureToleranceMs) throw new UnverifiedDelivery('x-bamboohr-timestamp is to come');
    const given = [Buffer.from(signature, 'hex')];
    if (!hasValidHmac({ algorithm: 'sha256', secrets, signed: [body, timestamp], given })) {
      throw new UnverifiedDelivery('x-bamboohr-signature was made with none of the secrets');
    }
  },

  normalize(delivery, settings) {
    const sentAt = readInstant(delivery.headers['x-bamboohr-timestamp']);
    return listChanges(delivery, settings)
      .map((change) =>
        change instanceof MalformedDelivery ? change : readPart(() => toPart(change, settings, sentAt)),
      )
      .filter((part) => part !== null);
  },

  lookup: lookUp,
});

function toPart(
  change: Change,
  settings: Settings,
  sentAt: number | undefined,
): IntentDraft | MalformedDelivery | null {
  const verdict = judge(change, settings.fields.status);
  if (verdict === null || verdict instanceof MalformedDelivery) return verdict;
  const occurredAt = readInstant(change.timestamp) ?? sentAt;
  const { identifiers, faults } = pick(change, settings);
  // Not where what was sent is enough: BambooHR may not know a deleted employee any more.
  if (usesLookup(settings) && (verdict === statusUnknown || identifiers.length === 0)) {
    const asked: Verdict = verdict === statusUnknown ? { action: 'resign' } : verdict;
    return { ...asked, ...nameById(change.id, settings), occurredAt };
  }
  if (identifiers.length === 0) return new MalformedDelivery(...faults);
  return { ...verdict, identifiers, subject: change.id, occurredAt };
}

/** What a change asks for; `null` when it is not our business. */
function judge(change: Change, statusField: string): Verdict | MalformedDelivery | null {
  const action = change.action.toLowerCase();
  if (action === 'deleted') return recordDeleted;
  if (action === 'created') return null;
  if (!change.changedFields) return new MalformedDelivery(`${change.place}.changedFields: is missing`);
  const names = change.statusFields.map(fold);
  if (!change.changedFields.some((one) => names.includes(fold(one)))) return null;
  const status = readField(change, statusField);
  return status === null ? statusUnknown : (verdicts.get(status.toLowerCase()) ?? null);
}
