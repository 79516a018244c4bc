import { heldResign, nameById, nameDeleted, usesLookup, type Verdict } from '../../src/core/handler.ts';
import type { Settings } from './settings.ts';

const rehireCancelled = heldResign(
  'status_unknown',
  'Gusto says that a rehire was called off, not whether the person is still there',
);
const recordDeleted = heldResign(
  'record_deleted',
  'Gusto says that the record was deleted, not that the person left',
);
const dismissed = heldResign('status_unknown', 'Gusto says that a contractor is dismissed, but not for when');

/**
 * What is sent when an end is entered does not say for when. On an employee's day another event follows, by two names
 * in Gusto's own pages. On a contractor's one follows by some of those pages, and not by others: so a person decides.
 * Source: docs.gusto.com/embedded-payroll/changelog/added-contractor-lifecycle-webhooks-for-future-dated-transitions.
 */
const verdicts = new Map<string, Verdict>([
  ['employee.termination_effective', { action: 'resign' }],
  ['employee.terminated_effective', { action: 'resign' }],
  ['employee.termination_cancelled', { action: 'withdraw' }],
  ['employee.rehired', { action: 'withdraw' }],
  ['employee.rehire_effective', { action: 'withdraw' }],
  ['employee.rehire_cancelled', rehireCancelled],
  ['contractor.deactivated', dismissed],
  ['contractor.deactivation_effective', { action: 'resign' }],
  ['contractor.deactivation_cancelled', { action: 'withdraw' }],
  ['contractor.reactivated', { action: 'withdraw' }],
  ['contractor.reactivation_effective', { action: 'withdraw' }],
  ['contractor.reactivation_cancelled', rehireCancelled],
  ['employee.deleted', recordDeleted],
  ['contractor.deleted', recordDeleted],
]);

/** A termination that is entered has a date, but only Gusto's API tells which. */
export function judge(type: string, settings: Settings): Verdict | undefined {
  const isAsked = type === 'employee.terminated' || type === 'employee.rehire_cancelled';
  return isAsked && usesLookup(settings) ? { action: 'resign' } : verdicts.get(type);
}

/** A contractor is not looked up: the only address that Gusto has of them is their own. */
export function nameBy(type: string, id: string, settings: Settings): ReturnType<typeof nameById> {
  if (type.startsWith('contractor.')) return nameById(id, { ...settings, lookup: undefined });
  return type === 'employee.deleted' ? nameDeleted(id, settings) : nameById(id, settings);
}
