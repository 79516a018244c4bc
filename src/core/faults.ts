import type { z } from 'zod';

const maxFaults = 20;
const maxLength = 200;

/** The faults of a zod error as `path: message`, within bounds. */
export function listFaults(error: z.ZodError): string[] {
  return boundFaults(error.issues.map((issue) => `${formatPath(issue.path) || 'body'}: ${messageOf(issue)}`));
}

/** Faults are shown to viewers, and stand in outcomes: so what somebody sent cannot make them long, nor many. */
export function boundFaults(faults: readonly string[]): string[] {
  const told = faults.length > maxFaults ? faults.slice(0, maxFaults - 1) : faults;
  const rest = faults.length - told.length;
  return [...told.map(shorten), ...(rest > 0 ? [`and ${rest} more`] : [])];
}

function shorten(fault: string): string {
  return fault.length > maxLength ? `${fault.slice(0, maxLength - 1)}…` : fault;
}

/** zod quotes the keys that it does not know, and a key may be anybody's name. */
function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'unrecognized_keys') return issue.message;
  return issue.keys.length > 1 ? `has ${issue.keys.length} unknown keys` : 'has an unknown key';
}

/** A path into a document as people write it: `sources.hr.secrets[0]`. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (all, part) =>
      typeof part === 'number' ? `${all}[${part}]` : all ? `${all}.${String(part)}` : String(part),
    '',
  );
}
