// Load: wrk for throughput, and a bare socket for latency at one connection and the delay of streamed chunks.
import { connect, type Socket } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { writeFileSync } from 'node:fs'
import { startPinned } from './measure.ts'
import { agesOf } from './stamp.ts'
import { bodyOf, type Workload } from './workloads.ts'

export interface Endpoint {
  readonly port: number
  readonly headers: { readonly [name: string]: string }
}

export interface Throughput {
  readonly requests: number
  readonly seconds: number
  readonly errors: number
}

/** Runs wrk for some seconds with unique bodies. Throws when wrk does not report. */
export async function runWrk(
  endpoint: Endpoint,
  workload: Workload,
  options: { seconds: number; connections: number; core: number | null; folder: string },
): Promise<Throughput> {
  const script = join(options.folder, 'load.lua')
  writeFileSync(script, luaFor(endpoint, workload))
  const command = [
    'wrk',
    '-t1',
    `-c${options.connections}`,
    `-d${options.seconds}s`,
    '--timeout',
    '10s',
    '-s',
    script,
    `http://127.0.0.1:${endpoint.port}/v1/chat/completions`,
  ]
  const wrk = startPinned(options.core, command)
  if (wrk.child.exitCode === null) await once(wrk.child, 'close')
  const report = /BENCH (\{.*\})/.exec(wrk.output())?.[1]
  if (report === undefined) throw new Error(`wrk gave no result:\n${wrk.output()}`)
  return JSON.parse(report) as Throughput
}

function luaFor({ headers }: Endpoint, workload: Workload): string {
  const long = (text: string): string => `[==[${text}]==]`
  const lines = Object.entries({ 'Content-Type': 'application/json', ...headers }).map(
    ([name, value]) => `wrk.headers[ ${long(name)} ] = ${long(value)}`,
  )
  return `
wrk.method = "POST"
${lines.join('\n')}
local templates = { ${workload.templates.map(({ before, after }) => `{ ${long(before)}, ${long(after)} }`).join(', ')} }
local n = math.floor(os.time() % 100000) * 1000
function request()
  n = n + 1
  local template = templates[n % #templates + 1]
  return wrk.format(nil, nil, nil, template[1] .. n .. template[2])
end
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('BENCH {"requests":%d,"seconds":%.3f,"errors":%d}\\n', summary.requests, summary.duration / 1e6, e.connect + e.read + e.write + e.status + e.timeout))
end
`
}

/** Latencies in microseconds of requests that follow each other on one connection. */
export async function measureLatency(endpoint: Endpoint, workload: Workload, count: number): Promise<number[]> {
  const client = await Client.open(endpoint)
  const latencies: number[] = []
  for (let n = 0; n < count; n++) {
    const start = performance.now()
    const answer = await client.ask(bodyOf(workload, n))
    if (!answer.startsWith('HTTP/1.1 200')) throw new Error(`unexpected answer: ${answer.slice(0, 300)}`)
    latencies.push((performance.now() - start) * 1000)
  }
  client.close()
  return latencies
}

export interface StreamTimes {
  /** Milliseconds from the request to the first text. */
  readonly firstMs: number[]
  /** Microseconds from the moment a token left the provider to its arrival here. */
  readonly delaysUs: number[]
}

/** Streams `count` paced answers, one after the other. */
export async function measureStreams(endpoint: Endpoint, count: number): Promise<StreamTimes> {
  const client = await Client.open(endpoint)
  const times: StreamTimes = { firstMs: [], delaysUs: [] }
  for (let n = 0; n < count; n++) {
    const start = performance.now()
    let first = true
    const body = JSON.stringify({ model: 'bench-paced', stream: true, messages: [{ role: 'user', content: `Tell story ${n}.` }] })
    const answer = await client.ask(body, (piece) => {
      const ages = agesOf(piece)
      if (ages.length > 0 && first) times.firstMs.push(performance.now() - start)
      if (ages.length > 0) first = false
      times.delaysUs.push(...ages)
    })
    if (first) throw new Error(`a stream without text: ${answer.slice(0, 300)}`)
  }
  client.close()
  return times
}

/** One keep-alive connection that reads whole answers, with as little between the socket and the clock as possible. */
class Client {
  readonly #socket: Socket
  readonly #head: string

  static async open(endpoint: Endpoint): Promise<Client> {
    const socket = connect(endpoint.port, '127.0.0.1')
    socket.setNoDelay(true)
    await once(socket, 'connect')
    return new Client(socket, endpoint)
  }

  private constructor(socket: Socket, endpoint: Endpoint) {
    this.#socket = socket
    const headers = Object.entries({ 'content-type': 'application/json', ...endpoint.headers }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    )
    this.#head = `POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\n${headers.join('')}`
  }

  ask(body: string, onPiece?: (piece: string) => void): Promise<string> {
    return new Promise((resolve, reject) => {
      let text = ''
      const settle = (): void => {
        this.#socket.off('data', onData).off('close', onClose)
        resolve(text)
      }
      const onClose = (): void => reject(new Error(`the connection closed after: ${text.slice(0, 300)}`))
      const onData = (bytes: Buffer): void => {
        const piece = bytes.toString('latin1')
        text += piece
        onPiece?.(piece)
        if (isComplete(text)) settle()
      }
      this.#socket.on('data', onData).on('close', onClose)
      this.#socket.write(`${this.#head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
    })
  }

  close(): void {
    this.#socket.destroy()
  }
}

function isComplete(text: string): boolean {
  const head = text.indexOf('\r\n\r\n')
  if (head < 0) return false
  const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, head))?.[1]
  return length === undefined ? text.endsWith('\r\n0\r\n\r\n') : text.length >= head + 4 + Number(length)
}
