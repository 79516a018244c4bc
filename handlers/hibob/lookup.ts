import { z } from 'zod';
import {
  apiOf,
  atSite,
  heldResign,
  identify,
  type LookupResult,
  readShape,
  readStatus,
  type VendorHttp,
} from '../../src/core/handler.ts';
import type { Settings } from './settings.ts';

/** Marks a reference to somebody who is locked out whatever the status says. */
export const revoked = 'revoked:';
/** Bob's ids of the fields that are read. */
const fields = {
  email: 'root.email',
  status: 'internal.lifecycleStatus',
  lastDay: 'internal.terminationDate',
  site: 'work.site',
};

/** Bob answers with the paths of the fields. */
const recordShape = z.record(
  z.string(),
  z.object({ value: z.string().nullish().catch(null) }).catch({ value: null }),
);

/** The verdict on a status that may be either. */
export const leftOrGardenLeave = heldResign(
  'status_unknown',
  'Bob says that the person left or is on garden leave, but not which',
);

/** On garden leave the person is signed out, and resigned on the last day. */
export async function lookUp(reference: string, settings: Settings, http: VendorHttp): Promise<LookupResult> {
  const id = reference.replace(revoked, '');
  const json = { fields: Object.values(fields) };
  const ask = apiOf(settings.lookup, http);
  const record = readShape(recordShape, await ask({ path: ['v1', 'people', id], json }));
  const read = (field: string) => record[`/${field.replace('.', '/')}`]?.value ?? null;
  const status = read(fields.status)?.toLowerCase();
  const offer = { external_id: id, email: read(fields.email) };
  const result = readStatus(
    {
      isGone: status === 'terminated' || reference.startsWith(revoked),
      lastDay: read(fields.lastDay),
      identify: () => identify(offer, settings),
    },
    atSite(settings, read(fields.site)),
  );
  if (!status?.includes('garden') || result.kind === 'gone') return result;
  if (result.kind === 'leaves') return { ...result, signOut: true };
  return { kind: 'unclear', identifiers: identify(offer, settings), failure: leftOrGardenLeave.hold };
}
