import { z } from 'zod';
import {
  hrSettings,
  lastDaySettings,
  secretsSetting,
  sitesSetting,
  tenantSetting,
} from '../../src/core/handler.ts';

export const settings = z.object({
  ...hrSettings(['external_id', 'email', 'username', 'phone']),
  secrets: secretsSetting.describe("the organization's webhook signature keys"),
  externalIdField: z
    .enum(['id', 'remote_id', 'employee_number'])
    .default('remote_id')
    .describe('which of the ids provisioning wrote to the external id'),
  tenant: tenantSetting.describe('the linked account: its id, or its end_user_origin_id'),
  sites: sitesSetting.describe(
    'the time zones of places of work, by the id in work_location; elsewhere timezone counts',
  ),
  ...lastDaySettings,
});
export type Settings = z.output<typeof settings>;
