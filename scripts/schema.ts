// Writes `sallyport.schema.json`, which editors complete `sallyport.yaml` with, and the tables of `docs/configuration.md`. Tests fail when
// either has parted from `core/config/schema.ts`.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CONFIG_SCHEMA } from '../core/config/schema.ts'
import { settingsTables, withTables } from './settings-tables.ts'

const root = join(import.meta.dirname, '..')
const page = join(root, 'docs/configuration.md')
writeFileSync(join(root, 'sallyport.schema.json'), JSON.stringify(CONFIG_SCHEMA, null, 2) + '\n')
writeFileSync(page, withTables(readFileSync(page, 'utf8'), settingsTables(CONFIG_SCHEMA)))
