// What tests of several workers need: who they are, and requests that do not keep their connection, so that a cluster spreads them.
import { Agent, request } from 'node:http'
import { baseConfig, startGateway, type RunningGateway } from './gateway.ts'
import { startUpstream, type UpstreamServer } from './upstream/index.ts'
import { TestRedis } from './redis.ts'

export interface Workers {
  readonly redis: TestRedis
  readonly upstream: UpstreamServer
  readonly gateway: RunningGateway
  stop(): Promise<void>
}

/** A gateway of several workers with their state in a Redis of its own, and what answers behind it. */
export async function startWorkers(count: number, policies: { readonly [file: string]: string } = {}): Promise<Workers> {
  const [redis, upstream] = await Promise.all([TestRedis.start(), startUpstream()])
  const stopRest = async (): Promise<void> => void (await Promise.all([redis.stop(), upstream.close()]))
  const config = { ...baseConfig(upstream.url), state: { driver: 'redis', url: redis.url, commandTimeoutMs: 5000 } }
  try {
    const gateway = await startGateway({ config, policies, args: ['--workers', String(count)] })
    return { redis, upstream, gateway, stop: () => gateway.remove().then(stopRest) }
  } catch (error) {
    await stopRest()
    throw error
  }
}

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
