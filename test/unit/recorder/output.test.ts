import assert from 'node:assert/strict'
import { printRows } from '../../../core/cli/output.ts'
import { parseBy, parseSince } from '../../../core/cli/usage-query.ts'

async function* rowsOf(...rows: unknown[][]): AsyncGenerator<unknown[]> {
  yield* rows
}

async function printed(isTerminal: boolean, json: boolean, ...rows: unknown[][]): Promise<string> {
  let text = ''
  await printRows({ isTerminal, write: (part) => void (text += part) }, ['tenant', 'n'], rowsOf(...rows), json)
  return text
}

describe('the output of sql and usage', () => {
  it('is an aligned table for people', async () => {
    assert.equal(await printed(true, false, ['acme', '12'], ['b', '3']), 'tenant   n\n──────  ──\nacme    12\nb        3\n')
    assert.equal(await printed(true, false), 'tenant  n\n──────  ─\n')
  })

  it('is tab-separated in a pipe, one line per row whatever the values hold', async () => {
    assert.equal(await printed(false, false, ['a\tb\nc', null]), 'tenant\tn\na\\x09b\\x0ac\t\n')
    assert.equal(await printed(false, false, ['a\u202eb', null]), 'tenant\tn\na\\u202eb\t\n', 'nor turn it round')
  })

  it('cannot move the cursor of whoever reads it', async () => {
    assert.doesNotMatch(await printed(true, false, ['\u001b[2J', 1]), /\u001b/)
  })

  it('is one object per line for programs, numbers as they came', async () => {
    assert.equal(
      await printed(true, true, ['acme', '18446744073709551615'], ['b', null]),
      '{"tenant":"acme","n":"18446744073709551615"}\n{"tenant":"b","n":null}\n',
    )
  })
})

describe('the options of usage', () => {
  it('reads dimensions and durations', () => {
    assert.deepEqual(parseBy('tenant, model,tenant'), ['tenant', 'model'])
    assert.equal(parseSince('7d'), 604_800)
  })

  for (const [read, text, message] of [
    [parseBy, 'tenant,colour', /"colour" is none of tenant, user/],
    [parseBy, 'constructor', /none of/],
    [parseSince, '7 days', /e\.g\. 7d/],
    [parseSince, '-1d', /e\.g\. 7d/],
  ] as const) {
    it(`refuses ${JSON.stringify(text)} and says what to write`, () => assert.throws(() => read(text), message))
  }
})
