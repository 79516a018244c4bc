import { MalformedDelivery } from './delivery.ts';
import { type Identifier, identifierFault, tidyIdentifier, type UserIdType } from './identifier.ts';
import type { IntentDraft } from './intent.ts';
import { type LookupSettings, usesLookup } from './source-settings.ts';

/** What a delivery offers to name a person by. Only values that are the person's own, and of their work. */
export type Offer = { readonly [Type in UserIdType]?: string | number | null | undefined };

export interface Preference {
  /** In order of preference. */
  readonly identifyBy: readonly UserIdType[];
  /** Put before every external id, where two systems feed one user pool. */
  readonly externalIdPrefix: string;
}

/**
 * The identifiers that were offered, by preference; those that are missing, or cannot be one, are passed over.
 * @throws MalformedDelivery when none is left, with what keeps each from being used
 */
export function identify(offer: Offer, { identifyBy, externalIdPrefix }: Preference): Identifier[] {
  const identifiers: Identifier[] = [];
  const faults: string[] = [];
  for (const userIdType of identifyBy) {
    const text = String(offer[userIdType] ?? '').trim();
    const userId = userIdType === 'external_id' && text !== '' ? externalIdPrefix + text : text;
    const identifier = tidyIdentifier({ userIdType, userId });
    const fault = text === '' ? 'was not sent' : identifierFault(userIdType, identifier.userId);
    if (fault) faults.push(`${userIdType}: ${fault}`);
    else identifiers.push(identifier);
  }
  if (identifiers.length === 0) throw new MalformedDelivery(...faults);
  return identifiers;
}

/**
 * Names a person whom a delivery names by the sender's id, with what else it offers; where the source looks people up,
 * by the id alone, and with the reference that the look-up asks about.
 * @throws MalformedDelivery
 */
export function nameById(
  id: string,
  settings: Preference & LookupSettings,
  offer: Offer = {},
): Pick<IntentDraft, 'identifiers' | 'subject' | 'reference'> {
  if (!usesLookup(settings))
    return { identifiers: identify({ ...offer, external_id: id }, settings), subject: id };
  const identifiers = identify({ external_id: id }, { ...settings, identifyBy: ['external_id'] });
  return { identifiers, subject: id, reference: id };
}

/**
 * Names a person whose record the vendor has deleted, and whom it may therefore not know any more: by what the
 * delivery says, where that is enough, and otherwise as `nameById` does. @throws MalformedDelivery
 */
export function nameDeleted(
  id: string,
  settings: Preference & LookupSettings,
  offer: Offer = {},
): ReturnType<typeof nameById> {
  const isNamed = settings.identifyBy.some((type) => type === 'external_id' || offer[type]);
  return nameById(id, isNamed ? { ...settings, lookup: undefined } : settings, offer);
}
