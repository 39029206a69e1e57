/** @file Pages (.html) as scripts: what is no code becomes blank, so that lines and columns stay. */

/** Comments (what they mention is no code), scripts, and handlers: ` onclick="…"`. */
const pageCode = /<!--[\s\S]*?(?:-->|$)|<script\b([^>]*)>([\s\S]*?)<\/script\s*>|\son[a-z]+\s*=\s*(["'])([\s\S]*?)\3/gi

/**
 * A page with everything but its scripts blanked out. Scripts in other languages ("text/x-…") are blanked too; handlers in attributes that speak of
 * tfjs become functions, which nothing calls before the user does.
 */
export function scriptsOf(page: string): string {
  let out = ""
  let end = 0
  for (const match of page.matchAll(pageCode)) {
    const [whole, attributes, body, quote, handler] = match as readonly (string | undefined)[]
    if (body !== undefined) {
      const start = match.index + `<script${attributes}>`.length
      out += blank(page.slice(end, start)) + (isScript(attributes ?? "") ? body : blank(body))
      end = start + body.length
    } else if (quote !== undefined && handler !== undefined && /\btf\b/.test(handler)) {
      const start = match.index + (whole?.length ?? 0) - handler.length - 1
      // The shortest attribute, ` oncut="`, is longer than the head of a function.
      out += `${blank(page.slice(end, start - head.length))}${head}${handler}}`
      end = start + handler.length + 1
    }
  }
  return out + blank(page.slice(end))
}

const head = ";()=>{"

const blank = (text: string): string => text.replace(/[^\r\n]/g, " ")

function isScript(attributes: string): boolean {
  const type = /\btype\s*=\s*["']?([^"'\s>]+)/i.exec(attributes)?.[1] ?? "text/javascript"
  return /^(module|text\/(java|type|ecma)script|application\/(java|ecma)script|text\/babel)$/i.test(type)
}
