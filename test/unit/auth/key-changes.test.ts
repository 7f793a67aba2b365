// What is asked of keys and what becomes of it: never wider than meant, never unrecorded, whatever the store holds or does.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { GatewayError, type Directory, type KeyRow, type KeyStore } from '../../../core/plugin/index.ts'
import { hasId, isKeyRow } from '../../../core/model/key-row.ts'
import { KeyChanges, type KeyEvent } from '../../../core/state/key-changes.ts'
import { readKeyChange, readNewKey } from '../../../core/config/key-request.ts'

const NOW = Date.UTC(2026, 0, 15, 12)
const RUNS = process.env['SALLYPORT_TEST_LONG'] ? 5000 : 500

const directory = {
  tenants: new Map([['acme', {}]]),
  models: new Map([['gpt', {}]]),
  features: new Map([['support', {}]]),
  keys: [],
} as unknown as Directory

/** A store in memory. `more` breaks it. */
function storeOf(rows: readonly unknown[] = [], more: Partial<KeyStore> = {}): KeyStore & { readonly rows: Map<string, KeyRow> } {
  const kept = new Map(rows.map((row) => [String((row as KeyRow).id), row as KeyRow]))
  return {
    rows: kept,
    findByPrefix: () => [],
    list: () => [...kept.values()],
    find: (id) => kept.get(id) ?? null,
    put: (row) => void kept.set(row.id, row),
    replace(before, after, added) {
      if (kept.get(before.id) !== before) return false
      kept.set(after.id, after)
      if (added) kept.set(added.id, added)
      return true
    },
    revoke(id, revokedAt) {
      const row = kept.get(id)
      if (row && row.revokedAt === null) kept.set(id, { ...row, revokedAt })
      return row !== undefined
    },
    noteUsed: () => {},
    lastUsed: () => new Map(),
    ...more,
  }
}

function changesOf(keys: KeyStore) {
  const events: KeyEvent[] = []
  const changes = new KeyChanges({ keys, directory: () => directory, pepper: () => Buffer.alloc(32, 7), now: () => NOW })
  const record = async (event: KeyEvent): Promise<void> => void events.push(event)
  const results = (): string[] => events.map(({ action, result }) => `${action}: ${result}`)
  return { changes, record, events, results }
}

const ROW: KeyRow = {
  id: 'key_1',
  tenant: 'acme',
  prefix: 'abcdefghij',
  hash: 'f'.repeat(64),
  scopes: ['chat'],
  models: null,
  features: null,
  allowedIps: null,
  expires: '2026-02-01T00:00:00.000Z',
  createdAt: null,
  revokedAt: null,
}
const refused = (status: number) => (error: unknown) => error instanceof GatewayError && error.status === status

describe('changes of keys', () => {
  it('are not made when they cannot be recorded', async () => {
    const keys = storeOf([ROW])
    const { changes } = changesOf(keys)
    const full = (): Promise<never> => Promise.reject(new GatewayError('record_unavailable'))
    await assert.rejects(changes.create({ tenant: 'acme' }, full), refused(503))
    await assert.rejects(changes.change('key_1', { name: 'x' }, full), refused(503))
    await assert.rejects(changes.rotate('key_1', {}, full), refused(503))
    assert.deepEqual([...keys.rows.values()], [ROW])
    await assert.rejects(changes.revoke('key_1', full), /The key is revoked, but the record takes nothing/)
    assert.ok(keys.rows.get('key_1')!.revokedAt)
    const { record, results } = changesOf(keys)
    await changes.revoke('key_1', record)
    assert.deepEqual(results(), ['key revoked: unchanged'])
  })
  it('say so in the record when the store then fails, or somebody was faster', async () => {
    const away = (): never => {
      throw new GatewayError('state_unavailable')
    }
    const failing = changesOf(storeOf([ROW], { put: away, replace: () => false }))
    await assert.rejects(failing.changes.create({ tenant: 'acme' }, failing.record), refused(503))
    await assert.rejects(failing.changes.rotate('key_1', {}, failing.record), refused(409))
    assert.deepEqual(failing.results(), ['key created: ok', 'key created: failed', 'key rotated: ok', 'key rotated: refused'])
    assert.equal(failing.events[3]!.before, failing.events[3]!.after)
  })
  it('end a rotated key no later than it would have ended anyway, and give the rights on', async () => {
    const keys = storeOf([{ ...ROW, quota: { rpm: 5 }, name: 'n' }])
    const { changes, record } = changesOf(keys)
    const { row, old } = await changes.rotate('key_1', { overlap_seconds: 366 * 86_400 }, record)
    assert.deepEqual([old.expires, old.rotatedTo], [ROW.expires, row.id])
    assert.deepEqual([row.quota, row.name, row.rotatedFrom, row.family, row.revokedAt], [{ rpm: 5 }, 'n', 'key_1', 'key_1', null])
    assert.ok(row.prefix !== ROW.prefix && row.hash !== ROW.hash && isKeyRow(row))
    const next = await changes.rotate(row.id, {}, record)
    assert.deepEqual([next.row.family, next.row.rotatedFrom], ['key_1', row.id])
  })
  it('do not touch rows that are no keys, and show nothing of them but their id', async () => {
    const hostile = [
      { id: 'key_a', hash: 'secret-hash', tenant: ['acme'], scopes: 'all', name: '\u001b[2J' },
      { ...ROW, id: 'key_b', quota: { rpm: {} } },
      { id: 'x'.repeat(100_000), expires: 'never' },
      { id: '\ud800' },
    ]
    const { changes, record } = changesOf(storeOf(hostile.slice(0, 2)))
    for (const id of ['key_a', 'key_b']) {
      await assert.rejects(changes.change(id, { name: 'x' }, record), refused(409))
      await assert.rejects(changes.rotate(id, {}, record), refused(409))
    }
    const listed = changesOf(storeOf([], { list: () => hostile as unknown as KeyRow[] })).changes
    const shown = JSON.stringify(await listed.show(await listed.list()))
    assert.ok(!shown.includes('secret-hash') && !shown.includes('\\u001b') && !shown.includes(ROW.hash))
    assert.equal(shown.match(/"status":"unreadable"/g)!.length, hostile.length)
  })
  it('are offered for rows that can be named, in both stores', () => {
    for (const row of [null, 5, 'x', [], {}, { id: 5 }, { id: { toString: 'x' } }]) assert.ok(!hasId(row))
    assert.ok(hasId({ id: 'key_1' }))
  })
  it('happen one after the other in a process', async () => {
    const keys = storeOf([ROW])
    const { changes, record, results } = changesOf(keys)
    const asked = [changes.rotate('key_1', {}, record), changes.revoke('key_1', record), changes.rotate('key_1', {}, record)]
    const [first, second, third] = await Promise.allSettled(asked)
    assert.deepEqual([first!.status, second!.status, third!.status], ['fulfilled', 'fulfilled', 'rejected'])
    assert.deepEqual(results(), ['key rotated: ok', 'key revoked: ok'])
  })
})

