type Posted = Map<string, string | string[]>;

/** A form as the JSON that says the same. What a form posts of an employee stands beside its `changedFields`. */
export function readForm(text: string): unknown {
  const employees = new Map<string, Posted>();
  const data: Posted = new Map();
  const event: Posted = new Map();
  for (const [key, value] of new URLSearchParams(text)) {
    const [top = '', first = '', second = ''] = key.match(/[^[\]]+/g) ?? [];
    if (top === 'employees' && second) {
      const employee = employees.get(first) ?? new Map();
      employees.set(first, employee);
      put(employee, second, value);
    } else if (top === 'data' && first) put(data, first, value);
    else put(event, top, value);
  }
  const listed = [...employees].map(([id, posted]) => {
    const values = Object.fromEntries(posted);
    return { ...values, id, fields: values };
  });
  return {
    ...Object.fromEntries(event),
    ...(listed.length > 0 && { employees: listed }),
    data: Object.fromEntries(data),
  };
}

/** `changedFields` is a list, each entry of which has a key of its own. */
function put(posted: Posted, name: string, value: string): void {
  const before = posted.get(name);
  if (Array.isArray(before)) before.push(value);
  else posted.set(name, name === 'changedFields' ? [value] : value);
}
