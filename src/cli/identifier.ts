import { InvalidArgumentError } from 'commander';
import { type Identifier, identifierFault, tidyIdentifier, userIdTypes } from '../core/identifier.ts';

/** Reads `email:ada@example.com`. @throws InvalidArgumentError */
export function readIdentifier(given: string): Identifier {
  const [, type, userId] = /^([a-z_]+):(.+)$/s.exec(given) ?? [];
  const userIdType = userIdTypes.find((one) => one === type);
  if (!userIdType || userId === undefined) {
    throw new InvalidArgumentError(
      `Write <userIdType>:<userId>, such as email:ada@example.com; one of ${userIdTypes.join(' ')}.`,
    );
  }
  const identifier = tidyIdentifier({ userIdType, userId });
  const fault = identifierFault(userIdType, identifier.userId);
  if (fault) throw new InvalidArgumentError(`The ${userIdType} ${fault}.`);
  return identifier;
}

/** Reads one more identifier of the same person. */
export function collectIdentifier(given: string, before: readonly Identifier[] = []): readonly Identifier[] {
  return [...before, readIdentifier(given)];
}
