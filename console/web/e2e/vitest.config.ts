import { defineConfig } from "vitest/config";

// One stack and one browser for all: tests run one after the other.
export default defineConfig({
  test: {
    include: ["e2e/*.test.ts"],
    globalSetup: "e2e/stack.ts",
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 15_000 } },
    reporters: "verbose",
  },
});
