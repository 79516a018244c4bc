import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import { parseDuration } from '../core/duration.ts';
import { createOperator, type Operator, readPages } from './operator.ts';
import { type IntentReply, intentsReply, readReply } from './reply.ts';
import {
  type AskingOptions,
  addAsking,
  CommandFailure,
  exitCodes,
  printable,
  type Shell,
  say,
  sayJson,
  table,
} from './shell.ts';

const usualSince = '7d';

interface ReportOptions extends AskingOptions {
  readonly source: string;
  /** Milliseconds. */
  readonly since: number;
}

/** What has become of an intent, or would have without the dry run; in the order in which they are shown. */
const kinds = [
  'would resign',
  'would kick',
  'not found',
  'contradicting',
  'would be held',
  'held',
  'failed',
  'canceled',
  'waiting',
  'withdraw',
  'acted',
] as const;
type Kind = (typeof kinds)[number];

/** Whoever switches the source on should have understood these first. */
const odd: readonly Kind[] = ['not found', 'contradicting', 'would be held', 'held', 'failed'];

const sourcesReply = z.object({
  sources: z.array(z.object({ id: z.string(), receipts: z.record(z.string(), z.number()) })),
});
const lettersReply = z.object({
  deadLetters: z.array(z.object({ source: z.string() })),
  next: z.string().nullable(),
});

/** What came of the source's deliveries since the bridge was started. */
interface Receipts {
  readonly ignored: number;
  readonly unverified: number;
  readonly openDeadLetters: number;
}

export function addReport(program: Command, shell: Shell): void {
  addAsking(program, 'report', 'what a source that is watched would have done: see sources.<id>.dryRun')
    .requiredOption('--source <id>', 'which')
    .addOption(
      new Option('--since <duration>', 'how far back')
        .argParser(readDuration)
        .default(readDuration(usualSince), usualSince),
    )
    .action(async (options: ReportOptions) => {
      const operator = createOperator(shell, options);
      const receipts = await readReceipts(operator, options.source);
      const from = new Date(Date.now() - options.since).toISOString();
      const found = (await listIntents(operator, options.source, from)).map((intent) => ({
        kind: kindOf(intent),
        intent,
      }));
      const counts = kinds.map((kind): [Kind, number] => [
        kind,
        found.filter((one) => one.kind === kind).length,
      ]);
      const { source, json } = options;
      if (json) {
        const intents = found.map(({ kind, intent }) => ({ kind, ...intent }));
        sayJson(shell, { source, since: from, counts: Object.fromEntries(counts), ...receipts, intents });
      } else tell(shell, { source, from, found, counts, receipts });
      const needsLook = found.length === 0 || found.some(({ kind }) => odd.includes(kind));
      if (needsLook || receipts.unverified > 0 || receipts.openDeadLetters > 0)
        throw new CommandFailure(exitCodes.endedOtherwise);
    });
}

interface Findings {
  readonly source: string;
  readonly from: string;
  readonly found: readonly { readonly kind: Kind; readonly intent: IntentReply }[];
  readonly counts: readonly [Kind, number][];
  readonly receipts: Receipts;
}

function tell({ stdout }: Shell, { source, from, found, counts, receipts }: Findings): void {
  const { ignored, unverified, openDeadLetters } = receipts;
  say(stdout, printable(`${source}: ${found.length} intents since ${from}`));
  if (found.some(({ kind }) => kind === 'acted')) say(stdout, 'It is not only watched: it has acted.');
  const rows = [
    ...counts.filter(([, count]) => count > 0),
    ['open dead letters', openDeadLetters],
    ['ignored (since the start)', ignored],
    ['not genuine (since the start)', unverified],
  ];
  say(stdout, '', ...table(rows.map((row) => row.map(String))));
  const listed = kinds.flatMap((kind) => found.filter((one) => one.kind === kind));
  const lines = listed.map(({ kind, intent }) => {
    const { id, userIdType, userId, receivedAt, failure } = intent;
    return [
      kind,
      id,
      `${userIdType}:${userId}`,
      receivedAt,
      failure ? `${failure.code}: ${failure.message}` : '',
    ];
  });
  if (lines.length > 0) say(stdout, '', ...table(lines));
}

function kindOf({ action, status, failure }: IntentReply): Kind {
  if (failure?.code === 'user_not_found') return 'not found';
  if (failure?.code === 'identity_conflict') return 'contradicting';
  switch (status) {
    case 'simulated':
      if (failure) return 'would be held';
      return action === 'kick' ? 'would kick' : 'would resign';
    case 'held':
    case 'failed':
    case 'canceled':
      return status;
    case 'succeeded':
      return action === 'withdraw' ? 'withdraw' : 'acted';
    default:
      return 'waiting';
  }
}

/** Newest first, so that the first that is too old ends it. */
async function listIntents(operator: Operator, source: string, from: string): Promise<IntentReply[]> {
  const all: IntentReply[] = [];
  for await (const { intents } of readPages(operator, '/intents', {
    schema: intentsReply,
    query: { source },
  })) {
    const wanted = intents.filter(({ receivedAt }) => receivedAt >= from);
    all.push(...wanted);
    if (wanted.length < intents.length) break;
  }
  return all;
}

async function readReceipts(operator: Operator, id: string): Promise<Receipts> {
  const { sources } = readReply(sourcesReply, await operator.get('/sources'));
  const source = sources.find((one) => one.id === id);
  if (!source) throw new CommandFailure(exitCodes.refused, printable(`the bridge has no source ${id}`));
  const { ignored = 0, unverified = 0 } = source.receipts;
  let openDeadLetters = 0;
  for await (const { deadLetters } of readPages(operator, '/dead-letters', { schema: lettersReply }))
    openDeadLetters += deadLetters.filter((letter) => letter.source === id).length;
  return { ignored, unverified, openDeadLetters };
}

function readDuration(given: string): number {
  const ms = parseDuration(given);
  if (ms === null) throw new InvalidArgumentError('Write a duration such as 12h or 7d.');
  return ms;
}
