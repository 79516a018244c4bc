import { z } from 'zod';
import { count, dayMs, duration } from './value.ts';

/** What applies where nothing else is written. */
const usual = { maxResigns: 20, maxKicks: 100, perMs: 3_600_000 };

const limitShape = {
  maxResigns: count
    .nullable()
    .default(null)
    .describe(`resigns in the window; the rest is held. ${usual.maxResigns} unless a limit says it`),
  maxPercent: z
    .number()
    .positive()
    .max(100)
    .nullable()
    .default(null)
    .describe('the same in percent of the active users of the pool; the larger of the two applies'),
  maxKicks: count
    .nullable()
    .default(null)
    .describe(`kicks by machines in the window; the rest is held. ${usual.maxKicks} unless a limit says it`),
  per: duration().prefault('1h').describe('the sliding window'),
};

type WrittenLimit = z.output<z.ZodObject<typeof limitShape>>;

function readLimit({ per, ...most }: WrittenLimit) {
  return { ...most, perMs: per };
}
type Limit = ReturnType<typeof readLimit>;

/** A limit must limit something, also while nobody knows how many users are active. */
function refuseEmpty({ maxResigns, maxPercent, maxKicks }: WrittenLimit, context: z.RefinementCtx): void {
  if (maxResigns !== null) return;
  const message =
    maxPercent !== null
      ? 'needs maxResigns beside maxPercent: it applies while nobody knows how many users are active'
      : 'limits nothing; it needs maxResigns or maxKicks';
  if (maxPercent !== null || maxKicks === null) context.addIssue({ code: 'custom', message });
}

const limits = z
  .array(z.strictObject(limitShape).superRefine(refuseEmpty))
  .min(1)
  .max(10)
  .nullable()
  .default(null)
  .describe('several limits at once, in the place of a single one');

/** A single limit, or several. */
const formShape = { ...limitShape, limits };
type Form = z.output<z.ZodObject<typeof formShape>>;

/** One limit and a list of them cannot both be meant. */
function refuseMixture(form: Form, context: z.RefinementCtx): void {
  const also = (['maxResigns', 'maxPercent', 'maxKicks'] as const).find((key) => form[key] !== null);
  if (form.limits === null || also === undefined) return;
  const message = `are beside ${also}; write that into one of them`;
  context.addIssue({ code: 'custom', path: ['limits'], message });
}

function readLimits({ limits: list, ...single }: Form): readonly [Limit, ...Limit[]] {
  const [first = single, ...others] = list ?? [];
  return [readLimit(first), ...others.map(readLimit)];
}

const safeguard = z
  .strictObject({
    ...formShape,
    grace: duration({ minMs: 0, maxMs: dayMs })
      .prefault('3s')
      .describe("how long a machine's resign waits, so that a burst is seen before its first is acted on"),
  })
  .superRefine(refuseMixture)
  .transform(({ grace, ...form }) => ({ limits: fillIn(readLimits(form)), graceMs: grace }));

/** Whatever no limit speaks of is limited as where nothing is written. */
function fillIn([first, ...others]: readonly [Limit, ...Limit[]]): readonly Limit[] {
  const all = [first, ...others];
  const missing = {
    ...(all.every((one) => one.maxResigns === null) && { maxResigns: usual.maxResigns }),
    ...(all.every((one) => one.maxKicks === null) && { maxKicks: usual.maxKicks }),
  };
  if (Object.keys(missing).length === 0) return all;
  if (others.length === 0) return [{ ...first, ...missing }];
  return [...all, { maxResigns: null, maxPercent: null, maxKicks: null, perMs: usual.perMs, ...missing }];
}

const off = z.literal('off').transform(() => null);

/** `leavers.safeguard` */
export const safeguardSchema = z
  .union([off, safeguard], { error: 'is neither off nor a mapping' })
  .prefault({})
  .describe('off, or how much is let through in a window before the rest is held');

/** `sources.<id>.safeguard`: what its limits do not speak of, only `leavers.safeguard` limits. */
export const sourceSafeguardSchema = z
  .strictObject(formShape)
  .superRefine((form, context) => {
    refuseMixture(form, context);
    if (form.limits === null) refuseEmpty(form, context);
  })
  .transform(readLimits)
  .nullable()
  .default(null)
  .describe('limits that count this source alone, beside leavers.safeguard; null = none');
