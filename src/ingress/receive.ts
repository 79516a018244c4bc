import type { Delivery, Receipt, Reply } from '../core/handler.ts';
import { MalformedDelivery, UnverifiedDelivery } from '../core/handler.ts';
import type { IntentDraft } from '../core/intent.ts';
import { type Log, traceOf } from '../core/log.ts';
import type { Store } from '../store/contract.ts';
import { createAllowances } from './allowance.ts';
import { createIntake, type IntakeOptions, type Taken } from './intake.ts';
import { deliveryOf, digestOf, type Part, readParts } from './reading.ts';
import type { Source } from './source.ts';

/** What became of a delivery. */
export type Reception =
  | { readonly kind: 'handshake'; readonly reply: Reply }
  | { readonly kind: 'unverified' }
  | { readonly kind: 'unknown-source' }
  | Taken;

/** How deliveries are counted. */
export type ReceiptKind = Exclude<Reception['kind'], 'receipt'> | Receipt['kind'] | 'refused';

/** Why a transport turned a delivery away unread. */
export interface Refused {
  readonly kind: 'unknown-source' | 'refused' | 'busy';
  /** For the log: nothing of the body, and no more of what the sender wrote than is bounded. */
  readonly reason: string;
  readonly sender: () => string;
}

interface ReceiveOptions {
  /** The transport has authenticated the sender already, so that there is nothing to verify. */
  readonly trusted?: boolean;
  /** The person whom the transport authenticated, such as `slack:U024BE7LH`. */
  readonly actor?: string;
  /** The address it came from, for the log of what is not genuine. */
  readonly sender?: () => string;
}

/** A request of a person who was authenticated, already read. */
interface IntentRequest {
  readonly source: string;
  readonly eventId: string;
  readonly actor: string;
  readonly parts: readonly Part[];
  readonly delivery: Delivery;
  readonly retryOf?: string;
}

/**
 * The one door through which everything comes in. Its promises resolve when the store has it on disk. What is received
 * in one turn of the event loop is kept in that order, and shares commits.
 */
export interface Receiver {
  receive(sourceId: string, delivery: Delivery, options?: ReceiveOptions): Promise<Reception>;
  /** Counts what a transport found to have no content, such as a tombstone. */
  skip(sourceId: string): void;
  /** Counts what a transport turned away unread, and has the log say so: it may have been genuine. */
  refuse(sourceId: string, refused: Refused): void;
  request(request: IntentRequest): Promise<Taken>;
  /**
   * Takes in what we found out ourselves about somebody of a source, as a machine's word. The same finding again is a
   * repeat for a week, and it is no sign of life of the source.
   */
  conclude(sourceId: string, draft: IntentDraft): Promise<Taken>;
  /** Reads a dead letter again, under its own event id. It was verified when it came. */
  replay(
    deadLetterId: string,
    actor: string,
  ): Promise<Taken | { readonly kind: 'not-found' | 'unknown-source' }>;
}

export interface ReceiverOptions extends IntakeOptions {
  readonly store: IntakeOptions['store'] & Pick<Store, 'findDeadLetter' | 'resolveDeadLetter'>;
  /** Told of everything that came in; `null` is a source that is not configured. */
  readonly onReceipt?: (sourceId: string | null, kind: ReceiptKind) => void;
}

/** For how long the same bytes are taken for a repeat when neither the sender nor its handler says. */
const defaultRetrySpanMs = 3_600_000;
const concludedSpanMs = 7 * 86_400_000;
/** Lines a minute about each way in which deliveries are turned away; all of them are counted. */
const maxLines = 60;
/** What may be the id of a source that was meant; anything else that a sender wrote is not for the log. */
const idPattern = /^[a-z][a-z0-9-]{0,62}$/i;
/** Set-ups a day of one source: more than anybody makes, and too few to fill a store within the life of a dead letter. */
const maxSetups = 10;

