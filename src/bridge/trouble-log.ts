import type { Log } from '../core/log.ts';
import type { Trouble } from '../core/trouble.ts';

export interface TroubleLogOptions {
  /** What does not work as it should at the moment. */
  readonly troubles: () => Promise<readonly Trouble[]>;
  readonly log: Pick<Log, 'warn' | 'info'>;
}

/**
 * Puts into the log what does not work, and when it works again, each once. What is gone by the next tick is not worth a
 * line. The reasons stay out of it, because what GenAuth or a vendor answered may name somebody.
 */
export function createTroubleLog({ troubles, log }: TroubleLogOptions): { tick(): Promise<number> } {
  let before = new Set<string>();
  const told = new Map<string, Pick<Trouble, 'code' | 'about'>>();
  return {
    async tick() {
      const found = await troubles();
      const now = new Map(found.map(({ code, about }) => [`${code} ${about}`, { code, about }]));
      for (const [key, trouble] of now) {
        if (told.has(key) || !before.has(key)) continue;
        told.set(key, trouble);
        log.warn(trouble, 'something does not work; /v1/status says why');
      }
      for (const [key, trouble] of told) {
        if (now.has(key)) continue;
        told.delete(key);
        log.info(trouble, 'it works again');
      }
      before = new Set(now.keys());
      return 0;
    },
  };
}
