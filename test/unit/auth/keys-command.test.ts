// `sallyport keys` on a real state folder, beside a gateway that has it open.
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { Command, CommanderError } from 'commander'
import { parse } from 'yaml'
import { decodeSection } from '../../../core/record/frame.ts'
import { openSpool } from '../../../core/record/spool.ts'
import { readFrames, segmentPaths } from '../../../core/record/segment.ts'
import { registerKeys } from '../../../core/cli/keys.ts'
import { hashKey } from '../../../core/model/key-material.ts'
import { openEmbeddedState } from '../../../core/state/embedded.ts'
import { openSecrets } from '../../../core/state/secrets.ts'
import type { LoadedConfig } from '../../../core/config/config.ts'
import type { State } from '../../../core/model/state.ts'
import { ManualClock, silentLog } from '../state/manual-clock.ts'

const configured = {
  id: 'key_yaml',
  tenant: 'acme',
  prefix: 'abcdefghij',
  hash: '0'.repeat(64),
  scopes: ['chat'],
  revokedAt: null,
  expires: null,
}

type Loose = ReturnType<typeof JSON.parse>

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
      config: {
        state: { driver: 'embedded', path: './data/state' },
        record: { spool: { path: './data/spool', maxBytes: 1e9, fsync: false, onUnavailable: 'block' } },
      },
      directory: { tenants: new Map([['acme', {}]]), models: new Map([['m', {}]]), features: new Map(), keys: [configured] },
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
  /** What commands left in the record, as its recorder will find it. */
  function events(): Loose[] {
    const spool = join(folder, 'data', 'spool')
    const paths = readdirSync(spool).flatMap((node) => segmentPaths(join(spool, node)))
    return paths.flatMap((path) => [...readFrames(path)].flatMap((frame) => decodeSection(frame, 'admin_events') as Loose[]))
  }
  const create = async (...more: string[]): Promise<Loose> => JSON.parse(await keys('create', '--tenant', 'acme', '--json', ...more))

  it('lists keys without hash or secret, and revokes them', async () => {
    const { id, key } = await create('--name', 'Café ☕', '--budget', '12.50')
    const listed = await keys('list', '--json')
    assert.ok(!listed.includes('hash') && !listed.includes('0000') && !listed.includes(key))
    const [, shown] = JSON.parse(listed) as Loose[]
    assert.deepEqual(
      [shown.name, shown.quota, shown.status, shown.from, shown.last_used_at],
      ['Café ☕', { monthly: '12.50' }, 'active', 'state', null],
    )
    assert.match(
      await keys('list'),
      /^id\tname\ttenant\tprefix\tscopes\tstatus\texpires\tlast_used_at\tfrom\n.*\tchat\tactive\t\t\tconfig\n.*\tacme\t.*\tchat\tactive\t\t\tstate$/,
    )
    await keys('revoke', id)
    assert.equal((JSON.parse(await keys('list', '--json')) as Loose[])[1].status, 'revoked')
    assert.equal(JSON.parse(await keys('revoke', id, '--json')).status, 'revoked')
  })
  it('gives a key limits of its own, and says what it cannot read', async () => {
    const { id } = await create('--quota', 'rpm=60, daily_tokens=200000,monthly=12.50')
    const shown = (JSON.parse(await keys('list', '--json')) as Loose[]).find((key) => key.id === id)!
    assert.deepEqual(shown.quota, { rpm: 60, daily_tokens: 200_000, monthly: '12.50' })
    await assert.rejects(() => create('--quota', 'rpm'), /write limits such as rpm=60/)
    await assert.rejects(() => create('--quota', 'rps=60'), /quota\.rps.*is unknown; there are/)
  })
  it('rotates with an overlap, once', async () => {
    const { id } = await create('--models', 'm', '--name', 'n', '--expires', '30d')
    const made = JSON.parse(await keys('rotate', id, '--overlap', '2h', '--json')) as Loose
    assert.deepEqual(Object.keys(made), ['id', 'key', 'prefix', 'rotated_from', 'old_key_expires'])
    const hours = (Date.parse(made.old_key_expires) - Date.now()) / 3_600_000
    assert.ok(hours > 1.9 && hours <= 2)
    const [old, fresh] = [(await gateway.keys.find(id))!, (await gateway.keys.find(made.id))!]
    assert.deepEqual([old.rotatedTo, fresh.rotatedFrom, fresh.models, fresh.name], [made.id, id, ['m'], 'n'])
    assert.ok(
      Date.parse(fresh.expires!) > Date.parse(old.expires!) &&
        fresh.hash === hashKey(made.key, openSecrets(join(folder, 'data', 'secrets'))('pepper')),
    )
    await assert.rejects(keys('rotate', id), /was rotated: its successor is/)
    const { id: next } = JSON.parse(await keys('rotate', made.id, '--overlap', '0', '--json')) as Loose
    assert.equal((JSON.parse(await keys('list', '--json')) as Loose[]).find((key) => key.id === made.id).status, 'expired')
    assert.equal((JSON.parse(await keys('list', '--json', '--tenant', 'acme')) as Loose[]).find((key) => key.id === next).status, 'active')
  })
  it('leaves every change in the record, with who made it and without a secret', async () => {
    const { id, key } = await create()
    const made = JSON.parse(await keys('rotate', id, '--json')) as Loose
    await keys('revoke', id)
    const found = events()
    assert.deepEqual(
      found.map(({ tenant, action, target, result }) => [tenant, action, target, result]),
      [
        ['acme', 'key created', id, 'ok'],
        ['acme', 'key rotated', id, 'ok'],
        ['acme', 'key revoked', id, 'ok'],
      ],
    )
    assert.ok(found.every(({ actor }) => actor === `cli:${userInfo().username}`))
    assert.deepEqual([JSON.parse(found[2].before).revoked_at, found[0].before], [null, ''])
    assert.equal(JSON.parse(found[1].after).rotated_to, made.id)
    const text = JSON.stringify(found)
    for (const secret of [key, made.key, hashKey(key, openSecrets(join(folder, 'data', 'secrets'))('pepper'))])
      assert.ok(!text.includes(secret))
    assert.deepEqual(readdirSync(join(folder, 'data', 'spool')), ['node-cli'])
  })
  it('works beside another command that holds the node of commands', async () => {
    const path = join(folder, 'data', 'spool')
    const other = openSpool({ path, maxBytes: 1e9, fsync: false, onUnavailable: 'block', nodeId: 'node-cli' })
    await create()
    await other.close()
    assert.deepEqual(readdirSync(path).sort(), ['node-cli', 'node-cli-2'])
    const next = openSpool({ path, maxBytes: 1e9, fsync: false, onUnavailable: 'block' })
    assert.match(next.nodeId, /^node-[0-9a-f]{8}$/, 'a gateway leaves them alone')
    await next.close()
  })
  it('changes nothing that cannot be recorded, but ends a key even then', async () => {
    const { id } = await create()
    const path = join(folder, 'data', 'spool')
    rmSync(path, { recursive: true })
    writeFileSync(path, 'no folder')
    await assert.rejects(create(), /EEXIST|ENOTDIR/)
    await assert.rejects(keys('rotate', id), /EEXIST|ENOTDIR/)
    assert.equal((await gateway.keys.list()).length, 1)
    await assert.rejects(keys('revoke', id), /The key is revoked, but the record takes nothing/)
    assert.ok((await gateway.keys.find(id))!.revokedAt)
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
    [['create', '--tenant', 'acme', '--name', 'a\u001b[2J'], /`name`: must be a text/],
    [['create', '--tenant', 'acme', '--name', 'x'.repeat(101)], /`name`: must be a text of 1 to 100/],
    [['create', '--tenant', 'acme', '--budget', '-5'], /`budget`: must be an amount of money/],
    [['create', '--tenant', 'acme', '--scopes', 'Chat!'], /"Chat!" is no scope/],
    [['revoke', 'key_nobody'], /no key "key_nobody"/],
    [['revoke', 'key_yaml'], /it stands in the configuration/],
    [['rotate', 'key_yaml'], /it stands in the configuration/],
    [['rotate', 'key_nobody', '--overlap', 'long'], /write a span such as 24h/],
  ]
  for (const [line, message] of WRONG) {
    it(`refuses \`keys ${line.join(' ')}\``, async () => {
      await assert.rejects(keys(...line), (error: unknown) => error instanceof CommanderError && message.test(error.message))
      assert.deepEqual(await gateway.keys.list(), [])
    })
  }
})
