// Writes `sallyport.schema.json`, which editors complete `sallyport.yaml` with. A test fails when the two have parted.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CONFIG_SCHEMA } from '../core/config/schema.ts'

writeFileSync(join(import.meta.dirname, '../sallyport.schema.json'), JSON.stringify(CONFIG_SCHEMA, null, 2) + '\n')
