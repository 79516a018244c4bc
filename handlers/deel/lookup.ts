import { z } from 'zod';
import {
  apiOf,
  heldResign,
  identify,
  idShape,
  type LookupResult,
  readShape,
  readStatus,
  type VendorHttp,
} from '../../src/core/handler.ts';
import type { Settings } from './settings.ts';

const contractShape = z.object({
  data: z.object({
    status: z.string(),
    termination_date: z.string().nullish(),
    worker: z.object({ id: idShape }),
  }),
});
const workerShape = z.object({
  data: z.object({
    emails: z.array(z.object({ type: z.string().nullish(), value: z.string().nullish() })).nullish(),
    employments: z.array(z.object({ id: idShape, hiring_status: z.string().nullish() })).nullish(),
  }),
});

const endedStatuses = ['terminated', 'completed', 'cancelled'];

/** The verdict on a contract of whose person nothing else is known. */
export const contractEnded = heldResign(
  'status_unknown',
  'Deel says that a contract ended, not whether the person has another',
);

/** Asks who a contract is of. A person with another contract that goes on is not gone. */
export async function lookUp(id: string, settings: Settings, http: VendorHttp): Promise<LookupResult> {
  const ask = apiOf(settings.lookup, http);
  const contract = readShape(contractShape, await ask({ path: ['contracts', id] })).data;
  const person = readShape(workerShape, await ask({ path: ['people', contract.worker.id] })).data;
  const email = person.emails?.find(({ type }) => type === 'work')?.value;
  const name = () => identify({ external_id: id, email }, settings);
  const others = person.employments?.filter((one) => one.id !== id);
  if (!others) return { kind: 'unclear', identifiers: name(), failure: contractEnded.hold };
  if (others.some(({ hiring_status: status }) => status !== 'inactive')) return { kind: 'active' };
  const isGone = endedStatuses.includes(contract.status);
  return readStatus({ isGone, lastDay: contract.termination_date, identify: name }, settings);
}
