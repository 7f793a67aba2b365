// A reload by file or signal leaves a row when something else judges afterwards, or it was refused.
import assert from 'node:assert/strict'
import { reloadWithNote, type Judging, type ReloadSteps } from '../../../core/cli/note-reload.ts'
import { silentLog } from '../state/manual-clock.ts'

type Noted = Parameters<ReloadSteps['note']>[0]

async function reloaded(before: Judging | null, after: Judging | null, ok = true): Promise<readonly Noted[]> {
  const noted: Noted[] = []
  let judging = before
  const report = { ok, generation: 2, error: ok ? null : 'the line 3' }
  const told = await reloadWithNote({
    judging: () => judging,
    reload: () => Promise.resolve(((judging = after), report)),
    note: (event) => Promise.resolve(void noted.push(event)),
    log: silentLog(),
  })
  assert.equal(told, report)
  return noted
}

describe('a reload by file or signal', () => {
  const old = { policies: 'p1', config: 'c1' }

  it('is a row where other policies judge', async () => {
    assert.deepEqual(await reloaded(old, { policies: 'p2', config: 'c2' }), [
      {
        tenant: '',
        action: 'policy published',
        target: 'p2',
        before: '{"policies":"p1","config":"c1"}',
        after: '{"policies":"p2","config":"c2"}',
        result: 'ok',
      },
    ])
  })
  it('is a row where only settings are others', async () => {
    const [{ action, target } = {}] = await reloaded(old, { ...old, config: 'c2' })
    assert.deepEqual([action, target], ['configuration changed', 'c2'])
  })
  it('is a row where it was refused, without what the files say', async () => {
    const [row] = await reloaded(old, old, false)
    assert.equal(row!.result, 'refused')
    assert.ok(!JSON.stringify(row).includes('line 3'))
  })
  it('is none where nothing is different', async () => {
    assert.deepEqual(await reloaded(old, { ...old }), [])
  })
  it('counts also where no row can be written, and says so', async () => {
    const log = silentLog()
    const states = [old, { ...old, policies: 'p2' }]
    const report = await reloadWithNote({
      judging: () => states.shift()!,
      reload: () => Promise.resolve({ ok: true, generation: 2, error: null }),
      note: () => Promise.reject(new Error('full')),
      log,
    })
    assert.deepEqual([report.ok, log.lines], [true, ['a reload could not be recorded']])
  })
})
