import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { diagnosticsPage } from '../../scripts/diagnostics.ts'

describe('docs/diagnostics.md', () => {
  it('has a section for every code, and none for others (npm run diagnostics writes it)', () => {
    assert.equal(readFileSync(join(import.meta.dirname, '../../docs/diagnostics.md'), 'utf8'), diagnosticsPage())
  })
})
