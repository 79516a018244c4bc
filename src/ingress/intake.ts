import { type AdmissionPolicy, admit } from '../core/admission.ts';
import type { Delivery, Receipt, Reply } from '../core/handler.ts';
import { MalformedDelivery } from '../core/handler.ts';
import { actions, type IntentDraft } from '../core/intent.ts';
import { type Log, traceOf } from '../core/log.ts';
import type { AcceptedIntent, AcceptReceipt, Store } from '../store/contract.ts';
import { digestOf, factsOf, type Part, payloadOf } from './reading.ts';
import type { Source, Sources } from './source.ts';

export interface IntakeOptions {
  readonly store: Pick<Store, 'accept' | 'isBacklogged'>;
  readonly sources: Sources;
  /** So many due and unsettled intents are too many. */
  readonly backlogLimit: number;
  /** The care that all sources share; what each may cause is its own. */
  readonly policy: Omit<AdmissionPolicy, 'actions'>;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly log: Log;
  /** Told of deliveries that were kept as dead letters, also when one was replayed. */
  readonly onDeadLetter?: (sourceId: string, delivery: Delivery) => void;
}

/** A delivery that is genuine and was read. */
export interface Reading {
  readonly source: string;
  readonly delivery: Delivery;
  /** `null` when the sender gives none: then it is a digest of the content, good for `retrySpanMs`. */
  readonly eventId: string | null;
  readonly retrySpanMs: number;
  readonly parts: readonly Part[];
  readonly actor: string | null;
  readonly retryOf: string | null;
}

/** `busy` means that it was not kept, and may come again. */
export type Taken =
  | {
      readonly kind: 'receipt';
      readonly receipt: Receipt;
      /** The handler's own answer, where the vendor asks for one. */
      readonly reply: Reply | null;
      /** False when another content was accepted earlier under the same event id. */
      readonly sameContent: boolean;
    }
  | { readonly kind: 'busy' };

const backlogCheckMs = 1_000;

/** Admits what was read, and resolves when the store has it on disk. */
export function createIntake(options: IntakeOptions): (reading: Reading) => Promise<Taken> {
  const { store, sources, policy, now, log } = options;
  const isFull = createBacklogCheck(options);

  async function accept(reading: Reading): Promise<Taken> {
    const { source, delivery, eventId, parts } = reading;
    const contentDigest = digestOf(delivery.body);
    const receivedAt = now();
    const accepted = await store.accept({
      source,
      eventId: eventId ?? contentDigest,
      retrySpanMs: eventId === null ? reading.retrySpanMs : null,
      contentDigest,
      receivedAt,
      parts: parts.map((part) =>
        isUnreadable(part)
          ? { kind: 'unreadable', faults: part.faults }
          : admitDraft(part, reading, receivedAt),
      ),
      payload: parts.some(isUnreadable) ? payloadOf(delivery, sources.get(source)) : null,
    });
    const receipt = readReceipt(accepted, parts);
    const sameContent = accepted.kind === 'accepted' || accepted.contentDigest === contentDigest;
    const reply = replyTo(sources.get(source), receipt, { delivery, log });
    if (receipt.kind === 'dead-letter') options.onDeadLetter?.(source, delivery);
    return { kind: 'receipt', receipt, reply, sameContent };
  }

  /** A source that is gone from the configuration left intents behind which a person may still retry. */
  function admitDraft(draft: IntentDraft, reading: Reading, at: number): AcceptedIntent {
    const byPerson = reading.actor !== null;
    const allowed = sources.get(reading.source)?.actions ?? actions;
    const personalKick = byPerson && draft.action === 'kick';
    return {
      kind: 'intent',
      facts: factsOf(draft, reading),
      admission: admit({ draft, byPerson, waived: [] }, { ...policy, actions: allowed }, at),
      urgent: personalKick,
      // Whether it is a leaver at all is still to be looked up.
      exempt: personalKick || draft.reference !== undefined,
      allSources: byPerson && draft.action === 'withdraw',
    };
  }

  return async (reading) => {
    const { source, delivery, parts } = reading;
    if (parts.length === 0) {
      const receipt: Receipt = { kind: 'ignored' };
      const reply = replyTo(sources.get(source), receipt, { delivery, log });
      return { kind: 'receipt', receipt, reply, sameContent: true };
    }
    try {
      const full = isFull();
      return (typeof full === 'boolean' ? full : await full) ? { kind: 'busy' } : await accept(reading);
    } catch (error) {
      const reason = error instanceof Error ? error.message : '';
      log.error({ source, reason, ...traceOf(error) }, 'the store did not take a delivery');
      return { kind: 'busy' };
    }
  };
}

function isUnreadable(part: Part): part is MalformedDelivery {
  return part instanceof MalformedDelivery;
}

function readReceipt({ kind, intents, deadLetters }: AcceptReceipt, parts: readonly Part[]): Receipt {
  const [id] = deadLetters;
  if (intents.length > 0 || id === undefined) return { kind, intents };
  return { kind: 'dead-letter', id, faults: parts.filter(isUnreadable).flatMap((part) => part.faults) };
}

/** By now the delivery is kept: a handler that fails here must not make the sender believe otherwise. */
function replyTo(
  source: Source | undefined,
  receipt: Receipt,
  { delivery, log }: { delivery: Delivery; log: Log },
): Reply | null {
  try {
    return source?.handler.reply?.(receipt, delivery, source.settings) ?? null;
  } catch (error) {
    log.error({ source: source?.id, ...traceOf(error) }, 'a handler failed to word its reply');
    return null;
  }
}

/**
 * Asks the store at most once in a while; in between the last answer counts. All wait for the same answer, so that
 * nobody who came later gets ahead of who had to ask.
 */
function createBacklogCheck({ store, backlogLimit, now }: IntakeOptions): () => boolean | Promise<boolean> {
  let checkedAt = Number.NEGATIVE_INFINITY;
  let full: boolean | Promise<boolean> = false;
  return () => {
    const at = now();
    if (Math.abs(at - checkedAt) >= backlogCheckMs) {
      checkedAt = at;
      const asked = store.isBacklogged(backlogLimit, at);
      full = asked;
      const keep = (answer: boolean): void => {
        if (full === asked) full = answer;
      };
      asked.then(keep, () => {});
    }
    return full;
  };
}
