import { type Intent, identifierInTurn } from '../../core/intent.ts';
import type { DeadLetter, DeadLetterPayload, Pause, StoreFigures } from '../../store/contract.ts';
import type { SourceActivity } from '../activity.ts';

function iso(ms: number): string;
function iso(ms: number | null): string | null;
function iso(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

/** An intent as the operator API shows it; the names are those of the outcome. Times are ISO 8601. */
export function intentView(intent: Intent): object {
  return {
    id: intent.id,
    person: intent.person,
    action: intent.action,
    status: intent.status,
    ...identifierInTurn(intent),
    identifiers: intent.identifiers,
    appIds: intent.appIds,
    source: intent.source,
    eventId: intent.eventId,
    subject: intent.subject,
    actor: intent.actor,
    requestedBy: intent.requestedBy,
    reason: intent.reason,
    decisions: intent.decisions.map((one) => ({ ...one, at: iso(one.at) })),
    occurredAt: iso(intent.occurredAt),
    receivedAt: iso(intent.receivedAt),
    effectiveAt: iso(intent.effectiveAt),
    dueAt: iso(intent.dueAt),
    settledAt: iso(intent.settledAt),
    attempts: intent.attempts,
    cap: intent.cap,
    seenUserId: intent.seenUserId,
    answer: intent.answer,
    failure: intent.failure,
    retryOf: intent.retryOf,
    broughtBy: intent.broughtBy,
  };
}

export function deadLetterView({ receivedAt, ...letter }: DeadLetter): object {
  const { id, source, eventId, part, faults, tries, status } = letter;
  return { id, source, eventId, part, receivedAt: iso(receivedAt), faults, tries, status };
}

/** `body` is in base64; `text` is the same in UTF-8, or `null` when it is not text. */
export function payloadView({ body, ...rest }: DeadLetterPayload): object {
  let text: string | null = null;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    // Bytes that are no text are shown as base64 only.
  }
  return { ...rest, body: body.toString('base64'), text };
}

export function pauseView(pause: Pause): object {
  return { ...pause, at: iso(pause.at) };
}

export function figuresView({ oldestDueAt, cursors, ...figures }: StoreFigures): object {
  return {
    ...figures,
    oldestDueAt: iso(oldestDueAt),
    publishers: cursors.map(({ publisher, position }) => ({
      name: publisher,
      position,
      lag: figures.headPosition - position,
    })),
  };
}

export function sourceView(activity: SourceActivity): object {
  return { ...activity, lastDeliveryAt: iso(activity.lastDeliveryAt) };
}
