import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { z } from 'zod';

/** The settings of a client certificate, for APIs that ask for one (mTLS). */

function readCertificate(pem: string): X509Certificate | null {
  try {
    return new X509Certificate(pem);
  } catch {
    return null;
  }
}

function readPrivateKey(pem: string): KeyObject | null {
  try {
    return createPrivateKey(pem);
  } catch {
    return null;
  }
}

/** One certificate in PEM, or several of which the first is meant and the others vouch for it. */
export const certificateSetting = z
  .string()
  .refine((pem) => readCertificate(pem) !== null, { error: 'is not a certificate in PEM' });

export const privateKeySetting = z.string().refine((pem) => readPrivateKey(pem) !== null, {
  error: 'is not a private key in PEM, without passphrase',
});

interface KeyPair {
  readonly certificate: string;
  readonly privateKey: string;
}

/** Refuses a key that is not of its certificate. Use with `superRefine`. */
export function checkKeyPair({ certificate, privateKey }: KeyPair, context: z.core.$RefinementCtx): void {
  const key = readPrivateKey(privateKey);
  if (key && readCertificate(certificate)?.checkPrivateKey(key) === false) {
    context.addIssue({ code: 'custom', path: ['privateKey'], message: 'is not that of the certificate' });
  }
}
