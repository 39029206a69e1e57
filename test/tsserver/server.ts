/** @file A real tsserver with the built plugin, as a child process: requests in, replies out. */
import { spawn } from "node:child_process"
import path from "node:path"
import ts from "typescript"

export interface Reply {
  readonly success: boolean
  readonly message?: string
  readonly body?: unknown
}

export interface Server {
  /** The reply, whether it succeeded or not. */
  readonly request: (command: string, args: object) => Promise<Reply>
  /** For commands without a reply. */
  readonly notify: (command: string, args: object) => void
  readonly stop: () => void
}

interface Message extends Reply {
  readonly type: string
  readonly request_seq?: number
}

export function startServer(): Server {
  const program = path.resolve("node_modules/typescript/lib/tsserver.js")
  const plugins = ["--globalPlugins", "noether-lens-ts-plugin", "--pluginProbeLocations", path.resolve("build/extension")]
  const child = spawn(process.execPath, [program, ...plugins, "--disableAutomaticTypingAcquisition"], { stdio: ["pipe", "pipe", "inherit"] })
  const waiting = new Map<number, { readonly resolve: (reply: Reply) => void; readonly reject: (error: Error) => void }>()
  let buffered = Buffer.alloc(0)
  let sequence = 0

  child.stdout.on("data", (chunk: Buffer) => {
    buffered = Buffer.concat([buffered, chunk])
    for (let message = takeMessage(); message; message = takeMessage()) {
      if (message.type !== "response" || message.request_seq === undefined) continue
      waiting.get(message.request_seq)?.resolve(message)
      waiting.delete(message.request_seq)
    }
  })
  child.on("exit", code => {
    for (const { reject } of waiting.values()) reject(new Error(`tsserver ended with code ${code}`))
  })

  /** Cuts one message off the buffer: a header with the length in bytes, an empty line, JSON. */
  function takeMessage(): Message | null {
    const header = /^Content-Length: (\d+)\r\n\r\n/.exec(buffered.subarray(0, 64).toString("latin1"))
    if (!header) return null
    const end = header[0].length + Number(header[1])
    if (buffered.length < end) return null
    const text = buffered.subarray(header[0].length, end).toString("utf8")
    buffered = buffered.subarray(end)
    return JSON.parse(text) as Message
  }

  const send = (command: string, args: object): number => {
    sequence += 1
    child.stdin.write(`${JSON.stringify({ seq: sequence, type: "request", command, arguments: args })}\n`)
    return sequence
  }

  return {
    request: (command, args) => new Promise((resolve, reject) => waiting.set(send(command, args), { resolve, reject })),
    notify: send,
    stop: () => void child.kill(),
  }
}

/** tsserver counts lines and offsets from 1. */
export function locate(text: string, part: string, from = 0): { readonly line: number; readonly offset: number } {
  const start = text.indexOf(part, from)
  if (start < 0) throw new Error(`no ${JSON.stringify(part)} in the text`)
  const { line, character } = ts.createSourceFile("x.ts", text, ts.ScriptTarget.Latest).getLineAndCharacterOfPosition(start)
  return { line: line + 1, offset: character + 1 }
}
