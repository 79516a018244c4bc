import { noAnswer } from '../core/intent.ts';
import type { Called, Calls } from './calls.ts';

/** How long a list of apps is good for, in milliseconds; a new app is kicked from at the latest then. */
const freshMs = 10 * 60_000;

/** The apps that a kick signs out of when it names none. */
export interface Applications {
  current(calls: Calls): Promise<Called<readonly string[]>>;
  /** Reads the list anew, because an app of it was not found. */
  refresh(calls: Calls): Promise<Called<readonly string[]>>;
}

/** All apps of the user pool, or the configured ones, which are never read. */
export function createApplications(configured: 'all' | readonly string[]): Applications {
  let cached: { called: Called<readonly string[]>; until: number } | null = null;
  let reading: Promise<Called<readonly string[]>> | null = null;

  async function read(calls: Calls): Promise<Called<readonly string[]>> {
    const called = await calls.listApplications();
    cached = called.answer.kind === 'done' ? { called, until: performance.now() + freshMs } : null;
    return called;
  }

  async function refresh(calls: Calls): Promise<Called<readonly string[]>> {
    reading ??= read(calls).finally(() => {
      reading = null;
    });
    return reading;
  }

  return {
    async current(calls) {
      if (configured !== 'all') return fixed(configured);
      return cached && performance.now() < cached.until ? cached.called : refresh(calls);
    },
    refresh,
  };
}

function fixed(appIds: readonly string[]): Called<readonly string[]> {
  return {
    answer: { kind: 'done', data: appIds, summary: noAnswer },
    standing: { endpointWorks: true, forbidden: 'retry', refusesEveryone: false },
  };
}
