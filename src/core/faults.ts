import type { z } from 'zod';

/** Every fault of a zod error as `path: message`. */
export function listFaults(error: z.ZodError): string[] {
  return error.issues.map((issue) => `${formatPath(issue.path) || 'body'}: ${issue.message}`);
}

/** A path into a document as people write it: `sources.hr.secrets[0]`. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (all, part) =>
      typeof part === 'number' ? `${all}[${part}]` : all ? `${all}.${String(part)}` : String(part),
    '',
  );
}
