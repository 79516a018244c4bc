import { z } from 'zod';
import {
  bearerLookup,
  checkLookup,
  hrSettings,
  lookupDaySettings,
  secretsSetting,
  sitesSetting,
  tokenSetting,
} from '../../src/core/handler.ts';

export const settings = z
  .object({
    ...hrSettings(['external_id', 'email']),
    secrets: secretsSetting.describe('the static tokens that were given to Rippling'),
    token: tokenSetting.prefault({}).describe('how Rippling sends the token; that it is so is second hand'),
    lookup: bearerLookup('https://api.rippling.com/platform/api').optional(),
    sites: sitesSetting.describe(
      'the time zones of places of work, by the nickname of workLocation; elsewhere timezone counts',
    ),
    ...lookupDaySettings,
  })
  .superRefine(checkLookup);
export type Settings = z.output<typeof settings>;
