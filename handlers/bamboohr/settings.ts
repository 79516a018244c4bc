import { z } from 'zod';
import {
  baseUrlSetting,
  bearerLookup,
  checkLookupZone,
  hrSettings,
  lookupDaySettings,
  sitesSetting,
  tenantSetting,
} from '../../src/core/handler.ts';

const label = z.string().trim().min(1).max(256);
const fields = z.strictObject({
  status: label.default('Status').describe('the label of the status, also in changedFields'),
  external_id: label
    .nullable()
    .default(null)
    .describe("the label of the external id; null = BambooHR's own id of the employee"),
  email: label.default('Work Email').describe('the label of the work email; never of a private one'),
  username: label.default('Username').describe('the label of the user name'),
  phone: label.default('Mobile Phone').describe('the label of the phone number'),
});

export const settings = z
  .object({
    ...hrSettings(['external_id', 'email', 'username', 'phone']),
    tenant: tenantSetting.describe('compared with companyId, where it is sent'),
    fields: fields.prefault({}).describe('how the posted fields are named'),
    lookup: z
      .strictObject({
        ...bearerLookup('https://company.bamboohr.com').shape,
        baseUrl: baseUrlSetting('https://company.bamboohr.com'),
      })
      .optional()
      .describe(
        "the company's address, and the API key as token; for changes that do not say to what, or of whom",
      ),
    sites: sitesSetting.describe('the time zones of places of work, by location; elsewhere timezone counts'),
    ...lookupDaySettings,
  })
  .superRefine(checkLookupZone);
export type Settings = z.output<typeof settings>;
