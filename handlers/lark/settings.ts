import { z } from 'zod';
import {
  apiUrl,
  checkKeyGroups,
  directorySecrets,
  reconcileKeys,
  relationKeys,
} from '../../src/core/handler.ts';

export const settings = z
  .object({
    transport: z.enum(['http', 'stream']).default('http').describe('stream = the long connection'),
    appId: z
      .string()
      .regex(/^cli_[0-9a-fA-F]{16}$/, { error: 'is not an App ID such as cli_9f5343c580712544' })
      .nullable()
      .default(null)
      .describe('the App ID; required by transport: stream and by reconcile'),
    appSecret: z
      .string()
      .min(1)
      .max(256)
      .nullable()
      .default(null)
      .describe('the App Secret; required with appId'),
    apiUrl: apiUrl.describe(
      'where Feishu is; null = https://open.feishu.cn, and Lark is at https://open.larksuite.com',
    ),
    encryptKey: directorySecrets
      .nullable()
      .default(null)
      .describe('null = nothing is encrypted, and nothing signed'),
    verificationToken: directorySecrets.nullable().default(null).describe('required by transport: http'),
    personId: z.enum(['open_id', 'union_id', 'user_id']).default('open_id').describe('the id that is sent'),
    ...relationKeys,
    reconcile: z
      .strictObject(reconcileKeys)
      .nullable()
      .default(null)
      .describe('compares who Lark still has with who is still active in GenAuth'),
    fallBackTo: z
      .array(z.enum(['email', 'phone']))
      .max(2)
      .default([])
      .describe('what else names a person whom GenAuth does not know by that id, in order of preference'),
  })
  .superRefine((own, context) =>
    checkKeyGroups(own, context, [
      {
        keys: ['verificationToken'],
        optional: ['encryptKey'],
        inUse: own.transport === 'http',
        by: 'transport: http',
      },
      {
        keys: ['appId', 'appSecret'],
        optional: ['apiUrl'],
        inUse: own.transport === 'stream' || own.reconcile !== null,
        by: 'transport: stream or reconcile',
      },
      { keys: ['extIdpId'], inUse: own.sendAs === 'identity', by: 'sendAs: identity' },
    ]),
  );
export type Settings = z.output<typeof settings>;
