// `docs/configuration.md`: its example loads, and its tables are those of the schema.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CONFIG_SCHEMA } from '../../core/config/schema.ts'
import { loadConfig } from '../../core/config/load.ts'
import { settingsTables, withTables } from '../../scripts/settings-tables.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/configuration.md'), 'utf8')

describe('docs/configuration.md', () => {
  it('shows a file that loads', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-docs-'))
    const path = join(folder, 'sallyport.yaml')
    writeFileSync(path, /```yaml\n(.*?)```/s.exec(page)![1]!)
    const { directory } = loadConfig(path, { environment: {} })
    assert.equal(directory.tenants.get('acme')!.quota.monthlyNano, 250_000_000_000n)
    rmSync(folder, { recursive: true })
  })

  it('lists every setting (npm run schema writes the tables)', () => {
    assert.equal(withTables(page, settingsTables(CONFIG_SCHEMA)), page)
  })
})
