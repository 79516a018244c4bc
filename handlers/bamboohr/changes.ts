import { z } from 'zod';
import {
  checkTenant,
  type Delivery,
  idShape,
  listFaults,
  MalformedDelivery,
  parseJsonBody,
  readShape,
} from '../../src/core/handler.ts';
import { readForm } from './form.ts';

const maxEmployees = 1_000;

const changedFields = z.array(z.string()).optional();
const bodySchema = z.object({
  employees: z.array(z.unknown()).max(maxEmployees).optional(),
  type: z.string().optional(),
});
const employeeSchema = z.object({
  id: idShape,
  action: z.string().default('Updated'),
  changedFields,
  // Whatever is no record posts nothing; an empty one may come as `[]`.
  fields: z.record(z.string(), z.unknown()).catch({}),
  timestamp: z.unknown().optional(),
});
const eventSchema = z.object({
  timestamp: z.unknown().optional(),
  data: z.object({ companyId: idShape.optional(), employeeId: idShape, changedFields }),
});

/** What happened to one employee, whichever of the styles told it. */
export interface Change extends z.output<typeof employeeSchema> {
  /** Where it stands in the body, for faults. */
  readonly place: string;
  /** The fields whose change says that the status changed. */
  readonly statusFields: readonly string[];
}

/** The event-based style names fields by their API aliases; these are what a termination changes. */
const eventStatusFields = ['status', 'employmentStatus', 'employmentHistoryStatus', 'terminationDate'];

/** How a source names what it reads, and whom it reads of. */
interface Reading {
  readonly fields: { readonly status: string };
  readonly tenant: string | null;
}

/** What a delivery tells of each employee. @throws MalformedDelivery when nothing of it can be read */
export function listChanges(delivery: Delivery, { fields, tenant }: Reading): (Change | MalformedDelivery)[] {
  const body = readBody(delivery);
  const { employees, type } = readShape(bodySchema, body);
  if (employees) {
    return employees.map((employee, index) => {
      const parsed = employeeSchema.safeParse(employee);
      if (!parsed.success) return malformed(parsed.error, 'employees', index);
      return { ...parsed.data, place: `employees[${index}]`, statusFields: [fields.status] };
    });
  }
  if (type === undefined) throw new MalformedDelivery('body: has neither employees nor a type');
  if (type !== 'employee.updated' && type !== 'employee.deleted') return [];
  const { timestamp, data } = readShape(eventSchema, body);
  checkTenant(data.companyId, tenant, 'data.companyId');
  const { employeeId, changedFields } = data;
  const action = type.replace('employee.', '');
  const told = { place: 'data', statusFields: eventStatusFields };
  return [{ id: employeeId, action, changedFields, fields: {}, timestamp, ...told }];
}

/** The faults of a part, with their paths from the top of the body. */
function malformed({ issues }: z.ZodError, ...place: PropertyKey[]): MalformedDelivery {
  const placed = issues.map((issue) => ({ ...issue, path: [...place, ...issue.path] }));
  return new MalformedDelivery(...listFaults(new z.ZodError(placed)));
}

/** Only JSON begins with a brace. The content type is not asked: it is not signed. */
function readBody(delivery: Delivery): unknown {
  const text = delivery.body.toString();
  return text.trimStart().startsWith('{') ? parseJsonBody(delivery) : readForm(text);
}

/** The text of a posted field, which may be wrapped as `{ "value": … }`; `null` when there is none. */
export function readField(change: Change, name: string): string | null {
  const posted = Object.entries(change.fields).find(([one]) => fold(one) === fold(name))?.[1];
  const value = typeof posted === 'object' && posted !== null && 'value' in posted ? posted.value : posted;
  return typeof value === 'string' || typeof value === 'number' ? String(value).trim() || null : null;
}

/** `Work Email`, `work_email` and `workEmail` are one field: BambooHR's own pages write them in several ways. */
export function fold(name: string): string {
  return name.toLowerCase().replace(/[\s_]/g, '');
}
