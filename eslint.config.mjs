/** @file Lint rules: what the compiler does not see and a reader would stumble over. Layout of code is not linted. */
import tseslint from "typescript-eslint"

export default tseslint.config(
  { ignores: ["dist", "build", "node_modules", ".e2e", "test-results", "examples", "test/fixtures"] },
  ...tseslint.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      eqeqeq: ["error", "always", { null: "ignore" }],
      "max-len": ["error", { code: 150, ignoreUrls: true, ignorePattern: "^import |https?:" }],
      "max-lines": ["error", { max: 500 }],
      "no-console": "error",
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
      quotes: ["error", "double", { avoidEscape: true, allowTemplateLiterals: true }],
      semi: ["error", "never", { beforeStatementContinuationChars: "never" }],
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-require-imports": "error",
      "@typescript-eslint/ban-ts-comment": "error",
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "separate-type-imports", disallowTypeAnnotations: false }],
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/no-unused-expressions": ["error", { allowShortCircuit: true, allowTernary: true }],
    },
  },
  // A terminal program and build scripts talk on the console; so do tests that say why they skip.
  { files: ["src/hosts/cli/**", "**/*.mjs", "test/**"], rules: { "no-console": "off" } },
)
