import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// The page is served below /console, from the Joinery program itself; nothing is loaded from elsewhere.
export default defineConfig({
  base: "/console/",
  plugins: [react()],
  build: {
    target: "es2022",
    sourcemap: false,
    chunkSizeWarningLimit: 4000, // kB; only GraphiQL's editor is larger than 500, and it is loaded on demand
    license: { fileName: "licenses.md" },
    rolldownOptions: {
      // GraphiQL's modules have directives for React's compiler, which means nothing here.
      onwarn: (warning, warn) => warning.code !== "MODULE_LEVEL_DIRECTIVE" && warn(warning),
    },
  },
  worker: { format: "es" },
  server: {
    // `npm run dev` beside a running `joinery serve --console`: JOINERY_URL says where.
    proxy: Object.fromEntries(
      ["/console/api", "/graphql"].map((path) => [path, process.env.JOINERY_URL ?? "http://127.0.0.1:4001"]),
    ),
  },
  test: { include: ["src/**/*.test.ts"] },
});
