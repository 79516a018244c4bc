import { z } from 'zod';
import { type Identifier, identifierFault } from './identifier.ts';
import { durationSetting } from './source-settings.ts';

/** What the handlers of directories have in common: GenAuth syncs from them, and so knows their ids. */

/** One secret, or several while it is rotated. `says` is the fault of what is neither. */
function severalOf<Schema extends z.ZodType>(schema: Schema, says: string) {
  return z
    .union([schema, z.array(schema).min(1).max(10)], {
      error: ({ input }) => (input === undefined ? 'is required' : says),
    })
    .transform((given) => [given].flat() as z.output<Schema>[]);
}

const noText = 'is not a text of 1 to 256 characters, or a list of such texts';
const noKey = 'is not a key of 43 characters, or a list of such keys';

/** A token, a key phrase, or several of them. */
export const directorySecrets = severalOf(z.string().min(1).max(256), noText);

/** A key for AES-256 as DingTalk and WeCom show it, base64 without its padding, or several of them. */
export const callbackKeys = severalOf(
  z
    .string()
    .regex(/^[A-Za-z0-9+/]{43}$/, { error: 'is not a key of 43 characters' })
    .transform((text) => Buffer.from(`${text}=`, 'base64')),
  noKey,
);

/** An id that a directory gave; nothing that could reach into another part of an identifier. */
export const directoryId = z.string().regex(/^[^\s\p{C}]{1,128}$/u, { error: 'is not an id' });

/** The settings that say how GenAuth knows the people of a directory. */
export const relationKeys = {
  sendAs: z
    .enum(['sync_relation', 'identity'])
    .default('sync_relation')
    .describe('how GenAuth knows the people: by its sync with the directory, or by an identity source'),
  extIdpId: z
    .string()
    .regex(/^[\w-]{1,64}$/, { error: 'is not the id of an identity source' })
    .nullable()
    .default(null)
    .describe('the id of the identity source; only with sendAs: identity'),
  tenant: z
    .string()
    .min(1)
    .max(256)
    .nullable()
    .default(null)
    .describe('compared with the company in the event'),
};

export interface Relation {
  readonly sendAs: 'sync_relation' | 'identity';
  readonly extIdpId: string | null;
}

/** The identifier of a person in a directory that GenAuth syncs from under the name of `provider`. */
export function relationTo(relation: Relation, provider: string, userIdInIdp: string): Identifier {
  return { userIdType: relation.sendAs, userId: `${relationName(relation, provider)}:${userIdInIdp}` };
}

function relationName({ sendAs, extIdpId }: Relation, provider: string): string {
  return sendAs === 'identity' ? String(extIdpId) : provider;
}

/** Without the identifiers whose value cannot be one of its type. */
export function usable(identifiers: readonly Identifier[]): readonly Identifier[] {
  return identifiers.filter(({ userIdType, userId }) => identifierFault(userIdType, userId) === null);
}

/** The base URL of a vendor's API, to which credentials go; `null` = the vendor's own. */
export const apiUrl = z
  .string()
  .refine((url) => /^https:\/\/[^/?#@]+$|^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(url), {
    error: 'is not https://<host>; http is only for loopback hosts',
  })
  .nullable()
  .default(null);

/** How the people whom a directory still has are compared with those who are still active in GenAuth. */
export const reconcileKeys = {
  // A timer of more than 24 days fires at once.
  every: durationSetting('1h', '20d')
    .nullable()
    .default(null)
    .describe('how often it is done; null = only when it is asked for'),
  apply: z
    .boolean()
    .default(false)
    .describe('whether those who are gone are resigned when it is done by itself'),
  maxGone: z
    .number()
    .gt(0)
    .max(1)
    .default(0.1)
    .describe('the share of the active who may be gone at once; more is taken for a mistake'),
};

interface Comparison {
  /** `sync_relation` under `name`, or `identity` under `name`. */
  readonly userIdType: 'sync_relation' | 'identity';
  readonly name: string;
  /** A share of the active, in (0, 1]. */
  readonly maxGone: number;
  /** `null` = only when it is asked for. */
  readonly everyMs: number | null;
  readonly apply: boolean;
}

/** What lists the people of a directory, and by which identifiers GenAuth knows them. */
export type DirectoryAccess = Comparison & { readonly apiUrl: string } & (
    | { readonly kind: 'wecom'; readonly corpId: string; readonly secret: string }
    | { readonly kind: 'dingtalk'; readonly clientId: string; readonly clientSecret: string }
    | {
        readonly kind: 'lark';
        readonly appId: string;
        readonly appSecret: string;
        readonly personId: 'open_id' | 'union_id' | 'user_id';
      }
  );

/** How a comparison is done, by the section `reconcile` of a source that GenAuth syncs from as `provider`. */
export function readComparison(
  relation: Relation,
  provider: string,
  { every, apply, maxGone }: { every: number | null; apply: boolean; maxGone: number },
): Comparison {
  const name = relationName(relation, provider);
  return { userIdType: relation.sendAs, name, maxGone, everyMs: every, apply };
}

interface KeyGroup {
  /** Required while they are in use. */
  readonly keys: readonly string[];
  readonly optional?: readonly string[];
  readonly inUse: boolean;
  /** The setting that says so, such as `transport: stream`. */
  readonly by: string;
}

/** Refuses a missing key of a group that is in use, and a key that would do nothing. */
export function checkKeyGroups(
  settings: Readonly<Record<string, unknown>>,
  context: z.RefinementCtx,
  groups: readonly KeyGroup[],
): void {
  for (const { keys, optional = [], inUse, by } of groups) {
    for (const key of [...keys, ...optional]) {
      if ((settings[key] !== null) === inUse || (inUse && optional.includes(key))) continue;
      const message = inUse ? `is required by ${by}` : `does nothing without ${by}`;
      context.addIssue({ code: 'custom', path: [key], message });
    }
  }
}

/** Epoch milliseconds of a number, or of its digits, in seconds, milliseconds or microseconds. */
export function readEpoch(value: unknown): number | undefined {
  const text = String(value);
  if (!/^\d{10,16}(\.\d{1,9})?$/.test(text)) return undefined;
  const digits = text.replace(/\..*/, '').length;
  return Math.round(Number(text) * 10 ** (digits <= 11 ? 3 : digits <= 14 ? 0 : -3));
}
