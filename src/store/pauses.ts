import type { Intent } from '../core/intent.ts';
import { type OutcomeDraft, recordOutcome } from '../core/outcome.ts';
import type { Pause, PauseDecision } from './contract.ts';
import type { Row } from './rows.ts';

/** That somebody paused a scope, or resumed it. */
export function pauseOutcome({ scope, by, at, reason, verdict }: PauseDecision): OutcomeDraft {
  const facts = { source: 'api', time: at, actor: by, reason, reference: scope, verdict };
  return recordOutcome({ type: 'operator.decided', ...facts });
}

/** Whether one of the pauses covers an intent: of everything, of its action, or of its source. */
export function isPaused(pauses: readonly Pause[], { action, source }: Intent): boolean {
  return pauses.some(({ scope }) => scope === 'all' || scope === action || scope === source);
}

export function readPause({ scope, by, at, reason }: Row): Pause {
  return {
    scope: String(scope),
    by: String(by),
    at: Number(at),
    reason: reason === null ? null : String(reason),
  };
}
