import { z } from 'zod';
import {
  certificateSetting,
  checkKeyPair,
  durationSetting,
  externalIdPrefixSetting,
  httpsUrlSetting,
  identifyBySetting,
  lastDaySettings,
  privateKeySetting,
} from '../../src/core/handler.ts';

const tokenUrl = 'https://accounts.adp.com/auth/oauth/v2/token';
const credential = z.string().min(1).max(256);
export const settings = z
  .object({
    clientId: credential.describe("the client id of the project in ADP's developer portal"),
    clientSecret: credential.describe('its client secret'),
    certificate: certificateSetting.describe(
      'the client certificate in PEM, better from a file than written here',
    ),
    privateKey: privateKeySetting.describe('its key in PEM'),
    authorities: certificateSetting
      .nullable()
      .default(null)
      .describe("who vouches for ADP's own certificate; null = whom the system trusts"),
    apiUrl: httpsUrlSetting('https://api.adp.com')
      .default('https://api.adp.com')
      .describe('where the queue is: https://api.adp.com'),
    tokenUrl: httpsUrlSetting('https://accounts.adp.com')
      .default(tokenUrl)
      .describe(`where tokens are given: ${tokenUrl}`),
    longPolling: z.boolean().default(true).describe('whether ADP is asked to wait for a message'),
    pollEvery: durationSetting('1s', '1h')
      .default(5_000)
      .describe('from one question to the next while the queue is empty, such as 5s'),
    identifyBy: identifyBySetting(['external_id', 'username']),
    externalIdPrefix: externalIdPrefixSetting,
    externalIdField: z
      .enum(['associateOID', 'workerID'])
      .default('associateOID')
      .describe('which of the ids provisioning wrote to the external id'),
    ...lastDaySettings,
  })
  .superRefine(checkKeyPair);
export type Settings = z.output<typeof settings>;
