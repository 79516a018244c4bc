import type { Config } from '../config.ts';
import type { DirectoryAccess } from '../core/handler.ts';
import type { Identifier } from '../core/identifier.ts';
import type { IntentDraft } from '../core/intent.ts';
import { type Log, traceOf } from '../core/log.ts';
import type { VendorHttp } from '../core/lookup.ts';
import { createLoop } from '../core/loop.ts';
import { createVendorHttp } from '../dispatcher/vendor-http.ts';
import type { Receiver } from '../ingress/receive.ts';
import { createManagementApi, type ManagementApi } from '../management-api/client.ts';
import type { Means } from '../reconcile/asking.ts';
import { findActiveLeavers, type LeaversReport, type Left } from '../reconcile/leavers.ts';
import { type Reconciliation, reconcile } from '../reconcile/reconcile.ts';

const requestTimeoutMs = 15_000;
const maxAnswerBytes = 16 * 1_048_576;

/** Compares one source's directory with GenAuth, beside a bridge that runs or without one. `null` = it has none. */
export async function reconcileSource(config: Config, sourceId: string): Promise<Reconciliation | null> {
  const access = accessOf(config, sourceId);
  if (!access) return null;
  const api = createManagementApi(config.genauth);
  try {
    return await reconcile(api, access, meansOf(new AbortController().signal));
  } finally {
    api.close();
  }
}

/** Asks GenAuth who of those who left is still active. @throws when any answer is not whole */
export async function reconcileLeavers<Leaver extends Left>(
  { genauth }: Config,
  leavers: readonly Leaver[],
): Promise<LeaversReport<Leaver>> {
  const api = createManagementApi(genauth);
  try {
    return await findActiveLeavers(api, leavers, new AbortController().signal);
  } finally {
    api.close();
  }
}

/** The comparisons that are done by themselves. */
export interface Reconciling {
  stop(): Promise<void>;
}

interface ReconcilingOptions {
  readonly config: Config;
  readonly api: ManagementApi;
  readonly receiver: Pick<Receiver, 'conclude'>;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Compares at the start, and then as often as each source's settings say. */
export function startReconciling(options: ReconcilingOptions): Reconciling {
  const { config, log } = options;
  const loops = Object.keys(config.sources).flatMap((id) => {
    const access = accessOf(config, id);
    if (!access?.everyMs) return [];
    const loop = createLoop({
      tick: () => reconcileOnce(id, access, options),
      idleMs: access.everyMs,
      onError: (error) => log.error({ source: id, ...traceOf(error) }, 'a comparison stumbled'),
    });
    loop.start();
    return [loop];
  });
  return {
    async stop() {
      await Promise.all(loops.map((loop) => loop.stop()));
    },
  };
}

async function reconcileOnce(id: string, access: DirectoryAccess, options: ReconcilingOptions): Promise<0> {
  const { api, receiver, log, signal } = options;
  const result = await reconcile(api, access, meansOf(signal));
  if (signal.aborted) return 0;
  if (result.kind === 'ended') {
    log.warn({ source: id, reason: result.reason }, 'a comparison with the directory ended early');
    return 0;
  }
  const { inDirectory, active, gone } = result;
  log.info({ source: id, inDirectory, active, gone: gone.length }, 'compared with the directory');
  if (!access.apply) return 0;
  // At once, so that they share a commit, and the safeguard sees them together.
  const taken = await Promise.all(gone.map((identifier) => receiver.conclude(id, draftOf(identifier))));
  const lost = taken.filter(({ kind }) => kind === 'busy').length;
  if (lost > 0)
    log.warn({ source: id, lost }, 'departures were not kept; the next comparison finds them again');
  return 0;
}

/** Each request has a time limit of its own; the longest answer is of a large department, or page. */
function meansOf(signal: AbortSignal): Means {
  const http: VendorHttp = (request) =>
    createVendorHttp(requestTimeoutMs, { maxAnswerBytes, signal })(request);
  return { http, signal };
}

/** A resign like any other of that source: it waits for the grace, and counts for the safeguard. */
function draftOf(identifier: Identifier): IntentDraft {
  const subject = identifier.userId.slice(identifier.userId.indexOf(':') + 1);
  return { action: 'resign', identifiers: [identifier], subject, reason: 'no longer in the directory' };
}

function accessOf({ sources }: Config, id: string): DirectoryAccess | null {
  const source = sources[id];
  return source?.handler.directory?.(source.settings) ?? null;
}
