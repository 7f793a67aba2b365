// A whole gateway without a socket: real plugins, policies, state and pipeline around a provider of the test. What leaves to the provider, the
// rows of the record and every line of the log are kept, so that a test can search them.
import { inspect } from 'node:util'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { stringify } from 'yaml'
import { buildSnapshot } from '../../core/server/snapshots.ts'
import { handle } from '../../core/pipeline/handle.ts'
import { loadConfig } from '../../core/config/load.ts'
import { openEmbeddedState } from '../../core/state/embedded.ts'
import { PLUGINS } from '../../core/plugins.ts'
import { systemClock } from '../../core/plugin/clock.ts'
import { TokenEstimator } from '../../core/pipeline/estimate.ts'
import type { Incoming, Reply } from '../../core/pipeline/ports.ts'
import type { Kernel } from '../../core/pipeline/snapshot.ts'
import type { Vault } from '../../core/model/state.ts'
import { deriveKey } from '../../plugins/pii/token-vault.ts'
import type { JsonObject, Log, Plugin, Principal, TransportSink } from '../../core/plugin/index.ts'

/** What the provider does with a request: pieces of its answer, then a clean end or a broken connection. */
export interface Provided {
  readonly status?: number
  readonly pieces: readonly string[]
  readonly breaks?: boolean
}

export interface House {
  /** Bodies that left, in order. */
  readonly sent: string[]
  /** Rows of the record as JSON, and lines of the log with everything in them. */
  readonly kept: string[]
  provide: (body: JsonObject) => Provided
  /** Replaces methods of the vault; null: all as they are. */
  vault: Partial<Vault> | null
  ask(body: object, who?: Who): Promise<Asked>
  close(): Promise<void>
}

export interface Who {
  readonly tenant?: string
  readonly session?: string
}

export interface Asked {
  readonly status: number
  readonly headers: { readonly [name: string]: string }
  readonly body: string
}

export async function openHouse(policies: string, config: object = {}): Promise<House> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-house-'))
  const state = openEmbeddedState({ path: join(folder, 'state'), clock: systemClock, log: silent() })
  const house: House = { sent: [], kept: [], provide: () => ({ pieces: [] }), vault: null, ask, close }
  const vault: Vault = {
    putMany: (...args) => (house.vault?.putMany ?? ((...all) => state.vault.putMany(...all)))(...args),
    getMany: (...args) => (house.vault?.getMany ?? ((...all) => state.vault.getMany(...all)))(...args),
    sweep: () => state.vault.sweep(),
  }
  const kernel = kernelOf({ ...state, vault }, house.kept)
  const secret = (name: string): Buffer => deriveKey(Buffer.alloc(32, 1), name)
  const load = writeConfig(folder, policies, config)
  const snapshot = await buildSnapshot(
    { kernel, plugins: [testPlugin(house), ...PLUGINS], secret, compileAside: () => Promise.reject(new Error('there is no reload here')) },
    load,
    1,
  )

  async function ask(body: object, { tenant = 'acme', session }: Who = {}): Promise<Asked> {
    const headers: { [name: string]: string | undefined } = { 'x-test-tenant': tenant, 'x-sallyport-session': session }
    const incoming: Incoming = {
      governed: { endpoint: 'chat.completions', dialect: 'openai-chat', scope: 'chat', dispatches: true },
      clientIp: '127.0.0.1',
      header: (name) => headers[name] ?? null,
      readBody: () => Buffer.from(JSON.stringify({ model: 'test', ...body })),
    }
    const reply = new KeptReply()
    await handle(kernel, snapshot, incoming, reply)
    return reply
  }

  async function close(): Promise<void> {
    await snapshot.retire()
    await state.close()
    rmSync(folder, { recursive: true, force: true })
  }

  return house
}

function writeConfig(folder: string, policies: string, config: object): ReturnType<typeof loadConfig> {
  const path = join(folder, 'sallyport.yaml')
  mkdirSync(join(folder, 'policies'))
  writeFileSync(join(folder, 'policies', 'test.policy'), policies)
  const base = {
    policies: { standard: true, paths: ['./policies'] },
    providers: [{ name: 'mirror', type: 'test', zone: 'us' }],
    models: [{ name: 'test', targets: [{ provider: 'mirror', model: 'mirror' }] }],
    features: [{ name: 'plain', pii: 'allow' }],
    tenants: ['acme', 'other'].map((id) => ({ id, defaultFeature: 'plain' })),
  }
  writeFileSync(path, stringify({ ...base, ...config }))
  return loadConfig(path)
}

/** Knows every caller by a header, and brings the provider. */
function testPlugin(house: House): Plugin {
  const principal = (tenantId: string): Principal => ({
    tenantId,
    keyId: 'test',
    scopes: ['chat'],
    models: null,
    features: null,
    user: null,
  })
  return {
    name: 'test',
    apiVersion: 1,
    summary: 'The other side of a test.',
    config: { type: 'object', additionalProperties: false, properties: {} },
    onFailure: { identify: 'deny' },
    budgetMs: {},
    setup: () => ({
      identify: ({ header }) => principal(header('x-test-tenant') ?? ''),
      providers: [
        {
          type: 'test',
          defaultEndpoint: null,
          needsCredential: false,
          prepare: (request) => ({ method: 'POST', url: 'test:', headers: {}, body: request.bytes({}) }),
          transport: {
            send(call, sink) {
              house.sent.push(call.body.toString())
              const provided = house.provide(JSON.parse(call.body.toString()) as JsonObject)
              let isOver = false
              setImmediate(() => isOver || deliver(provided, sink))
              return { abort: () => void (isOver = true), resume() {} }
            },
          },
        },
      ],
    }),
  }
}

function deliver({ status = 200, pieces, breaks = false }: Provided, sink: TransportSink): void {
  sink.onHeaders(status, { 'content-type': pieces[0]?.startsWith('data:') ? 'text/event-stream' : 'application/json' })
  for (const piece of pieces) sink.onData(Buffer.from(piece))
  if (breaks) sink.onError(new Error('the connection broke'))
  else sink.onEnd()
}

class KeptReply implements Reply, Asked {
  status = 0
  headers: { [name: string]: string } = {}
  body = ''
  isOpen = false

  onGone(): void {}
  onDrain(): void {}

  send(status: number, headers: { [name: string]: string }, body: Buffer): void {
    this.open(status, headers)
    this.body = body.toString()
  }

  open(status: number, headers: { [name: string]: string }): void {
    this.status = status
    this.headers = headers
    this.isOpen = true
  }

  write(text: string): boolean {
    this.body += text
    return true
  }

  end(text: string): void {
    this.body += text
  }

  destroy(): void {}
}

function kernelOf(state: Kernel['state'], kept: string[]): Kernel {
  const keep = (rows: object): Promise<void> => Promise.resolve(void kept.push(JSON.stringify(rows)))
  const write = (fields: object, message: string): void => void kept.push(`${message} ${inspect(fields, { depth: 8 })}`)
  return {
    clock: systemClock,
    log: { debug: write, info: write, warn: write, error: write },
    record: { opened: keep, closed: keep, adminEvent: keep, available: true, lost: 0, close: () => Promise.resolve() },
    state,
    estimator: new TokenEstimator(),
    version: 'test',
    findingKey: { id: 'test', key: Buffer.alloc(32, 2) },
    metrics: { exchangeEnded() {} },
  }
}

function silent(): Log {
  return { debug() {}, info() {}, warn() {}, error() {} }
}
