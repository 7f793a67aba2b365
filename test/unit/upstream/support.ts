// A small upstream on a real socket, a reader of its answers, and plans to dispatch against it.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net'
import { createUpstream, type CreateUpstreamOptions } from '../../../core/upstream/index.ts'
import { NO_USAGE, type StreamEvent, type UpstreamFailure } from '../../../core/model/answer.ts'
import type {
  AnswerReader,
  Attempt,
  AttemptKind,
  AttemptResult,
  Clock,
  ProviderAdapter,
  RenderedRequest,
  StreamReader,
} from '../../../core/plugin/contract.ts'
import type { AttemptOutcome, DispatchPlan, Upstream } from '../../../core/upstream/port.ts'
import type { Target, Timeouts } from '../../../core/model/target.ts'
import type { JsonObject } from '../../../core/model/value.ts'

export const PATIENT: Timeouts = { connectMs: 2000, firstTokenMs: 5000, idleMs: 5000, totalMs: 20_000 }

export interface TestUpstream {
  readonly url: string
  /** Requests seen so far. */
  readonly requests: IncomingMessage[]
  /** Resolves with the moment (monotonic ms) at which the given number of connections were closed. */
  closed(count?: number): Promise<number>
  stop(): Promise<void>
}

export async function startUpstream(
  answer: (request: IncomingMessage, response: ServerResponse, n: number) => void,
): Promise<TestUpstream> {
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    request.resume()
    request.on('end', () => answer(request, response, requests.length))
  })
  return listen(server, requests)
}

/** Accepts connections and says nothing, ever. */
export async function startMute(): Promise<TestUpstream> {
  return listen(
    createTcpServer((socket) => socket.on('error', () => {}).resume()),
    [],
  )
}

async function listen(server: Server | ReturnType<typeof createTcpServer>, requests: IncomingMessage[]): Promise<TestUpstream> {
  const sockets = new Set<Socket>()
  const closings: number[] = []
  const waiting: (() => void)[] = []
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => {
      sockets.delete(socket)
      closings.push(performance.now())
      for (const wake of waiting.splice(0)) wake()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async closed(count = 1) {
      while (closings.length < count) await new Promise<void>((resolve) => waiting.push(resolve))
      return closings[count - 1]!
    },
    async stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

export function sendJson(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json', 'x-request-id': 'up-1' }).end(JSON.stringify(body))
}

export const WHOLE = {
  id: 'c1',
  object: 'chat.completion',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }],
}
export const ROLE = chunk({ role: 'assistant', content: '' })

export function chunk(delta: object, finishReason: string | null = null): JsonObject {
  return { object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finishReason }] } as unknown as JsonObject
}

export function sse(...bodies: (object | '[DONE]')[]): string {
  return bodies.map((body) => `data: ${typeof body === 'string' ? body : JSON.stringify(body)}\n\n`).join('')
}

/** Reads JSON answers and `data:` lines; an event with `error` is an error. */
export const reader: AnswerReader = {
  unary(reply) {
    try {
      const body = JSON.parse(reply.body.toString()) as JsonObject
      return { body, raw: reply.body, parts: [], usage: NO_USAGE, finishReason: 'stop', choices: 1, toolCalls: 0 }
    } catch {
      return failure('malformed', reply.status)
    }
  },
  openStream: () => new LineReader(),
  failure: (reply) =>
    failure(
      reply.status === 429 ? 'rate_limited' : reply.status === 400 ? 'bad_request' : 'server_error',
      reply.status,
      reply.body.toString(),
    ),
}

class LineReader implements StreamReader {
  #rest = ''
  push(bytes: Buffer): readonly StreamEvent[] {
    const lines = (this.#rest + bytes.toString()).split('\n\n')
    this.#rest = lines.pop()!
    return lines.map((line) => eventOf(line.slice('data: '.length)))
  }
  end(): readonly StreamEvent[] {
    return []
  }
  usage(): null {
    return null
  }
}

function eventOf(data: string): StreamEvent {
  if (data === '[DONE]') return { type: 'done' }
  const body = JSON.parse(data) as JsonObject
  return body.error === undefined ? { type: 'chunk', body, raw: data } : { type: 'error', failure: failure('overloaded', 200) }
}

export function failure(failureClass: UpstreamFailure['class'], status = 0, message = ''): UpstreamFailure {
  return { class: failureClass, status, message, retryAfterMs: null, upstreamRequestId: null }
}

export const adapter: ProviderAdapter = {
  type: 'test',
  defaultEndpoint: null,
  needsCredential: false,
  prepare: (request, target) => ({
    method: 'POST',
    url: `${target.provider.endpoint}/chat/completions`,
    headers: { 'content-type': 'application/json' },
    body: request.bytes({}),
  }),
}

export function target(url: string, timeouts: Partial<Timeouts> = {}, name = 'one'): Target {
  return {
    id: `${name}/m`,
    provider: { name, type: 'test', zone: 'eu', region: null, endpoint: url, credentialRef: null, timeouts: { ...PATIENT, ...timeouts } },
    model: 'm',
    upstreamModel: 'm',
    secure: false,
    weight: 1,
    rates: null,
  }
}

export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms)
    return () => clearTimeout(timer)
  },
}

/** An upstream that is closed with `stopAll`. */
export function makeUpstream(options: Partial<CreateUpstreamOptions> = {}): Upstream {
  return createUpstream({
    adapters: new Map([['test', adapter]]),
    credential: () => null,
    clock: realClock,
    defaultReader: reader,
    ...options,
  })
}

export interface TestPlan extends DispatchPlan {
  readonly rows: AttemptOutcome[]
  readonly controller: AbortController
}

type Around = (attempt: Attempt, next: (kind: AttemptKind) => Promise<AttemptResult>) => Promise<AttemptResult>

/** Goes on to the next target after any failure, and asks each one once. */
export const goOn: Around = async (attempt, next) => {
  const result = await next(attempt.position === 0 ? 'first' : 'failover')
  return result.ok ? result : { ...result, tryNext: true }
}

export function plan(
  targets: readonly Target[],
  options: { stream?: boolean; around?: readonly Around[]; maxAttempts?: number; body?: Buffer } = {},
): TestPlan {
  const rows: AttemptOutcome[] = []
  const controller = new AbortController()
  const stream = options.stream ?? false
  const body = options.body ?? Buffer.from('{}')
  const request: RenderedRequest = { stream, choices: 1, body: () => ({}), bytes: () => body, headers: {} }
  return {
    exchangeId: 'x1',
    targets: targets.map((one) => ({ target: one, request })),
    stream,
    maxAttempts: options.maxAttempts ?? 3,
    around: options.around ?? [goOn],
    signal: controller.signal,
    onAttempt: (row) => rows.push(row),
    rows,
    controller,
  }
}
