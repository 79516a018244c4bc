import { createHash, createHmac, randomBytes } from 'node:crypto';
import { canonicalJson, type Outcome, type OutcomeDraft } from './outcome.ts';

/** What stands where the schema asks for a text that was erased. */
export const erasedText = 'erased';

/**
 * How the personal part of an outcome enters its hash: as a digest with a salt of its own. Whoever has the salt can
 * prove the text; once text and salt are gone the digest says nothing of anybody, and the hash stays what it was.
 * `null` for outcomes of releases before seals: their hash is over everything.
 */
export type Seal = { readonly salt: string } | { readonly digest: string } | null;

/** An outcome as the trail keeps it. Salts are for whoever audits the trail; publishers never see them. */
export interface TrailEntry {
  readonly outcome: Outcome;
  readonly seal: Seal;
}

type Data = Readonly<Record<string, unknown>>;
interface Personal {
  readonly subject?: string | null | undefined;
  readonly data: object;
}

/** 128 bits in hexadecimal. */
export function newSalt(): string {
  return randomBytes(16).toString('hex');
}

/** SHA-256, in hexadecimal, of the outcome as JSON with sorted keys; of a sealed one, with the digest for its personal part. */
export function outcomeHash(outcome: Outcome, seal: Seal): string {
  if (seal === null) return sha256(canonicalJson(outcome));
  const hashed =
    'salt' in seal
      ? { ...eraseOutcome(outcome), sealed: sealDigest(outcome, seal.salt) }
      : { ...outcome, sealed: seal.digest };
  return sha256(canonicalJson(hashed));
}

/** The digest of the personal part: HMAC-SHA-256, in hexadecimal, keyed by the salt. */
export function sealDigest({ subject = null, data }: Personal, salt: string): string {
  return createHmac('sha256', salt)
    .update(canonicalJson({ subject, ...personalPart({ ...data }) }))
    .digest('hex');
}

/** An outcome without what is personal of it. */
export function eraseOutcome({ subject: _, ...outcome }: Outcome): Outcome {
  return { ...outcome, data: eraseData(outcome.data) };
}

/** The same, before it has its place. */
export function eraseDraft(draft: OutcomeDraft): OutcomeDraft {
  return { ...draft, subject: null, data: eraseData({ ...draft.data }) };
}

/** Whether what was published of an intent had lost its personal part; the key of a person is never this text. */
export function isErased(data: Outcome['data']): boolean {
  return 'person' in data && data.person === erasedText;
}

/** The data of an outcome without what is personal. */
export function eraseData<T extends object>(data: T): T {
  const kept: Record<string, unknown> = Object.fromEntries(Object.entries(data));
  for (const key of ['person', 'userId']) if (key in kept) kept[key] = erasedText;
  for (const key of ['subject', 'reason', 'requestedBy']) if (key in kept) kept[key] = null;
  if (Array.isArray(kept.decisions))
    kept.decisions = kept.decisions.map((one: Data) => ({ ...one, reason: null }));
  if (isObject(kept.answer)) kept.answer = { ...kept.answer, message: null };
  return kept as T;
}

/**
 * Who it is about, and what people and GenAuth wrote about it. What stays is what was done, when, by which source and
 * event, and who on our side is answerable for it: `actor`, and `by` of a decision.
 */
function personalPart(data: Data): Data {
  const { person, userId, subject, reason, requestedBy, decisions, answer } = data;
  return {
    data: { person, userId, subject, reason, requestedBy },
    decisions: Array.isArray(decisions) ? decisions.map((one: Data) => one.reason ?? null) : [],
    answer: isObject(answer) ? answer.message : null,
  };
}

function isObject(value: unknown): value is Data {
  return typeof value === 'object' && value !== null;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
