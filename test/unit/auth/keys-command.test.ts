// `sallyport keys` on a real state folder, beside a gateway that has it open.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, CommanderError } from 'commander'
import { parse } from 'yaml'
import { registerKeys } from '../../../core/cli/keys.ts'
import { hashKey } from '../../../core/model/key-material.ts'
import { openEmbeddedState } from '../../../core/state/embedded.ts'
import { openSecrets } from '../../../core/state/secrets.ts'
import type { LoadedConfig } from '../../../core/config/config.ts'
import type { State } from '../../../core/model/state.ts'
import { ManualClock, silentLog } from '../state/manual-clock.ts'

describe('sallyport keys', () => {
  let folder: string
  let gateway: State

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-keys-'))
    gateway = openEmbeddedState({ path: join(folder, 'data', 'state'), clock: new ManualClock(Date.now()), log: silentLog() })
  })
  afterEach(async () => {
    await gateway.close()
    rmSync(folder, { recursive: true, force: true })
  })

  /** Runs a command line; gives what it printed, or throws what it complained of. */
  async function keys(...line: string[]): Promise<string> {
    const loaded = {
      baseDir: folder,
      config: { state: { driver: 'embedded', path: './data/state' } },
      directory: { tenants: new Map([['acme', {}]]), models: new Map([['m', {}]]), features: new Map(), keys: [] },
    } as unknown as LoadedConfig
    const program = new Command().exitOverride().configureOutput({ writeErr: () => {} })
    registerKeys(program, () => loaded)
    for (const command of program.commands.flatMap((group) => [group, ...group.commands]))
      command.exitOverride().configureOutput({ writeErr: () => {} })
    const write = process.stdout.write.bind(process.stdout)
    let printed = ''
    process.stdout.write = ((text: string) => {
      printed += text
      return true
    }) as typeof process.stdout.write
    try {
      await program.parseAsync(['keys', ...line], { from: 'user' })
    } finally {
      process.stdout.write = write
    }
    return printed.trim()
  }

  it('makes a key that the running gateway finds at once', async () => {
    const made = JSON.parse(
      await keys(
        'create',
        '--tenant',
        'acme',
        '--scopes',
        'chat, debug',
        '--models',
        'm',
        '--ips',
        '10.0.0.0/8',
        '--expires',
        '30d',
        '--json',
      ),
    ) as Record<string, string>
    assert.deepEqual(Object.keys(made), ['id', 'key', 'prefix'])
    const [row] = await gateway.keys.findByPrefix(made.prefix!)
    assert.equal(row?.hash, hashKey(made.key!, openSecrets(join(folder, 'data', 'secrets'))('pepper')))
    assert.deepEqual([row?.scopes, row?.models, row?.features, row?.allowedIps], [['chat', 'debug'], ['m'], null, ['10.0.0.0/8']])
    const days = (Date.parse(row!.expires!) - Date.now()) / 86_400_000
    assert.ok(days > 29.9 && days <= 30)
  })
  it('lists keys without hash or secret, and revokes them', async () => {
    const { id, key } = JSON.parse(await keys('create', '--tenant', 'acme', '--json')) as Record<string, string>
    const listed = await keys('list', '--json')
    assert.ok(!listed.includes('hash') && !listed.includes(key!))
    assert.match(await keys('list'), /ID +TENANT +PREFIX +SCOPES +STATUS +FROM\n.* acme .* chat +active +state/)
    await keys('revoke', id!)
    assert.equal((JSON.parse(await keys('list', '--json')) as { status: string }[])[0]?.status, 'revoked')
  })
  it('prints a row for the configuration and stores nothing', async () => {
    const [row] = parse(await keys('create', '--tenant', 'acme', '--print-config')) as Record<string, unknown>[]
    assert.deepEqual(Object.keys(row!), ['id', 'tenant', 'prefix', 'hash', 'scopes'])
    assert.deepEqual(await gateway.keys.list(), [])
  })

  const WRONG: readonly [line: string[], message: RegExp][] = [
    [['create'], /--tenant/],
    [['create', '--tenant', 'nobody'], /no tenant "nobody" is configured; there are: acme/],
    [['create', '--tenant', 'acme', '--models', 'x'], /no model "x"/],
    [['create', '--tenant', 'acme', '--ips', '10.0.0.0/33'], /"10\.0\.0\.0\/33" is no address or network/],
    [['create', '--tenant', 'acme', '--expires', 'soon'], /write a span such as 30d/],
    [['create', '--tenant', 'acme', '--expires', '2020-01-01'], /in the past/],
    [['revoke', 'key_nobody'], /no key "key_nobody"/],
  ]
  for (const [line, message] of WRONG) {
    it(`refuses \`keys ${line.join(' ')}\``, async () => {
      await assert.rejects(keys(...line), (error: unknown) => error instanceof CommanderError && message.test(error.message))
      assert.deepEqual(await gateway.keys.list(), [])
    })
  }
})
