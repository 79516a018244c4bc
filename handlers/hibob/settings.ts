import { z } from 'zod';
import {
  basicLookup,
  checkLookupZone,
  hrSettings,
  lookupDaySettings,
  sitesSetting,
} from '../../src/core/handler.ts';

export const settings = z
  .object({
    ...hrSettings(['external_id', 'email']),
    gardenLeave: z
      .boolean()
      .default(true)
      .describe('whether the company has garden leave, so that employee.left may mean no more than that'),
    lookup: basicLookup('https://api.hibob.com').optional().describe('a service user: its id and its token'),
    sites: sitesSetting.describe('the time zones of sites, by their names; elsewhere timezone counts'),
    ...lookupDaySettings,
  })
  .superRefine(checkLookupZone);
export type Settings = z.output<typeof settings>;
