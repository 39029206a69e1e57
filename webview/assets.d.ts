/** @file What esbuild makes of imports that are not TypeScript: style sheets, and workers as text. */
declare module "*.css"

declare module "inline-worker:*" {
  const source: string
  export default source
}