export function createReceiver(options: ReceiverOptions): Receiver {
  const { store, sources, now, log } = options;
  const take = createIntake(options);
  const linesOf = createAllowances(maxLines, 60_000);
  const setups = createAllowances(maxSetups, 86_400_000);

  function tell<R extends Reception>(sourceId: string, reception: R): R {
    const kind = reception.kind === 'receipt' ? reception.receipt.kind : reception.kind;
    options.onReceipt?.(sources.has(sourceId) ? sourceId : null, kind);
    return reception;
  }

  function read(source: Source, delivery: Delivery) {
    const retrySpanMs = source.handler.retrySpanMs ?? defaultRetrySpanMs;
    const parts = readParts(source, delivery, log);
    return { source: source.id, delivery, retrySpanMs, parts, retryOf: null };
  }

  /** @throws UnverifiedDelivery */
  function checkGenuine({ id, handler, settings }: Source, delivery: Delivery): void {
    if (!handler.isSetup?.(delivery, settings)) handler.verify(delivery, settings, now());
    else if (!setups(id).take(now()))
      throw new UnverifiedDelivery(`more than ${maxSetups} set-ups came in a day`);
  }

  function receiveFrom(
    source: Source,
    delivery: Delivery,
    how: ReceiveOptions,
  ): Reception | Promise<Reception> {
    try {
      const reply = shakeHands(source, delivery, log);
      if (reply) return { kind: 'handshake', reply };
      if (!how.trusted) checkGenuine(source, delivery);
    } catch (error) {
      if (linesOf('unverified').take(now())) {
        const why = error instanceof UnverifiedDelivery ? { reason: error.message } : traceOf(error);
        log.warn({ source: source.id, sender: how.sender?.(), ...why }, 'a delivery is not genuine');
      }
      return { kind: 'unverified' };
    }
    const eventId = eventIdOf(source, delivery, log);
    return take({ ...read(source, delivery), eventId, actor: how.actor ?? null });
  }

  return {
    async receive(sourceId, delivery, how = {}) {
      const source = sources.get(sourceId);
      return tell(sourceId, source ? await receiveFrom(source, delivery, how) : { kind: 'unknown-source' });
    },
    skip: (sourceId) => options.onReceipt?.(sourceId, 'ignored'),
    refuse(sourceId, { kind, reason, sender }) {
      options.onReceipt?.(kind === 'unknown-source' ? null : sourceId, kind);
      if (!linesOf(kind).take(now())) return;
      const source = idPattern.test(sourceId) ? sourceId : null;
      log.warn({ source, sender: sender(), reason }, 'a delivery is refused');
    },
    async request(request) {
      const taken = await take({ retryOf: null, ...request, retrySpanMs: defaultRetrySpanMs });
      // A retry is no sign of life of the source whose intent it repeats.
      return request.retryOf === undefined ? tell(request.source, taken) : taken;
    },
    async conclude(source, draft) {
      const body = Buffer.from(JSON.stringify([draft.action, draft.identifiers]));
      const delivery = { method: 'RECONCILE', query: {}, headers: {}, body };
      const reading = { source, delivery, eventId: null, retrySpanMs: concludedSpanMs };
      return take({ ...reading, parts: [draft], actor: null, retryOf: null });
    },
    async replay(deadLetterId, actor) {
      const letter = await store.findDeadLetter(deadLetterId);
      if (!letter) return { kind: 'not-found' };
      const source = sources.get(letter.source);
      if (!source) return { kind: 'unknown-source' };
      const reading = read(source, deliveryOf(letter.payload));
      // Whoever replays what a person asked for is the one who asks now; a machine's event stays a machine's.
      const askedByPerson = source.transport === 'api' || source.transport === 'slack';
      const request = { ...reading, eventId: letter.eventId, actor: askedByPerson ? actor : null };
      const taken = await take(request);
      const isReadable = !(reading.parts[letter.part] instanceof MalformedDelivery);
      if (taken.kind === 'receipt' && isReadable) await store.resolveDeadLetter(deadLetterId);
      return taken;
    },
  };
}

/** @throws UnverifiedDelivery when the handshake itself has to be genuine, and is not */
function shakeHands({ id, handler, settings }: Source, delivery: Delivery, log: Log): Reply | null {
  try {
    return handler.handshake?.(delivery, settings) ?? null;
  } catch (error) {
    if (error instanceof UnverifiedDelivery) throw error;
    if (!(error instanceof MalformedDelivery))
      log.error({ source: id, ...traceOf(error) }, 'a handler failed at its handshake');
    return null;
  }
}

/** The sender's own event id, or where a broker keeps it; one that is too odd for a key goes by its digest. */
function eventIdOf({ id, handler, settings }: Source, delivery: Delivery, log: Log): string | null {
  let given: string | null = null;
  try {
    given = handler.eventId?.(delivery, settings) || null;
  } catch (error) {
    if (!(error instanceof MalformedDelivery))
      log.error({ source: id, ...traceOf(error) }, 'a handler failed to tell the event id');
  }
  given ??= delivery.position ?? null;
  return given === null || /^[\x20-\x7e]{1,256}$/.test(given) ? given : `sha256:${digestOf(given)}`;
}
