// A real HTTP server on loopback that speaks OpenAI's chat completions and Anthropic's messages and breaks as told, request by request.
// It remembers every request with its raw bytes, and when and why the connection ended. See README.md.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net'
import { freePort } from '../free-port.ts'
import { text } from './behaviours.ts'
import type { Arrived, Behaviour, Script } from './script.ts'

export * from './behaviours.ts'
export type { Arrived, Behaviour, Script, Step } from './script.ts'
export type { AnswerSpec, ToolCall } from './answers.ts'

/** `answered`: the script ran to its end. `client_left`: the caller closed first. `cut`: the script cut the connection. */
export type Closed = 'answered' | 'client_left' | 'cut'

export interface Call extends Arrived {
  /** Monotonic milliseconds. */
  readonly arrivedAt: number
  /** When the answer or the connection ended; null while it has not. */
  closedAt: number | null
  closedBecause: Closed | null
  readonly closed: Promise<Closed>
}

export interface UpstreamServer {
  /** `http://127.0.0.1:PORT`; OpenAI calls go to `/v1/chat/completions`, Anthropic's to `/v1/messages`. */
  readonly url: string
  readonly calls: readonly Call[]
  /** Behaviours for the next requests, one each. */
  next(...behaviours: readonly Behaviour[]): void
  /** Behaviour for a model, wherever no `next` is waiting. */
  forModel(model: string, behaviour: Behaviour): void
  /** Behaviour of everything else; at first an ordinary text. */
  always(behaviour: Behaviour): void
  /** Resolves with call number `index` (0 is the first) as soon as it has arrived. */
  call(index: number): Promise<Call>
  /** Forgets calls, queue and models. */
  reset(): void
  close(): Promise<void>
}

export async function startUpstream(options: { always?: Behaviour; port?: number } = {}): Promise<UpstreamServer> {
  const ordinary = options.always ?? text('Hello from the mock upstream.')
  const calls: Call[] = []
  const queue: Behaviour[] = []
  const models = new Map<string, Behaviour>()
  let waiting: { index: number; resolve: (call: Call) => void }[] = []
  let fallback = ordinary

  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      if (body === null) return
      const call = record(request, response, body)
      calls.push(call)
      for (const one of waiting.filter(({ index }) => index < calls.length)) one.resolve(calls[one.index]!)
      waiting = waiting.filter(({ index }) => index >= calls.length)
      const behaviour = queue.shift() ?? models.get(call.model) ?? fallback
      return play(behaviour(call), call, response)
    })
  })
  server.keepAliveTimeout = 60_000
  await listen(server, options.port ?? 0)

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    next: (...behaviours) => void queue.push(...behaviours),
    forModel: (model, behaviour) => void models.set(model, behaviour),
    always: (behaviour) => void (fallback = behaviour),
    call: (index) => (index < calls.length ? Promise.resolve(calls[index]!) : new Promise((resolve) => waiting.push({ index, resolve }))),
    reset() {
      calls.length = 0
      queue.length = 0
      models.clear()
      fallback = ordinary
    },
    close: () => closeServer(server),
  }
}

/** The URL of a loopback port where nobody listens. */
export async function closedPort(): Promise<string> {
  return `http://127.0.0.1:${await freePort()}`
}

/** Accepts connections and never reads or writes: not even a request gets in. */
export async function startDeafServer(): Promise<{ readonly url: string; close(): Promise<void> }> {
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => void sockets.add(socket.pause().on('error', () => {})))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve))
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve))
  server.closeAllConnections()
  await closed
}

/** Null when the caller left in the middle of its request. */
async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer)
    return Buffer.concat(chunks)
  } catch {
    return null
  }
}

function record(request: IncomingMessage, response: ServerResponse, body: Buffer): Call {
  const json = parse(body)
  const path = request.url ?? ''
  const closed = Promise.withResolvers<Closed>()
  const call: Call = {
    protocol: path.endsWith('/messages') ? 'anthropic' : 'openai',
    method: request.method ?? '',
    path,
    headers: request.headers,
    body,
    json,
    model: typeof json.model === 'string' ? json.model : '',
    stream: json.stream === true,
    arrivedAt: performance.now(),
    closedAt: null,
    closedBecause: null,
    closed: closed.promise,
  }
  response.once('close', () => {
    call.closedAt = performance.now()
    call.closedBecause ??= response.writableFinished ? 'answered' : 'client_left'
    closed.resolve(call.closedBecause)
  })
  return call
}

function parse(body: Buffer): { readonly [name: string]: unknown } {
  try {
    const value: unknown = JSON.parse(body.toString())
    return typeof value === 'object' && value !== null ? (value as { [name: string]: unknown }) : {}
  } catch {
    return {}
  }
}

async function play(script: Script, call: Call, response: ServerResponse): Promise<void> {
  response.on('error', () => {})
  response.socket?.setNoDelay(true)
  if (script.status > 0) {
    response.writeHead(script.status, { 'x-request-id': 'req_mock', ...script.headers })
    if (script.steps.length === 0 || script.steps[0]!.after !== undefined) response.flushHeaders()
  }
  for (const { bytes, after } of script.steps) {
    if (after !== undefined) await pause(after, call)
    if (response.destroyed) return
    response.write(bytes)
  }
  if (script.ending === 'end') response.end()
  if (script.ending === 'destroy') cut(call, response)
}

/** Cuts the connection after what was written has left, so that the caller sees those bytes first. */
function cut(call: Call, response: ServerResponse): void {
  call.closedBecause = 'cut'
  const destroy = (): void => void response.socket?.destroy()
  if (response.headersSent) response.write('', () => setImmediate(destroy))
  else destroy()
}

/** Waits, but not beyond the end of the connection: a forgotten timer would keep the test's process alive. */
async function pause(after: number | Promise<unknown>, call: Call): Promise<void> {
  if (typeof after !== 'number') return void (await Promise.race([after, call.closed]))
  if (after <= 0) return new Promise((resolve) => setImmediate(resolve))
  let timer: NodeJS.Timeout | undefined
  await Promise.race([new Promise((resolve) => (timer = setTimeout(resolve, after))), call.closed])
  clearTimeout(timer)
}
