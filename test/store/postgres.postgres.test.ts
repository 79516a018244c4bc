import { openPostgresStore } from '../../src/store/postgres.ts';
import { createDatabase, type TestDatabase } from '../support/postgres/database.ts';
import { type StoreUnderTest, testStore } from './store-suite.ts';

function postgresUnderTest(): StoreUnderTest {
  let database: TestDatabase | null = null;
  const open = () => openPostgresStore({ url: database?.url ?? '' });
  return {
    async open() {
      database = await createDatabase();
      return open();
    },
    async reopen(store) {
      await store.close();
      return open();
    },
    remove: async () => database?.drop(),
  };
}

testStore('the PostgreSQL store', postgresUnderTest);
