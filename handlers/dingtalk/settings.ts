import { z } from 'zod';
import {
  apiUrl,
  callbackKeys,
  checkKeyGroups,
  directorySecrets,
  reconcileKeys,
  relationKeys,
} from '../../src/core/handler.ts';

const credential = z.string().min(1).max(256).nullable().default(null);

export const settings = z
  .object({
    transport: z.enum(['http', 'stream']).default('http').describe('stream = Stream mode'),
    clientId: credential.describe('the AppKey of the app; required by transport: stream and by reconcile'),
    clientSecret: credential.describe('the AppSecret of the app; required with clientId'),
    apiUrl: apiUrl.describe('where Stream mode is asked for; null = https://api.dingtalk.com'),
    token: directorySecrets
      .nullable()
      .default(null)
      .describe('the token of the subscription, or several; required by transport: http'),
    aesKey: callbackKeys
      .nullable()
      .default(null)
      .describe('its AES key, or several; required by transport: http'),
    ownerKey: z
      .string()
      .min(1)
      .max(256)
      .nullable()
      .default(null)
      .describe('whom DingTalk writes to: the AppKey, corpId or suiteKey'),
    ...relationKeys,
    reconcile: z
      .strictObject({
        apiUrl: apiUrl.describe('where people are listed; null = https://oapi.dingtalk.com'),
        ...reconcileKeys,
      })
      .nullable()
      .default(null)
      .describe('compares who DingTalk still has with who is still active in GenAuth'),
  })
  .superRefine((own, context) =>
    checkKeyGroups(own, context, [
      { keys: ['token', 'aesKey', 'ownerKey'], inUse: own.transport === 'http', by: 'transport: http' },
      {
        keys: ['clientId', 'clientSecret'],
        inUse: own.transport === 'stream' || own.reconcile !== null,
        by: 'transport: stream or reconcile',
      },
      { keys: [], optional: ['apiUrl'], inUse: own.transport === 'stream', by: 'transport: stream' },
      { keys: ['extIdpId'], inUse: own.sendAs === 'identity', by: 'sendAs: identity' },
    ]),
  );
export type Settings = z.output<typeof settings>;
