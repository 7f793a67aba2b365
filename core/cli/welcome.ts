// What a newcomer needs at the first start: an admin token, a key for the demo tenant, and a request to paste.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { commandRecord } from './command-record.ts'
import { KeyChanges } from '../state/key-changes.ts'
import { openAdminToken, type AdminToken } from '../state/admin-token.ts'
import { secretsFolder } from '../state/secrets.ts'
import type { LoadedConfig } from '../config/config.ts'
import type { State } from '../model/state.ts'

const DEMO_TENANT = 'demo'
const DEMO_SCOPES = ['chat', 'decide', 'debug']

/** The admin token and the key of the demo tenant where that tenant is configured. */
export async function firstStart(
  loaded: LoadedConfig,
  state: State,
  secret: (name: string) => Buffer,
): Promise<{ token: AdminToken; demoKey: string | null }> {
  const token = openAdminToken(secretsFolder(loaded))
  return { token, demoKey: loaded.directory.tenants.has(DEMO_TENANT) ? await demoKey(loaded, state, secret) : null }
}

/** Made once and kept 0600 beside the other secrets, so that the second start prints the same. */
async function demoKey(loaded: LoadedConfig, { keys }: State, secret: (name: string) => Buffer): Promise<string> {
  const file = join(secretsFolder(loaded), 'demo-key')
  if (existsSync(file)) return readFileSync(file, 'utf8').trim()
  const changes = new KeyChanges({ keys, directory: () => loaded.directory, pepper: () => secret('pepper'), now: Date.now })
  // The primary of several workers has no spool of its own.
  const record = commandRecord(loaded, 'system')
  try {
    const { secret: key } = await changes.create({ tenant: DEMO_TENANT, scopes: DEMO_SCOPES, name: 'Demo' }, (event) => record.note(event))
    writeFileSync(`${file}.new`, key + '\n', { mode: 0o600 })
    renameSync(`${file}.new`, file)
    return key
  } finally {
    await record.close()
  }
}

export function printWelcome({
  url,
  adminToken,
  demoKey: key,
  loaded,
  workers,
}: {
  url: string
  adminToken: string
  demoKey: string | null
  loaded: LoadedConfig
  /** Absent: this process serves alone. */
  workers?: number
}): void {
  const models = [...loaded.directory.models.values()].filter(({ active }) => active).map(({ name }) => name)
  const lines = [
    `Sallyport listens on ${url}`,
    `  config       ${loaded.path ?? 'built-in defaults (sallyport init writes a file to start from)'}`,
    `  models       ${models.join(', ')}`,
    ...(workers === undefined ? [] : [`  workers      ${workers}, below process ${process.pid} (SIGUSR2 replaces them one by one)`]),
    `  admin token  ${adminToken}`,
  ]
  if (key !== null) {
    lines.push('', 'Try it:', '', curlFor(url, key, models[0] ?? 'auto'), '')
  }
  process.stdout.write(lines.join('\n') + '\n')
}

function curlFor(url: string, key: string, model: string): string {
  return [
    `  curl ${url}/v1/chat/completions \\`,
    `    -H 'authorization: Bearer ${key}' -H 'content-type: application/json' \\`,
    `    -d '{"model":"${model}","messages":[{"role":"user","content":"My card is 4111 1111 1111 1111. Say hello."}]}'`,
  ].join('\n')
}
