/**
 * @file Three groups of tests: `fast` (under half a minute, no processes, no network; its files share one memory, since loading TypeScript for each
 * takes longer than its tests), `slow` (*.slow.test.ts, real tfjs op by op, real servers, command line) and `e2e` (a real VS Code in a real
 * browser). `npm test` runs all of them.
 */
import { defineConfig } from "vitest/config"

const globalSetup = ["test/buildFirst.ts"]
const slow = ["test/**/*.slow.test.ts", "test/tsserver/**/*.test.ts", "test/cli/**/*.test.ts", "test/**/*.differential.test.ts"]
const endToEnd = ["test/e2e/**/*.test.ts"]

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "fast", include: ["test/**/*.test.ts"], exclude: [...slow, ...endToEnd],
          testTimeout: 20_000, isolate: false, maxWorkers: "100%", sequence: { groupOrder: 1 },
        },
      },
      { test: { name: "slow", include: slow, globalSetup, testTimeout: 180_000, hookTimeout: 180_000 } },
      {
        test: {
          name: "e2e", include: endToEnd, globalSetup: [...globalSetup, "test/e2e/requirements.ts"],
          testTimeout: 300_000, hookTimeout: 900_000, fileParallelism: false,
        },
      },
    ],
  },
})
