/** A department with whom it has and what lies below it. */
export interface Department {
  readonly id: number;
  readonly people: readonly string[];
  readonly below?: readonly Department[];
}

/** A department and all below it, whichever it is. */
export function allBelow(department: Department): readonly Department[] {
  return [department, ...(department.below ?? []).flatMap(allBelow)];
}

export function findDepartment(company: Department, id: number): Department | undefined {
  return allBelow(company).find((one) => one.id === id);
}