describe('what is asked of a key', () => {
  const member = fc.constantFrom(
    'tenant',
    'name',
    'scopes',
    'models',
    'features',
    'allowed_ips',
    'expires',
    'budget',
    'quota',
    '__proto__',
    'x',
  )
  const good = fc.constantFrom<unknown>(
    'acme',
    ['chat'],
    ['gpt'],
    ['support'],
    ['10.0.0.0/8', '::1'],
    '30d',
    '2027-01-01',
    5,
    '1.5',
    { rpm: 1 },
    {},
    [],
    null,
  )
  const value = fc.oneof({ weight: 3, arbitrary: good }, { weight: 1, arbitrary: fc.jsonValue() }, fc.string({ unit: 'binary' }))
  const asked = fc.array(fc.tuple(member, value), { maxLength: 6 }).map((pairs) => Object.fromEntries(pairs) as { [name: string]: unknown })

  it('becomes a key that is understood, or is refused with the member in the sentence; nothing else', () => {
    let made = 0
    fc.assert(
      fc.property(fc.boolean(), asked, (isNew, body) => {
        try {
          const rights = isNew ? readNewKey({ ...body, tenant: 'acme' }, directory, NOW) : readKeyChange(body, ROW, directory, NOW)
          const { quota: _quota, name: _name, ...rest } = ROW
          assert.ok(isKeyRow({ ...rest, ...rights }), JSON.stringify(rights))
          for (const list of [rights.models, rights.features]) for (const name of list ?? []) assert.ok(['gpt', 'support'].includes(name))
          assert.ok(rights.scopes.length > 0)
          made++
        } catch (error) {
          assert.ok(error instanceof GatewayError && error.code === 'invalid_request', String(error))
          assert.ok(error.param === null || error.message.includes(error.param), error.message)
          assert.ok(error.message.length < 400 && !/[\p{Cc}]/u.test(error.message), JSON.stringify(error.message))
        }
      }),
      { numRuns: RUNS, seed: 5 },
    )
    assert.ok(made > RUNS / 20, String(made))
  })
  it('leaves alone what it does not name', () => {
    const before: KeyRow = { ...ROW, quota: { rpm: 5, monthly: '3' }, name: 'n', models: [] }
    const { scopes, models, features, allowedIps, expires, quota, name } = before
    const same = { scopes, models, features, allowedIps, expires, quota, name }
    assert.deepEqual(readKeyChange({ scopes: ['debug'] }, before, directory, NOW), { ...same, scopes: ['debug'] })
    assert.deepEqual(readKeyChange({ budget: 9 }, before, directory, NOW).quota, { rpm: 5, monthly: 9 })
    assert.deepEqual(readKeyChange({ budget: null }, before, directory, NOW).quota, { rpm: 5 })
    assert.deepEqual(readKeyChange({ quota: null }, before, directory, NOW).quota, undefined)
    assert.deepEqual(readKeyChange({ quota: { daily_tokens: { soft: 5, hard: 9 } } }, before, directory, NOW).quota, {
      dailyTokens: { soft: 5, hard: 9 },
    })
  })
})
