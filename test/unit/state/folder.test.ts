// Several processes and one folder: keys are shared at once, counters have one owner, secrets are made once.
import assert from 'node:assert/strict'
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { openEmbeddedState } from '../../../core/state/embedded.ts'
import { openKeyStore } from '../../../core/state/key-store.ts'
import { openSecrets } from '../../../core/state/secrets.ts'
import type { State } from '../../../core/model/state.ts'
import { ManualClock, silentLog } from './manual-clock.ts'

const run = promisify(execFile)
const KEY_STORE = new URL('../../../core/state/key-store.ts', import.meta.url).href
const EMBEDDED = new URL('../../../core/state/embedded.ts', import.meta.url).href
const CLOCK = new URL('./manual-clock.ts', import.meta.url).href

async function inAnotherProcess(code: string): Promise<string> {
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code])
  return stdout.trim()
}

describe('a state folder', () => {
  let folder: string
  let clock: ManualClock
  let opened: State[]
  const open = (): State => {
    const state = openEmbeddedState({ path: join(folder, 'state'), clock, log: silentLog() })
    opened.push(state)
    return state
  }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-folder-'))
    clock = new ManualClock(Date.now())
    opened = []
  })
  afterEach(async () => {
    for (const state of opened) await state.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('shows a running gateway the keys that another process makes and revokes', async () => {
    const state = open()
    assert.deepEqual(await state.keys.findByPrefix('pre'), [])
    const beside = (action: string): string => `
      import { openKeyStore } from '${KEY_STORE}'
      const store = openKeyStore('${join(folder, 'state')}')
      await store.keys.${action}
      await store.close()`
    const row = {
      id: 'k1',
      prefix: 'pre',
      tenant: 'acme',
      hash: '00',
      scopes: [],
      models: null,
      features: null,
      allowedIps: null,
      expires: null,
      createdAt: null,
      revokedAt: null,
    }
    await inAnotherProcess(beside(`put(${JSON.stringify(row)})`))
    assert.deepEqual(await state.keys.findByPrefix('pre'), [row])
    await inAnotherProcess(beside(`revoke('k1', '2026-01-01T00:00:00Z')`))
    assert.equal((await state.keys.findByPrefix('pre'))[0]?.revokedAt, '2026-01-01T00:00:00Z')
  })

  it('belongs to one gateway at a time, and says who has it', async () => {
    open()
    assert.throws(
      () => openEmbeddedState({ path: join(folder, 'state'), clock, log: silentLog() }),
      new RegExp(`in use by process ${process.pid};`),
    )
    const answer = await inAnotherProcess(`
      import { openEmbeddedState } from '${EMBEDDED}'
      import { ManualClock, silentLog } from '${CLOCK}'
      try { openEmbeddedState({ path: '${join(folder, 'state')}', clock: new ManualClock(), log: silentLog() }); console.log('opened') }
      catch (error) { console.log(error.name) }`)
    assert.equal(answer, 'StateInUseError')
  })

  it('can be opened again after its owner was killed', async () => {
    const child: ChildProcess = spawn(process.execPath, [
      '--input-type=module',
      '-e',
      `
      import { openEmbeddedState } from '${EMBEDDED}'
      import { ManualClock, silentLog } from '${CLOCK}'
      openEmbeddedState({ path: '${join(folder, 'state')}', clock: new ManualClock(), log: silentLog() })
      console.log('ready')
      setInterval(() => {}, 1000)`,
    ])
    await once(child.stdout!, 'data')
    assert.throws(() => openEmbeddedState({ path: join(folder, 'state'), clock, log: silentLog() }), { name: 'StateInUseError' })
    child.kill('SIGKILL')
    await once(child, 'exit')
    assert.equal(open().ledger.level('w'), 0)
  })

  it('can be opened again after it was closed', async () => {
    await open().close()
    open()
  })

  it('keeps booked counters at every checkpoint, not only at close', async () => {
    const state = open()
    const endsAt = clock.now() + 3_600_000
    await state.ledger.reserve('a', [{ kind: 'window', counter: 'w', limit: 10, amount: 4, endsAt }])
    await state.ledger.settle('a', new Map([['w', 4]]))
    clock.advance(10_000)
    let kept = ''
    for (let i = 0; i < 50 && kept === ''; i++) {
      kept = await inAnotherProcess(`
        import { openEnvironment } from '${KEY_STORE.replace('key-store', 'environment')}'
        const env = openEnvironment('${join(folder, 'state')}')
        console.log(env.openDB({ name: 'counters', encoding: 'json' }).get('w')?.used ?? '')
        await env.close()`)
    }
    assert.equal(kept, '4')
  })

  it('says what is wrong when it cannot be a folder', () => {
    writeFileSync(join(folder, 'file'), '')
    assert.throws(() => openKeyStore(join(folder, 'file')), /file: the state folder cannot be opened: .*writable folder/s)
  })
})

describe('secrets', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-secrets-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('are made once, kept for their owner only, and the same for every reader', () => {
    const path = join(folder, 'made')
    const first = openSecrets(path)('pepper')
    assert.equal(first.length, 32)
    assert.deepEqual(openSecrets(path)('pepper'), first)
    assert.notDeepEqual(openSecrets(path)('other'), first)
    assert.equal(statSync(join(path, 'pepper')).mode & 0o777, 0o600)
    assert.deepEqual(readFileSync(join(path, 'pepper')), first)
  })
  it('refuse a file that was cut', () => {
    writeFileSync(join(folder, 'pepper'), 'short')
    assert.throws(() => openSecrets(folder)('pepper'), /holds 5 bytes/)
  })
  it('refuse names that lead elsewhere', () => {
    assert.throws(() => openSecrets(folder)('../pepper'), RangeError)
  })
})
