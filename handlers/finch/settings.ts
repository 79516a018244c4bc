import { z } from 'zod';
import {
  base64SecretsSetting,
  bearerLookup,
  checkLookup,
  hrSettings,
  lookupDaySettings,
  tenantSetting,
} from '../../src/core/handler.ts';

export const settings = z
  .object({
    ...hrSettings(['external_id', 'email']),
    secrets: base64SecretsSetting,
    tenant: tenantSetting.describe('the connection_id'),
    lookup: bearerLookup('https://api.tryfinch.com').optional(),
    ...lookupDaySettings,
  })
  .superRefine(checkLookup);
export type Settings = z.output<typeof settings>;
