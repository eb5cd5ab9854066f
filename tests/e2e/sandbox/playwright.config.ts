import { defineConfig } from 'playwright/test'

/** Run by unprivileged.spec.ts, as another user. */
export default defineConfig({
  testDir: '.',
  testMatch: 'page.inner.ts',
  timeout: 60_000,
  workers: 1,
  reporter: 'list'
})
