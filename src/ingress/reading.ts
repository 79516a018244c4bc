import { hash } from 'node:crypto';
import { type Delivery, MalformedDelivery } from '../core/handler.ts';
import { identifierFault, tidyIdentifier } from '../core/identifier.ts';
import type { IntentDraft, IntentFacts } from '../core/intent.ts';
import { type Log, traceOf } from '../core/log.ts';
import { traceparentPattern } from '../core/tracer.ts';
import type { DeadLetterPayload } from '../store/contract.ts';
import type { Source } from './source.ts';

export type Part = IntentDraft | MalformedDelivery;

const maxTextLength = 1_000;
const maxSubjectLength = 256;
/** The last instant that a `Date` can hold. */
const maxTimeMs = 8.64e15;

/** Reads a genuine delivery. A handler that breaks its contract makes a dead letter, and a line in the log. */
export function readParts(source: Source, delivery: Delivery, log: Log): readonly Part[] {
  try {
    return source.handler.normalize(delivery, source.settings).map(checkPart);
  } catch (error) {
    if (error instanceof MalformedDelivery) return [error];
    log.error({ source: source.id, ...traceOf(error) }, 'a handler failed while it read a delivery');
    return [new MalformedDelivery('the handler failed while it read this')];
  }
}

/** The last check before the store: no handler can put in what a row, a date or the management API cannot hold. */
function checkPart(part: Part): Part {
  if (part instanceof MalformedDelivery) return part;
  const identifiers = part.identifiers.map(tidyIdentifier);
  const faults = identifiers.flatMap(({ userIdType, userId }) => {
    const fault = identifierFault(userIdType, userId);
    return fault ? [`${userIdType} ${fault}`] : [];
  });
  if (identifiers.length === 0) faults.push('there is no identifier');
  for (const name of ['occurredAt', 'effectiveAt'] as const) {
    const time = part[name];
    if (time !== undefined && !(Number.isSafeInteger(time) && Math.abs(time) <= maxTimeMs))
      faults.push(`${name} is not a time`);
  }
  const { subject, reference = '' } = part;
  if (subject !== undefined && (subject.length > maxSubjectLength || subject.includes('\0')))
    faults.push('subject is too long, or has control characters');
  if (reference.length > maxSubjectLength || reference.includes('\0'))
    faults.push('reference is too long, or has control characters');
  return faults.length > 0 ? new MalformedDelivery(...faults) : { ...part, identifiers };
}

/** The lasting part of an intent. */
export function factsOf(
  draft: IntentDraft,
  { actor, retryOf, delivery }: Pick<IntentFacts, 'actor' | 'retryOf'> & { readonly delivery: Delivery },
): IntentFacts {
  return {
    action: draft.action,
    identifiers: draft.identifiers,
    subject: draft.subject ?? null,
    appIds: draft.appIds ?? [],
    reason: shorten(draft.reason),
    requestedBy: shorten(draft.requestedBy),
    actor,
    occurredAt: draft.occurredAt ?? null,
    effectiveAt: draft.effectiveAt ?? null,
    retryOf,
    broughtBy: null,
    ...(draft.reference === undefined ? {} : { reference: draft.reference }),
    traceparent: traceparentOf(delivery),
  };
}

/** The trace context of the hop that brought a delivery, or else the one that its CloudEvent began with. */
export function traceparentOf({ headers }: Delivery): string | null {
  const given = headers.traceparent ?? headers.ce_traceparent;
  return given !== undefined && traceparentPattern.test(given) ? given : null;
}

/** Free text is for people; a database cannot hold NUL. */
function shorten(text: string | undefined): string | null {
  return text === undefined ? null : text.replaceAll('\0', '').slice(0, maxTextLength);
}

const secretName = /authorization|cookie|signature|token|secret|challenge|key/i;

/**
 * What a dead letter keeps of a delivery: all but the headers and parameters that hold secrets. A header of the source's
 * own may have any name; the source is `undefined` when it is not configured any more.
 */
export function payloadOf(delivery: Delivery, source: Source | undefined): DeadLetterPayload {
  const secretHeader = source?.handler.secretHeader?.(source.settings);
  const isOpen = (name: string): boolean => name !== secretHeader && !secretName.test(name);
  const open = (fields: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(Object.entries(fields).filter(([name]) => isOpen(name)));
  return {
    method: delivery.method,
    query: open(delivery.query),
    headers: open(delivery.headers),
    body: delivery.body,
    position: delivery.position ?? null,
  };
}

/** The delivery that a dead letter keeps. */
export function deliveryOf({ position, ...payload }: DeadLetterPayload): Delivery {
  return { ...payload, ...(position === null ? {} : { position }) };
}

/** SHA-256 in hexadecimal. */
export function digestOf(content: string | Buffer): string {
  return hash('sha256', content, 'hex');
}
