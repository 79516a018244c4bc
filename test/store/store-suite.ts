import { describe } from '@jest/globals';
import { type StoreUnderTest, storeOfEach } from './subject.ts';
import { testAccept } from './suite/accept.ts';
import { testClaim } from './suite/claim.ts';
import { testHeld } from './suite/held.ts';
import { testReading } from './suite/reading.ts';
import { testSafeguard } from './suite/safeguard.ts';
import { testSettle } from './suite/settle.ts';
import { testTrail } from './suite/trail.ts';
import { testUpkeep } from './suite/upkeep.ts';

/** What every store must do, whatever it is made of. */
export function testStore(name: string, make: () => StoreUnderTest): void {
  describe(name, () => {
    const subject = storeOfEach(make);
    testAccept(subject);
    testClaim(subject);
    testSafeguard(subject);
    testSettle(subject);
    testHeld(subject);
    testTrail(subject);
    testReading(subject);
    testUpkeep(subject);
  });
}
