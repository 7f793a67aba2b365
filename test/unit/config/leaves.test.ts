// The small parts of the configuration: suggestions, credentials, watching, and the published schema.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { credentialValue, keptCredentials } from '../../../core/config/secrets.ts'
import { CONFIG_SCHEMA } from '../../../core/config/schema.ts'
import { nearest } from '../../../core/model/nearest.ts'
import { setTimeout as pause } from 'node:timers/promises'
import { until } from '../../support/until.ts'
import { watchConfig } from '../../../core/config/watch.ts'

describe('did you mean', () => {
  it('finds slips of the hand and leaves strangers alone', () => {
    const known = ['server', 'state', 'record', 'providers']
    assert.equal(nearest('sevrer', known), 'server')
    assert.equal(nearest('Provider', known), 'providers')
    assert.equal(nearest('kubernetes', known), null)
    assert.equal(nearest('x', ['m']), null)
  })
})

describe('credential by reference', () => {
  it('reads variable and file when it is used, and is null where the reference leads nowhere', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-credential-'))
    const file = join(folder, 'key')
    writeFileSync(file, 'one\n')
    assert.equal(credentialValue({ file }), 'one')
    writeFileSync(file, 'two\n')
    assert.equal(credentialValue({ file }), 'two')
    assert.equal(credentialValue({ file: join(folder, 'none') }), null)
    assert.equal(credentialValue({ env: 'A' }, { A: 'x' }), 'x')
    assert.equal(credentialValue({ env: 'A' }, { A: '' }), null)
    rmSync(folder, { recursive: true })
  })

  it('keeps a value for a second, and what is missing not at all', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-credential-'))
    const source = { file: join(folder, 'key') }
    let now = 0
    const read = keptCredentials(() => now)
    assert.equal(read(source), null)
    writeFileSync(source.file, 'one')
    assert.equal(read(source), 'one')
    writeFileSync(source.file, 'two')
    now = 999
    assert.equal(read(source), 'one')
    now = 1000
    assert.equal(read(source), 'two')
    rmSync(folder, { recursive: true })
  })
})

describe('watching', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-watch-'))
    mkdirSync(join(folder, 'policies/deep'), { recursive: true })
    writeFileSync(join(folder, 'sallyport.yaml'), '')
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  /** Resolves with the number of calls when the first one comes; the suite's timeout is the failure. */
  const change = async (act: () => void): Promise<void> => {
    let stop = (): void => {}
    const called = new Promise<void>(
      (resolve) => (stop = watchConfig(join(folder, 'sallyport.yaml'), () => [join(folder, 'policies')], resolve, { quietMs: 5 })),
    )
    act()
    await called
    stop()
  }

  it('sees a file that is written into', () => change(() => writeFileSync(join(folder, 'sallyport.yaml'), 'server:')))

  it('sees a file that is replaced, as editors do', () =>
    change(() => {
      writeFileSync(join(folder, 'new'), 'server:')
      renameSync(join(folder, 'new'), join(folder, 'sallyport.yaml'))
    }))

  it('sees a policy below its folder', () => change(() => writeFileSync(join(folder, 'policies/deep/a.policy'), 'module a')))

  it('sees SIGHUP', () => change(() => process.emit('SIGHUP')))

  it('calls once at a time, and once more for what changed meanwhile', async () => {
    const calls: PromiseWithResolvers<void>[] = []
    const onChange = (): Promise<void> => calls[calls.push(Promise.withResolvers<void>()) - 1]!.promise
    const stop = watchConfig(null, () => [], onChange, { quietMs: 1 })
    process.emit('SIGHUP')
    await until('the first was called', () => calls.length === 1)
    process.emit('SIGHUP')
    await pause(20)
    assert.equal(calls.length, 1, 'the first is under way')
    calls[0]!.resolve()
    await until('there is another', () => calls.length === 2)
    stop()
    calls[1]!.resolve()
  })

  it('leaves nothing behind when it ends', () => {
    const before = process.listenerCount('SIGHUP')
    watchConfig(
      null,
      () => [join(folder, 'policies'), join(folder, 'none')],
      () => assert.fail(),
    )()
    assert.equal(process.listenerCount('SIGHUP'), before)
  })
})

describe('sallyport.schema.json', () => {
  it('is the schema that the gateway checks with (npm run schema writes it)', () => {
    assert.deepEqual(JSON.parse(readFileSync(join(import.meta.dirname, '../../../sallyport.schema.json'), 'utf8')), CONFIG_SCHEMA)
  })
})
