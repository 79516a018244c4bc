import { z } from 'zod';
import {
  basicLookup,
  bearerLookup,
  checkLookup,
  hrSettings,
  lookupDaySettings,
} from '../../src/core/handler.ts';

export const settings = z
  .object({
    ...hrSettings(['external_id', 'email']),
    secrets: z
      .array(z.string().min(16))
      .max(10)
      .describe('the verification tokens of the subscriptions; empty until Gusto has sent the first'),
    encoding: z
      .enum(['hex', 'base64', 'base64url'])
      .default('hex')
      .describe('how the signature is written; that it is hex is second hand'),
    lookup: bearerLookup('https://api.gusto.com').optional(),
    confirm: basicLookup('https://api.gusto.com')
      .optional()
      .describe("the application's client id and secret, with which the verification token is confirmed"),
    ...lookupDaySettings,
  })
  .superRefine(checkLookup);
export type Settings = z.output<typeof settings>;
