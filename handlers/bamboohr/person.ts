import { type Identifier, identifierFault, tidyIdentifier } from '../../src/core/handler.ts';
import { type Change, readField } from './changes.ts';
import type { Settings } from './settings.ts';

/** The identifiers that were sent, by preference, and what keeps each other one from being used. */
export function pick(change: Change, { identifyBy, externalIdPrefix, fields }: Settings) {
  const identifiers: Identifier[] = [];
  const faults: string[] = [];
  for (const userIdType of identifyBy) {
    const field = fields[userIdType];
    const value = field === null ? change.id : readField(change, field);
    const userId = value !== null && userIdType === 'external_id' ? externalIdPrefix + value : value;
    const identifier = userId === null ? null : tidyIdentifier({ userIdType, userId });
    const fault = identifier ? identifierFault(userIdType, identifier.userId) : `was not sent as "${field}"`;
    if (identifier && !fault) identifiers.push(identifier);
    else faults.push(`${change.place}: ${userIdType} ${fault}`);
  }
  return { identifiers, faults };
}
