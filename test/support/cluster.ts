// What tests of several workers need: who they are, and requests that do not keep their connection, so that a cluster spreads them.
import { Agent, request } from 'node:http'
import type { RunningGateway } from './gateway.ts'

export interface ChatAnswer {
  /** `200`, or the error's reason or code. */
  readonly code: string
}

export async function sendChat(url: string, key: string, content: string, more: object = {}): Promise<ChatAnswer> {
  const stream = await openChat(url, key, content, { stream: false, ...more })
  const body = await stream.rest()
  if (stream.status === 200) return { code: '200' }
  const { error } = JSON.parse(body) as { error: { code: string; reason?: string } }
  return { code: error.reason ?? error.code }
}

export interface ChatStream {
  readonly status: number
  /** Resolves once this text has come. */
  until(text: string): Promise<void>
  /** Everything, once it has ended. */
  rest(): Promise<string>
}

/** Reads a streamed answer. */
export function readChat(url: string, key: string, content: string): Promise<ChatStream> {
  return openChat(url, key, content, { stream: true })
}

function openChat(url: string, key: string, content: string, { stream, ...more }: { stream: boolean }): Promise<ChatStream> {
  return new Promise((resolve, reject) => {
    const call = request(`${url}/v1/chat/completions`, {
      method: 'POST',
      agent: new Agent({ keepAlive: false }),
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    })
    call.once('error', reject)
    call.once('response', (response) => {
      let body = ''
      response.setEncoding('utf8')
      const ended = new Promise<string>((done, failed) => {
        response.once('end', () => done(body))
        response.once('error', failed)
      })
      ended.catch(() => undefined)
      response.on('data', (chunk: string) => (body += chunk))
      resolve({
        status: response.statusCode!,
        rest: () => ended,
        until: (wanted) =>
          new Promise((done) => {
            const look = (): void => (body.includes(wanted) ? done() : void response.once('data', look))
            look()
          }),
      })
    })
    call.end(JSON.stringify({ model: 'gpt-test', stream, messages: [{ role: 'user', content }], ...more }))
  })
}

/** The workers of `serve --workers`, as its last log line about them says. */
export function workerPids(gateway: RunningGateway): readonly number[] {
  const lines = gateway
    .output()
    .split('\n')
    .filter((line) => line.includes('"pids"'))
  return (JSON.parse(lines.at(-1)!) as { pids: number[] }).pids
}

/** Refuses a word with this code, so that an answer tells by which policy it was judged. */
export const policyOf = (code: string): string => `module house
detector word {
  pattern /\\bforbidden\\b/
  examples "forbidden"
  never "for"
}
policy house.word "A word" {
  on   request
  when prompt contains word
  deny "${code}"
}
`
