import { z } from 'zod';
import {
  bearerLookup,
  checkLookup,
  hrSettings,
  lastDaySettings,
  secretsSetting,
} from '../../src/core/handler.ts';

export const settings = z
  .object({
    ...hrSettings(['external_id', 'email']),
    secrets: secretsSetting.describe('the signing keys of the webhooks'),
    endEvents: z
      .array(z.string().min(1).max(128))
      .min(1)
      .default(['contract.terminated', 'gp.termination.confirmed'])
      .describe('the events that say that a contract ends; the name of the second is not published'),
    lookup: bearerLookup('https://api.letsdeel.com/rest/v2').optional(),
    ...lastDaySettings,
  })
  .superRefine(checkLookup);
export type Settings = z.output<typeof settings>;
